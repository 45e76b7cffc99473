// What a document must look like to be upserted, and how it is written for a load job.
import type { JsonObject } from '../../../contract/document.ts'
import type { TableField } from '../../../contract/table-schema.ts'
import { compileRowEncoder, isRecord, type RowEncoder } from '../../../encoding/encode-row.ts'
import { sameName } from '../table-names.ts'
import type { Target } from './target.ts'

/** The columns that a document may fill in: the table's, and the mark of a removal. */
export function columnsOf({ fields, deleteColumn }: Target): readonly TableField[] {
  const isOwn = deleteColumn === '' || fields.some(({ name }) => name === deleteColumn)
  return isOwn ? fields : [...fields, { name: deleteColumn, type: 'BOOL' }]
}

/**
 * Checks a document as Streaming Insert does, but for what must be there: the key and the order always, other
 * required columns only where the document is the whole row.
 */
export function documentEncoder(target: Target): RowEncoder {
  const { keyColumns, orderColumn, deleteColumn } = target
  const isNeeded = ({ name }: TableField) => keyColumns.includes(name) || name === orderColumn
  const fields = columnsOf(target).map((field) => (field.name === orderColumn ? strict(field) : field))
  const wholeFields = fields.map((field) => (isNeeded(field) ? withoutDefault(field) : field))
  const partFields = wholeFields.map((field) => (isNeeded(field) ? field : omissible(field)))
  const [whole, part] = [wholeFields, partFields].map((list) => compileRowEncoder(list, false)) as [
    RowEncoder,
    RowEncoder,
  ]
  const usual = target.columns === 'all' ? wholeFields : partFields
  // Text is sent unparsed only where the key is in it for sure.
  const { fitsText } = compileRowEncoder(
    usual.map((field) => (isNeeded(field) ? strict(field) : field)),
    false,
  )
  const nullable = fields.filter((field) => isNeeded(field) && field.mode !== 'REQUIRED')

  const encode = (row: JsonObject) => {
    const isWhole = target.columns === 'all' && !isMarked(row, deleteColumn)
    const encoded = (isWhole ? whole : part)(row)
    const absent = isRecord(row) ? nullable.filter(({ name }) => fieldOf(row, name) === undefined) : []
    if (absent.length === 0) return encoded
    const faults = absent.map(({ name }) => ({
      path: `/${name}`,
      message: 'is required: it is part of the key',
    }))
    return { row: encoded.row, faults: [...encoded.faults, ...faults] }
  }
  return Object.assign(encode, { fitsText })
}

/** Names of the fields that a document has, in lower case. */
export function namesIn(row: JsonObject): string[] {
  return Object.keys(row)
    .filter((name) => row[name] !== undefined)
    .map((name) => name.toLowerCase())
}

function isMarked(row: JsonObject, deleteColumn: string): boolean {
  return deleteColumn !== '' && /^true$/i.test(String(fieldOf(row, deleteColumn)))
}

function fieldOf(row: JsonObject, column: string): unknown {
  const name = Object.keys(row).find((key) => sameName(key, column))
  return name === undefined ? undefined : row[name]
}

function strict(field: TableField): TableField {
  return { ...withoutDefault(field), mode: 'REQUIRED' }
}

function withoutDefault({ defaultValueExpression: _, ...field }: TableField): TableField {
  return field
}

/** It may be left out, like a column with a default; where it is given it must fit. */
function omissible(field: TableField): TableField {
  return { ...field, defaultValueExpression: field.defaultValueExpression ?? 'NULL' }
}
