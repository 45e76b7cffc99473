// Opens DuckDB: a database in memory for macros and query results, and attached to it the store, which
// holds everything that must last: a file in the data directory, or memory too.
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { DuckDBConnection, DuckDBInstance } from '@duckdb/node-api'
import { quoteText } from '../wire/table-schema.ts'

export type Connection = DuckDBConnection

export interface Engine {
  connect(): Promise<Connection>
  close(): void
}

/** The file inside the data directory that holds rows and metadata together. */
const FILE_NAME = 'bigquery.duckdb'

/** What DuckDB keeps of a data directory's pages at most, and needs for large queries before it spills to disk. */
const MEMORY_LIMIT = '512MB'

export async function openEngine(dataDirectory: string | undefined): Promise<Engine> {
  const { DuckDBInstance } = await loadDuckDB()
  if (dataDirectory !== undefined) mkdirSync(dataDirectory, { recursive: true })
  const instance = await DuckDBInstance.create(':memory:', {
    autoinstall_known_extensions: 'false',
    autoload_known_extensions: 'false',
    ...(dataDirectory === undefined
      ? {}
      : { memory_limit: MEMORY_LIMIT, temp_directory: join(dataDirectory, 'spill') }),
  })
  try {
    await attachStore(instance, dataDirectory)
  } catch (cause) {
    instance.closeSync()
    const text = (cause instanceof Error ? cause.message : String(cause)).split('\n')[0] ?? ''
    if (/lock|being used by another process|already attached/i.test(text))
      throw new Error(`The data directory ${dataDirectory} is in use by another local BigQuery.`, { cause })
    throw new Error(`Cannot open the data directory ${dataDirectory}: ${text}`, { cause })
  }
  const open = new Set<Connection>()
  let closed = false
  return {
    async connect() {
      const connection = await instance.connect()
      open.add(connection)
      return connection
    },
    close() {
      if (closed) return
      closed = true
      for (const connection of open) connection.closeSync()
      instance.closeSync()
    },
  }
}

async function attachStore(instance: DuckDBInstance, dataDirectory: string | undefined): Promise<void> {
  const path = dataDirectory === undefined ? ':memory:' : join(dataDirectory, FILE_NAME)
  const connection = await instance.connect()
  try {
    await connection.run(`ATTACH ${quoteText(path)} AS store`)
  } finally {
    connection.closeSync()
  }
}

async function loadDuckDB(): Promise<typeof import('@duckdb/node-api')> {
  try {
    return await import('@duckdb/node-api')
  } catch (cause) {
    throw new Error('The local BigQuery needs DuckDB: npm install @duckdb/node-api', { cause })
  }
}
