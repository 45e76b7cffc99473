// CREATE TABLE in all its forms: with columns, AS SELECT, LIKE, COPY, CLONE, SNAPSHOT and TEMP.
import { randomUUID } from 'node:crypto'
import type { TableType } from '../../storage/entries.ts'
import { invalidQuery } from '../../wire/api-error.ts'
import { duckdbType, type FieldSchema, isRequired, quoteName } from '../../wire/table-schema.ts'
import { unsupported } from '../ast.ts'
import { type OptionTexts, type ReadField, readColumn, readOptions } from '../read-type.ts'
import type { Reader } from '../reader.ts'
import { checkDataset, findStored, resolveTable, type Statement, tableName } from '../scope.ts'
import type { DdlOutcome, DdlStatement, Run } from '../statement.ts'
import { storedValue } from '../stored-value.ts'
import { checkResult } from '../top-level.ts'
import { typed, typeName } from '../typing.ts'
import type { CreateModifiers } from './ddl.ts'
import { settleField, settleOptions } from './options.ts'
import { checkPartitioning, readPartitioning } from './partitioning.ts'

interface Definition {
  readonly path: readonly string[]
  readonly columns: readonly ReadField[] | undefined
  readonly primaryKey: readonly string[]
  readonly like: readonly string[] | undefined
  readonly copied: readonly string[] | undefined
  readonly partitioning: Readonly<Record<string, unknown>>
  readonly options: OptionTexts
  readonly select: string | undefined
}

export function createTable(statement: Statement, reader: Reader, how: CreateModifiers): DdlStatement {
  const definition = readDefinition(reader)
  const type = how.snapshot ? 'SNAPSHOT_TABLE' : 'TABLE'
  return {
    kind: 'ddl',
    statementType: `CREATE_${type}${definition.select === undefined ? '' : '_AS_SELECT'}`,
    preview: async (on) => (await shapeOf(on, statement, definition)).fields,
    run: (on) =>
      how.temporary ? makeTemporary(on, statement, definition, how) : make(on, statement, definition, how),
  }
}

function readDefinition(reader: Reader): Definition {
  const path = reader.path()
  let primaryKey: readonly string[] = []
  const columns: ReadField[] = []
  const declares = reader.sees('(')
  if (declares) {
    const read = reader.list(() => {
      if (reader.takes('CONSTRAINT')) reader.name()
      if (reader.takes('PRIMARY', 'KEY')) {
        primaryKey = reader.list(() => reader.name())
        reader.expect('NOT', 'ENFORCED')
      } else if (reader.takes('FOREIGN', 'KEY')) {
        reader.parenthesised()
        reader.expect('REFERENCES')
        reader.path()
        reader.parenthesised()
        reader.expect('NOT', 'ENFORCED')
      } else return readColumn(reader)
      return undefined
    })
    for (const column of read) if (column !== undefined) columns.push(column)
    const keys = columns.filter((column) => column['isPrimaryKey'] === true).map(({ name }) => name)
    if (keys.length > 0) primaryKey = keys
  }
  let like: readonly string[] | undefined
  let copied: readonly string[] | undefined
  const source = (): void => {
    if (reader.takes('LIKE')) like = reader.path()
    else if (reader.takes('COPY') || reader.takes('CLONE')) copied = reader.path()
    if (reader.sees('FOR')) throw unsupported('FOR SYSTEM_TIME AS OF')
  }
  source()
  if (reader.takes('DEFAULT', 'COLLATE')) throw unsupported('DEFAULT COLLATE')
  const partitioning = readPartitioning(reader)
  if (reader.sees('WITH')) throw unsupported('external tables')
  const options = readOptions(reader)
  const select = reader.takes('AS') ? reader.until(';') : undefined
  reader.finish()
  return {
    path,
    columns: declares ? columns : undefined,
    primaryKey,
    like,
    copied,
    partitioning,
    options,
    select,
  }
}

interface Shape {
  readonly fields: readonly FieldSchema[]
  readonly sent: Readonly<Record<string, unknown>>
  /** A SELECT of the rows, in the order of the fields. */
  readonly fill: string | undefined
}

async function shapeOf(on: Run, statement: Statement, definition: Definition): Promise<Shape> {
  const { columns, select, like, copied } = definition
  const declared: FieldSchema[] = []
  for (const column of columns ?? []) declared.push(await settleField(on, column))
  checkNames(declared)
  let sent: Record<string, unknown> = { ...definition.partitioning }
  let fields: readonly FieldSchema[] = declared
  let fill: string | undefined
  const source = like ?? copied
  if (source !== undefined) {
    const found = resolveTable(statement, source)
    fields = found.fields
    if (statement.session.tables.get(source.join('.').toLowerCase()) === undefined) {
      const { expirationTime: _expires, view: _view, ...kept } = findStored(statement, source).entry.sent
      sent = { ...kept, ...sent }
    }
    if (copied !== undefined)
      fill = `SELECT ${fields.map(({ name }) => quoteName(name)).join(', ')} FROM ${found.sql}`
  }
  if (select !== undefined) {
    const rows = on.query(select)
    checkResult('CREATE TABLE', rows, fields.length > 0)
    if (columns === undefined && like === undefined)
      fields = rows.fields.map((field) => ({ ...field, mode: field.mode ?? 'NULLABLE' }))
    if (fields.length !== rows.fields.length)
      throw invalidQuery(
        `The number of columns in the column definition list does not match the number of columns produced by the query`,
      )
    const values = fields.map((field, i) => {
      const constant = rows.constants[i]
      const value = {
        ...typed(quoteName(rows.names[i] ?? ''), rows.fields[i]),
        ...(constant && { constant }),
      }
      const sql = storedValue(value, field)
      if (sql === undefined)
        throw invalidQuery(
          `Column ${field.name} has type ${typeName(field)} but the query gives ${typeName(rows.fields[i])}`,
        )
      return `${sql} AS ${quoteName(field.name)}`
    })
    fill = `SELECT ${values.join(', ')} FROM (${rows.sql})`
  }
  if (definition.primaryKey.length > 0)
    sent['tableConstraints'] = { primaryKey: { columns: definition.primaryKey } }
  checkPartitioning(sent, fields)
  return { fields, sent: await settleOptions(on, definition.options, 'table', sent), fill }
}

async function make(
  on: Run,
  statement: Statement,
  definition: Definition,
  how: CreateModifiers,
): Promise<DdlOutcome> {
  const table = tableName(statement, definition.path)
  checkDataset(statement, table.projectId, table.datasetId)
  if (on.inTransaction)
    throw invalidQuery('CREATE TABLE of a table that is not temporary is not supported in a transaction')
  const before = on.catalog.findTable(table.projectId, table.datasetId, table.tableId)
  if (before !== undefined && how.ifNotExists)
    return { operation: 'SKIP', table, fields: before.schema.fields }
  const { fields, sent, fill } = await shapeOf(on, statement, definition)
  const type: TableType | undefined = how.snapshot ? 'SNAPSHOT' : undefined
  await on.catalog.createTable(
    { ...table, schema: { fields }, sent, ...(type && { type }) },
    { replace: how.orReplace, ...(fill === undefined ? {} : { fill: await on.stage(fill) }) },
  )
  return { operation: before === undefined ? 'CREATE' : 'REPLACE', table, fields }
}

/** A temporary table is DuckDB's own: it belongs to the connection, and so to the job. */
async function makeTemporary(
  on: Run,
  statement: Statement,
  definition: Definition,
  how: CreateModifiers,
): Promise<DdlOutcome> {
  const path = definition.path[0]?.toUpperCase() === '_SESSION' ? definition.path.slice(1) : definition.path
  const [name = ''] = path
  if (path.length > 1) throw invalidQuery('A temporary table cannot be made in a dataset')
  const table = { projectId: statement.projectId, datasetId: '_SESSION', tableId: name }
  const before = on.tables.get(name.toLowerCase())
  if (before !== undefined && how.ifNotExists) return { operation: 'SKIP', table }
  if (before !== undefined && !how.orReplace) throw invalidQuery(`Already Exists: Table ${name}`)
  const { fields, fill } = await shapeOf(on, statement, definition)
  const sql = `temp.${quoteName(randomUUID())}`
  const columns = fields.map(
    (field) => `${quoteName(field.name)} ${duckdbType(field)}${isRequired(field) ? ' NOT NULL' : ''}`,
  )
  await on.execute(`CREATE TEMP TABLE ${sql} (${columns.join(', ')})`)
  if (fill !== undefined) await on.execute(`INSERT INTO ${sql} ${fill}`)
  on.tables.set(name.toLowerCase(), { sql, fields })
  return { operation: before === undefined ? 'CREATE' : 'REPLACE', table, fields }
}

function checkNames(fields: readonly FieldSchema[]): void {
  const seen = new Set<string>()
  for (const { name } of fields) {
    if (seen.has(name.toLowerCase())) throw invalidQuery(`Duplicate column name ${name}`)
    seen.add(name.toLowerCase())
  }
}
