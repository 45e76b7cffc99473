// The table that rows are upserted into, as it is now, and whether it and the columns that have a part in that fit.
import type { ControlPlane } from '../../bigquery/control-plane.ts'
import type { UpsertOptions } from '../../contract/options/upsert.ts'
import type { TableField } from '../../contract/table-schema.ts'
import { fieldTypeOf } from '../../encoding/types.ts'
import { ConnectorError, type Fault } from '../../errors.ts'
import { sameName, type TableName } from './table-names.ts'

export interface Table extends TableName {
  readonly fields: readonly TableField[]
  readonly primaryKey: readonly string[]
  readonly location: string | undefined
  /** `TABLE`, `VIEW`, ... */
  readonly type: string
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

export function columnOf({ fields }: Pick<Table, 'fields'>, name: string): TableField | undefined {
  return fields.find((field) => sameName(field.name, name))
}

type Part = Pick<UpsertOptions, 'input' | 'orderColumn' | 'deleteColumn'>

/** @throws ConnectorError `BQC_CONFIG_INVALID` where no MERGE could take rows into the table by these columns. */
export function checkTable(
  table: Table,
  keyColumns: readonly string[],
  { input, orderColumn, deleteColumn }: Part,
): void {
  const keys = keyColumns.flatMap((key) => columnOf(table, key) ?? [])
  const order = columnOf(table, orderColumn)
  const marker = columnOf(table, deleteColumn)
  // The order of a file's rows may be one of the file alone.
  const isOrdered = order === undefined ? orderColumn === '' || input === 'file' : isComparable(order)
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
      .filter((key) => !isComparable(key) || fieldTypeOf(key.type) === 'FLOAT64')
      .map(({ name, type, mode }) => ({
        path: '/keyColumns',
        value: name,
        message: `must be columns with single values that can be told apart, unlike ${mode === 'REPEATED' ? 'a list' : type}`,
      })),
    ...(isOrdered
      ? []
      : [
          {
            path: '/orderColumn',
            value: orderColumn,
            message: 'must be a column of the table whose values can be compared',
          },
        ]),
    ...(marker !== undefined && (fieldTypeOf(marker.type) !== 'BOOL' || marker.mode === 'REPEATED')
      ? [{ path: '/deleteColumn', value: deleteColumn, message: 'must be a BOOL column' }]
      : []),
  ]
  if (faults.length === 0) return
  const said = faults.map(({ path, message }) => `${path.slice(1)} ${message}`).join('; ')
  const name = `${table.projectId}.${table.datasetId}.${table.tableId}`
  throw new ConnectorError('BQC_CONFIG_INVALID', `Rows cannot be upserted into ${name}: ${said}.`, { faults })
}

function isComparable({ type, mode }: TableField): boolean {
  const isNever = ['STRUCT', 'JSON', 'GEOGRAPHY', 'RANGE', 'INTERVAL'].includes(fieldTypeOf(type))
  return mode !== 'REPEATED' && !isNever
}
