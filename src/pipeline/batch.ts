// Stage 4: collects rows of one destination and seals them by rows, bytes or age.
// Before: partition. Next: send.
import type { Clock } from '../contract/clock.ts'
import type { Document } from '../contract/document.ts'
import type { Destination } from '../contract/insert-rows.ts'
import type { Pace } from './pace.ts'

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
  readonly pace: Pace
  readonly rows: readonly Row[]
  /** How often these rows have been sent. */
  readonly attempts: number
  /** How often the service failed these rows without refusing them. */
  readonly stumbles: number
  /** A request got no readable answer: it may have stored the rows. */
  readonly isUnsure: boolean
}

/** What holds for every batch; how many rows and bytes it has at most is its destination's pace. */
export interface BatchLimits {
  /** Bytes that a request adds to each row's text. */
  readonly rowOverheadBytes: number
  /** Milliseconds that the first row waits for others. */
  readonly maxAgeMs: number
}

/** One open batch. It owns its age timer, which ends with the seal. */
export class Batcher {
  readonly #destination: Destination
  readonly #pace: Pace
  readonly #limits: BatchLimits
  readonly #clock: Clock
  readonly #sealed: (batch: Batch) => void
  readonly #rows: Row[] = []
  #bytes = 0
  #cancelTimer: (() => void) | undefined

  constructor(
    destination: Destination,
    pace: Pace,
    limits: BatchLimits,
    clock: Clock,
    sealed: (batch: Batch) => void,
  ) {
    this.#destination = destination
    this.#pace = pace
    this.#limits = limits
    this.#clock = clock
    this.#sealed = sealed
  }

  /** The first row always fits: alone it is as small as a request can be. */
  canFit(row: Row): boolean {
    return this.#rows.length === 0 || this.#bytes + this.#sizeOf(row) <= this.#pace.maxBytes
  }

  add(row: Row): void {
    this.#rows.push(row)
    this.#bytes += this.#sizeOf(row)
    if (this.#rows.length >= this.#pace.maxRows) this.seal()
    else this.#cancelTimer ??= this.#clock.after(this.#limits.maxAgeMs, () => this.seal())
  }

  seal(): void {
    this.#cancelTimer?.()
    this.#sealed({
      destination: this.#destination,
      pace: this.#pace,
      rows: this.#rows,
      attempts: 0,
      stumbles: 0,
      isUnsure: false,
    })
  }

  #sizeOf(row: Row): number {
    return row.bytes + this.#limits.rowOverheadBytes
  }
}

/** Bytes of the rows' texts. */
export function bytesOf(rows: readonly Row[]): number {
  return rows.reduce((sum, { bytes }) => sum + bytes, 0)
}

/** The rows that go together at a pace, at least one, and what is left of them. */
export function cut(batch: Batch, { maxRows, maxBytes }: Pace): readonly [Batch, Batch] {
  let end = 0
  let bytes = 0
  for (const row of batch.rows) {
    bytes += row.bytes
    if (end > 0 && (end >= maxRows || bytes > maxBytes)) break
    end += 1
  }
  return [
    { ...batch, rows: end === batch.rows.length ? batch.rows : batch.rows.slice(0, end) },
    { ...batch, rows: batch.rows.slice(end) },
  ]
}
