// The MERGE that takes rows from a staging table into the target: by key, each key once, and none that is older
// than what is there.
import type { TableField } from '../../contract/table-schema.ts'
import { ConnectorError, type Fault } from '../../errors.ts'
import { isNotOlder, isSame } from './merge-conditions.ts'
import { quoted, quotedTable, sameName, type TableName } from './table-names.ts'

export interface Merge {
  readonly target: TableName & { readonly fields: readonly TableField[] }
  /** Only its columns are changed in rows that are there; others keep their values. */
  readonly staging: TableName & { readonly fields: readonly TableField[] }
  /** Columns of both that say which row is meant. NULL is a value like any other. */
  readonly keyColumns: readonly string[]
  /**
   * Of rows with the same key the one with the greatest value here counts, NULL being the least; empty: any one of
   * them. Where the target has the column too, a row that is older than the target's is not applied.
   */
  readonly orderColumn: string
  /** A BOOL column of the staging: true removes the row; empty: none is removed. */
  readonly deleteColumn: string
}

/**
 * Names of columns are compared without regard to case, as BigQuery does.
 * @throws ConnectorError `BQC_DOCUMENT_INVALID` for columns that do not fit.
 */
export function mergeSql({ target, staging, keyColumns, orderColumn, deleteColumn }: Merge): string {
  const given = byName(staging.fields)
  const known = byName(target.fields)
  checkColumns({ target, staging, keyColumns, orderColumn, deleteColumn }, given, known)

  const column = (side: 'S' | 'T', name: string) =>
    `${side}.${quoted((side === 'S' ? given : known).get(name.toLowerCase())?.name ?? name)}`
  const both = staging.fields.map(({ name }) => name).filter((name) => known.has(name.toLowerCase()))
  const isKey = (name: string) => keyColumns.some((key) => sameName(key, name))
  const changed = both.filter((name) => !isKey(name))

  const same = keyColumns.map((key) => {
    const isNever = [known, given].some((fields) => fields.get(key.toLowerCase())?.mode === 'REQUIRED')
    return isSame(column('T', key), column('S', key), isNever)
  })
  const source = [
    `SELECT * FROM ${quotedTable(staging)} AS S`,
    // QUALIFY may not stand alone everywhere: it wants a WHERE, GROUP BY or HAVING beside it.
    `WHERE TRUE QUALIFY ROW_NUMBER() OVER (PARTITION BY ${keyColumns.map((key) => column('S', key)).join(', ')}` +
      `${orderColumn === '' ? '' : ` ORDER BY ${column('S', orderColumn)} DESC`}) = 1`,
  ]
  const isGone = deleteColumn === '' ? '' : `IFNULL(${column('S', deleteColumn)}, FALSE)`
  const hasOrder = orderColumn !== '' && known.has(orderColumn.toLowerCase())
  const isNew = hasOrder ? ` AND ${isNotOlder(column('S', orderColumn), column('T', orderColumn))}` : ''
  const names = both.map((name) => quoted(known.get(name.toLowerCase())?.name ?? name))
  return [
    `MERGE ${quotedTable(target)} AS T`,
    `USING (${source.join(' ')}) AS S`,
    `ON ${same.join(' AND ')}`,
    ...(isGone === '' ? [] : [`WHEN MATCHED AND ${isGone}${isNew} THEN DELETE`]),
    ...(changed.length === 0
      ? []
      : [
          `WHEN MATCHED${isNew} THEN UPDATE SET ${changed.map((name) => `${quoted(known.get(name.toLowerCase())?.name ?? name)} = ${column('S', name)}`).join(', ')}`,
        ]),
    `WHEN NOT MATCHED${isGone === '' ? '' : ` AND NOT ${isGone}`} THEN INSERT (${names.join(', ')}) VALUES (${both.map((name) => column('S', name)).join(', ')})`,
  ].join('\n')
}

type Columns = ReadonlyMap<string, TableField>

function byName(fields: readonly TableField[]): Columns {
  return new Map(fields.map((field) => [field.name.toLowerCase(), field]))
}

function checkColumns(
  { target, staging, keyColumns, orderColumn, deleteColumn }: Merge,
  given: Columns,
  known: Columns,
): void {
  const needed = [...keyColumns, ...[orderColumn, deleteColumn].filter((name) => name !== '')]
  const isMark = (name: string) => sameName(name, orderColumn) || sameName(name, deleteColumn)
  const faults: Fault[] = [
    ...needed
      .filter((name) => !given.has(name.toLowerCase()))
      .map((name) => ({ path: `/${name}`, message: 'is a column that the file lacks' })),
    ...staging.fields
      .filter(({ name }) => !known.has(name.toLowerCase()) && !isMark(name))
      .map(({ name }) => ({ path: `/${name}`, message: 'is a column that the table lacks' })),
  ]
  if (faults.length === 0) return
  const said = faults.map(({ path, message }) => `${path.slice(1)} ${message}`).join('; ')
  const name = `${target.projectId}.${target.datasetId}.${target.tableId}`
  throw new ConnectorError('BQC_DOCUMENT_INVALID', `The file does not fit ${name}: ${said}.`, { faults })
}
