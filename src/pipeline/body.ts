// The bytes of one request. Rows are written as they come, once; a part of them is cut out when only they
// go again. Used by: batch.
import type { RowFrame } from '../contract/insert-rows.ts'
import type { Buffers } from './buffers.ts'

/** A row's JSON: text, or UTF-8 bytes. */
export type RowJson = string | Uint8Array

/** What a body must know of its rows to find them again. */
interface Framed {
  /** Bytes of the row with all that stands around it. */
  readonly bytes: number
  readonly insertId: string | undefined
  readonly mark?: string | undefined
}

/** A character of a text is never longer than that in UTF-8. */
const bytesPerCharacter = 3

export class Body {
  readonly #buffers: Buffers
  readonly #frame: RowFrame
  readonly #head: string
  readonly #headBytes: number
  #buffer: Buffer
  /** Where the next row goes: behind the separator of the last. */
  #end: number

  constructor(buffers: Buffers, frame: RowFrame, head: string, rowBytes = 0) {
    this.#buffers = buffers
    this.#frame = frame
    this.#head = head
    this.#headBytes = this.#end = Buffer.byteLength(head)
    this.#buffer = buffers.take(this.#headBytes + rowBytes + frame.tail.length)
    this.#buffer.write(head)
  }

  /** What it costs, filled or not. */
  get capacity(): number {
    return this.#buffer.length
  }

  /** Bytes that are no row's. */
  get frameBytes(): number {
    return this.#headBytes + this.#frame.tail.length
  }

  /** Bytes of the rows, with what stands around them. */
  get rowBytes(): number {
    return this.#end - this.#headBytes
  }

  /** What is sent. No row comes after. */
  get bytes(): Uint8Array {
    const { between, tail } = this.#frame
    const end = this.#end - (this.#end > this.#headBytes ? between.length : 0)
    return this.#buffer.subarray(0, end + this.#buffer.write(tail, end))
  }

  /**
   * Writes a row; gives the bytes that it takes with all that stands around it. `undefined`, and nothing is
   * written, when the body would be longer than `maxBytes`.
   */
  add(json: RowJson, insertId: string | undefined, maxBytes: number, mark?: string): number | undefined {
    const { before, after, between, tail } = this.#frame
    const opening = before(insertId, mark)
    const start = this.#end
    const closing = after + between
    const bytes = bound(opening) + bound(json)
    const room = maxBytes - start - after.length - tail.length
    // Most rows are far from the limit; only near it are they measured.
    if (bytes > room && Buffer.byteLength(opening) + Buffer.byteLength(json) > room) return undefined

    this.#makeRoom(bytes + closing.length)
    const buffer = this.#buffer
    let at = start + buffer.write(opening, start)
    if (typeof json === 'string') at += buffer.write(json, at)
    else {
      buffer.set(json, at)
      at += json.byteLength
    }
    this.#end = at + buffer.write(closing, at)
    return this.#end - start
  }

  /** A body of some of its rows alone; both lists are in order. */
  part(rows: readonly Framed[], kept: readonly Framed[]): Body {
    const rowBytes = kept.reduce((sum, { bytes }) => sum + bytes, 0)
    const part = new Body(this.#buffers, this.#frame, this.#head, rowBytes)
    let at = this.#headBytes
    let next = 0
    for (const row of rows) {
      if (row === kept[next]) {
        part.#end += this.#buffer.copy(part.#buffer, part.#end, at, at + row.bytes)
        next += 1
      }
      at += row.bytes
    }
    return part
  }

  /** A body of its rows and those of others with the same frame, in this order. All of them give their memory away. */
  with(others: readonly Body[]): Body {
    const parts: readonly Body[] = [this, ...others]
    const rowBytes = parts.reduce((sum, part) => sum + part.rowBytes, 0)
    const whole = new Body(this.#buffers, this.#frame, this.#head, rowBytes)
    for (const part of parts) {
      whole.#end += part.#buffer.copy(whole.#buffer, whole.#end, part.#headBytes, part.#end)
      part.release()
    }
    return whole
  }

  /** The JSON of its rows. */
  texts(rows: readonly Framed[]): string[] {
    const { before, after, between } = this.#frame
    let end = this.#headBytes
    return rows.map(({ bytes, insertId, mark }) => {
      const start = end + Buffer.byteLength(before(insertId, mark))
      end += bytes
      return this.#buffer.toString('utf8', start, end - after.length - between.length)
    })
  }

  /** Gives its memory away: it has been sent, read to its end and answered. */
  release(): void {
    this.#buffers.giveBack(this.#buffer)
  }

  #makeRoom(bytes: number): void {
    const needed = this.#end + bytes + this.#frame.tail.length
    if (needed <= this.#buffer.length) return
    const larger = this.#buffers.take(Math.max(needed, this.#buffer.length * 2))
    this.#buffer.copy(larger, 0, 0, this.#end)
    this.#buffers.giveBack(this.#buffer)
    this.#buffer = larger
  }
}

/** Bytes at most, without looking. */
function bound(json: RowJson): number {
  return typeof json === 'string' ? json.length * bytesPerCharacter : json.byteLength
}
