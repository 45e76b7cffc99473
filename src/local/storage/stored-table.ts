// The DuckDB side of a table: the statements that make and drop it.
import { duckdbType, isRequired, quoteName } from '../wire/table-schema.ts'
import type { Connection } from './engine.ts'
import { isView, type TableEntry } from './entries.ts'
import { physicalTable } from './physical-names.ts'

/** Where an ingestion-time partitioned table keeps the pseudo-column of that name. */
export const PARTITION_TIME = '_PARTITIONTIME'

export function isIngestionPartitioned(entry: Pick<TableEntry, 'sent'>): boolean {
  const partitioning = entry.sent['timePartitioning'] as { field?: string } | undefined
  return partitioning !== undefined && partitioning.field === undefined
}

export async function dropStored(connection: Connection, table: TableEntry): Promise<void> {
  const { projectId, datasetId, tableId } = table
  if (!isView(table)) await connection.run(`DROP TABLE ${physicalTable(projectId, datasetId, tableId)}`)
  await connection.run('DELETE FROM store."_meta".tables WHERE project = $1 AND dataset = $2 AND name = $3', [
    projectId,
    datasetId,
    tableId,
  ])
}

/** Makes the table, and puts the rows of a SELECT into it. */
export async function makeStored(connection: Connection, entry: TableEntry, fill?: string): Promise<void> {
  if (isView(entry)) return
  await connection.run(createTableSql(entry))
  if (fill === undefined) return
  const names = entry.schema.fields.map((field) => quoteName(field.name)).join(', ')
  const target = physicalTable(entry.projectId, entry.datasetId, entry.tableId)
  await connection.run(`INSERT INTO ${target} (${names}) ${fill}`)
}

function createTableSql(entry: TableEntry): string {
  const name = physicalTable(entry.projectId, entry.datasetId, entry.tableId)
  // DuckDB has no table without columns; BigQuery has, until a schema is patched in.
  if (entry.schema.fields.length === 0) return `CREATE TABLE ${name} ("_no_schema" BIGINT)`
  const columns = entry.schema.fields.map(
    (field) => `${quoteName(field.name)} ${duckdbType(field)}${isRequired(field) ? ' NOT NULL' : ''}`,
  )
  if (isIngestionPartitioned(entry)) {
    const { type } = entry.sent['timePartitioning'] as { type?: string }
    const unit = /^(HOUR|MONTH|YEAR)$/i.exec(type ?? '')?.[0] ?? 'DAY'
    columns.push(`${quoteName(PARTITION_TIME)} TIMESTAMPTZ DEFAULT date_trunc('${unit}', now())`)
  }
  return `CREATE TABLE ${name} (${columns.join(', ')})`
}
