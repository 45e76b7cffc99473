// Stage 4: collects rows of one destination and seals them by rows, bytes or age.
// Before: partition. Next: send.
import type { Clock } from '../contract/clock.ts'
import type { Document } from '../contract/document.ts'
import type { Destination } from '../contract/insert-rows.ts'

/** A document after encoding, ready for a table. */
export interface Row {
  /** Position of its document in the source. */
  readonly index: number
  readonly document: Document
  readonly text: string
  readonly bytes: number
  /** Fixed here for good: every retry carries the same one. */
  readonly insertId: string | undefined
  /** What the budget was charged for its document. */
  readonly chargedBytes: number
}

/** Rows of one destination, closed for additions. */
export interface Batch {
  readonly destination: Destination
  readonly rows: readonly Row[]
  /** How often these rows have been sent. */
  readonly attempts: number
  /** How often the service answered, and stumbled over these rows. */
  readonly stumbles: number
}

export interface BatchLimits {
  readonly maxRows: number
  /** Bytes of a request, envelope included. */
  readonly maxBytes: number
  /** Bytes that a request adds to each row's text. */
  readonly rowOverheadBytes: number
  /** Milliseconds that the first row waits for others. */
  readonly maxAgeMs: number
}

/** One open batch. It owns its age timer, which ends with the seal. */
export class Batcher {
  readonly #destination: Destination
  readonly #limits: BatchLimits
  readonly #clock: Clock
  readonly #sealed: (batch: Batch) => void
  readonly #rows: Row[] = []
  #bytes = 0
  #cancelTimer: (() => void) | undefined

  constructor(destination: Destination, limits: BatchLimits, clock: Clock, sealed: (batch: Batch) => void) {
    this.#destination = destination
    this.#limits = limits
    this.#clock = clock
    this.#sealed = sealed
  }

  /** The first row always fits: alone it is as small as a request can be. */
  canFit(row: Row): boolean {
    return this.#rows.length === 0 || this.#bytes + this.#sizeOf(row) <= this.#limits.maxBytes
  }

  add(row: Row): void {
    this.#rows.push(row)
    this.#bytes += this.#sizeOf(row)
    if (this.#rows.length >= this.#limits.maxRows) this.seal()
    else this.#cancelTimer ??= this.#clock.after(this.#limits.maxAgeMs, () => this.seal())
  }

  seal(): void {
    this.#cancelTimer?.()
    this.#sealed({ destination: this.#destination, rows: this.#rows, attempts: 0, stumbles: 0 })
  }

  #sizeOf(row: Row): number {
    return row.bytes + this.#limits.rowOverheadBytes
  }
}
