// ALTER TABLE.
import { isView, type TableEntry } from '../../storage/entries.ts'
import { physicalTable } from '../../storage/physical-names.ts'
import { invalidQuery } from '../../wire/api-error.ts'
import {
  addedColumn,
  duckdbType,
  type FieldSchema,
  findField,
  isRepeated,
  isRequired,
  legacyType,
  quoteName,
  sameName,
} from '../../wire/table-schema.ts'
import { unsupported } from '../ast.ts'
import { layoutOf } from '../layout.ts'
import { type OptionTexts, type ReadField, readColumn, readOptions, readType } from '../read-type.ts'
import type { Reader } from '../reader.ts'
import { findStored, type Statement, tableName } from '../scope.ts'
import type { DdlStatement, Run } from '../statement.ts'
import { cost, typed, typeName } from '../typing.ts'
import { settleField, settleOptions } from './options.ts'

/** A table as it is being altered, and the DDL that will make it so. */
interface Draft {
  entry: TableEntry
  readonly ddl: string[]
}

type Action = (draft: Draft, on: Run) => Promise<void> | void

export function alterTable(statement: Statement, reader: Reader): DdlStatement {
  const ifExists = reader.takes('IF', 'EXISTS')
  const path = reader.path()
  let newName: string | undefined
  const actions: Action[] = []
  do {
    if (reader.takes('RENAME', 'TO')) newName = reader.name()
    else actions.push(readAction(reader))
  } while (reader.takes(','))
  reader.finish()
  return {
    kind: 'ddl',
    statementType: 'ALTER_TABLE',
    async run(on) {
      const table = tableName(statement, path)
      if (ifExists && on.catalog.findTable(table.projectId, table.datasetId, table.tableId) === undefined)
        return { operation: 'SKIP', table }
      if (on.inTransaction) throw invalidQuery('ALTER TABLE is not supported in a transaction')
      const { entry } = findStored(statement, path)
      if (isView(entry)) throw invalidQuery(`${table.datasetId}.${table.tableId} is a view; use ALTER VIEW`)
      const draft: Draft = { entry, ddl: [] }
      for (const action of actions) await action(draft, on)
      if (actions.length > 0) await on.catalog.changeTable(draft.entry, draft.ddl)
      if (newName !== undefined) await on.catalog.renameTable(draft.entry, newName)
      return { operation: 'ALTER', table }
    },
  }
}

function readAction(reader: Reader): Action {
  if (reader.takes('SET')) return setOptions(readOptionsOnly(reader))
  if (reader.takes('ADD', 'COLUMN')) {
    const ifNotExists = reader.takes('IF', 'NOT', 'EXISTS')
    return addColumn(readColumn(reader), ifNotExists)
  }
  if (reader.takes('DROP', 'COLUMN')) return dropColumn(reader.takes('IF', 'EXISTS'), reader.name())
  if (reader.takes('RENAME', 'COLUMN')) {
    const ifExists = reader.takes('IF', 'EXISTS')
    const name = reader.name()
    reader.expect('TO')
    return renameColumn(name, reader.name(), ifExists)
  }
  if (reader.takes('ALTER', 'COLUMN')) return alterColumn(reader)
  if (reader.takes('ADD')) {
    if (reader.takes('CONSTRAINT')) {
      reader.takes('IF', 'NOT', 'EXISTS')
      reader.name()
    }
    if (reader.takes('PRIMARY', 'KEY')) {
      const columns = reader.list(() => reader.name())
      reader.expect('NOT', 'ENFORCED')
      return (draft) => setSent(draft, 'tableConstraints', { primaryKey: { columns } })
    }
    throw unsupported(`ALTER TABLE ADD ${reader.peek().upper}`)
  }
  if (reader.takes('DROP', 'PRIMARY', 'KEY')) {
    reader.takes('IF', 'EXISTS')
    return (draft) => setSent(draft, 'tableConstraints', undefined)
  }
  throw reader.fail()
}

export function readOptionsOnly(reader: Reader): OptionTexts {
  if (!reader.sees('OPTIONS')) throw unsupported(`SET ${reader.peek().upper}`)
  return readOptions(reader)
}

function setSent(draft: Draft, key: string, value: unknown): void {
  const { [key]: _old, ...rest } = draft.entry.sent
  draft.entry = { ...draft.entry, sent: value === undefined ? rest : { ...rest, [key]: value } }
}

function setOptions(options: OptionTexts): Action {
  return async (draft, on) => {
    draft.entry = { ...draft.entry, sent: await settleOptions(on, options, 'table', draft.entry.sent) }
  }
}

function addColumn(read: ReadField, ifNotExists: boolean): Action {
  return async (draft, on) => {
    const { fields } = draft.entry.schema
    if (findField(fields, read.name) !== undefined) {
      if (ifNotExists) return
      throw invalidQuery(`Column already exists: ${read.name}`)
    }
    if (isRequired(read))
      throw invalidQuery(`Column ${read.name} cannot be REQUIRED: the table may hold rows`)
    if (read['defaultValueExpression'] !== undefined)
      throw invalidQuery(
        `ADD COLUMN with a DEFAULT is not allowed: add column ${read.name} first, then set its default`,
      )
    const field = await settleField(on, read)
    setFields(draft, [...fields, field])
    draft.ddl.push(`${alter(draft)} ADD COLUMN ${addedColumn(field)}`)
    if (fields.length === 0) draft.ddl.push(`${alter(draft)} DROP COLUMN "_no_schema"`)
  }
}

/** Undefined where it is fine that there is none. */
function columnOf({ entry }: Draft, name: string, ifExists: boolean): FieldSchema | undefined {
  const field = findField(entry.schema.fields, name)
  if (field === undefined && !ifExists) throw invalidQuery(`Column not found: ${name}`)
  return field
}

/** Like `columnOf`, for a column that is to go by its name no more. */
function freeColumnOf(draft: Draft, name: string, ifExists: boolean): FieldSchema | undefined {
  const field = columnOf(draft, name, ifExists)
  const { clusters, partitionField = '' } = layoutOf(draft.entry)
  if (field !== undefined && [partitionField, ...clusters].some((used) => sameName(used, name)))
    throw invalidQuery(
      `Column ${name} is used by partitioning or clustering and cannot be dropped or renamed`,
    )
  return field
}

function dropColumn(ifExists: boolean, name: string): Action {
  return (draft) => {
    const { fields } = draft.entry.schema
    const field = freeColumnOf(draft, name, ifExists)
    if (field === undefined) return
    if (fields.length === 1) throw invalidQuery(`Column ${name} is the only column of the table`)
    setFields(
      draft,
      fields.filter((one) => one !== field),
    )
    draft.ddl.push(`${alter(draft)} DROP COLUMN ${quoteName(field.name)}`)
  }
}

function renameColumn(name: string, to: string, ifExists: boolean): Action {
  return (draft) => {
    const { fields } = draft.entry.schema
    const field = freeColumnOf(draft, name, ifExists)
    if (field === undefined) return
    if (findField(fields, to) !== undefined) throw invalidQuery(`Column already exists: ${to}`)
    setFields(
      draft,
      fields.map((one) => (one === field ? { ...one, name: to } : one)),
    )
    draft.ddl.push(`${alter(draft)} RENAME COLUMN ${quoteName(field.name)} TO ${quoteName(to)}`)
  }
}

function alterColumn(reader: Reader): Action {
  const ifExists = reader.takes('IF', 'EXISTS')
  const path = reader.path()
  const name = path.join('.')
  const change = readColumnChange(reader)
  return async (draft, on) => {
    if (path.length > 1) throw unsupported('ALTER COLUMN of a field inside a STRUCT')
    const field = columnOf(draft, name, ifExists)
    if (field === undefined) return
    const changed = await change(field, draft, on)
    setFields(
      draft,
      draft.entry.schema.fields.map((one) => (one === field ? changed : one)),
    )
  }
}

type ColumnChange = (field: FieldSchema, draft: Draft, on: Run) => Promise<FieldSchema> | FieldSchema

function readColumnChange(reader: Reader): ColumnChange {
  if (reader.takes('SET', 'DATA', 'TYPE')) return setType(readType(reader))
  if (reader.takes('DROP', 'NOT', 'NULL'))
    return (field, draft) => {
      if (!isRequired(field)) throw invalidQuery(`Column ${field.name} is not REQUIRED`)
      draft.ddl.push(`${alter(draft)} ALTER COLUMN ${quoteName(field.name)} DROP NOT NULL`)
      return { ...field, mode: 'NULLABLE' }
    }
  if (reader.takes('SET', 'DEFAULT')) {
    const text = reader.until(',', ';')
    return (field) => ({ ...field, defaultValueExpression: text })
  }
  if (reader.takes('DROP', 'DEFAULT'))
    return ({ defaultValueExpression: _default, ...field }) => field as FieldSchema
  reader.expect('SET')
  const options = readOptionsOnly(reader)
  return async (field, _draft, on) =>
    (await settleOptions(on, options, 'column', field)) as unknown as FieldSchema
}

function setType(wanted: ReadField): ColumnChange {
  return (field, draft) => {
    const { type, mode, name, maxLength: _length, precision: _precision, scale: _scale, ...rest } = field
    const changed: FieldSchema = { ...rest, ...wanted, name, ...(mode === undefined ? {} : { mode }) }
    const step = cost(typed('', field), changed)
    if (
      step === undefined ||
      legacyType(type) === 'DATE' ||
      isRepeated(field) !== (wanted.mode === 'REPEATED')
    )
      throw invalidQuery(
        `ALTER TABLE ALTER COLUMN SET DATA TYPE requires that the existing column type (${typeName(field)}) is assignable to the new type (${typeName(wanted)})`,
      )
    if (step > 0)
      draft.ddl.push(`${alter(draft)} ALTER COLUMN ${quoteName(name)} TYPE ${duckdbType(changed)}`)
    return changed
  }
}

function alter({ entry }: Draft): string {
  return `ALTER TABLE ${physicalTable(entry.projectId, entry.datasetId, entry.tableId)}`
}

function setFields(draft: Draft, fields: readonly FieldSchema[]): void {
  draft.entry = { ...draft.entry, schema: { ...draft.entry.schema, fields } }
}
