// A flow that upserts orders by their number, while the same orders arrive twice and out of order.
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type Connection, createConnector, type Document } from '../../src/index.ts'
import { startLocalBigQuery } from '../../src/local/index.ts'
import { bqc } from '../fixtures/bqc.ts'
import { settled } from '../fixtures/clocks.ts'
import { query } from '../fixtures/embedded.ts'

const orders = 500
const hourMs = 3_600_000
let directory: string
let clock = Date.now()
let local: Awaited<ReturnType<typeof startLocalBigQuery>>
let connection: Connection
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'bqc-upsert-by-key-'))
  local = await startLocalBigQuery({ port: 0, projectId: 'demo', now: () => clock })
  connection = await createConnector().connect({ projectId: 'demo', endpoint: local.url, grant: 'none' })
  await run('CREATE SCHEMA shop')
})
afterAll(async () => {
  await connection.close()
  await local.close()
  await rm(directory, { recursive: true })
})

async function run(...statements: string[]): Promise<void> {
  const operation = connection.operation('run-job', { objectType: 'QUERY' })
  for await (const { message } of operation.execute(statements.map(query))) expect(message).toBe('')
}
/** A table with a note at every order, which no document names. */
const newTable = (table: string) =>
  run(
    `CREATE TABLE shop.${table} (number INT64 NOT NULL, version INT64, state STRING, amount NUMERIC, note STRING)`,
    `INSERT INTO shop.${table} (number, version, state, note) SELECT n, 0, 'new', CONCAT('note ', CAST(n AS STRING)) FROM UNNEST(GENERATE_ARRAY(1, ${orders / 2})) AS n`,
  )
const rowsOf = async (table: string) => {
  const operation = connection.operation('get-query-results', { objectType: 'QUERY' })
  const read = operation.execute([{ data: `SELECT * FROM shop.${table} ORDER BY number` }])
  return (await Array.fromAsync(read)).map(({ payload }) => payload)
}
const tables = async () =>
  (await connection.browse('streaming-insert', { datasetId: 'shop' })).map(({ label }) => label)
const stagings = async (table: string) =>
  (await tables()).filter((label) => label.startsWith(`${table}_upsert_`))

/** Two versions of every order, the newer ones before the older in every other case. */
const changes = Array.from({ length: 2 * orders }, (_, at) => {
  const number = ((at * 7919) % orders) + 1
  const isSecond = at >= orders
  const version = isSecond === (number % 2 === 0) ? 2 : 1
  return { number, version, state: `${version}`, ...(version === 2 ? { amount: `${number}.5` } : {}) }
})
const wanted = Array.from({ length: orders }, (_, at) => ({
  number: `${at + 1}`,
  version: '2',
  state: '2',
  amount: `${at + 1}.5`,
  note: at < orders / 2 ? `note ${at + 1}` : null,
}))
const options = (table: string) => ({
  objectType: `datasets/shop/tables/${table}`,
  input: 'documents',
  keyColumns: ['number'],
  orderColumn: 'version',
})

it('the last by the ordering column wins, other columns keep their values, and no temporary table is left', async () => {
  await newTable('orders')
  const operation = connection.operation('upsert', { ...options('orders'), batchCount: 300 })

  const outcomes = await Array.fromAsync(operation.execute(changes.map((data): Document => ({ data }))))

  expect(outcomes.map(({ index, status }) => [index, status])).toEqual(
    changes.map((_, at) => [at, 'success']),
  )
  expect(await rowsOf('orders')).toEqual(wanted)
  expect(await stagings('orders')).toEqual([])
})

const commandOn = (table: string, file: string) => [
  'upsert',
  `shop.${table}`,
  file,
  ...['--documents', '--key', 'number'],
  ...['-o', 'orderColumn=version', '-o', 'batchCount=300', '-o', 'temporaryTableHours=2'],
]
const env = () => ({ BIGQUERY_EMULATOR_HOST: local.url, GOOGLE_CLOUD_PROJECT: 'demo' })
const fileOf = async (name: string, documents: readonly object[]) => {
  const path = join(directory, `${name}.ndjson`)
  await writeFile(path, documents.map((document) => `${JSON.stringify(document)}\n`).join(''))
  return path
}

it('killed in the middle it leaves a temporary table that goes by itself, and run again it ends right', async () => {
  await newTable('killed')
  const file = await fileOf('killed', changes)
  // The second batch is on its way when the process ends.
  const faults = [{ match: { method: 'PUT', path: 'upload_id=', skip: 1 }, delayMs: 60_000 }]
  await fetch(`${local.url}/_faults`, { method: 'PUT', body: JSON.stringify(faults) })

  const { code } = await bqc(commandOn('killed', file), {
    env: env(),
    signal: 'SIGKILL',
    interrupt: async () => {
      let first: string | undefined
      for (;;) {
        const [staging] = await stagings('killed')
        first ??= staging
        if (staging !== undefined && staging !== first) break
        await settled()
      }
    },
  })
  await fetch(`${local.url}/_faults`, { method: 'PUT', body: '[]' })

  expect(code).toBeNull()
  expect(await stagings('killed')).toHaveLength(1)
  clock += 3 * hourMs
  expect(await stagings('killed')).toEqual([])
  expect((await bqc(commandOn('killed', file), { env: env() })).code).toBe(0)
  expect(await rowsOf('killed')).toEqual(wanted)
  expect(await stagings('killed')).toEqual([])
})

it('two processes may upsert into one table at the same time', async () => {
  await newTable('shared')
  const halves = [changes.slice(0, orders), changes.slice(orders)]
  const files = await Promise.all(halves.map((half, at) => fileOf(`half${at}`, half)))

  const ended = await Promise.all(files.map((file) => bqc(commandOn('shared', file), { env: env() })))

  expect(ended.map(({ code, stderr }) => [code, stderr])).toEqual([
    [0, ''],
    [0, ''],
  ])
  expect(await rowsOf('shared')).toEqual(wanted)
  expect(await stagings('shared')).toEqual([])
})
