// Which insertId a row carries for life: one that was fixed before, a value of its own document, or a minted one.
import type { Document } from '../contract/document.ts'
import { ConnectorError } from '../errors.ts'
import { parseDocument } from './encode.ts'

/** @throws ConnectorError of the category `document`: the document has none that BigQuery takes. */
export type InsertIdOf = (document: Document, index: number) => string | undefined

/** `prefix` and `index` make the minted one. */
export type InsertIdRule = (document: Document, prefix: string, index: number) => string | undefined

export interface InsertIdOptions {
  readonly generateInsertId: boolean
  /** Empty: minted. `id`: the document's id. Else a JSON pointer to a field. */
  readonly insertIdFrom: string
}

/** https://cloud.google.com/bigquery/docs/streaming-data-into-bigquery#dataconsistency */
const maxCharacters = 128

export function insertIdRule({ generateInsertId, insertIdFrom }: InsertIdOptions): InsertIdRule {
  if (!generateInsertId) return () => undefined
  const own = ownInsertId(insertIdFrom)
  return (document, prefix, index) => {
    const fixed = document.properties?.['insertId']
    return fixed === undefined ? own(document, prefix, index) : checked(fixed, '')
  }
}

/** For a document that is refused anyway. */
export function insertIdIfAny(insertIdOf: InsertIdOf, document: Document, index: number): string | undefined {
  try {
    return insertIdOf(document, index)
  } catch {
    return undefined
  }
}

function ownInsertId(insertIdFrom: string): InsertIdRule {
  switch (insertIdFrom) {
    case '':
      return (_, prefix, index) => prefix + index
    case 'id':
      return ({ id }) => checked(id, '')
    default: {
      const names = insertIdFrom
        .slice(1)
        .split('/')
        .map((name) => name.replaceAll('~1', '/').replaceAll('~0', '~'))
      return (document) => checked(valueAt(parseDocument(document), names), insertIdFrom)
    }
  }
}

function valueAt(row: unknown, names: readonly string[]): unknown {
  let value: unknown = row
  for (const name of names) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined
    value = (value as Record<string, unknown>)[name]
  }
  return value
}

function checked(value: unknown, path: string): string {
  const text = typeof value === 'string' ? value : scalarText(value)
  if (text === undefined || text === '') throw refused(value, path, 'must be text or a number')
  // A character may be two units of a text, never less than one.
  if (text.length <= maxCharacters || [...text].length <= maxCharacters) return text
  throw refused(`${text.slice(0, 200)}...`, path, `must have at most ${maxCharacters} characters`)
}

/** Beyond 2^53 different numbers of a document become one, and BigQuery would drop the second row; so with true. */
function scalarText(value: unknown): string | undefined {
  const isExact = typeof value === 'number' && Number.isFinite(value) && Math.abs(value) <= 2 ** 53
  return isExact || typeof value === 'bigint' ? String(value) : undefined
}

function refused(value: unknown, path: string, allowed: string): ConnectorError {
  const what = path === '' ? 'The id of the document' : path
  const isShown = ['string', 'number', 'boolean'].includes(typeof value)
  return new ConnectorError('BQC_DOCUMENT_INVALID', `${what} is to be the insertId, so it ${allowed}.`, {
    faults: [{ path, ...(isShown ? { value } : {}), message: `${allowed}: it is the insertId` }],
  })
}
