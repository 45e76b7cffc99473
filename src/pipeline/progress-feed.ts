// The counters of one execution, for whoever wants to look: at any time, or each time they have changed.
import type { Progress, ProgressSink } from '../contract/operation.ts'

/**
 * Hand it to one execution as `progress`. `now()` gives the counters at any time; a `for await` loop gets
 * them when they have changed, until the execution has ended. A loop that is slow misses what was between,
 * never the last state, and holds up nothing.
 */
export class ProgressFeed implements ProgressSink, AsyncIterable<Progress> {
  #read: (() => Progress) | undefined
  #version = 0
  #isEnded = false
  #changed: PromiseWithResolvers<void> | undefined

  /** The counters as they are; `undefined` before the execution begins. */
  now(): Progress | undefined {
    return this.#read?.()
  }

  begin(read: () => Progress): void {
    this.#read = read
    this.changed()
  }

  changed(): void {
    this.#version += 1
    this.#changed?.resolve()
    this.#changed = undefined
  }

  end(): void {
    this.#isEnded = true
    // What has ended keeps no more than its last figures.
    const last = this.#read?.()
    this.#read = () => last as Progress
    this.changed()
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Progress, void, undefined> {
    let seen = 0
    while (seen < this.#version || !this.#isEnded) {
      if (seen === this.#version) {
        this.#changed ??= Promise.withResolvers()
        await this.#changed.promise
      }
      seen = this.#version
      const progress = this.now()
      if (progress !== undefined) yield progress
    }
  }
}
