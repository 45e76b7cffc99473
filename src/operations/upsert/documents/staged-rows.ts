// How documents stand in a staging table: their position, the names of their fields, and the document itself.
import type { Document } from '../../../contract/document.ts'
import type { RowFrame } from '../../../contract/insert-rows.ts'
import type { TableField } from '../../../contract/table-schema.ts'
import { fieldTypeOf } from '../../../encoding/types.ts'
import { parseDocument } from '../../../pipeline/encode.ts'
import { namesIn } from './document-encoder.ts'

/** Columns of a staging table. */
export const staged = { position: 'n', names: 'g', row: 'r' } as const

/** A line of JSON for each document; the mark is written before it. */
export const stagedRowFrame: RowFrame = {
  head: () => '',
  before: (_, mark) => `{"${staged.position}":${mark},"${staged.row}":`,
  after: '}',
  between: '\n',
  tail: '\n',
  isLines: true,
}

// https://cloud.google.com/bigquery/quotas#load_jobs: a row of JSON has 100 MB at most.
/** Bytes of a document at most: the names of its fields need room too. */
export const maxDocumentBytes = 99_000_000

/** A load job cannot tell a field that is absent from one that is null: so the names come along. */
export function markOf(document: Document, index: number): string {
  return `${index},"${staged.names}":${JSON.stringify(namesIn(parseDocument(document)))}`
}

export function stagedFields(columns: readonly TableField[]): readonly TableField[] {
  return [
    { name: staged.position, type: 'INTEGER' },
    { name: staged.names, type: 'STRING', mode: 'REPEATED' },
    { name: staged.row, type: 'RECORD', fields: columns.map(asStaged) },
  ]
}

/**
 * Nothing is required that the MERGE may leave as it is. JSON stays text on the way: a load job would take text
 * for a JSON string, where inserts take it for what is written in it.
 */
function asStaged({ name, type, mode, fields, rangeElementType }: TableField): TableField {
  return {
    name,
    type: fieldTypeOf(type) === 'JSON' ? 'STRING' : type,
    mode: mode === 'REPEATED' ? mode : 'NULLABLE',
    ...(fields === undefined ? {} : { fields: fields.map(asStaged) }),
    ...(rangeElementType === undefined ? {} : { rangeElementType }),
  }
}
