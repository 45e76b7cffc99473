// The table that documents are upserted into, and the columns of it that have a part in that.
import { keysOf } from '../../../browse/key-columns.ts'
import type { UpsertOptions } from '../../../contract/options/upsert.ts'
import { checkTable, columnOf, type Table } from '../table.ts'

export interface Target extends Table {
  /** In the table's spelling, as all names here. */
  readonly keyColumns: readonly string[]
  /** Empty: the documents' own order counts. */
  readonly orderColumn: string
  /** The table need not have it. Empty: none is removed. */
  readonly deleteColumn: string
  readonly columns: UpsertOptions['columns']
}

/** @throws ConnectorError `BQC_CONFIG_INVALID` where the options and the table do not fit. */
export function targetOf(table: Table, options: UpsertOptions): Target {
  const { orderColumn, deleteColumn, columns } = options
  const keyColumns = keysOf(options.keyColumns, table)
  checkTable(table, keyColumns, options)
  return {
    ...table,
    keyColumns: keyColumns.flatMap((key) => columnOf(table, key)?.name ?? []),
    orderColumn: columnOf(table, orderColumn)?.name ?? '',
    deleteColumn: columnOf(table, deleteColumn)?.name ?? deleteColumn,
    columns,
  }
}
