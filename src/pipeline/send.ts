// Stage 5: keeps a bounded number of batches in flight, and retries by verdict.
// Before: batch. Next: settle.
import type { Clock } from '../contract/clock.ts'
import type { InsertRows, InsertVerdict, Retry } from '../contract/insert-rows.ts'
import { asConnectorError } from '../errors.ts'
import type { Batch } from './batch.ts'
import { abortedError, type Settled, settle } from './settle.ts'

export interface SendOptions {
  readonly maxInFlight: number
  /** Requests for one row at most, the first included. */
  readonly maxAttempts: number
}

/** What happens on the wire, for counters. */
export interface SendEvents {
  sent(bytes: number, isRetry: boolean): void
  answered(): void
}

export interface SendPorts {
  readonly insertRows: InsertRows
  readonly retry: Retry
  readonly clock: Clock
}

/** Milliseconds before rows go again that the service stumbled over; twice as long each time. */
const firstWaitMs = 1000

/**
 * Sends sealed batches. Those that wait for their turn are not counted here: the budget bounds them.
 * `stop` ends the retries and what has not left; `cancel` ends requests on the wire too.
 */
export class Sender {
  readonly #ports: SendPorts
  readonly #options: SendOptions
  readonly #events: SendEvents
  readonly #settled: (settled: readonly Settled[]) => void
  readonly #stop = new AbortController()
  readonly #cancel = new AbortController()
  readonly #waiting: Batch[] = []
  readonly #inFlight = new Set<Promise<void>>()

  constructor(
    ports: SendPorts,
    options: SendOptions,
    events: SendEvents,
    settled: (settled: readonly Settled[]) => void,
  ) {
    this.#ports = ports
    this.#options = options
    this.#events = events
    this.#settled = settled
  }

  add(batch: Batch): void {
    this.#waiting.push(batch)
    this.#fill()
  }

  stop(): void {
    this.#stop.abort()
  }

  cancel(): void {
    this.stop()
    this.#cancel.abort()
  }

  /** Resolves when every batch that was added is settled. */
  async drain(): Promise<void> {
    while (this.#inFlight.size > 0) await Promise.race(this.#inFlight)
  }

  #fill(): void {
    while (this.#inFlight.size < this.#options.maxInFlight) {
      const batch = this.#waiting.shift()
      if (batch === undefined) return
      const task = this.#work(batch).finally(() => {
        this.#inFlight.delete(task)
        this.#fill()
      })
      this.#inFlight.add(task)
    }
  }

  /** Sends a batch, and what is left of it, until every row has settled. */
  async #work(batch: Batch): Promise<void> {
    const parts = [batch]
    for (let part = parts.pop(); part !== undefined; part = parts.pop()) {
      const { batch: tried, verdict } = await this.#attempt(part)
      const { settled, again, isLater } = settle(
        tried,
        verdict,
        this.#options.maxAttempts,
        this.#stop.signal.aborted,
      )
      this.#settled(settled)
      parts.push(...again)
      if (isLater && again.length > 0) {
        await this.#ports.clock.wait(firstWaitMs * 2 ** Math.min(tried.attempts - 1, 5), this.#stop.signal)
      }
    }
  }

  /** Sends until there is a verdict other than `retry`, or no attempt is left. */
  async #attempt(batch: Batch): Promise<{ batch: Batch; verdict: InsertVerdict }> {
    let { attempts } = batch
    // A stop rejects even when the attempt under way succeeded: the answer counts.
    let answer: InsertVerdict | undefined
    const attempt = async () => {
      attempts += 1
      answer = await this.#send(batch, attempts > 1)
      if (answer.verdict === 'retry') throw answer.error
    }
    try {
      // A batch whose rows go again because of a neighbour has used up some of its attempts.
      const left = Math.max(this.#options.maxAttempts - batch.attempts, 1)
      await this.#ports.retry(attempt, { attempts: left, signal: this.#stop.signal })
    } catch {
      // The last answer says why.
    }
    const verdict = answer ?? { verdict: 'give-up', error: abortedError(attempts > 0) }
    return { batch: { ...batch, attempts }, verdict }
  }

  async #send({ destination, rows }: Batch, isRetry: boolean): Promise<InsertVerdict> {
    const hasIds = rows[0]?.insertId !== undefined
    const request = {
      destination,
      rows: rows.map((row) => row.text),
      ...(hasIds ? { insertIds: rows.map((row) => row.insertId ?? '') } : {}),
    }
    const bytes = rows.reduce((sum, row) => sum + row.bytes, 0)
    this.#events.sent(bytes, isRetry)
    try {
      return await this.#ports.insertRows(request, this.#cancel.signal)
    } catch (thrown) {
      return { verdict: 'give-up', error: asConnectorError(thrown) }
    } finally {
      this.#events.answered()
    }
  }
}
