// npm run bench:upsert-documents [-- --documents 1000000]: small documents upserted by key into an empty table, then
// once more as changes of one column. The client's memory is shown; the embedded BigQuery is a process of its own.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { parseArgs } from 'node:util'
import { type Connection, createConnector, type Document } from '../../src/index.ts'

const { values: options } = parseArgs({ options: { documents: { type: 'string', default: '1000000' } } })
const total = Number(options.documents)
const whole = (value: number): string => Math.round(value).toLocaleString('en-US')

const server = spawn(process.execPath, [
  new URL('../../src/cli/main.ts', import.meta.url).pathname,
  ...['local', '--port', '0', '--project', 'load'],
])
const [line] = await once(server.stdout, 'data')
const { url } = JSON.parse(String(line)) as { url: string }

async function query(connection: Connection, sql: string): Promise<unknown> {
  const operation = connection.operation('get-query-results', { objectType: 'QUERY' })
  const [outcome] = await Array.fromAsync(operation.execute([{ data: sql }]))
  if (outcome?.status !== 'success') throw new Error(outcome?.message)
  return outcome.payload
}

async function upsert(
  connection: Connection,
  what: string,
  documentOf: (id: number) => object,
): Promise<void> {
  function* documents(): Generator<Document> {
    for (let id = 0; id < total; id += 1) yield { data: documentOf(id) as Document['data'] }
  }
  const memory: number[] = []
  const look = () => memory.push(Math.round(process.memoryUsage.rss() / 1024 ** 2))
  look()
  const watch = setInterval(look, 1000)
  const begun = performance.now()
  const cpu = process.cpuUsage()
  const batches = new Set<unknown>()
  let succeeded = 0
  const operation = connection.operation('upsert', {
    objectType: 'datasets/shop/tables/orders',
    input: 'documents',
  })
  for await (const { status, message, payload } of operation.execute(documents())) {
    if (status !== 'success') throw new Error(message)
    succeeded += 1
    batches.add(payload)
  }
  clearInterval(watch)
  look()
  const seconds = (performance.now() - begun) / 1000
  const { user, system } = process.cpuUsage(cpu)
  process.stdout.write(
    `${what}: ${whole(succeeded)} documents in ${seconds.toFixed(1)} s, ${whole(succeeded / seconds)} a second; ${batches.size} batches\n` +
      `  ${whole(succeeded / ((user + system) / 1e6))} documents per CPU-second of the client\n` +
      `  client memory: ${memory[0]} MB at the start, ${Math.max(...memory)} MB at most; every second: ${memory.join(' ')}\n`,
  )
}

const connection = await createConnector().connect({ projectId: 'load', endpoint: url, grant: 'none' })
try {
  await query(connection, 'CREATE SCHEMA shop')
  await query(
    connection,
    'CREATE TABLE shop.orders (id INT64 NOT NULL, item STRING, price NUMERIC, placed TIMESTAMP, PRIMARY KEY (id) NOT ENFORCED)',
  )
  const placed = '2026-11-21T13:05:59Z'
  await upsert(connection, 'added', (id) => ({
    id,
    item: `item ${id % 1000}`,
    price: `${id % 100}.5`,
    placed,
  }))
  await upsert(connection, 'changed', (id) => ({ id: total - 1 - id, price: '1' }))
  const sums = await query(
    connection,
    'SELECT COUNT(*) AS n, SUM(price) AS price, COUNT(item) AS items, SUM(id) AS ids FROM shop.orders',
  )
  const n = `${total}`
  const wanted = { n, price: n, items: n, ids: `${(BigInt(total) * BigInt(total - 1)) / 2n}` }
  const isRight = JSON.stringify(sums) === JSON.stringify(wanted)
  process.stdout.write(isRight ? 'the table is right\n' : `WRONG: ${JSON.stringify(sums)}\n`)
  process.exitCode = isRight ? 0 : 1
} finally {
  await connection.close()
  server.kill('SIGINT')
  await once(server, 'exit')
}
