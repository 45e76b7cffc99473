// Stage 5: keeps a bounded number of batches in flight, and retries by verdict.
// Before: batch. Next: settle.
import pRetry from 'p-retry'
import type { InsertRows, InsertVerdict } from '../contract/insert-rows.ts'
import { asConnectorError, type ConnectorError } from '../errors.ts'
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

/** Waits before a retry: 1 to 2 s, then twice as long each time, 32 s at most. BigQuery's SLA asks for 1 to 32 s. */
const backOff = { minTimeout: 1000, maxTimeout: 32_000, randomize: true }

/**
 * Sends sealed batches. Those that wait for their turn are not counted here: the budget bounds them.
 * `stop` ends the retries and what has not left; `cancel` ends requests on the wire too.
 */
export class Sender {
  readonly #insertRows: InsertRows
  readonly #options: SendOptions
  readonly #events: SendEvents
  readonly #settled: (settled: readonly Settled[]) => void
  readonly #stop = new AbortController()
  readonly #cancel = new AbortController()
  readonly #waiting: Batch[] = []
  readonly #inFlight = new Set<Promise<void>>()

  constructor(
    insertRows: InsertRows,
    options: SendOptions,
    events: SendEvents,
    settled: (settled: readonly Settled[]) => void,
  ) {
    this.#insertRows = insertRows
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
      if (isLater && again.length > 0)
        await this.#pause(backOff.minTimeout * 2 ** Math.min(tried.attempts, 5))
    }
  }

  /** Sends until there is a verdict other than `retry`, or no attempt is left. */
  async #attempt(batch: Batch): Promise<{ batch: Batch; verdict: InsertVerdict }> {
    let { attempts } = batch
    // p-retry rejects with the abort even when the attempt under way succeeded: the answer counts.
    let answer: InsertVerdict = { verdict: 'give-up', error: abortedError(attempts > 0) }
    const attempt = async () => {
      attempts += 1
      answer = await this.#send(batch, attempts > 1)
      if (answer.verdict === 'retry') throw answer.error
    }
    try {
      await pRetry(attempt, {
        ...backOff,
        // A batch whose rows go again because of a neighbour has used up some of its attempts.
        retries: Math.max(this.#options.maxAttempts - batch.attempts - 1, 0),
        signal: this.#stop.signal,
        onFailedAttempt: ({ error, retryDelay, retriesLeft }) => {
          const { retryAfterMs = 0 } = error as ConnectorError
          return retriesLeft > 0 ? this.#pause(retryAfterMs - retryDelay) : undefined
        },
      })
    } catch {
      // The last answer says why.
    }
    return { batch: { ...batch, attempts }, verdict: answer }
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
      return await this.#insertRows(request, this.#cancel.signal)
    } catch (thrown) {
      return { verdict: 'give-up', error: asConnectorError(thrown) }
    } finally {
      this.#events.answered()
    }
  }

  /** Waits as the service asked, beyond our own back-off; `stop` ends the wait. */
  #pause(ms: number): Promise<void> | undefined {
    if (ms <= 0 || this.#stop.signal.aborted) return undefined
    const { promise, resolve } = Promise.withResolvers<void>()
    const timer = setTimeout(resolve, ms)
    const wake = () => resolve()
    this.#stop.signal.addEventListener('abort', wake)
    return promise.finally(() => {
      clearTimeout(timer)
      this.#stop.signal.removeEventListener('abort', wake)
    })
  }
}
