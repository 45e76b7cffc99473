// Puts rows that a job has ready into its destination table, as its dispositions say, in one commit.
import { randomUUID } from 'node:crypto'
import { schemaChange } from '../routes/schema-change.ts'
import type { TableEntry } from '../storage/catalog.ts'
import { physicalTable } from '../storage/physical-names.ts'
import { type ApiError, alreadyExists, invalid, notFound } from '../wire/api-error.ts'
import {
  duckdbType,
  type FieldSchema,
  isRequired,
  legacyType,
  quoteName,
  type TableSchema,
} from '../wire/table-schema.ts'
import { type TableName, type TransferEngine, tableText } from './transfer.ts'

export interface Disposition {
  readonly create: 'CREATE_IF_NEEDED' | 'CREATE_NEVER'
  readonly write: 'WRITE_APPEND' | 'WRITE_TRUNCATE' | 'WRITE_TRUNCATE_DATA' | 'WRITE_EMPTY'
  readonly allow: ReadonlySet<string>
}

const WRITES = ['WRITE_APPEND', 'WRITE_TRUNCATE', 'WRITE_TRUNCATE_DATA', 'WRITE_EMPTY']

export function disposition(
  configuration: Readonly<Record<string, unknown>>,
  defaultWrite: Disposition['write'],
): Disposition {
  const create = String(configuration['createDisposition'] || 'CREATE_IF_NEEDED')
  const write = String(configuration['writeDisposition'] || defaultWrite)
  if (create !== 'CREATE_IF_NEEDED' && create !== 'CREATE_NEVER')
    throw invalid(`Invalid value for createDisposition: ${create}`, 'createDisposition')
  if (!WRITES.includes(write))
    throw invalid(`Invalid value for writeDisposition: ${write}`, 'writeDisposition')
  const allow = new Set((configuration['schemaUpdateOptions'] ?? []) as string[])
  if (allow.size > 0 && !/APPEND|TRUNCATE_DATA/.test(write))
    throw invalid('Schema update options should only be specified with WRITE_APPEND disposition.')
  return { create, write: write as Disposition['write'], allow }
}

/** The table a job will write to, if there is one; refuses what the dispositions refuse. */
export async function checkDestination(
  engine: TransferEngine,
  name: TableName,
  how: Disposition,
): Promise<TableEntry | undefined> {
  const table = engine.catalog.findTable(name.projectId, name.datasetId, name.tableId)
  if (table === undefined) {
    if (how.create === 'CREATE_NEVER') throw notFound(`Table ${tableText(name)}`)
    return undefined
  }
  if (table.type !== undefined && table.type !== 'TABLE')
    throw invalid(`${tableText(name)} is not a table: rows cannot be written to a ${table.type}.`)
  if (how.write === 'WRITE_EMPTY' && (await hasRows(engine, table)))
    throw alreadyExists(`Table ${tableText(name)}`)
  return table
}

async function hasRows(engine: TransferEngine, table: TableName): Promise<boolean> {
  const sql = `SELECT 1 FROM ${physicalName(table)} LIMIT 1`
  return (await engine.pool.use((connection) => connection.runAndReadAll(sql))).getRows().length > 0
}

export interface NewRows {
  /** A SELECT that gives the rows, its columns named as in `schema`. */
  readonly select: string
  readonly schema: TableSchema
  /** What a new table is to have besides its schema: partitioning, labels, ... */
  readonly sent: Readonly<Record<string, unknown>>
  /** SQL that records the job. */
  readonly record: () => string
}

/** Call under the destination's mutex. */
export async function writeRows(
  engine: TransferEngine,
  name: TableName,
  how: Disposition,
  rows: NewRows,
): Promise<void> {
  const before = await checkDestination(engine, name, how)
  if (before !== undefined && how.write === 'WRITE_TRUNCATE' && !sameFields(before.schema, rows.schema)) {
    await engine.catalog.createTable(
      { ...name, schema: rows.schema, sent: { ...before.sent, ...rows.sent } },
      { replace: true, fill: rows.select },
    )
    await engine.pool.use((connection) => connection.run(rows.record()))
    return
  }
  const table =
    before ?? (await engine.catalog.createTable({ ...name, schema: rows.schema, sent: rows.sent }))
  const truncates = how.write !== 'WRITE_APPEND' && before !== undefined
  const { schema, ddl } = appended(table, rows.schema, how)
  const columns = rows.schema.fields.map((field) => quoteName(field.name)).join(', ')
  // The rows are set aside first: they may come from the table that is emptied.
  const aside = `temp."${randomUUID()}"`
  await engine.catalog.changeTable({ ...table, schema }, [
    ...ddl,
    ...(truncates
      ? [`CREATE TEMP TABLE ${aside} AS ${rows.select}`, `DELETE FROM ${physicalName(table)}`]
      : []),
    `INSERT INTO ${physicalName(table)} (${columns}) ${truncates ? `FROM ${aside}` : rows.select}`,
    ...(truncates ? [`DROP TABLE ${aside}`] : []),
    rows.record(),
  ])
}

function sameFields(a: TableSchema, b: TableSchema): boolean {
  return JSON.stringify(a.fields) === JSON.stringify(b.fields)
}

/** The table's schema with what the rows bring along, as far as the schema update options allow it. */
function appended(
  table: TableEntry,
  incoming: TableSchema,
  how: Disposition,
): { schema: TableSchema; ddl: readonly string[] } {
  const known = new Map(table.schema.fields.map((field) => [field.name.toLowerCase(), field]))
  const refuse = (text: string): ApiError =>
    invalid(`Provided Schema does not match Table ${tableText(table)}. ${text}`)
  const added = incoming.fields.filter((field) => !known.has(field.name.toLowerCase()))
  const isNew = table.schema.fields.length === 0
  if (added.length > 0 && !isNew && !how.allow.has('ALLOW_FIELD_ADDITION'))
    throw refuse(`Cannot add fields (field: ${added[0]?.name})`)
  for (const field of incoming.fields) {
    const before = known.get(field.name.toLowerCase())
    const [was, is] = [legacyType(before?.type ?? field.type), legacyType(field.type)]
    if (was !== is) throw refuse(`Field ${field.name} has changed type from ${was} to ${is}`)
    if (before !== undefined && duckdbType(before) !== duckdbType(field))
      throw refuse(`Field ${field.name} has changed its mode or its fields`)
  }
  const given = new Map(incoming.fields.map((field) => [field.name.toLowerCase(), field]))
  const kept = table.schema.fields.map((field): FieldSchema => {
    const other = given.get(field.name.toLowerCase())
    const relaxes = isRequired(field) && (other === undefined || !isRequired(other))
    if (!relaxes || !how.allow.has('ALLOW_FIELD_RELAXATION')) return field
    return { ...field, mode: 'NULLABLE' }
  })
  const schema = { ...table.schema, fields: [...kept, ...added] }
  if (sameFields(schema, table.schema)) return { schema: table.schema, ddl: [] }
  return { schema, ddl: schemaChange(table, schema) }
}

export function physicalName(name: TableName): string {
  return physicalTable(name.projectId, name.datasetId, name.tableId)
}
