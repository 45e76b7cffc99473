// Transactions of a job's connection: each change alone, or several between BEGIN and COMMIT. Changes of
// one table take turns; a job that holds several tables waits for no other that does.
import type { Connection } from '../storage/engine.ts'
import type { Mutex } from '../storage/mutex.ts'
import { invalidQuery } from '../wire/api-error.ts'
import { quoteName } from '../wire/table-schema.ts'
import { newResultTable } from './query-results.ts'

export interface Transactions {
  open(): boolean
  control(action: 'BEGIN' | 'COMMIT' | 'ROLLBACK'): Promise<void>
  /** Runs a statement that changes rows, and says how many; `again` where it would do the same once more. */
  write(sql: string, again: boolean): Promise<number>
  writeReturning(sql: string, again: boolean): Promise<readonly (readonly unknown[])[]>
  /** Runs a change when its table is free: in the open transaction, or in one of its own. */
  change<T>(target: string, task: () => Promise<T>): Promise<T>
  /** Keeps the rows of a query, and says where. */
  keep(sql: string): Promise<{ readonly table: string; readonly count: number }>
  /** Where kept rows are once no transaction is open. */
  settle(table: string): Promise<string>
  /** After an error that the script handles: the open transaction as it was before. */
  recover(): Promise<void>
  /** Rolls back what is open. */
  end(): Promise<void>
}

interface Open {
  readonly releases: Map<string, () => void>
  /** What has been written, so that it can be written again after an error; undefined once it cannot. */
  written: readonly string[] | undefined
}

export function createTransactions(mutex: Mutex, connection: Connection): Transactions {
  let open: Open | undefined
  const moved = new Map<string, string>()
  const kept: string[] = []

  async function finish(sql: 'COMMIT' | 'ROLLBACK'): Promise<void> {
    const ending = open
    open = undefined
    const last = kept.splice(0).pop()
    // A rollback takes the rows of the last query with it, so they are carried over it in memory.
    const carried = last !== undefined && sql === 'ROLLBACK' ? await carry(connection, last) : undefined
    try {
      await connection.run(sql)
    } finally {
      for (const release of ending?.releases.values() ?? []) release()
    }
    if (last === undefined) return
    const settled = newResultTable()
    moved.set(last, settled)
    if (carried !== undefined) await carried(settled)
    else {
      await connection.run(`CREATE TABLE ${settled} AS FROM ${last}`)
      await connection.run(`DROP TABLE ${last}`)
    }
  }

  function record(sql: string, again: boolean): void {
    if (open?.written !== undefined) open.written = again ? [...open.written, sql] : undefined
  }

  return {
    open: () => open !== undefined,
    async control(action) {
      if (action === 'BEGIN') {
        if (open !== undefined) throw invalidQuery('Transaction is already in progress')
        const releases = new Map([['', await hold(mutex, 'transaction')]])
        open = { releases, written: [] }
        await connection.run('BEGIN TRANSACTION')
      } else if (open === undefined) throw invalidQuery(`No active transaction to ${action.toLowerCase()}`)
      else await finish(action)
    },
    async write(sql, again) {
      const { rowsChanged } = await connection.run(sql)
      record(sql, again)
      return rowsChanged
    },
    async writeReturning(sql, again) {
      const rows = (await connection.runAndReadAll(sql)).getRows()
      record(sql, again)
      return rows
    },
    async change(target, task) {
      if (open !== undefined) {
        if (!open.releases.has(target)) open.releases.set(target, await hold(mutex, `dml ${target}`))
        return task()
      }
      return mutex.run(`dml ${target}`, async () => {
        await connection.run('BEGIN TRANSACTION')
        try {
          const value = await task()
          await connection.run('COMMIT')
          return value
        } catch (error) {
          await connection.run('ROLLBACK').catch(() => undefined)
          throw error
        }
      })
    },
    async keep(sql) {
      // A transaction of DuckDB may change one database and temporary tables, and the results are in another.
      const table =
        open === undefined ? newResultTable() : newResultTable().replace('memory.main', 'temp.main')
      const temporary = open === undefined ? '' : 'TEMP '
      const created = await connection.runAndReadAll(`CREATE ${temporary}TABLE ${table} AS ${sql}`)
      if (open !== undefined) kept.push(table)
      return { table, count: Number(created.getRows()[0]?.[0] ?? 0) }
    },
    async settle(table) {
      if (kept.includes(table)) await finish('ROLLBACK')
      return moved.get(table) ?? table
    },
    async recover() {
      if (open === undefined) return
      const { written } = open
      await connection.run('ROLLBACK')
      await connection.run('BEGIN TRANSACTION')
      if (written === undefined || kept.length > 0) {
        await finish('ROLLBACK')
        throw invalidQuery(
          'Unsupported by the local BigQuery: going on with this transaction after an error in it',
        )
      }
      for (const sql of written) await connection.run(sql)
    },
    async end() {
      if (open !== undefined) await finish('ROLLBACK').catch(() => undefined)
    },
  }
}

/** Reads the rows of a table; the answer puts them into a new one. */
async function carry(connection: Connection, table: string): Promise<(into: string) => Promise<void>> {
  const read = await connection.run(`FROM ${table}`)
  const types = read.columnTypes()
  const chunks = await read.fetchAllChunks()
  return async (into) => {
    const columns = types.map((type, i) => `${quoteName(`c${i}`)} ${type}`)
    await connection.run(`CREATE TABLE ${into} (${columns.join(', ')})`)
    const [, , name = ''] = /^memory\.(main)\."(.*)"$/.exec(into) ?? []
    const appender = await connection.createAppender(name, 'main', 'memory')
    for (const chunk of chunks) appender.appendDataChunk(chunk)
    appender.closeSync()
  }
}

/** Waits for its turn, and keeps it until released. */
function hold(mutex: Mutex, key: string): Promise<() => void> {
  return new Promise((got) => {
    void mutex.run(key, () => new Promise<void>((release) => got(() => release())))
  })
}
