// tabledata.insertAll: every row is checked first, what passes is stored in one transaction, and the
// answer is given only after the commit.
import type { Catalog, TableEntry } from '../storage/catalog.ts'
import type { Mutex } from '../storage/mutex.ts'
import { physicalTable } from '../storage/physical-names.ts'
import type { Pool } from '../storage/pool.ts'
import { ApiError, invalid } from '../wire/api-error.ts'
import { fault, type RowFault, rowConverter } from './convert-row.ts'
import type { InsertMemory } from './insert-memory.ts'
import { rowStorer } from './store-rows.ts'
import type { StreamingBuffers } from './streaming-buffers.ts'

/** BigQuery's documented limits for one insertAll request. */
const MAX_ROWS = 50_000
const MAX_INSERT_ID_LENGTH = 128

const STOPPED: RowFault = { reason: 'stopped', location: '', debugInfo: '', message: '' }

export interface InsertAllRequest {
  readonly rows?: readonly { readonly insertId?: unknown; readonly json?: unknown }[]
  readonly skipInvalidRows?: boolean
  readonly ignoreUnknownValues?: boolean
  readonly templateSuffix?: string
}

export interface InsertAllResponse {
  readonly kind: 'bigquery#tableDataInsertAllResponse'
  readonly insertErrors?: readonly { readonly index: number; readonly errors: readonly RowFault[] }[]
}

export interface RowStore {
  readonly catalog: Catalog
  readonly pool: Pool
  readonly memory: InsertMemory
  readonly mutex: Mutex
  readonly buffers: StreamingBuffers
  /** Hears of rows that have been committed. */
  readonly stored: (table: TableEntry, rows: number) => void
}

export async function insertAll(
  store: RowStore,
  template: TableEntry,
  request: InsertAllRequest,
): Promise<InsertAllResponse> {
  const kind = 'bigquery#tableDataInsertAllResponse'
  const sent = request.rows
  if (!Array.isArray(sent) || sent.length === 0) throw invalid('No rows present in the request.')
  if (sent.length > MAX_ROWS)
    throw invalid(`too many rows present in the request, limit: ${MAX_ROWS} row count: ${sent.length}.`)
  const table = request.templateSuffix
    ? await generatedTable(store, template, request.templateSuffix)
    : template
  if (table.schema.fields.length === 0) throw invalid('The destination table has no schema.')

  const convert = rowConverter(table.schema.fields, {
    ignoreUnknownValues: request.ignoreUnknownValues === true,
  })
  const bad: { index: number; errors: RowFault[] }[] = []
  const good: { index: number; insertId: string | undefined; row: unknown }[] = []
  for (const [index, entry] of sent.entries()) {
    const errors: RowFault[] = []
    const insertId =
      entry?.insertId === undefined || entry.insertId === null ? undefined : String(entry.insertId)
    if (insertId !== undefined && insertId.length > MAX_INSERT_ID_LENGTH)
      errors.push(fault(`insertId must be at most ${MAX_INSERT_ID_LENGTH} characters long.`))
    const json = entry?.json ?? {}
    const row = typeof json === 'object' && !Array.isArray(json) ? convert(json, errors) : undefined
    if (row === undefined) errors.push(fault('This field: json is not a record.'))
    if (errors.length > 0) bad.push({ index, errors })
    else good.push({ index, insertId, row })
  }
  if (bad.length > 0 && request.skipInvalidRows !== true) {
    const stopped = good.map(({ index }) => ({ index, errors: [STOPPED] }))
    return { kind, insertErrors: [...bad, ...stopped] }
  }

  await store.mutex.run(table.incarnation, async () => {
    const ids = new Set<string>()
    const fresh = good.filter(({ insertId }) => {
      if (insertId === undefined) return true
      if (ids.has(insertId) || store.memory.isKnown(table.incarnation, insertId)) return false
      ids.add(insertId)
      return true
    })
    if (fresh.length === 0) return
    await storeRows(
      store,
      table,
      fresh.map(({ row }) => row),
    )
    store.memory.remember(table.incarnation, [...ids])
    store.stored(table, fresh.length)
  })
  return bad.length === 0 ? { kind } : { kind, insertErrors: bad }
}

async function storeRows(store: RowStore, table: TableEntry, rows: readonly unknown[]): Promise<void> {
  const { projectId, datasetId, tableId, schema } = table
  const save = rowStorer(physicalTable(projectId, datasetId, tableId), schema.fields)
  try {
    await store.pool.use((connection) => save(connection, rows))
  } catch (error) {
    // The table may have been dropped while the rows were being checked.
    if (store.catalog.findTable(projectId, datasetId, tableId)?.incarnation !== table.incarnation)
      throw new ApiError(404, 'notFound', `Not found: Table ${projectId}:${datasetId}.${tableId}`)
    throw error
  }
}

async function generatedTable(store: RowStore, template: TableEntry, suffix: string): Promise<TableEntry> {
  if (!/^[A-Za-z0-9_]+$/.test(suffix)) throw invalid(`Invalid templateSuffix: ${suffix}`)
  const { projectId, datasetId } = template
  const tableId = `${template.tableId}${suffix}`
  return store.mutex.run(`${projectId}:${datasetId}.${tableId}`, async () => {
    const existing = store.catalog.findTable(projectId, datasetId, tableId)
    if (existing !== undefined) return existing
    return store.catalog.createTable({
      projectId,
      datasetId,
      tableId,
      schema: template.schema,
      sent: template.sent,
    })
  })
}
