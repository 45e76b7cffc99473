// The schema changes tables.patch may make: new columns at the end of a level, REQUIRED relaxed to NULLABLE.
import type { TableEntry } from '../storage/catalog.ts'
import { physicalTable } from '../storage/physical-names.ts'
import { type ApiError, invalid } from '../wire/api-error.ts'
import {
  duckdbType,
  type FieldSchema,
  isRepeated,
  isRequired,
  legacyType,
  quoteName,
  type TableSchema,
} from '../wire/table-schema.ts'

/** The DDL that turns a table's schema into the wanted one; refuses what the service refuses. */
export function schemaChange(table: TableEntry, wanted: TableSchema): readonly string[] {
  const name = `${table.projectId}:${table.datasetId}.${table.tableId}`
  const target = `ALTER TABLE ${physicalTable(table.projectId, table.datasetId, table.tableId)}`
  if (table.schema.fields.length === 0)
    return [
      ...wanted.fields.map((field) => `${target} ADD COLUMN ${quoteName(field.name)} ${duckdbType(field)}`),
      ...(wanted.fields.length > 0 ? [`${target} DROP COLUMN "_no_schema"`] : []),
    ]
  const ddl: string[] = []
  compare(name, table.schema.fields, wanted.fields, '')
  const old = new Map(table.schema.fields.map((field) => [field.name.toLowerCase(), field]))
  for (const field of wanted.fields) {
    const before = old.get(field.name.toLowerCase())
    if (before === undefined) ddl.push(`${target} ADD COLUMN ${quoteName(field.name)} ${duckdbType(field)}`)
    else {
      if (duckdbType(before) !== duckdbType(field))
        throw invalid('The local BigQuery cannot add fields inside a RECORD of an existing table.')
      if (isRequired(before) && !isRequired(field))
        ddl.push(`${target} ALTER COLUMN ${quoteName(field.name)} DROP NOT NULL`)
    }
  }
  return ddl
}

function compare(
  table: string,
  old: readonly FieldSchema[],
  wanted: readonly FieldSchema[],
  prefix: string,
): void {
  const fault = (text: string): ApiError => invalid(`Provided Schema does not match Table ${table}. ${text}`)
  const byName = new Map(wanted.map((field) => [field.name.toLowerCase(), field]))
  for (const before of old) {
    const path = prefix + before.name
    const after = byName.get(before.name.toLowerCase())
    if (after === undefined) throw fault(`Field ${path} is missing in new schema`)
    if (legacyType(before.type) !== legacyType(after.type))
      throw fault(
        `Field ${path} has changed type from ${legacyType(before.type)} to ${legacyType(after.type)}`,
      )
    if (isRepeated(before) !== isRepeated(after) || (isRequired(after) && !isRequired(before)))
      throw fault(
        `Field ${path} has changed mode from ${before.mode ?? 'NULLABLE'} to ${after.mode ?? 'NULLABLE'}`,
      )
    compare(table, before.fields ?? [], after.fields ?? [], `${path}.`)
  }
  const known = new Set(old.map((field) => field.name.toLowerCase()))
  for (const field of wanted)
    if (prefix === '' && !known.has(field.name.toLowerCase()) && isRequired(field))
      throw fault(`Cannot add required fields to an existing schema. (field: ${field.name})`)
}
