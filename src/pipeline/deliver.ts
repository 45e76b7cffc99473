// Stage 7: hands outcomes on, in document order or as they settle. What leaves here gives its bytes back to
// the budget. Before: settle.
import type { Settled } from './settle.ts'

/** Where outcomes wait for the consumer. One consumer. */
abstract class Delivery {
  #taken = 0
  #end: number | undefined
  #wake: (() => void) | undefined

  abstract add(settled: readonly Settled[]): void

  /** Removes the one that comes next, if it is there. */
  protected abstract shift(): Settled | undefined

  /** Lets a consumer who waits look again. */
  protected wake(): void {
    this.#wake?.()
  }

  /** No document comes after the first `count`. */
  endAt(count: number): void {
    this.#end = count
    this.wake()
  }

  /** The next outcome, when it is there already. */
  take(): Settled | undefined {
    const item = this.shift()
    if (item !== undefined) this.#taken += 1
    return item
  }

  /** The next outcome, or `undefined` after the last one. */
  async next(): Promise<Settled | undefined> {
    for (;;) {
      const item = this.take()
      if (item !== undefined) return item
      if (this.#taken === this.#end) return undefined
      const { promise, resolve } = Promise.withResolvers<void>()
      this.#wake = resolve
      await promise
    }
  }
}

/** Places given up at the front before the row of places is moved up. */
const slack = 4096

/** Orders what settles in any order: an outcome waits for those of the documents before it. */
export class DeliveryInDocumentOrder extends Delivery {
  /** The document at `#first + n` has its place at `n`; places up to `#head` are given up. */
  #places: (Settled | undefined)[] = []
  #first = 0
  #head = 0

  add(settled: readonly Settled[]): void {
    for (const item of settled) this.#places[item.outcome.index - this.#first] = item
    if (this.#places[this.#head] !== undefined) this.wake()
  }

  protected shift(): Settled | undefined {
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
}

/** Hands each outcome on as soon as it is there: a document that waits holds up no other. */
export class DeliveryAsSettled extends Delivery {
  #arrived: Settled[] = []
  #head = 0

  add(settled: readonly Settled[]): void {
    for (const item of settled) this.#arrived.push(item)
    this.wake()
  }

  protected shift(): Settled | undefined {
    const item = this.#arrived[this.#head]
    if (item === undefined) return undefined
    this.#head += 1
    if (this.#head === this.#arrived.length || this.#head >= slack) {
      this.#arrived = this.#arrived.slice(this.#head)
      this.#head = 0
    }
    return item
  }
}
