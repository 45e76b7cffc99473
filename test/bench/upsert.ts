// npm run bench:upsert [-- --rows 3000000]: flights-3m.parquet, each row with a number for a key, upserted by file
// and read back page by page; then once more with the upload cut three times in the middle. The client is a process
// of its own, whose memory is shown.
import { fork, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { DuckDBInstance } from '@duckdb/node-api'
import type { UpsertFigures, UpsertTask } from './upsert-client.ts'

const { values: options } = parseArgs({ options: { rows: { type: 'string', default: '3000000' } } })
const rows = Number(options.rows)
const granule = 262_144
/** Two chunks of an upload, and as much of a third as is cut. */
const enoughForCuts = 2 * 64 * granule + 6 * granule

const whole = (value: number): string => Math.round(value).toLocaleString('en-US')
const flights = new URL('../../node_modules/vega-datasets/data/flights-3m.parquet', import.meta.url).pathname
const directory = await mkdtemp(join(tmpdir(), 'bqc-upsert-'))
const file = join(directory, 'flights.parquet')
// Not compressed, so that there is something to upload.
const database = await (await DuckDBInstance.create()).connect()
await database.run(
  `COPY (SELECT row_number() OVER () AS id, * FROM read_parquet('${flights}') LIMIT ${rows}) TO '${file}' (FORMAT parquet, COMPRESSION uncompressed)`,
)
const sums = await database.runAndReadAll(
  `SELECT sum(id), sum(delay), sum(distance) FROM read_parquet('${file}')`,
)
const expected = sums.getRows()[0]?.map(String) ?? []
const { size } = await stat(file)

const server = spawn(process.execPath, [
  new URL('../../src/cli/main.ts', import.meta.url).pathname,
  ...['local', '--port', '0', '--project', 'load', '--data', join(directory, 'bigquery')],
])
const [line] = await once(server.stdout, 'data')
const { url } = JSON.parse(String(line)) as { url: string }

async function rules(list: readonly object[]): Promise<{ readonly applied: number }[]> {
  const put = { method: 'PUT', body: JSON.stringify(list) }
  const reply = await fetch(`${url}/_faults`, list.length === 0 ? {} : put)
  return ((await reply.json()) as { rules: { applied: number }[] }).rules
}

/** Runs a task in a process of its own. */
async function run(task: UpsertTask): Promise<UpsertFigures> {
  const child = fork(new URL('./upsert-client.ts', import.meta.url), { stdio: 'inherit' })
  child.send(task)
  const exit = once(child, 'exit').then(([code, signal]) => {
    throw new Error(`The client ended with ${signal ?? code}.`)
  })
  const [figures] = (await Promise.race([once(child, 'message'), exit])) as [UpsertFigures]
  await exit.catch(() => undefined)
  return figures
}

function show(what: string, figures: UpsertFigures): void {
  const { seconds, rssMegabytes, rows: found, note } = figures
  const [start = 0] = rssMegabytes
  process.stdout.write(
    `${what}: ${whole(found)} rows in ${seconds.toFixed(1)} s, ${whole(found / seconds)} rows/s; ${note}\n` +
      `  client memory: ${start} MB at the start, ${Math.max(...rssMegabytes)} MB at most, ${rssMegabytes.at(-1)} MB at the end\n` +
      `  every second: ${rssMegabytes.filter((_, at) => at % 10 === 0).join(' ')}\n`,
  )
}

let isRight = true
const check = (what: string, found: unknown, wanted: unknown) => {
  if (JSON.stringify(found) === JSON.stringify(wanted)) return
  isRight = false
  process.stdout.write(`WRONG: ${what}: ${JSON.stringify(found)}, not ${JSON.stringify(wanted)}\n`)
}

try {
  process.stdout.write(
    `${whole(rows)} rows of flights-3m.parquet, numbered: ${(size / 1e6).toFixed(1)} MB of Parquet\n`,
  )
  const upsert: UpsertTask = { url, file, kind: 'upsert' }
  const read: UpsertTask = { url, file, kind: 'read' }

  const first = await run(upsert)
  show('upserted into an empty table', first)
  check('rows inserted', first.note, `${rows} inserted, 0 updated`)
  const back = await run(read)
  show('read back', back)
  check('sums of what was read', back.sums, expected)

  // A rule does not see what a rule before it has cut. After each cut come a question and the rest of the chunk.
  const put = { method: 'PUT', path: 'upload_id=' }
  const cuts = [0, 2, 4].map((skip) => ({
    match: { ...put, skip, count: 1 },
    cutBody: (skip + 1) * granule + 1000,
  }))
  await rules(size > enoughForCuts ? cuts : [])
  const second = await run(upsert)
  const applied = (await rules([])).filter((rule) => rule.applied > 0).length
  show(`upserted again, with the upload cut ${applied} times`, second)
  check('cuts', applied, size > enoughForCuts ? 3 : 0)
  check('rows changed', second.note, `0 inserted, ${rows} updated`)
  const again = await run(read)
  check('sums of what was read after that', again.sums, expected)
  show('read back again', again)
  process.exitCode = isRight ? 0 : 1
} finally {
  server.kill('SIGINT')
  await once(server, 'exit')
  await rm(directory, { recursive: true })
}
