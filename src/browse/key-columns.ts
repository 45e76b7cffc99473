// Which row of a table is meant: by the columns that are asked for, or by its primary key.
import type { TableField } from '../contract/table-schema.ts'
import { ConnectorError, type Fault } from '../errors.ts'

/** A table with a key. */
export interface KeyedTable {
  readonly projectId: string
  readonly datasetId: string
  readonly tableId: string
  readonly fields: readonly TableField[]
  readonly primaryKey: readonly string[]
}

/**
 * The columns that say which row is meant: those asked for, or the table's primary key.
 * @param asked a list, or names parted by commas.
 * @throws ConnectorError `BQC_CONFIG_INVALID` where there are none, or where the table lacks one.
 */
export function keysOf(asked: string | readonly string[], table: KeyedTable): readonly string[] {
  const names = (typeof asked === 'string' ? asked.split(',') : asked).map((name) => name.trim())
  const given = names.filter((name) => name !== '')
  const keyColumns = given.length > 0 ? given : table.primaryKey
  const name = `${table.projectId}.${table.datasetId}.${table.tableId}`
  if (keyColumns.length === 0) {
    const message = `Nothing says which row of ${name} is meant: the table has no primary key. Fill in keyColumns; where a document is a file, an SQL command will do.`
    throw new ConnectorError('BQC_CONFIG_INVALID', message, {
      faults: [{ path: '/keyColumns', message: 'is required: the target has no primary key' }],
    })
  }
  const known = new Set(table.fields.map((field) => field.name.toLowerCase()))
  const faults = keyColumns
    .filter((key) => !known.has(key.toLowerCase()))
    .map((key): Fault => ({ path: '/keyColumns', value: key, message: `must be columns of ${name}` }))
  if (faults.length === 0) return keyColumns
  const missing = faults.map(({ value }) => value).join(', ')
  throw new ConnectorError('BQC_CONFIG_INVALID', `${name} has no column ${missing}. Correct keyColumns.`, {
    faults,
  })
}
