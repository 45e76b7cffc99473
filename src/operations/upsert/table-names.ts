// The names of tables and columns, as SQL writes and compares them.
import { ConnectorError } from '../../errors.ts'

export interface TableName {
  readonly projectId: string
  readonly datasetId: string
  readonly tableId: string
}

/** A name between backquotes; it holds none itself. */
export function quoted(name: string): string {
  return `\`${name.replace(/[`\\]/g, '\\$&')}\``
}

/** BigQuery knows columns without regard to case. */
export function sameName(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase()
}

/** `project.dataset.table`, between backquotes: projects have hyphens. */
export function quotedTable({ projectId, datasetId, tableId }: TableName): string {
  return quoted(`${projectId}.${datasetId}.${tableId}`)
}

/** `[project:dataset.table]`, as legacy SQL has it. */
function legacyTable({ projectId, datasetId, tableId }: TableName): string {
  return `[${projectId}:${datasetId}.${tableId}]`
}

/**
 * SQL with its two words replaced by the names of tables: `$LOAD_TARGET_TABLE` and `$QUERY_TARGET_TABLE`.
 * Quotes that stand around a word already are part of it.
 * @throws ConnectorError `BQC_CONFIG_INVALID` for a word without a table.
 */
export function withTableNames(
  sql: string,
  loaded: TableName,
  target: TableName | undefined,
  isLegacy: boolean,
): string {
  const write = isLegacy ? legacyTable : quotedTable
  const tables = { LOAD: loaded, QUERY: target }
  return sql.replace(
    /(?<open>[`[]?)\$(?<word>LOAD|QUERY)_TARGET_TABLE(?!\w)(?<close>[`\]]?)/g,
    (...match) => {
      const { open, word, close } = match.at(-1) as { open: string; word: 'LOAD' | 'QUERY'; close: string }
      const table = tables[word]
      if (table === undefined) {
        const message =
          'The SQL command names $QUERY_TARGET_TABLE, and there is no such table: fill in targetTableForQuery.'
        throw new ConnectorError('BQC_CONFIG_INVALID', message, {
          faults: [
            { path: '/targetTableForQuery', message: 'is required: sqlCommand names $QUERY_TARGET_TABLE' },
          ],
        })
      }
      const isQuoted = `${open}${close}` === '``' || `${open}${close}` === '[]'
      return isQuoted ? write(table) : `${open}${write(table)}${close}`
    },
  )
}
