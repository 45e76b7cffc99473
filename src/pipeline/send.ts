// Stage 5: keeps a bounded number of batches in flight, and retries by verdict.
// Before: batch. Next: settle.
import type { Clock } from '../contract/clock.ts'
import type { InsertRows, InsertVerdict, Retry } from '../contract/insert-rows.ts'
import { asConnectorError } from '../errors.ts'
import type { Batch } from './batch.ts'
import { abortedError, type Settled, type Settlement, settle } from './settle.ts'

export interface SendOptions {
  readonly maxInFlight: number
  /** Requests at most that the service may fail for one row, without refusing it. */
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
 * The signal `stop` ends the retries and what has not left; `cancel` ends requests on the wire too.
 */
export class Sender {
  readonly #ports: SendPorts
  readonly #options: SendOptions
  readonly #events: SendEvents
  readonly #settled: (settled: readonly Settled[]) => void
  readonly #stop: AbortSignal
  readonly #cancel = new AbortController()
  readonly #waiting: Batch[] = []
  readonly #inFlight = new Set<Promise<void>>()

  constructor(
    ports: SendPorts,
    options: SendOptions,
    events: SendEvents,
    stop: AbortSignal,
    settled: (settled: readonly Settled[]) => void,
  ) {
    this.#ports = ports
    this.#options = options
    this.#events = events
    this.#stop = stop
    this.#settled = settled
  }

  add(batch: Batch): void {
    this.#waiting.push(batch)
    this.#fill()
  }

  /** Ends the requests on the wire. */
  cancel(): void {
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

  /** Sends a batch, and what is left of it, until every row has settled. Never rejects. */
  async #work(batch: Batch): Promise<void> {
    const parts = [batch]
    for (let part = parts.pop(); part !== undefined; part = parts.pop()) {
      const { batch: tried, verdict } = await this.#attempt(part)
      const { settled, again, isLater } = this.#settle(tried, verdict)
      this.#settled(settled)
      parts.push(...again)
      if (isLater) await this.#ports.clock.wait(firstWaitMs * 2 ** Math.min(tried.stumbles, 5), this.#stop)
    }
  }

  /** What goes wrong here is our fault, and still an outcome for each row. */
  #settle(batch: Batch, verdict: InsertVerdict): Settlement {
    try {
      return settle(batch, verdict, this.#options.maxAttempts, this.#stop.aborted)
    } catch (thrown) {
      return settle(batch, { verdict: 'give-up', error: asConnectorError(thrown) }, 0, true)
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
      await this.#ports.retry(attempt, { attempts: this.#options.maxAttempts, signal: this.#stop })
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
