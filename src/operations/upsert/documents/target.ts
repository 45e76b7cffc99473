// The table that documents are upserted into, and the columns of it that have a part in that.
import type { ControlPlane } from '../../../bigquery/control-plane.ts'
import { keysOf } from '../../../browse/key-columns.ts'
import type { UpsertOptions } from '../../../contract/options/upsert.ts'
import type { TableField } from '../../../contract/table-schema.ts'
import { fieldTypeOf } from '../../../encoding/types.ts'
import { ConnectorError, type Fault } from '../../../errors.ts'
import { sameName, type TableName } from '../table-names.ts'

/** A table as it is now. */
export interface Table extends TableName {
  readonly fields: readonly TableField[]
  readonly primaryKey: readonly string[]
  readonly location: string | undefined
  /** `TABLE`, `VIEW`, ... */
  readonly type: string
}

export interface Target extends Table {
  /** In the table's spelling, as all names here. */
  readonly keyColumns: readonly string[]
  /** Empty: the documents' own order counts. */
  readonly orderColumn: string
  /** The table need not have it. Empty: none is removed. */
  readonly deleteColumn: string
  readonly columns: UpsertOptions['columns']
}

export async function readTable(
  control: ControlPlane,
  { projectId, datasetId, tableId }: TableName,
  signal: AbortSignal,
): Promise<Table> {
  const { schema, tableConstraints, location, type } = await control.getTableResource(
    projectId,
    datasetId,
    tableId,
    signal,
  )
  return {
    ...{ projectId, datasetId, tableId },
    fields: (schema?.fields ?? []) as readonly TableField[],
    primaryKey: tableConstraints?.primaryKey?.columns ?? [],
    location: location ?? undefined,
    type: type ?? 'TABLE',
  }
}

/** @throws ConnectorError `BQC_CONFIG_INVALID` where the options and the table do not fit. */
export function targetOf(table: Table, options: UpsertOptions): Target {
  const { orderColumn, deleteColumn, columns } = options
  const find = (name: string) => table.fields.find((field) => sameName(field.name, name))
  const keys = keysOf(options.keyColumns, table).flatMap((key) => find(key) ?? [])
  const order = orderColumn === '' ? undefined : find(orderColumn)
  const marker = deleteColumn === '' ? undefined : find(deleteColumn)
  const faults: Fault[] = [
    ...(table.type === 'TABLE'
      ? []
      : [
          {
            path: '/objectType',
            message: `must be a table, not a ${table.type.toLowerCase().replaceAll('_', ' ')}`,
          },
        ]),
    ...keys
      .filter((key) => isNoKey(key) || fieldTypeOf(key.type) === 'FLOAT64')
      .map(({ name, type }) => ({
        path: '/keyColumns',
        value: name,
        message: `must be columns with single values that can be told apart, unlike ${type}`,
      })),
    ...(orderColumn !== '' && (order === undefined || isNoKey(order))
      ? [
          {
            path: '/orderColumn',
            value: orderColumn,
            message: 'must be a column of the table whose values can be compared',
          },
        ]
      : []),
    ...(marker !== undefined && (fieldTypeOf(marker.type) !== 'BOOL' || marker.mode === 'REPEATED')
      ? [{ path: '/deleteColumn', value: deleteColumn, message: 'must be a BOOL column' }]
      : []),
  ]
  if (faults.length > 0) {
    const said = faults.map(({ path, message }) => `${path.slice(1)} ${message}`).join('; ')
    const name = `${table.projectId}.${table.datasetId}.${table.tableId}`
    throw new ConnectorError('BQC_CONFIG_INVALID', `Documents cannot be upserted into ${name}: ${said}.`, {
      faults,
    })
  }
  return {
    ...table,
    keyColumns: keys.map(({ name }) => name),
    orderColumn: order?.name ?? '',
    deleteColumn: marker?.name ?? deleteColumn,
    columns,
  }
}

function isNoKey({ type, mode }: TableField): boolean {
  return (
    mode === 'REPEATED' || ['STRUCT', 'JSON', 'GEOGRAPHY', 'RANGE', 'INTERVAL'].includes(fieldTypeOf(type))
  )
}
