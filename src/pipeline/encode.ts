// Stage 2: a document becomes a row, or is rejected here and never reaches a batch.
// Before: admit. Next: partition.
import type { Document, JsonObject } from '../contract/document.ts'
import type { Destination } from '../contract/insert-rows.ts'
import { isRecord, plainOf, type RowEncoder } from '../encoding/encode-row.ts'
import { ConnectorError, type Fault } from '../errors.ts'
import type { RowJson } from './body.ts'
import { isOneObject } from './one-object.ts'
import { nameOf } from './partition.ts'

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/**
 * Parses, checks and serialises a document, once. Text and bytes that need no rewriting are sent as they came.
 * Without an encoder the checking is the service's: text and bytes are not even parsed.
 * @throws ConnectorError of the category `document`.
 */
export function encodeDocument(
  document: Document,
  encodeRow: RowEncoder | undefined,
  destination: Destination,
  maxRowBytes: number,
): RowJson {
  const { data } = document
  if (typeof data !== 'string' && !(data instanceof Uint8Array)) {
    const row = encodeRow === undefined ? objectOf(data) : checked(data, encodeRow, destination)
    return sized(serialise(row), maxRowBytes)
  }
  // The size first: text that is far too large is not worth parsing.
  const json = sized(withoutMark(data), maxRowBytes)
  if (encodeRow === undefined) {
    if (!isOneObject(json)) parseDocument(document)
    return json
  }
  const text = typeof json === 'string' ? json : decode(json)
  if (encodeRow.fitsText(text)) return json
  const row = parse(text)
  const encoded = checked(row, encodeRow, destination)
  return encoded === row ? json : sized(serialise(encoded), maxRowBytes)
}

/** JSON without line ends: in JSON they are space between its parts, and nothing else. */
export function onOneLine(json: RowJson): RowJson {
  if (typeof json === 'string') return /[\r\n]/.test(json) ? json.replace(/[\r\n]+/g, ' ') : json
  return json.includes(10) || json.includes(13) ? onOneLine(decode(json)) : json
}

/**
 * What a source gave, as a document, read once: what is none, or cannot be read, is refused later for its
 * data, like any other.
 */
export function documentOf(given: unknown): Document {
  if (typeof given !== 'object' || given === null) return { data: given } as Document
  let id: Document['id']
  try {
    const document = given as Document
    id = document.id
    const { data, properties } = document
    // A host that has no properties may well say so with null.
    return { id, data, properties: properties ? { ...properties } : undefined } as Document
  } catch (thrown) {
    return { id, data: unreadable(thrown) } as Document
  }
}

/** Data that gives its own refusal to whoever reads it. */
function unreadable(cause: unknown): JsonObject {
  const why = cause instanceof Error ? cause.message.split('\n', 1)[0] : String(cause)
  const toJSON = () => {
    throw new ConnectorError('BQC_DOCUMENT_INVALID', `The document cannot be read: ${why}.`, { cause })
  }
  return { toJSON, toString: () => '' }
}

/** Bytes that a document holds which did not become a row. */
export function sizeOf({ data }: Document): number {
  if (typeof data === 'string') return data.length
  if (data instanceof Uint8Array) return data.byteLength
  try {
    return JSON.stringify(data)?.length ?? 0
  } catch {
    return 0
  }
}

/**
 * The object in a document's text, or the document's object itself.
 * @throws ConnectorError `BQC_DOCUMENT_NOT_JSON` or `BQC_DOCUMENT_NOT_OBJECT`
 */
export function parseDocument({ data }: Document): JsonObject {
  if (typeof data !== 'string' && !(data instanceof Uint8Array)) return objectOf(data)
  const json = withoutMark(data)
  return objectOf(parse(typeof json === 'string' ? json : decode(json)))
}

function checked(row: unknown, encodeRow: RowEncoder, destination: Destination): JsonObject {
  const encoded = encodeRow(objectOf(row))
  if (encoded.faults.length === 0) return encoded.row
  throw new ConnectorError(
    'BQC_DOCUMENT_INVALID',
    `The document does not fit ${nameOf(destination)}: ${list(encoded.faults)}.`,
    {
      faults: encoded.faults,
    },
  )
}

function objectOf(given: unknown): JsonObject {
  const value = plainOf(given)
  if (isRecord(value)) return value
  const kind = value === null ? 'null' : Array.isArray(value) ? 'a list' : nameOfKind(value)
  throw new ConnectorError('BQC_DOCUMENT_NOT_OBJECT', `The document is ${kind}. It must be a JSON object.`)
}

function nameOfKind(value: unknown): string {
  const name = Object.prototype.toString.call(value).slice(8, -1)
  if (value === undefined) return 'missing'
  return typeof value === 'object' ? `an object of the kind ${name}` : `a ${typeof value}`
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    const why = (cause as Error).message
    throw new ConnectorError('BQC_DOCUMENT_NOT_JSON', `The document is not JSON: ${why}.`, { cause })
  }
}

/** A byte order mark is no part of the text. */
function withoutMark(json: RowJson): RowJson {
  if (typeof json === 'string') return json.charCodeAt(0) === 0xfeff ? json.slice(1) : json
  const isMarked = json[0] === 0xef && json[1] === 0xbb && json[2] === 0xbf
  return isMarked ? json.subarray(3) : json
}

function decode(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes)
  } catch (cause) {
    throw new ConnectorError('BQC_DOCUMENT_NOT_JSON', 'The document is not UTF-8 text.', { cause })
  }
}

function serialise(row: unknown): string {
  try {
    return JSON.stringify(row)
  } catch (cause) {
    const message = `The document cannot be written as JSON: ${(cause as Error).message.split('\n', 1)[0]}.`
    throw new ConnectorError('BQC_DOCUMENT_INVALID', message, { cause })
  }
}

function sized<Json extends RowJson>(json: Json, maxRowBytes: number): Json {
  // A character has three bytes at most, so that small texts need not be measured.
  if (json.length * 3 <= maxRowBytes) return json
  const bytes = Buffer.byteLength(json)
  if (bytes > maxRowBytes) throw tooLarge(bytes, maxRowBytes)
  return json
}

function tooLarge(bytes: number, maxRowBytes: number): ConnectorError {
  const message = `The document has ${bytes} bytes. A row may have ${maxRowBytes} at most.`
  return new ConnectorError('BQC_DOCUMENT_TOO_LARGE', message)
}

/** The first faults in words; all of them are in the error's `faults`. */
function list(faults: readonly Fault[]): string {
  const shown = faults.slice(0, 3).map(({ path, value, message }) => {
    const found = value === undefined ? '' : `, not ${JSON.stringify(value)}`
    return `${path || 'the document'} ${message}${found}`
  })
  return shown.join('; ') + (faults.length > 3 ? `; and ${faults.length - 3} more` : '')
}
