// The schema changes tables.patch may make: new columns at the end of a level, REQUIRED relaxed to NULLABLE.
import type { TableEntry } from '../storage/catalog.ts'
import { physicalTable } from '../storage/physical-names.ts'
import { type ApiError, invalid } from '../wire/api-error.ts'
import {
  addedColumn,
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
      ...wanted.fields.map((field) => `${target} ADD COLUMN ${addedColumn(field)}`),
      ...(wanted.fields.length > 0 ? [`${target} DROP COLUMN "_no_schema"`] : []),
    ]
  compare(name, table.schema.fields, wanted.fields, '')
  const relaxed = table.schema.fields.filter(
    (before) => isRequired(before) && wanted.fields.some((f) => sameName(f, before) && !isRequired(f)),
  )
  return [
    ...additions(table.schema.fields, wanted.fields, []).map((column) => `${target} ADD COLUMN ${column}`),
    ...relaxed.map((field) => `${target} ALTER COLUMN ${quoteName(field.name)} DROP NOT NULL`),
  ]
}

function sameName(a: FieldSchema, b: FieldSchema): boolean {
  return a.name.toLowerCase() === b.name.toLowerCase()
}

/** The definitions of new columns, and of new fields of records with the path to them. */
function additions(
  old: readonly FieldSchema[],
  wanted: readonly FieldSchema[],
  path: readonly string[],
): readonly string[] {
  return wanted.flatMap((field) => {
    const before = old.find((one) => sameName(one, field))
    if (before === undefined) return [addedColumn(field, [...path, field.name])]
    const inside = [...path, before.name, ...(isRepeated(before) ? ['element'] : [])]
    return additions(before.fields ?? [], field.fields ?? [], inside)
  })
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
  // The engine puts a record's new fields last, and so must the schema.
  if (prefix !== '' && old.some((field, i) => !sameName(field, wanted[i] ?? { name: '', type: '' })))
    throw invalid(
      `The local BigQuery takes new fields only at the end of a RECORD: ${table}, ${prefix.slice(0, -1)}`,
    )
  const known = new Set(old.map((field) => field.name.toLowerCase()))
  for (const field of wanted)
    if (prefix === '' && !known.has(field.name.toLowerCase()) && isRequired(field))
      throw fault(`Cannot add required fields to an existing schema. (field: ${field.name})`)
}
