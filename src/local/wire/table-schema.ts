// A table schema as the API writes it, and the DuckDB column types that hold its values.
import { invalid } from './api-error.ts'

export interface FieldSchema {
  readonly name: string
  readonly type: string
  readonly mode?: string
  readonly fields?: readonly FieldSchema[]
  readonly rangeElementType?: { readonly type: string }
  readonly [extra: string]: unknown
}

export interface TableSchema {
  readonly fields: readonly FieldSchema[]
}

const LEGACY_NAMES: Readonly<Record<string, string>> = {
  INT64: 'INTEGER',
  INT: 'INTEGER',
  FLOAT64: 'FLOAT',
  BOOL: 'BOOLEAN',
  STRUCT: 'RECORD',
  DECIMAL: 'NUMERIC',
  BIGDECIMAL: 'BIGNUMERIC',
}

const SQL_NAMES: Readonly<Record<string, string>> = { INTEGER: 'INT64', FLOAT: 'FLOAT64', BOOLEAN: 'BOOL' }

const DUCKDB_TYPES: Readonly<Record<string, string>> = {
  STRING: 'VARCHAR',
  BYTES: 'BLOB',
  INTEGER: 'BIGINT',
  FLOAT: 'DOUBLE',
  NUMERIC: 'DECIMAL(38,9)',
  BIGNUMERIC: 'DECIMAL(38,15)',
  BOOLEAN: 'BOOLEAN',
  TIMESTAMP: 'TIMESTAMPTZ',
  DATE: 'DATE',
  TIME: 'TIME',
  DATETIME: 'TIMESTAMP',
  GEOGRAPHY: 'VARCHAR',
  JSON: 'JSON',
  INTERVAL: 'INTERVAL',
}

const INTEGER_ATTRIBUTES = ['maxLength', 'precision', 'scale', 'timestampPrecision'] as const

/** The legacy spelling of a type name, which responses use: INT64 becomes INTEGER. */
export function legacyType(type: string): string {
  const upper = type.toUpperCase()
  return LEGACY_NAMES[upper] ?? upper
}

/** The name of a type as SQL has it: INTEGER becomes INT64. */
export function sqlType(type: string): string {
  const legacy = legacyType(type)
  return SQL_NAMES[legacy] ?? legacy
}

/** Names of columns and tables in SQL differ by more than their capitals. */
export function sameName(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase()
}

export function findField(fields: readonly FieldSchema[], name: string): FieldSchema | undefined {
  return fields.find((field) => sameName(field.name, name))
}

export function isRepeated(field: FieldSchema): boolean {
  return field.mode?.toUpperCase() === 'REPEATED'
}

export function isRequired(field: FieldSchema): boolean {
  return field.mode?.toUpperCase() === 'REQUIRED'
}

export function quoteName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}

export function quoteText(text: string): string {
  return `'${text.replaceAll("'", "''")}'`
}

export function duckdbElementType(field: FieldSchema): string {
  const type = legacyType(field.type)
  if (type === 'RECORD')
    return `STRUCT(${(field.fields ?? []).map((f) => `${quoteName(f.name)} ${duckdbType(f)}`).join(', ')})`
  if (type === 'RANGE') {
    const element = DUCKDB_TYPES[legacyType(field.rangeElementType?.type ?? 'DATE')] ?? 'DATE'
    return `STRUCT("start" ${element}, "end" ${element})`
  }
  const found = DUCKDB_TYPES[type]
  if (found === undefined) throw invalid(`Invalid value for type: ${field.type} is not a valid value`)
  return found
}

export function duckdbType(field: FieldSchema): string {
  return isRepeated(field) ? `${duckdbElementType(field)}[]` : duckdbElementType(field)
}

/** The definition of a column that joins a table with rows: arrays are empty in them, never NULL. */
export function addedColumn(field: FieldSchema, path: readonly string[] = [field.name]): string {
  const type = duckdbType(field)
  return `${path.map(quoteName).join('.')} ${type}${isRepeated(field) ? ` DEFAULT CAST([] AS ${type})` : ''}`
}

/** Checks a schema a client sent and returns it as the service echoes it: as sent, integers as text. */
export function acceptSchema(sent: unknown): TableSchema {
  const fields = (sent as { fields?: unknown }).fields
  if (fields === undefined) return { fields: [] }
  if (!Array.isArray(fields)) throw invalid('Invalid value for schema.fields: expected a list')
  return { ...(sent as object), fields: acceptFields(fields) }
}

function acceptFields(sent: readonly unknown[]): readonly FieldSchema[] {
  const seen = new Set<string>()
  return sent.map((value) => {
    const field = value as FieldSchema
    if (typeof field?.name !== 'string' || field.name === '' || field.name.length > 300)
      throw invalid('Field names must be 1 to 300 characters long.')
    if (typeof field.type !== 'string') throw invalid(`Field ${field.name} is missing a type.`)
    const key = field.name.toLowerCase()
    if (seen.has(key))
      throw invalid(`Duplicate field name: ${field.name}. Table and column names are not case sensitive.`)
    seen.add(key)
    const type = legacyType(field.type)
    const accepted: Record<string, unknown> = { ...field }
    for (const name of INTEGER_ATTRIBUTES)
      if (typeof field[name] === 'number') accepted[name] = String(field[name])
    if (type === 'RECORD') {
      if (!Array.isArray(field.fields) || field.fields.length === 0)
        throw invalid(`Field ${field.name} is type RECORD but has no schema`)
      accepted['fields'] = acceptFields(field.fields)
    }
    duckdbType(accepted as FieldSchema)
    return accepted as FieldSchema
  })
}
