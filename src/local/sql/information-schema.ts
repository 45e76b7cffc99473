// INFORMATION_SCHEMA: views over the catalog, written as the rows they hold at that moment.
import { notFound } from '../wire/api-error.ts'
import { duckdbType, type FieldSchema, legacyType, quoteName, quoteText } from '../wire/table-schema.ts'
import { unsupported } from './ast.ts'
import { type Place, type Value, VIEWS } from './information-schema-views.ts'
import { PARTITION_COLUMNS, partitionsOf } from './partitions-view.ts'
import { checkDataset, type ResolvedTable, type Statement } from './scope.ts'

export function informationSchema(statement: Statement, path: readonly string[]): ResolvedTable {
  const split = path.findIndex((name) => name.toUpperCase() === 'INFORMATION_SCHEMA')
  const [view = '', ...rest] = path.slice(split + 1).map((name) => name.toUpperCase())
  const before = path.slice(0, split)
  const owner = before.pop()
  const region = owner === undefined ? undefined : /^region-(.+)$/i.exec(owner)?.[1]
  const projectId = before.length > 0 ? before.join('.') : statement.projectId
  if (region !== undefined && region.toLowerCase() !== statement.location.toLowerCase())
    throw notFound(
      `Table ${projectId}:region-${region}.INFORMATION_SCHEMA.${view} was not found in location ${statement.location}`,
    )
  const datasetId = owner === undefined || region !== undefined ? undefined : owner
  if (datasetId !== undefined) checkDataset(statement, projectId, datasetId)
  const name = { projectId, datasetId: datasetId ?? '', tableId: `INFORMATION_SCHEMA.${view}` }
  const asked = /^JOBS_BY_(PROJECT|USER)$/.test(view) ? 'JOBS' : view
  const known = rest.length === 0 && Object.hasOwn(VIEWS, asked) ? VIEWS[asked] : undefined
  const isPartitions = rest.length === 0 && view === 'PARTITIONS'
  if (known === undefined && !isPartitions) {
    if (
      /^(JOBS|SESSIONS|STREAMING|RESERVATION|SEARCH|TABLE_STORAGE|OBJECT|PARAMETERS|TABLE_SNAPSHOTS|CONSTRAINT)/.test(
        view,
      )
    )
      throw unsupported(`INFORMATION_SCHEMA.${view}`)
    throw notFound(
      `Table ${projectId}:${[owner, 'INFORMATION_SCHEMA', view].filter(Boolean).join('.')} was not found in location ${statement.location}`,
    )
  }
  const { catalog } = statement
  const datasets =
    datasetId === undefined
      ? catalog
          .datasets(projectId)
          .filter(({ location }) => location === statement.location)
          .map((entry) => entry.datasetId)
      : [datasetId]
  const place: Place = {
    statement,
    projectId,
    datasetId,
    tables: datasets.flatMap((id) => catalog.tables(projectId, id)),
    routines: datasets.flatMap((id) => catalog.routines.list(projectId, id)),
  }
  if (known === undefined) return { ...tableOf(PARTITION_COLUMNS, place.tables.flatMap(partitionsOf)), name }
  const fields = fieldsOf(known.columns)
  const selects = known.rows(place).map((row) => selectRow(fields, row))
  return { ...tableOf(known.columns, selects), name }
}

/** Columns such as `creation_time TIMESTAMP`, and a SELECT for each row, or for several. */
export function tableOf(columns: string, selects: readonly string[]): Pick<ResolvedTable, 'sql' | 'fields'> {
  const fields = fieldsOf(columns)
  const empty = `SELECT ${fields.map((field) => `CAST(NULL AS ${duckdbType(field)}) AS ${quoteName(field.name)}`).join(', ')} WHERE false`
  return { sql: `(${[empty, ...selects].join(' UNION ALL ')})`, fields }
}

function fieldsOf(columns: string): readonly FieldSchema[] {
  return columns.split(', ').map((column) => {
    const [name = '', type = ''] = column.split(' ')
    return { name, type: legacyType(type), mode: 'NULLABLE' }
  })
}

function selectRow(fields: readonly FieldSchema[], row: readonly Value[]): string {
  const values = fields.map((field, i) => {
    const value = row[i] ?? null
    return `CAST(${value === null ? 'NULL' : quoteText(String(value))} AS ${duckdbType(field)})`
  })
  return `SELECT ${values.join(', ')}`
}
