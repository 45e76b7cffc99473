// INFORMATION_SCHEMA: views over the catalog, written as the rows they hold at that moment. A column that
// is missing here is refused by name rather than invented.
import { isView, type TableEntry } from '../storage/entries.ts'
import { physicalTable } from '../storage/physical-names.ts'
import type { RoutineEntry } from '../storage/routine-catalog.ts'
import { isIngestionPartitioned, PARTITION_TIME } from '../storage/stored-table.ts'
import { notFound } from '../wire/api-error.ts'
import {
  duckdbType,
  type FieldSchema,
  isRequired,
  legacyType,
  quoteName,
  quoteText,
} from '../wire/table-schema.ts'
import { unsupported } from './ast.ts'
import { describeOptions, describeType } from './describe-schema.ts'
import { checkDataset, type ResolvedTable, type Statement } from './scope.ts'

type Value = string | number | boolean | null

interface View {
  /** Names and types, such as `creation_time TIMESTAMP`. */
  readonly columns: string
  readonly rows: (on: Place) => readonly (readonly Value[])[]
}

interface Place {
  readonly statement: Statement
  readonly projectId: string
  /** Undefined where the whole project or region is asked about. */
  readonly datasetId: string | undefined
  readonly tables: readonly TableEntry[]
  readonly routines: readonly RoutineEntry[]
}

const KINDS: Readonly<Record<string, string>> = {
  VIEW: 'VIEW',
  MATERIALIZED_VIEW: 'MATERIALIZED VIEW',
  SNAPSHOT: 'SNAPSHOT',
  EXTERNAL: 'EXTERNAL',
}

const VIEWS: Readonly<Record<string, View>> = {
  SCHEMATA: {
    columns:
      'catalog_name STRING, schema_name STRING, schema_owner STRING, creation_time TIMESTAMP, last_modified_time TIMESTAMP, location STRING',
    rows: ({ statement, projectId }) =>
      statement.catalog
        .datasets(projectId)
        .filter(({ location }) => location === statement.location)
        .map((entry) => [
          projectId,
          entry.datasetId,
          null,
          at(entry.createdAt),
          at(entry.modifiedAt),
          entry.location,
        ]),
  },
  SCHEMATA_OPTIONS: {
    columns:
      'catalog_name STRING, schema_name STRING, option_name STRING, option_type STRING, option_value STRING',
    rows: ({ statement, projectId }) =>
      statement.catalog
        .datasets(projectId)
        .filter(({ location }) => location === statement.location)
        .flatMap((entry) =>
          describeOptions(entry.sent).map((option) => [projectId, entry.datasetId, ...option]),
        ),
  },
  TABLES: {
    columns:
      'table_catalog STRING, table_schema STRING, table_name STRING, table_type STRING, is_insertable_into STRING, is_typed STRING, creation_time TIMESTAMP',
    rows: ({ tables }) =>
      tables.map((entry) => [
        ...nameOf(entry),
        KINDS[entry.type ?? ''] ?? 'BASE TABLE',
        isView(entry) || entry.type === 'SNAPSHOT' ? 'NO' : 'YES',
        'NO',
        at(entry.createdAt),
      ]),
  },
  TABLE_OPTIONS: {
    columns:
      'table_catalog STRING, table_schema STRING, table_name STRING, option_name STRING, option_type STRING, option_value STRING',
    rows: ({ tables }) =>
      tables.flatMap((entry) => describeOptions(entry.sent).map((option) => [...nameOf(entry), ...option])),
  },
  COLUMNS: {
    columns:
      'table_catalog STRING, table_schema STRING, table_name STRING, column_name STRING, ordinal_position INT64, is_nullable STRING, data_type STRING, is_generated STRING, generation_expression STRING, is_stored STRING, is_hidden STRING, is_updatable STRING, is_system_defined STRING, is_partitioning_column STRING, clustering_ordinal_position INT64, collation_name STRING, column_default STRING, rounding_mode STRING',
    rows: ({ tables }) =>
      tables.flatMap((entry) => entry.schema.fields.map((field, i) => columnRow(entry, field, i))),
  },
  COLUMN_FIELD_PATHS: {
    columns:
      'table_catalog STRING, table_schema STRING, table_name STRING, column_name STRING, field_path STRING, data_type STRING, description STRING, collation_name STRING, rounding_mode STRING',
    rows: ({ tables }) =>
      tables.flatMap((entry) =>
        entry.schema.fields.flatMap((field) => pathRows(entry, field, field, field.name)),
      ),
  },
  VIEWS: {
    columns:
      'table_catalog STRING, table_schema STRING, table_name STRING, view_definition STRING, check_option STRING, use_standard_sql STRING',
    rows: ({ tables }) =>
      tables
        .filter((entry) => isView(entry))
        .map((entry) => {
          const view = (entry.sent['view'] ?? entry.sent['materializedView']) as {
            query?: string
            useLegacySql?: boolean
          }
          return [...nameOf(entry), view?.query ?? '', null, view?.useLegacySql === true ? 'NO' : 'YES']
        }),
  },
  ROUTINES: {
    columns:
      'specific_catalog STRING, specific_schema STRING, specific_name STRING, routine_catalog STRING, routine_schema STRING, routine_name STRING, routine_type STRING, routine_body STRING, routine_definition STRING, external_language STRING, is_deterministic STRING, created TIMESTAMP, last_altered TIMESTAMP',
    rows: ({ routines }) =>
      routines.map((entry) => {
        const name = [entry.projectId, entry.datasetId, entry.routineId]
        const external = entry.sent['language'] === 'JAVASCRIPT'
        return [
          ...name,
          ...name,
          ROUTINE_KINDS[String(entry.sent['routineType'])] ?? 'FUNCTION',
          external ? 'EXTERNAL' : 'SQL',
          String(entry.sent['definitionBody'] ?? ''),
          external ? 'JAVASCRIPT' : null,
          entry.sent['determinismLevel'] === 'DETERMINISTIC' ? 'YES' : null,
          at(entry.createdAt),
          at(entry.modifiedAt),
        ]
      }),
  },
  KEY_COLUMN_USAGE: {
    columns:
      'constraint_catalog STRING, constraint_schema STRING, constraint_name STRING, table_catalog STRING, table_schema STRING, table_name STRING, column_name STRING, ordinal_position INT64',
    rows: ({ tables }) =>
      tables.flatMap((entry) =>
        primaryKey(entry).map((column, i) => [...constraint(entry), ...nameOf(entry), column, i + 1]),
      ),
  },
  TABLE_CONSTRAINTS: {
    columns:
      'constraint_catalog STRING, constraint_schema STRING, constraint_name STRING, table_catalog STRING, table_schema STRING, table_name STRING, constraint_type STRING, is_deferrable STRING, initially_deferred STRING, enforced STRING',
    rows: ({ tables }) =>
      tables
        .filter((entry) => primaryKey(entry).length > 0)
        .map((entry) => [...constraint(entry), ...nameOf(entry), 'PRIMARY KEY', 'NO', 'NO', 'NO']),
  },
}

const ROUTINE_KINDS: Readonly<Record<string, string>> = {
  PROCEDURE: 'PROCEDURE',
  TABLE_VALUED_FUNCTION: 'TABLE FUNCTION',
  AGGREGATE_FUNCTION: 'AGGREGATE FUNCTION',
}

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
  const known = rest.length === 0 && Object.hasOwn(VIEWS, view) ? VIEWS[view] : undefined
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
  const fields = fieldsOf(known === undefined ? PARTITION_COLUMNS : known.columns)
  const selects =
    known === undefined
      ? place.tables.flatMap(partitionsOf)
      : known.rows(place).map((row) => selectRow(fields, row))
  const empty = `SELECT ${fields.map((field) => `CAST(NULL AS ${duckdbType(field)}) AS ${quoteName(field.name)}`).join(', ')} WHERE false`
  return { sql: `(${[empty, ...selects].join(' UNION ALL ')})`, fields, name }
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

function nameOf(entry: TableEntry): readonly string[] {
  return [entry.projectId, entry.datasetId, entry.tableId]
}

function at(milliseconds: number): string {
  return new Date(milliseconds).toISOString()
}

function partitionColumn(entry: TableEntry): string | undefined {
  const time = entry.sent['timePartitioning'] as { field?: string } | undefined
  const range = entry.sent['rangePartitioning'] as { field?: string } | undefined
  return (time?.field ?? range?.field)?.toLowerCase()
}

function columnRow(entry: TableEntry, field: FieldSchema, index: number): readonly Value[] {
  const clustering = (entry.sent['clustering'] as { fields?: readonly string[] } | undefined)?.fields ?? []
  const cluster = clustering.findIndex((name) => name.toLowerCase() === field.name.toLowerCase())
  return [
    ...nameOf(entry),
    field.name,
    index + 1,
    isRequired(field) ? 'NO' : 'YES',
    describeType(field),
    ...['NEVER', null, null, 'NO', null, 'NO'],
    partitionColumn(entry) === field.name.toLowerCase() ? 'YES' : 'NO',
    cluster < 0 ? null : cluster + 1,
    'NULL',
    String(field['defaultValueExpression'] ?? 'NULL'),
    (field['roundingMode'] as string | undefined) ?? null,
  ]
}

function pathRows(
  entry: TableEntry,
  column: FieldSchema,
  field: FieldSchema,
  path: string,
): readonly (readonly Value[])[] {
  const description = (field['description'] as string | undefined) ?? null
  return [
    [...nameOf(entry), column.name, path, describeType(field), description, 'NULL', null],
    ...(field.fields ?? []).flatMap((inner) => pathRows(entry, column, inner, `${path}.${inner.name}`)),
  ]
}

function primaryKey(entry: TableEntry): readonly string[] {
  const constraints = entry.sent['tableConstraints'] as
    | { primaryKey?: { columns?: readonly string[] } }
    | undefined
  return constraints?.primaryKey?.columns ?? []
}

function constraint(entry: TableEntry): readonly string[] {
  return [entry.projectId, entry.datasetId, `${entry.tableId}.pk$`]
}

const PARTITION_COLUMNS =
  'table_catalog STRING, table_schema STRING, table_name STRING, partition_id STRING, total_rows INT64, last_modified_time TIMESTAMP'
const PARTITION_FORMATS: Readonly<Record<string, string>> = {
  HOUR: '%Y%m%d%H',
  DAY: '%Y%m%d',
  MONTH: '%Y%m',
  YEAR: '%Y',
}

/** One row for each partition that holds rows; a table without partitions has one without a name. */
function partitionsOf(entry: TableEntry): readonly string[] {
  if (isView(entry) || entry.schema.fields.length === 0) return []
  const from = physicalTable(entry.projectId, entry.datasetId, entry.tableId)
  const time = entry.sent['timePartitioning'] as { field?: string; type?: string } | undefined
  const range = entry.sent['rangePartitioning'] as
    | { field: string; range: Readonly<Record<string, string>> }
    | undefined
  const fixed = [...nameOf(entry).map(quoteText)].join(', ')
  const tail = `count(*), CAST(${quoteText(at(entry.modifiedAt))} AS TIMESTAMPTZ) FROM ${from}`
  if (time !== undefined) {
    const column = quoteName(isIngestionPartitioned(entry) ? PARTITION_TIME : (time.field ?? ''))
    const format = PARTITION_FORMATS[time.type?.toUpperCase() ?? 'DAY'] ?? '%Y%m%d'
    return [
      `SELECT ${fixed}, coalesce(strftime(${column}, ${quoteText(format)}), '__NULL__') AS p, ${tail} GROUP BY p`,
    ]
  }
  if (range !== undefined) {
    const { start, end, interval } = range.range
    const column = quoteName(range.field)
    const id =
      `CASE WHEN ${column} IS NULL THEN '__NULL__' WHEN ${column} < ${Number(start)} OR ${column} >= ${Number(end)} THEN '__UNPARTITIONED__' ` +
      `ELSE CAST(${Number(start)} + ((${column} - ${Number(start)}) // ${Number(interval)}) * ${Number(interval)} AS VARCHAR) END`
    return [`SELECT ${fixed}, ${id} AS p, ${tail} GROUP BY p`]
  }
  return [`SELECT ${fixed}, NULL, ${tail}`]
}
