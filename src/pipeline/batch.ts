// Stage 4: collects rows of one destination and seals them by rows, bytes or age.
// Before: partition. Next: send.
import type { Clock } from '../contract/clock.ts'
import type { Document } from '../contract/document.ts'
import type { Destination, RowFrame } from '../contract/insert-rows.ts'
import { Body, type RowJson } from './body.ts'
import type { Buffers } from './buffers.ts'
import type { Pace } from './pace.ts'

/** A document after encoding, ready for a table. */
export interface EncodedDocument {
  /** Position of the document in the source. */
  readonly index: number
  readonly id: Document['id']
  readonly properties: Document['properties']
  readonly json: RowJson
  /** Fixed here for good: every retry carries the same one. */
  readonly insertId: string | undefined
  /** For the frame. */
  readonly mark?: string | undefined
}

/**
 * One row of a batch. Its JSON stands in the batch's body and nowhere else: the document that it came from
 * is not kept, so that memory holds its data once.
 */
export interface Row {
  readonly index: number
  readonly id: Document['id']
  readonly properties: Document['properties']
  /** Bytes of the request that are this row's: its JSON, and what stands around it. */
  readonly bytes: number
  readonly insertId: string | undefined
  readonly mark?: string | undefined
  /** What the budget was charged for its document. */
  readonly chargedBytes: number
}

/** Rows of one destination, closed for additions. */
export interface Batch {
  readonly destination: Destination
  readonly pace: Pace
  readonly rows: readonly Row[]
  /** Of these rows and no others. */
  readonly body: Body
  /** What the budget was charged for them. */
  readonly chargedBytes: number
  /** How often these rows have been sent. */
  readonly attempts: number
  /** How often the service failed these rows without refusing them. */
  readonly stumbles: number
  /** A request got no readable answer: it may have stored the rows. */
  readonly isUnsure: boolean
  /** It is half of a batch that was refused as a whole. */
  readonly isHalf: boolean
}

/** What holds for every batch; how many rows and bytes it has at most is its destination's pace. */
export interface BatchLimits {
  /** Milliseconds that the first row waits for others. */
  readonly maxAgeMs: number
}

/** Bytes that a document costs beside its row: its outcome, and its places in queues. */
export const documentOverheadBytes = 1024

/** A batch of some of a batch's rows, in their order. */
export function partOf(batch: Batch, rows: readonly Row[]): Batch {
  const chargedBytes = rows.reduce((sum, row) => sum + row.chargedBytes, 0)
  return { ...batch, rows, chargedBytes, body: batch.body.part(batch.rows, rows) }
}

/** A batch of the rows of several that have never been sent, in their order. */
export function joined(first: Batch, others: readonly Batch[]): Batch {
  if (others.length === 0) return first
  const all = [first, ...others]
  return {
    ...first,
    rows: all.flatMap(({ rows }) => rows),
    body: first.body.with(others.map(({ body }) => body)),
    chargedBytes: all.reduce((sum, { chargedBytes }) => sum + chargedBytes, 0),
  }
}

/** The documents of a batch, made again from their rows. */
export function documentsOf({ rows, body }: Batch): Document[] {
  const texts = body.texts(rows)
  return rows.map(({ id, properties }, at) => ({
    data: texts[at] ?? '',
    ...(id === undefined ? {} : { id }),
    ...(properties === undefined ? {} : { properties }),
  }))
}

/** One open batch. It owns its age timer, which ends with the seal. */
export class Batcher {
  readonly #destination: Destination
  readonly #pace: Pace
  readonly #limits: BatchLimits
  readonly #clock: Clock
  readonly #sealed: (batch: Batch) => void
  readonly #rows: Row[] = []
  readonly #body: Body
  #chargedBytes = 0
  #cancelTimer: (() => void) | undefined

  constructor(
    destination: Destination,
    pace: Pace,
    buffers: Buffers,
    frame: RowFrame,
    limits: BatchLimits,
    clock: Clock,
    sealed: (batch: Batch) => void,
  ) {
    this.#destination = destination
    this.#pace = pace
    this.#body = new Body(buffers, frame, frame.head(destination))
    this.#limits = limits
    this.#clock = clock
    this.#sealed = sealed
  }

  /**
   * Gives what the row costs; a row for which the body had to grow pays for the growth. `undefined` when the
   * batch is too full for it. The first row always fits: alone it is as small as a request can be.
   */
  add({ index, id, properties, json, insertId, mark }: EncodedDocument): number | undefined {
    const isFirst = this.#rows.length === 0
    const paidBytes = isFirst ? 0 : this.#body.capacity
    const maxBytes = isFirst ? Number.POSITIVE_INFINITY : this.#pace.maxBytes
    const bytes = this.#body.add(json, insertId, maxBytes, mark)
    if (bytes === undefined) return undefined
    const chargedBytes = documentOverheadBytes + bytes + this.#body.capacity - paidBytes
    this.#rows.push({ index, id, properties, bytes, insertId, mark, chargedBytes })
    this.#chargedBytes += chargedBytes
    if (this.#rows.length >= this.#pace.maxRows) this.seal()
    else this.#cancelTimer ??= this.#clock.after(this.#limits.maxAgeMs, () => this.seal())
    return chargedBytes
  }

  seal(): void {
    this.#cancelTimer?.()
    this.#sealed({
      destination: this.#destination,
      pace: this.#pace,
      rows: this.#rows,
      body: this.#body,
      chargedBytes: this.#chargedBytes,
      attempts: 0,
      stumbles: 0,
      isUnsure: false,
      isHalf: false,
    })
  }
}

/** The rows that go together at a pace, at least one, and what is left of them. */
export function cut(batch: Batch, { maxRows, maxBytes }: Pace): readonly [Batch, Batch | undefined] {
  let end = 0
  let bytes = batch.body.frameBytes
  for (const row of batch.rows) {
    bytes += row.bytes
    if (end > 0 && (end >= maxRows || bytes > maxBytes)) break
    end += 1
  }
  if (end === batch.rows.length) return [batch, undefined]
  return [partOf(batch, batch.rows.slice(0, end)), partOf(batch, batch.rows.slice(end))]
}
