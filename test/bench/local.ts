// npm run bench:local [-- --seconds 60]: the embedded BigQuery under load. Nested rows by plain insertAll
// requests, one analytical query a second beside them, and the server's memory as time goes by.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { Agent, request } from 'undici'
import { benchTables } from './rows.ts'

const { values: options } = parseArgs({ options: { seconds: { type: 'string', default: '60' } } })
const seconds = Number(options.seconds)

/** Rows in a request, and requests in flight. */
const batchRows = 500
const inFlight = 4

const analyticalQuery = `
  SELECT customer.address.city AS city, COUNT(*) AS orders, SUM(item.count * item.price) AS revenue
  FROM load.orders, UNNEST(items) AS item GROUP BY city ORDER BY revenue DESC LIMIT 10`

const directory = await mkdtemp(join(tmpdir(), 'bqc-load-'))
const server: ChildProcess = spawn(process.execPath, [
  new URL('../../src/cli/main.ts', import.meta.url).pathname,
  ...['local', '--port', '0', '--project', 'load', '--data', directory],
])
const [line] = await once(server.stdout as NodeJS.ReadableStream, 'data')
const { url } = JSON.parse(String(line)) as { url: string }
const dispatcher = new Agent({ bodyTimeout: 0, headersTimeout: 0 })

async function call(path: string, body: string): Promise<{ [name: string]: unknown }> {
  const reply = await request(`${url}/bigquery/v2/projects/load/${path}`, {
    dispatcher,
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body,
  })
  const answer = (await reply.body.json()) as { [name: string]: unknown }
  if (reply.statusCode !== 200 || 'insertErrors' in answer) throw new Error(JSON.stringify(answer))
  return answer
}

/** Resident memory of the server in megabytes, where the system tells (Linux). */
async function serverMegabytes(): Promise<number> {
  const status = await readFile(`/proc/${server.pid}/status`, 'utf8').catch(() => '')
  return Math.round(Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? Number.NaN) / 1024)
}

try {
  await call('datasets', JSON.stringify({ datasetReference: { datasetId: 'load' } }))
  const { schema, row } = benchTables.typical
  await call(
    'datasets/load/tables',
    JSON.stringify({ tableReference: { tableId: 'orders' }, schema: { fields: schema } }),
  )

  let rows = 0
  let queries = 0
  let slowestQueryMs = 0
  const memory: number[] = []
  const end = performance.now() + seconds * 1000
  const isOver = () => performance.now() >= end

  const insert = async () => {
    while (!isOver()) {
      const items = Array.from({ length: batchRows }, (_, n) => ({
        insertId: `${rows + n}-${Math.random()}`,
        json: row(rows + n),
      }))
      await call('datasets/load/tables/orders/insertAll', JSON.stringify({ rows: items }))
      rows += batchRows
    }
  }
  const query = async () => {
    while (!isOver()) {
      const start = performance.now()
      await call(
        'queries',
        JSON.stringify({ query: analyticalQuery, useLegacySql: false, timeoutMs: 60_000 }),
      )
      queries += 1
      slowestQueryMs = Math.max(slowestQueryMs, performance.now() - start)
      await wait(Math.max(1000 - (performance.now() - start), 0))
    }
  }
  const watch = async () => {
    while (!isOver()) {
      memory.push(await serverMegabytes())
      await wait(5000)
    }
  }
  await Promise.all([...Array.from({ length: inFlight }, insert), query(), watch()])

  process.stdout.write(
    `${Math.round(rows / seconds).toLocaleString('en-US')} rows/s for ${seconds} s (${rows.toLocaleString('en-US')} nested rows of about 620 bytes), ` +
      `${queries} analytical queries beside them, the slowest took ${Math.round(slowestQueryMs)} ms\n` +
      `server memory every 5 s, in MB: ${memory.join(' ')}\n`,
  )
} finally {
  await dispatcher.destroy()
  server.kill('SIGINT')
  await once(server, 'exit')
  await rm(directory, { recursive: true })
}
