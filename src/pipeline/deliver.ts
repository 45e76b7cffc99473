// Stage 7: hands outcomes on in document order. What leaves here gives its bytes back to the budget.
// Before: settle.
import type { Settled } from './settle.ts'

/** Orders what settles in any order. One consumer. */
export class Delivery {
  readonly #settled = new Map<number, Settled>()
  #next = 0
  #end: number | undefined
  #wake: (() => void) | undefined

  add(settled: readonly Settled[]): void {
    for (const item of settled) this.#settled.set(item.outcome.index, item)
    if (this.#settled.has(this.#next)) this.#wake?.()
  }

  /** No document comes after the first `count`. */
  endAt(count: number): void {
    this.#end = count
    this.#wake?.()
  }

  /** The next document's outcome, or `undefined` after the last one. */
  async take(): Promise<Settled | undefined> {
    for (;;) {
      const item = this.#settled.get(this.#next)
      if (item !== undefined) {
        this.#settled.delete(this.#next)
        this.#next += 1
        return item
      }
      if (this.#next === this.#end) return undefined
      const { promise, resolve } = Promise.withResolvers<void>()
      this.#wake = resolve
      await promise
    }
  }
}
