// The corridor's counters, and the documents that failed without having entered it. They end when both have.
import type { Progress, ProgressSink } from '../../contract/operation.ts'

export class ProgressWithRest implements ProgressSink {
  readonly #sink: ProgressSink
  #failures = 0
  #hasEnded = false

  constructor(sink: ProgressSink) {
    this.#sink = sink
  }

  begin(read: () => Progress): void {
    this.#sink.begin(() => {
      const seen = read()
      return { ...seen, documents: seen.documents + this.#failures, failure: seen.failure + this.#failures }
    })
  }

  changed(): void {
    this.#sink.changed()
  }

  end(): void {
    this.#hasEnded = true
  }

  failed(): void {
    this.#failures += 1
  }

  /** One that has not begun does not end. */
  endAll(): void {
    if (this.#hasEnded) this.#sink.end()
  }
}
