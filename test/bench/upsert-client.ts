// One task of bench:upsert in a process of its own. Talks over the process's IPC channel.
import { openAsBlob } from 'node:fs'
import { type Connection, createConnector, type Outcome } from '../../src/index.ts'

export interface UpsertTask {
  readonly url: string
  readonly file: string
  readonly kind: 'upsert' | 'read'
}

export interface UpsertFigures {
  readonly rows: number
  readonly seconds: number
  /** Resident memory every 100 ms. */
  readonly rssMegabytes: readonly number[]
  readonly note: string
  /** Of the columns id, delay and distance, as they were read. */
  readonly sums: readonly string[]
}

const rowsOfAPage = 10_000
const columns =
  'id INT64 NOT NULL, date STRING, delay INT64, distance INT64, origin STRING, destination STRING, PRIMARY KEY (id) NOT ENFORCED'

async function one(outcomes: AsyncIterable<Outcome>): Promise<Outcome> {
  const [outcome] = await Array.fromAsync(outcomes)
  if (outcome?.status !== 'success') throw new Error(outcome?.message)
  return outcome
}

const query = (connection: Connection, sql: string) =>
  one(
    connection
      .operation('run-job', { objectType: 'QUERY' })
      .execute([{ data: { configuration: { query: { query: sql } } } }]),
  )

async function upsert(connection: Connection, file: string) {
  await query(connection, 'CREATE SCHEMA IF NOT EXISTS air')
  await query(connection, `CREATE TABLE IF NOT EXISTS air.flights (${columns})`)
  const options = { objectType: 'datasets/air/tables/flights', sourceFormat: 'PARQUET' }
  const { payload } = await one(
    connection.operation('upsert', options).execute([{ data: await openAsBlob(file) }]),
  )
  const { load, query: merge } = payload as {
    load: { statistics: { load: { outputRows: string } } }
    query: { statistics: { query: { dmlStats: { insertedRowCount: string; updatedRowCount: string } } } }
  }
  const { insertedRowCount, updatedRowCount } = merge.statistics.query.dmlStats
  const rows = Number(load.statistics.load.outputRows)
  return { rows, note: `${insertedRowCount} inserted, ${updatedRowCount} updated`, sums: [] }
}

async function read(connection: Connection) {
  const job = await query(connection, 'SELECT * FROM air.flights')
  const { jobReference } = job.payload as { jobReference: { jobId: string } }
  const operation = connection.operation('get-query-results', {
    objectType: 'QUERY',
    maxResults: rowsOfAPage,
  })
  let rows = 0
  const sums = { id: 0, delay: 0, distance: 0 }
  for await (const { status, message, payload } of operation.execute([{ data: jobReference }])) {
    if (status !== 'success') throw new Error(message)
    const row = payload as Record<keyof typeof sums, string>
    rows += 1
    sums.id += Number(row.id)
    sums.delay += Number(row.delay)
    sums.distance += Number(row.distance)
  }
  return { rows, note: `pages of ${rowsOfAPage} rows`, sums: Object.values(sums).map(String) }
}

process.once('message', async ({ url, file, kind }: UpsertTask) => {
  const connection = await createConnector().connect({ projectId: 'load', endpoint: url, grant: 'none' })
  const rssMegabytes: number[] = []
  const look = () => rssMegabytes.push(Math.round(process.memoryUsage.rss() / 1024 ** 2))
  look()
  const watch = setInterval(look, 100)
  const start = performance.now()
  const done = kind === 'upsert' ? await upsert(connection, file) : await read(connection)
  const seconds = (performance.now() - start) / 1000
  clearInterval(watch)
  look()
  await connection.close()
  const figures: UpsertFigures = { ...done, seconds, rssMegabytes }
  process.send?.(figures)
  process.disconnect()
})
