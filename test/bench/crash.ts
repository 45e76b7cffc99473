// npm run bench:crash [-- --rounds 20]: kills the embedded BigQuery at random moments under load, in one
// directory, and looks after each restart whether every acknowledged row is there exactly once.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { parseArgs } from 'node:util'

const { values: options } = parseArgs({ options: { rounds: { type: 'string', default: '20' } } })
const rounds = Number(options.rounds)
const batchRows = 100
const writers = 4

const directory = await mkdtemp(join(tmpdir(), 'bqc-crash-'))

async function start(): Promise<{ server: ChildProcess; url: string; readyMs: number }> {
  const begin = performance.now()
  const main = new URL('../../src/cli/main.ts', import.meta.url).pathname
  const server = spawn(process.execPath, [
    main,
    'local',
    '--port',
    '0',
    '--project',
    'crash',
    '--data',
    directory,
  ])
  const [line] = await once(server.stdout, 'data')
  return { server, url: `${JSON.parse(String(line)).url}/projects/crash`, readyMs: performance.now() - begin }
}

async function post(url: string, body: object): Promise<{ [name: string]: unknown }> {
  const reply = await fetch(url, { method: 'POST', body: JSON.stringify(body) })
  if (!reply.ok) throw new Error(await reply.text())
  return (await reply.json()) as { [name: string]: unknown }
}

/** Rows, different rows, and first rows of acknowledged batches that are there. */
async function figures(url: string, acknowledged: readonly number[]): Promise<readonly number[]> {
  const query =
    'SELECT COUNT(*), COUNT(DISTINCT id), COUNT(DISTINCT IF(id IN UNNEST(@acknowledged), id, NULL)) FROM d.t'
  const parameter = {
    name: 'acknowledged',
    parameterType: { type: 'ARRAY', arrayType: { type: 'INT64' } },
    parameterValue: { arrayValues: acknowledged.map((id) => ({ value: String(id) })) },
  }
  const body = {
    query,
    useLegacySql: false,
    parameterMode: 'NAMED',
    queryParameters: [parameter],
    timeoutMs: 60_000,
  }
  const { rows } = (await post(`${url}/queries`, body)) as { rows: { f: { v: string }[] }[] }
  return (rows[0]?.f ?? []).map(({ v }) => Number(v))
}

const acknowledged: number[] = []
let next = 0
try {
  for (let round = 0; round <= rounds; round += 1) {
    const { server, url, readyMs } = await start()
    const exited = once(server, 'exit')
    if (round === 0) {
      await post(`${url}/datasets`, { datasetReference: { datasetId: 'd' } })
      const schema = { fields: [{ name: 'id', type: 'INTEGER' }] }
      await post(`${url}/datasets/d/tables`, { tableReference: { tableId: 't' }, schema })
    }
    const [rows = 0, different, batches] = await figures(url, acknowledged)
    process.stdout.write(
      `round ${round}: ready after ${Math.round(readyMs)} ms, ${acknowledged.length} batches acknowledged, ` +
        `${batches} there, ${rows} rows, ${different} different\n`,
    )
    if (rows !== different || rows % batchRows !== 0 || batches !== acknowledged.length) {
      throw new Error('A row is missing, doubled, or from half a batch.')
    }
    if (round === rounds) {
      server.kill('SIGINT')
      await exited
      break
    }
    const write = async () => {
      for (;;) {
        const first = next
        next += batchRows
        const items = Array.from({ length: batchRows }, (_, n) => ({
          insertId: `${first + n}`,
          json: { id: first + n },
        }))
        await post(`${url}/datasets/d/tables/t/insertAll`, { rows: items })
        acknowledged.push(first)
      }
    }
    const writing = Promise.allSettled(Array.from({ length: writers }, write))
    await wait(100 + Math.random() * 1400)
    server.kill('SIGKILL')
    await exited
    await writing
  }
} finally {
  await rm(directory, { recursive: true })
}
