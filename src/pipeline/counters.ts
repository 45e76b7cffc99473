// What an observer sees of an execution.

import type { PausedDestination, Progress } from '../contract/operation.ts'
import type { Outcome } from '../contract/outcome.ts'

type Observe = ((progress: Progress) => void) | undefined

/** Documents between two notices while nothing happens on the wire. */
const documentsPerNotice = 500

/** Counts, and tells the observer when something happened on the wire, every 500 documents, and at the end. */
export class Counters {
  readonly #observe: Observe
  readonly #paused: () => readonly PausedDestination[]
  readonly #counts = {
    documents: 0,
    success: 0,
    applicationError: 0,
    failure: 0,
    bytesSent: 0,
    batches: 0,
    retries: 0,
    inFlight: 0,
  }

  /** @param paused the destinations that are not sent to just now. */
  constructor(observe: Observe, paused: () => readonly PausedDestination[] = () => []) {
    this.#observe = observe
    this.#paused = paused
  }

  taken(): void {
    this.#counts.documents += 1
    if (this.#counts.documents % documentsPerNotice === 0) this.notify()
  }

  sent(bytes: number, isRetry: boolean): void {
    this.#counts.bytesSent += bytes
    this.#counts.inFlight += 1
    this.#counts[isRetry ? 'retries' : 'batches'] += 1
    this.notify()
  }

  answered(): void {
    this.#counts.inFlight -= 1
    this.notify()
  }

  paced(): void {
    this.notify()
  }

  settled({ status }: Outcome): void {
    this.#counts[status === 'application-error' ? 'applicationError' : status] += 1
  }

  notify(): void {
    try {
      this.#observe?.({ ...this.#counts, paused: this.#paused() })
    } catch {
      // An observer's trouble is none of the documents'.
    }
  }
}
