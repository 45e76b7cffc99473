// A document <-> the payload of a record: its form, its index, id and properties, and its data without loss.
import { deserialize, serialize } from 'node:v8'
import type { Document } from '../../contract/document.ts'

export interface SpooledDocument {
  /** Position of the document in its source. */
  readonly index: number
  readonly document: Document
}

/** How the data stands in the record. Objects that JSON can hold stand as JSON; dates, bytes and the like do not. */
const forms = { text: 0, bytes: 1, json: 2, structure: 3 } as const
/** Added to the form when id or properties follow. */
const hasMore = 0x80

const headBytes = 7
const deepest = 64

/** Room for records that are written one after another. */
export class RecordBuffer {
  #buffer: Buffer
  length = 0

  constructor(capacity: number) {
    this.#buffer = Buffer.allocUnsafe(capacity)
  }

  get filled(): Buffer {
    return this.#buffer.subarray(0, this.length)
  }

  get capacity(): number {
    return this.#buffer.length
  }

  /** The buffer, with room for so many bytes behind `length`. */
  room(bytes: number): Buffer {
    if (this.length + bytes > this.#buffer.length) {
      const larger = Buffer.allocUnsafe(Math.max(this.#buffer.length * 2, this.length + bytes))
      this.filled.copy(larger)
      this.#buffer = larger
    }
    return this.#buffer
  }
}

/**
 * Writes a record `at` bytes behind what is filled, and gives its length.
 * @throws what the data throws when it is read.
 */
export function writeDocument(target: RecordBuffer, at: number, document: Document, index: number): number {
  const { data, id, properties } = document
  const more = id === undefined && properties === undefined ? '' : JSON.stringify({ id, properties })
  const [form, content] = contentOf(data)
  const moreBytes = more === '' ? 0 : 4 + 3 * more.length
  // A UTF-16 unit has three bytes in UTF-8 at most.
  const contentBytes = typeof content === 'string' ? 3 * content.length : content.byteLength
  const buffer = target.room(at + headBytes + moreBytes + contentBytes)

  const start = target.length + at
  buffer[start] = more === '' ? form : form | hasMore
  buffer.writeUIntLE(index, start + 1, 6)
  let end = start + headBytes
  if (more !== '') {
    const written = buffer.write(more, end + 4)
    buffer.writeUInt32LE(written, end)
    end += 4 + written
  }
  if (typeof content === 'string') end += buffer.write(content, end)
  else {
    buffer.set(content, end)
    end += content.byteLength
  }
  return end - start
}

export function readIndex(payload: Buffer): number {
  return payload.readUIntLE(1, 6)
}

export function readDocument(payload: Buffer): SpooledDocument {
  const [mark = 0] = payload
  let at = headBytes
  let more: Pick<Document, 'id' | 'properties'> = {}
  if ((mark & hasMore) !== 0) {
    const end = at + 4 + payload.readUInt32LE(at)
    more = JSON.parse(payload.toString('utf8', at + 4, end))
    at = end
  }
  return { index: readIndex(payload), document: { ...more, data: readData(mark & ~hasMore, payload, at) } }
}

function readData(form: number, payload: Buffer, at: number): Document['data'] {
  // The payload's memory is used again.
  if (form === forms.bytes) return Buffer.from(payload.subarray(at))
  return form === forms.structure ? deserialize(payload.subarray(at)) : payload.toString('utf8', at)
}

function contentOf(data: unknown): readonly [form: number, content: string | Uint8Array] {
  if (typeof data === 'string') return [forms.text, data]
  if (data instanceof Uint8Array) return [forms.bytes, data]
  if (isJson(data, 0)) return [forms.json, JSON.stringify(data)]
  return [forms.structure, serialize(plain(data, new Map()))]
}

/** True for what comes out of JSON as it went in. */
function isJson(value: unknown, depth: number): boolean {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return true
    case 'number':
      return Number.isFinite(value)
    case 'object': {
      if (value === null) return true
      if (depth >= deepest) return false
      if (Array.isArray(value)) {
        for (const item of value) if (!isJson(item, depth + 1)) return false
        return true
      }
      const prototype = Object.getPrototypeOf(value)
      if (prototype !== Object.prototype && prototype !== null) return false
      for (const name in value) {
        if (!isJson((value as Record<string, unknown>)[name], depth + 1)) return false
      }
      return typeof (value as { toJSON?: unknown }).toJSON !== 'function'
    }
    default:
      return false
  }
}

/** Objects as JSON writes them. What has no meaning for the encoder, such as a function, stays and cannot be cloned. */
function plain(value: unknown, seen: Map<object, unknown>): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (value instanceof Date || value instanceof Uint8Array) return value
  const known = seen.get(value)
  if (known !== undefined) return known
  const { toJSON } = value as { toJSON?: unknown }
  if (typeof toJSON === 'function') return plain(toJSON.call(value, ''), seen)
  if (Object.prototype.toString.call(value) !== '[object Object]' && !Array.isArray(value)) return value
  const copy: Record<string, unknown> | unknown[] = Array.isArray(value) ? [] : {}
  seen.set(value, copy)
  for (const [name, part] of Object.entries(value)) {
    Object.defineProperty(copy, name, {
      value: plain(part, seen),
      enumerable: true,
      configurable: true,
      writable: true,
    })
  }
  return copy
}
