// The shape of a document that is upserted: a row of its table, of which little must be there, and a mark.
import type { ControlPlane } from '../bigquery/control-plane.ts'
import type { ProfileScope } from '../contract/connection.ts'
import type { JsonSchema } from '../contract/profile.ts'
import type { TableField } from '../contract/table-schema.ts'
import { rowSchemaOf } from '../encoding/json-schema.ts'
import { type KeyedTable, keysOf } from './key-columns.ts'

/** @throws ConnectorError `BQC_CONFIG_INVALID` where nothing says what the key is. */
export async function upsertedRow(
  control: ControlPlane,
  { projectId, datasetId, tableId }: Pick<KeyedTable, 'projectId' | 'datasetId' | 'tableId'>,
  title: string,
  { keyColumns = '', orderColumn = '', deleteColumn = '', columns = 'given' }: ProfileScope,
  signal: AbortSignal,
): Promise<JsonSchema> {
  const table = await control.getTableResource(projectId, datasetId, tableId, signal)
  const fields = (table.schema?.fields ?? []) as readonly TableField[]
  const primaryKey = table.tableConstraints?.primaryKey?.columns ?? []
  const keys = keysOf(keyColumns, { projectId, datasetId, tableId, fields, primaryKey })
  const needed = [...keys, orderColumn].map((name) => name.toLowerCase())
  const isMarked = deleteColumn !== '' && !fields.some(({ name }) => sameName(name, deleteColumn))
  const mark = { name: deleteColumn, type: 'BOOL', description: 'True removes the row.' }
  const { required: _, ...row } = rowSchemaOf(isMarked ? [...fields, mark] : fields, title)
  // A document that removes its row needs its key only.
  const isWhole = columns === 'all' && deleteColumn === ''
  const required = fields.filter(
    ({ name, mode, defaultValueExpression }) =>
      needed.includes(name.toLowerCase()) || (isWhole && mode === 'REQUIRED' && !defaultValueExpression),
  )
  return { ...row, ...(required.length === 0 ? {} : { required: required.map(({ name }) => name) }) }
}

function sameName(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase()
}
