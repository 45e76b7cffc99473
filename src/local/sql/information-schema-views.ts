// What each view of INFORMATION_SCHEMA shows. A column that is missing here is refused by name rather
// than invented.
import { jobState } from '../jobs/job.ts'
import { isView, type TableEntry, viewQuery } from '../storage/entries.ts'
import type { RoutineEntry } from '../storage/routine-catalog.ts'
import { type FieldSchema, isRequired, sameName } from '../wire/table-schema.ts'
import { describeOptions, describeType } from './describe-schema.ts'
import { describeTable } from './describe-table.ts'
import { layoutOf } from './layout.ts'
import type { Statement } from './scope.ts'

export type Value = string | number | boolean | null

export interface View {
  /** Names and types, such as `creation_time TIMESTAMP`. */
  readonly columns: string
  readonly rows: (on: Place) => readonly (readonly Value[])[]
}

export interface Place {
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

export const VIEWS: Readonly<Record<string, View>> = {
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
      'table_catalog STRING, table_schema STRING, table_name STRING, table_type STRING, is_insertable_into STRING, is_typed STRING, creation_time TIMESTAMP, ddl STRING',
    rows: ({ statement, tables }) =>
      tables.map((entry) => [
        ...nameOf(entry),
        KINDS[entry.type ?? ''] ?? 'BASE TABLE',
        isView(entry) || entry.type === 'SNAPSHOT' ? 'NO' : 'YES',
        'NO',
        at(entry.createdAt),
        describeTable(statement, entry) ?? null,
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
          const { useLegacySql } = (entry.sent['view'] ?? {}) as { useLegacySql?: boolean }
          return [...nameOf(entry), viewQuery(entry), null, useLegacySql === true ? 'NO' : 'YES']
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
  JOBS: {
    columns:
      'creation_time TIMESTAMP, project_id STRING, user_email STRING, job_id STRING, job_type STRING, statement_type STRING, priority STRING, start_time TIMESTAMP, end_time TIMESTAMP, query STRING, state STRING, total_bytes_processed INT64, total_bytes_billed INT64, total_slot_ms INT64, cache_hit BOOL, parent_job_id STRING',
    rows: ({ statement, projectId }) =>
      here(statement, projectId).map((job) => {
        const type =
          ['load', 'copy', 'extract'].find((name) => job.configuration[name] !== undefined) ?? 'query'
        const query = job.configuration['query'] as { query?: string; priority?: string } | undefined
        return [
          at(job.createdAt),
          job.projectId,
          `local@${job.projectId}.iam.gserviceaccount.com`,
          job.jobId,
          type.toUpperCase(),
          job.outcome?.statementType ?? null,
          query === undefined ? null : (query.priority ?? 'INTERACTIVE'),
          job.startedAt === undefined ? null : at(job.startedAt),
          job.endedAt === undefined ? null : at(job.endedAt),
          query?.query ?? null,
          jobState(job),
          ...[0, 0, 0, false],
          (job.statistics?.['parentJobId'] as string | undefined) ?? null,
        ]
      }),
  },
}

function here(statement: Statement, projectId: string): ReturnType<Statement['jobs']> {
  return statement.jobs(projectId).filter(({ location }) => location === statement.location)
}

const ROUTINE_KINDS: Readonly<Record<string, string>> = {
  PROCEDURE: 'PROCEDURE',
  TABLE_VALUED_FUNCTION: 'TABLE FUNCTION',
  AGGREGATE_FUNCTION: 'AGGREGATE FUNCTION',
}

export function nameOf(entry: TableEntry): readonly string[] {
  return [entry.projectId, entry.datasetId, entry.tableId]
}

export function at(milliseconds: number): string {
  return new Date(milliseconds).toISOString()
}

function columnRow(entry: TableEntry, field: FieldSchema, index: number): readonly Value[] {
  const { clusters, partitionField = '' } = layoutOf(entry)
  const cluster = clusters.findIndex((name) => sameName(name, field.name))
  return [
    ...nameOf(entry),
    field.name,
    index + 1,
    isRequired(field) ? 'NO' : 'YES',
    describeType(field),
    ...['NEVER', null, null, 'NO', null, 'NO'],
    sameName(partitionField, field.name) ? 'YES' : 'NO',
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
