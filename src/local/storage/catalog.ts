// Datasets and tables: what exists, as clients described it. Kept in memory for look-up and in the
// database for keeps, in the same transaction as the DDL it belongs to.
import { randomUUID } from 'node:crypto'
import { ApiError, alreadyExists, notFound } from '../wire/api-error.ts'
import type { Connection } from './engine.ts'
import { type DatasetEntry, newEtag, sorted, type TableEntry } from './entries.ts'
import { createMutex } from './mutex.ts'
import { physicalName, physicalSchema, physicalTable } from './physical-names.ts'
import type { Pool } from './pool.ts'
import { createRoutineCatalog, type RoutineCatalog } from './routine-catalog.ts'
import { dropStored, makeStored } from './stored-table.ts'

export type { DatasetEntry, TableEntry } from './entries.ts'

export interface Catalog {
  readonly routines: RoutineCatalog
  projects(): readonly string[]
  datasets(projectId: string): readonly DatasetEntry[]
  findDataset(projectId: string, datasetId: string): DatasetEntry | undefined
  dataset(projectId: string, datasetId: string): DatasetEntry
  createDataset(
    entry: Pick<DatasetEntry, 'projectId' | 'datasetId' | 'location' | 'sent'>,
  ): Promise<DatasetEntry>
  deleteDataset(projectId: string, datasetId: string, deleteContents: boolean): Promise<void>
  tables(projectId: string, datasetId: string): readonly TableEntry[]
  findTable(projectId: string, datasetId: string, tableId: string): TableEntry | undefined
  table(projectId: string, datasetId: string, tableId: string): TableEntry
  /** With `replace`, in place of a table of that name; with `fill`, holding the rows of that SELECT. */
  createTable(
    entry: Pick<TableEntry, 'projectId' | 'datasetId' | 'tableId' | 'schema' | 'sent' | 'type'>,
    how?: { readonly replace?: boolean; readonly fill?: string },
  ): Promise<TableEntry>
  deleteTable(projectId: string, datasetId: string, tableId: string): Promise<void>
  /** Replaces an entry; `ddl` runs in the same transaction, for changes that touch the columns. */
  changeDataset(entry: DatasetEntry): Promise<DatasetEntry>
  changeTable(entry: TableEntry, ddl?: readonly string[]): Promise<TableEntry>
  renameTable(entry: TableEntry, tableId: string): Promise<TableEntry>
}

export async function openCatalog(pool: Pool, now: () => number): Promise<Catalog> {
  const datasets = new Map<string, DatasetEntry>()
  const tables = new Map<string, Map<string, TableEntry>>()
  const mutex = createMutex()
  const datasetKey = (projectId: string, datasetId: string): string => `${projectId}:${datasetId}`

  const storedRoutines = await pool.use(async (connection) => {
    const rows = async (sql: string): Promise<string[]> =>
      (await connection.runAndReadAll(sql)).getRows().map((row) => String(row[0]))
    for (const text of await rows('SELECT entry FROM store."_meta".datasets')) {
      const entry = JSON.parse(text) as DatasetEntry
      datasets.set(datasetKey(entry.projectId, entry.datasetId), entry)
      tables.set(datasetKey(entry.projectId, entry.datasetId), new Map())
    }
    for (const text of await rows('SELECT entry FROM store."_meta".tables')) {
      const entry = JSON.parse(text) as TableEntry
      tables.get(datasetKey(entry.projectId, entry.datasetId))?.set(entry.tableId, entry)
    }
    return rows('SELECT entry FROM store."_meta".routines')
  })

  function dataset(projectId: string, datasetId: string): DatasetEntry {
    const entry = datasets.get(datasetKey(projectId, datasetId))
    if (entry === undefined) throw notFound(`Dataset ${projectId}:${datasetId}`)
    return entry
  }

  function findTable(projectId: string, datasetId: string, tableId: string): TableEntry | undefined {
    return tables.get(datasetKey(projectId, datasetId))?.get(tableId)
  }

  function table(projectId: string, datasetId: string, tableId: string): TableEntry {
    const entry = findTable(projectId, datasetId, tableId)
    if (entry !== undefined) return entry
    dataset(projectId, datasetId)
    throw notFound(`Table ${projectId}:${datasetId}.${tableId}`)
  }

  const change = <T>(task: (connection: Connection) => Promise<T>): Promise<T> =>
    mutex.run('catalog', () => pool.transaction(task))

  const stamp = (): { etag: string; modifiedAt: number } => ({ etag: newEtag(), modifiedAt: now() })

  const routines = createRoutineCatalog({ stored: storedRoutines, change, checkDataset: dataset, now })

  return {
    routines,
    projects: () => [...new Set([...datasets.values()].map((entry) => entry.projectId))],
    datasets: (projectId) =>
      sorted([...datasets.values()], 'datasetId').filter((d) => d.projectId === projectId),
    findDataset: (projectId, datasetId) => datasets.get(datasetKey(projectId, datasetId)),
    dataset,

    async createDataset(given) {
      const key = datasetKey(given.projectId, given.datasetId)
      const entry: DatasetEntry = { ...given, ...stamp(), createdAt: now() }
      await change(async (connection) => {
        if (datasets.has(key)) throw alreadyExists(`Dataset ${key}`)
        await connection.run(`CREATE SCHEMA ${physicalSchema(given.projectId, given.datasetId)}`)
        await connection.run('INSERT INTO store."_meta".datasets VALUES ($1, $2, $3)', [
          given.projectId,
          given.datasetId,
          JSON.stringify(entry),
        ])
      })
      datasets.set(key, entry)
      tables.set(key, new Map())
      return entry
    },

    async deleteDataset(projectId, datasetId, deleteContents) {
      const key = datasetKey(projectId, datasetId)
      await change(async (connection) => {
        dataset(projectId, datasetId)
        if (!deleteContents && (tables.get(key)?.size ?? 0) > 0)
          throw new ApiError(400, 'resourceInUse', `Dataset ${key} is still in use`)
        await connection.run(`DROP SCHEMA ${physicalSchema(projectId, datasetId)} CASCADE`)
        for (const name of ['datasets', 'tables', 'routines'])
          await connection.run(`DELETE FROM store."_meta".${name} WHERE project = $1 AND dataset = $2`, [
            projectId,
            datasetId,
          ])
      })
      datasets.delete(key)
      tables.delete(key)
      routines.forget({ projectId, datasetId })
    },

    tables: (projectId, datasetId) => {
      dataset(projectId, datasetId)
      return sorted([...(tables.get(datasetKey(projectId, datasetId))?.values() ?? [])], 'tableId')
    },
    findTable,
    table,

    async createTable(given, how = {}) {
      const { projectId, datasetId, tableId } = given
      const entry = await change(async (connection) => {
        const parent = dataset(projectId, datasetId)
        const before = findTable(projectId, datasetId, tableId)
        if (before !== undefined && how.replace !== true)
          throw alreadyExists(`Table ${projectId}:${datasetId}.${tableId}`)
        const created: TableEntry = {
          ...given,
          ...stamp(),
          incarnation: randomUUID(),
          location: parent.location,
          createdAt: now(),
        }
        let { fill } = how
        if (before !== undefined) {
          // The rows are set aside first: the SELECT may read the table that is being replaced.
          if (fill !== undefined) await connection.run(`CREATE OR REPLACE TEMP TABLE "_fill" AS ${fill}`)
          fill &&= 'FROM "_fill"'
          await dropStored(connection, before)
        }
        await makeStored(connection, created, fill)
        await connection.run('DROP TABLE IF EXISTS temp."_fill"')
        await connection.run('INSERT INTO store."_meta".tables VALUES ($1, $2, $3, $4)', [
          projectId,
          datasetId,
          tableId,
          JSON.stringify(created),
        ])
        return created
      })
      tables.get(datasetKey(projectId, datasetId))?.set(tableId, entry)
      return entry
    },

    async deleteTable(projectId, datasetId, tableId) {
      await change(async (connection) => {
        await dropStored(connection, table(projectId, datasetId, tableId))
      })
      tables.get(datasetKey(projectId, datasetId))?.delete(tableId)
    },

    async changeDataset(given) {
      const entry = { ...given, ...stamp() }
      await change(async (connection) => {
        dataset(given.projectId, given.datasetId)
        await connection.run(
          'UPDATE store."_meta".datasets SET entry = $3 WHERE project = $1 AND dataset = $2',
          [given.projectId, given.datasetId, JSON.stringify(entry)],
        )
      })
      datasets.set(datasetKey(given.projectId, given.datasetId), entry)
      return entry
    },

    async changeTable(given, ddl = []) {
      const entry = { ...given, ...stamp() }
      await change(async (connection) => {
        table(given.projectId, given.datasetId, given.tableId)
        for (const sql of ddl) await connection.run(sql)
        await connection.run(
          'UPDATE store."_meta".tables SET entry = $4 WHERE project = $1 AND dataset = $2 AND name = $3',
          [given.projectId, given.datasetId, given.tableId, JSON.stringify(entry)],
        )
      })
      tables.get(datasetKey(given.projectId, given.datasetId))?.set(given.tableId, entry)
      return entry
    },

    async renameTable(given, tableId) {
      const { projectId, datasetId } = given
      const entry = { ...given, ...stamp(), tableId }
      await change(async (connection) => {
        table(projectId, datasetId, given.tableId)
        if (findTable(projectId, datasetId, tableId) !== undefined)
          throw alreadyExists(`Table ${projectId}:${datasetId}.${tableId}`)
        await connection.run(
          `ALTER TABLE ${physicalTable(projectId, datasetId, given.tableId)} RENAME TO ${physicalName(tableId)}`,
        )
        await connection.run(
          'UPDATE store."_meta".tables SET entry = $4, name = $5 WHERE project = $1 AND dataset = $2 AND name = $3',
          [projectId, datasetId, given.tableId, JSON.stringify(entry), tableId],
        )
      })
      const siblings = tables.get(datasetKey(projectId, datasetId))
      siblings?.delete(given.tableId)
      siblings?.set(tableId, entry)
      return entry
    },
  }
}
