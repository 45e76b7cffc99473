// Which insertId a row carries for life: one that was fixed before, a value of its own document, or a minted one.
import type { Document } from '../contract/document.ts'
import { checkedKey, documentKey } from './document-key.ts'

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
const use = { role: 'the insertId', maxCharacters: 128 }

export function insertIdRule({ generateInsertId, insertIdFrom }: InsertIdOptions): InsertIdRule {
  if (!generateInsertId) return () => undefined
  const own = ownInsertId(insertIdFrom)
  return (document, prefix, index) => {
    const fixed = document.properties?.['insertId']
    return fixed ? checkedKey(fixed, '', use) : own(document, prefix, index)
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
  return insertIdFrom === '' ? (_, prefix, index) => prefix + index : documentKey(insertIdFrom, use)
}
