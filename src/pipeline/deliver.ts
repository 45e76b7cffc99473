// Stage 7: hands outcomes on in document order. What leaves here gives its bytes back to the budget.
// Before: settle.
import type { Settled } from './settle.ts'

/** Places given up at the front before the row of places is moved up. */
const slack = 4096

/** Orders what settles in any order. One consumer. */
export class Delivery {
  /** The document at `#first + n` has its place at `n`; places up to `#head` are given up. */
  #places: (Settled | undefined)[] = []
  #first = 0
  #head = 0
  #end: number | undefined
  #wake: (() => void) | undefined

  add(settled: readonly Settled[]): void {
    for (const item of settled) this.#places[item.outcome.index - this.#first] = item
    if (this.#places[this.#head] !== undefined) this.#wake?.()
  }

  /** No document comes after the first `count`. */
  endAt(count: number): void {
    this.#end = count
    this.#wake?.()
  }

  /** The next document's outcome, when it is there already. */
  take(): Settled | undefined {
    const item = this.#places[this.#head]
    if (item === undefined) return undefined
    this.#places[this.#head] = undefined
    this.#head += 1
    if (this.#head >= slack) {
      this.#places.splice(0, this.#head)
      this.#first += this.#head
      this.#head = 0
    }
    return item
  }

  /** The next document's outcome, or `undefined` after the last one. */
  async next(): Promise<Settled | undefined> {
    for (;;) {
      const item = this.take()
      if (item !== undefined) return item
      if (this.#first + this.#head === this.#end) return undefined
      const { promise, resolve } = Promise.withResolvers<void>()
      this.#wake = resolve
      await promise
    }
  }
}
