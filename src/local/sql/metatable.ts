// __TABLES__ of a dataset: one row a table, with its rows counted.
import { isView, type TableEntry } from '../storage/entries.ts'
import { physicalTable } from '../storage/physical-names.ts'
import { quoteText } from '../wire/table-schema.ts'
import { tableOf } from './information-schema.ts'
import { checkDataset, type ResolvedTable, type Statement, tableName } from './scope.ts'

const COLUMNS =
  'project_id STRING, dataset_id STRING, table_id STRING, creation_time INT64, last_modified_time INT64, row_count INT64, size_bytes INT64, type INT64'

/** BigQuery tells only these kinds apart in its documents; for others the number is NULL. */
const KINDS: Readonly<Record<string, number>> = { TABLE: 1, VIEW: 2, EXTERNAL: 3 }

export function metatable(statement: Statement, path: readonly string[]): ResolvedTable {
  const name = tableName(statement, path)
  checkDataset(statement, name.projectId, name.datasetId)
  const selects = statement.catalog.tables(name.projectId, name.datasetId).map(row)
  return { ...tableOf(COLUMNS, selects), name }
}

function row(entry: TableEntry): string {
  const { projectId, datasetId, tableId, createdAt, modifiedAt } = entry
  const kind = KINDS[entry.type ?? 'TABLE'] ?? 'NULL'
  const count = isView(entry) ? '0' : `(SELECT count(*) FROM ${physicalTable(projectId, datasetId, tableId)})`
  const texts = [projectId, datasetId, tableId].map(quoteText)
  return `SELECT ${[...texts, createdAt, modifiedAt, count, 0, kind].join(', ')}`
}
