// Tables that are not simply a stored table: temporary ones, views, wildcards, INFORMATION_SCHEMA, and
// tables with a pseudo-column.
import { isView, type TableEntry, viewQuery } from '../storage/entries.ts'
import { physicalTable } from '../storage/physical-names.ts'
import { isIngestionPartitioned, PARTITION_TIME } from '../storage/stored-table.ts'
import { invalidQuery, notFound } from '../wire/api-error.ts'
import { type FieldSchema, findField, quoteName, quoteText } from '../wire/table-schema.ts'
import { unsupported } from './ast.ts'
import { informationSchema } from './information-schema.ts'
import { metatable } from './metatable.ts'
import { requiredFilter } from './partition-filter.ts'
import {
  type Column,
  checkDataset,
  findStored,
  type ResolvedTable,
  type Statement,
  tableName,
} from './scope.ts'
import { scalar, typed } from './typing.ts'

/** How deep views may name views. */
const DEEPEST_VIEW = 16
let depth = 0

export function specialTable(statement: Statement, path: readonly string[]): ResolvedTable | undefined {
  const own = path[0]?.toUpperCase() === '_SESSION' ? path.slice(1) : path
  const temporary = own.length === 1 ? statement.session.tables.get(own[0]?.toLowerCase() ?? '') : undefined
  const last = path[path.length - 1] ?? ''
  if (temporary !== undefined)
    return { ...temporary, name: { projectId: '', datasetId: '_SESSION', tableId: last }, writable: true }
  if (path.some((name) => name.toUpperCase() === 'INFORMATION_SCHEMA'))
    return informationSchema(statement, path)
  if (last === '__TABLES__') return metatable(statement, path)
  if (last.endsWith('*')) return wildcard(statement, path)
  if (path.length === 1 && statement.defaultDataset === undefined) return undefined
  const { entry, name } = findStored(statement, path)
  if (isView(entry)) return view(statement, entry)
  if (requiredFilter(entry) !== undefined) statement.filtered?.push(entry)
  if (entry.type === 'SNAPSHOT')
    return {
      sql: physicalTable(name.projectId, name.datasetId, name.tableId),
      fields: entry.schema.fields,
      name,
    }
  if (!isIngestionPartitioned(entry) || entry.schema.fields.length === 0) return undefined
  const sql = physicalTable(name.projectId, name.datasetId, name.tableId)
  return { sql, fields: entry.schema.fields, name, writable: true, pseudo: partitionColumns }
}

function partitionColumns(alias: string): readonly Column[] {
  const time = `${quoteName(alias)}.${quoteName(PARTITION_TIME)}`
  const columns: readonly Column[] = [
    { name: PARTITION_TIME, value: typed(time, scalar('TIMESTAMP')), hidden: 'pseudo' },
    { name: '_PARTITIONDATE', value: typed(`CAST(${time} AS DATE)`, scalar('DATE')), hidden: 'pseudo' },
  ]
  return columns
}

function view(statement: Statement, entry: TableEntry): ResolvedTable {
  const { projectId, datasetId, tableId } = entry
  if (depth >= DEEPEST_VIEW) throw invalidQuery(`Too many levels of views in ${datasetId}.${tableId}`)
  depth++
  try {
    const rows = statement.query(viewQuery(entry))
    const { fields } = entry.schema
    if (rows.names.length !== fields.length)
      throw invalidQuery(
        `View ${projectId}:${datasetId}.${tableId} no longer matches its query; create it again`,
      )
    const columns = fields.map((field, i) => `${quoteName(rows.names[i] ?? '')} AS ${quoteName(field.name)}`)
    const sql = `(SELECT ${columns.join(', ')} FROM (${rows.sql}))`
    return {
      sql,
      fields: rows.fields.map((field, i) => ({ ...field, name: fields[i]?.name ?? '' })),
      name: { projectId, datasetId, tableId },
    }
  } finally {
    depth--
  }
}

/** All tables whose names begin alike; the newest of them gives the columns. */
function wildcard(statement: Statement, path: readonly string[]): ResolvedTable {
  const name = tableName(statement, path)
  const { projectId, datasetId, tableId } = name
  const prefix = tableId.slice(0, -1)
  checkDataset(statement, projectId, datasetId)
  const matching = statement.catalog
    .tables(projectId, datasetId)
    .filter((entry) => entry.tableId.startsWith(prefix) && !isView(entry) && entry.schema.fields.length > 0)
    .sort((a, b) => b.createdAt - a.createdAt || (a.tableId < b.tableId ? 1 : -1))
  const [newest] = matching
  if (newest === undefined)
    throw notFound(`Table ${projectId}:${datasetId}.${tableId} does not match any table.`)
  const { fields } = newest.schema
  const parts = matching.map((entry) => {
    const suffix = quoteText(entry.tableId.slice(prefix.length))
    const columns = fields.map((field) => columnOf(entry, field))
    const from = physicalTable(projectId, datasetId, entry.tableId)
    return `SELECT ${columns.join(', ')}, ${suffix} AS "_TABLE_SUFFIX" FROM ${from}`
  })
  return { sql: `(${parts.join(' UNION ALL ')})`, fields, name, pseudo: suffixColumn }
}

function suffixColumn(alias: string): readonly Column[] {
  const value = typed(`${quoteName(alias)}."_TABLE_SUFFIX"`, scalar('STRING'))
  return [{ name: '_TABLE_SUFFIX', value, hidden: 'pseudo' }]
}

function columnOf(entry: TableEntry, wanted: FieldSchema): string {
  const field = findField(entry.schema.fields, wanted.name)
  if (field === undefined) return `NULL AS ${quoteName(wanted.name)}`
  if (field.type !== wanted.type || (field.mode === 'REPEATED') !== (wanted.mode === 'REPEATED'))
    throw unsupported(`a wildcard over tables whose column ${wanted.name} differs in type`)
  return `${quoteName(field.name)} AS ${quoteName(wanted.name)}`
}
