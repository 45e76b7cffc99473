// What tells a document from others: its id, or the value of one of its fields.
import type { Document } from '../contract/document.ts'
import { ConnectorError } from '../errors.ts'
import { parseDocument } from './encode.ts'

/** @throws ConnectorError of the category `document`: the document has no such value. */
export type KeyOf = (document: Document) => string

export interface KeyUse {
  /** What the key is to be, for messages: `the insertId`. */
  readonly role: string
  readonly maxCharacters: number
}

/** @param from `id`: the document's id. Else a JSON pointer to a field. */
export function documentKey(from: string, use: KeyUse): KeyOf {
  if (from === 'id') return ({ id }) => checkedKey(id, '', use)
  const names = from
    .slice(1)
    .split('/')
    .map((name) => name.replaceAll('~1', '/').replaceAll('~0', '~'))
  return (document) => checkedKey(valueAt(parseDocument(document), names), from, use)
}

/** @param path where the value was found; `''` for the document's id. */
export function checkedKey(value: unknown, path: string, use: KeyUse): string {
  const { maxCharacters } = use
  const text = typeof value === 'string' ? value : scalarText(value)
  if (text === undefined || text === '') throw refused(value, path, 'must be text or a number', use)
  // A character may be two units of a text, never less than one.
  if (text.length <= maxCharacters || [...text].length <= maxCharacters) return text
  throw refused(`${text.slice(0, 200)}...`, path, `must have at most ${maxCharacters} characters`, use)
}

function valueAt(row: unknown, names: readonly string[]): unknown {
  let value: unknown = row
  for (const name of names) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined
    value = (value as Record<string, unknown>)[name]
  }
  return value
}

/** Beyond 2^53 different numbers of a document become one, and two documents would have one key; so with true. */
function scalarText(value: unknown): string | undefined {
  const isExact = typeof value === 'number' && Number.isFinite(value) && Math.abs(value) <= 2 ** 53
  return isExact || typeof value === 'bigint' ? String(value) : undefined
}

function refused(value: unknown, path: string, allowed: string, { role }: KeyUse): ConnectorError {
  const what = path === '' ? 'The id of the document' : path
  const isShown = ['string', 'number', 'boolean'].includes(typeof value)
  return new ConnectorError('BQC_DOCUMENT_INVALID', `${what} is to be ${role}, so it ${allowed}.`, {
    faults: [{ path, ...(isShown ? { value } : {}), message: `${allowed}: it is ${role}` }],
  })
}
