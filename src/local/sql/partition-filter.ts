// Tables that are read only with a filter on their partitions. Whether a filter prunes is not worked out
// here: a statement that names the column in a condition passes.
import type { TableEntry } from '../storage/entries.ts'
import { invalidQuery } from '../wire/api-error.ts'
import { layoutOf } from './layout.ts'
import { tokenise } from './tokens.ts'

/** The columns one of which a condition must name; undefined where none is asked for. */
export function requiredFilter(entry: TableEntry): readonly string[] | undefined {
  const { time, partitionField } = layoutOf(entry)
  if (entry.sent['requirePartitionFilter'] !== true && time?.requirePartitionFilter !== true) return undefined
  if (partitionField !== undefined) return [partitionField]
  return time === undefined ? undefined : ['_PARTITION_LOAD_TIME', '_PARTITIONDATE', '_PARTITIONTIME']
}

/** Refuses a statement that reads such tables without naming their columns in a condition. */
export function checkFilters(text: string, tables: readonly TableEntry[]): void {
  if (tables.length === 0) return
  const tokens = tokenise(text)
  const condition = tokens.findIndex(({ upper }) => upper === 'WHERE' || upper === 'ON' || upper === 'USING')
  const names = new Set(
    tokens.slice(condition < 0 ? tokens.length : condition).map((token) => token.text.toLowerCase()),
  )
  for (const table of tables) {
    const columns = requiredFilter(table) ?? []
    if (columns.some((column) => names.has(column.toLowerCase()))) continue
    const list = columns.map((column) => `'${column}'`).join(', ')
    throw invalidQuery(
      `Cannot query over table '${table.projectId}.${table.datasetId}.${table.tableId}' without a filter over column(s) ${list} that can be used for partition elimination`,
    )
  }
}
