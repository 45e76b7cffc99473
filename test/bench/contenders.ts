// Ways to get rows into BigQuery, each as a function that resolves when all are stored.
import { BigQuery } from '@google-cloud/bigquery'
import { createConnector, type Document, type JsonObject } from 'bigquery-connector'
import { OAuth2Client } from 'google-auth-library'
import { Agent, request } from 'undici'
import { benchTables, type Width } from './rows.ts'

export interface Task {
  readonly url: string
  readonly width: Width
  readonly rows: number
  /** Requests in flight, for those who can limit them. */
  readonly maxInFlight?: number
  /** Every row is made when it is asked for, as a real source would, in place of a few sent over and over. */
  readonly isFresh?: boolean
}

export type Contender = (task: Task) => Promise<void>

/** Rows in a request, for everybody. */
const batchRows = 500
const inFlight = 4

// Rows are made beforehand and sent over and over: the bench measures sending, not making.
const poolSize = 1000
const pool = (width: Width): JsonObject[] =>
  Array.from({ length: poolSize }, (_, n) => benchTables[width].row(n))

/** The n-th of what is sent. */
function each<T>({ width, isFresh = false }: Task, of: (row: JsonObject) => T): (n: number) => T {
  if (isFresh) return (n) => of(benchTables[width].row(n))
  const made = pool(width).map(of)
  return (n) => made[n % poolSize] as T
}

async function insertWithConnector(
  task: Task,
  dataOf: (row: JsonObject) => Document['data'],
  options: object,
): Promise<void> {
  const { url, rows, maxInFlight = inFlight } = task
  const document = each<Document>(task, (row) => ({ data: dataOf(row) }))
  const connection = await createConnector().connect({ projectId: 'bench', endpoint: url, grant: 'none' })
  const operation = connection.operation('streaming-insert', {
    objectType: 'datasets/bench/tables/rows',
    batchCount: batchRows,
    maxInFlight,
    ...options,
  })
  function* source() {
    for (let n = 0; n < rows; n += 1) yield document(n)
  }
  let stored = 0
  for await (const { status } of operation.execute(source())) if (status === 'success') stored += 1
  await connection.close()
  if (stored !== rows) throw new Error(`Only ${stored} of ${rows} rows were stored.`)
}

export function officialClient({ url }: Task): BigQuery {
  const authClient = new OAuth2Client()
  authClient.setCredentials({ access_token: 'any', expiry_date: Date.now() + 3_600_000 })
  return new BigQuery({ projectId: 'bench', apiEndpoint: url, authClient })
}

const officialTable = (task: Task) => officialClient(task).dataset('bench').table('rows')

async function sendBodies({ url, rows }: Task, bodyOf: (first: number) => string): Promise<void> {
  const dispatcher = new Agent({ keepAliveTimeout: 30_000 })
  const path = `${url}/bigquery/v2/projects/bench/datasets/bench/tables/rows/insertAll`
  let next = 0
  const send = async () => {
    while (next < rows) {
      const body = bodyOf(next)
      next += batchRows
      const reply = await request(path, {
        dispatcher,
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body,
      })
      await reply.body.text()
    }
  }
  await Promise.all(Array.from({ length: inFlight }, send))
  await dispatcher.close()
}

export const contenders: Readonly<Record<string, Contender>> = {
  'connector, objects': (task) => insertWithConnector(task, (row) => row, {}),

  'connector, JSON text': (task) => insertWithConnector(task, (row) => JSON.stringify(row), {}),

  'connector, JSON text, validation service': (task) =>
    insertWithConnector(task, (row) => JSON.stringify(row), { validation: 'service' }),

  'official createInsertStream': async (task) => {
    const row = each(task, (made) => made)
    const stream = officialTable(task).createInsertStream({
      batchOptions: { maxRows: batchRows, maxBytes: 9_000_000, maxMilliseconds: 50 },
    })
    let answered = 0
    const done = new Promise<void>((resolve, reject) => {
      stream.on('response', () => {
        answered += batchRows
        if (answered >= task.rows) resolve()
      })
      stream.on('error', reject)
    })
    for (let n = 0; n < task.rows; n += 1) {
      stream.write(row(n))
      // It never asks its writer to wait; without a pause now and then, nothing would be sent at all.
      if (n % batchRows === 0) await new Promise((resolve) => setImmediate(resolve))
    }
    await done
    stream.end()
  },

  'official table.insert': async (task) => {
    const rows = pool(task.width)
    const table = officialTable(task)
    let next = 0
    const send = async () => {
      while (next < task.rows) {
        const at = next % poolSize
        next += batchRows
        await table.insert(rows.slice(at, at + batchRows))
      }
    }
    await Promise.all(Array.from({ length: inFlight }, send))
  },

  'hand loop': (task) => {
    const rows = pool(task.width)
    return sendBodies(task, (first) => {
      const at = first % poolSize
      const items = rows
        .slice(at, at + batchRows)
        .map((row, n) => `{"insertId":"${first + n}","json":${JSON.stringify(row)}}`)
      return `{"rows":[${items.join(',')}]}`
    })
  },

  'ready body (ceiling)': (task) => {
    const items = pool(task.width)
      .slice(0, batchRows)
      .map((row, n) => `{"insertId":"${n}","json":${JSON.stringify(row)}}`)
    const body = `{"rows":[${items.join(',')}]}`
    return sendBodies(task, () => body)
  },
}
