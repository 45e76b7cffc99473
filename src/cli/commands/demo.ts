// bqc demo: the main job from end to end, with real data, on the embedded BigQuery.
import { mkdtemp } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Command } from 'commander'
import {
  type Connection,
  ConnectorError,
  createConnector,
  type Document,
  type JsonObject,
} from '../../index.ts'
import { exitCodes } from '../exit.ts'
import { count, table } from '../format.ts'
import { type Input, openInput } from '../input.ts'
import { type InsertSummary, insertDocuments } from '../insert-documents.ts'
import { onInterrupt } from '../interrupt.ts'
import { runQuery } from '../run-query.ts'

const statements = [
  'CREATE SCHEMA demo',
  'CREATE TABLE demo.flights (delay INT64 NOT NULL, distance INT64 NOT NULL, time FLOAT64 NOT NULL)',
  `CREATE TABLE demo.movies (
     title STRING NOT NULL, us_gross INT64 NOT NULL, worldwide_gross INT64, us_dvd_sales INT64,
     production_budget INT64, release_date DATE, mpaa_rating STRING, running_time_min INT64,
     distributor STRING, source STRING, major_genre STRING, creative_type STRING, director STRING,
     rotten_tomatoes_rating INT64, imdb_rating FLOAT64, imdb_votes INT64)`,
]

const delayByHour = `
  SELECT CAST(FLOOR(time) AS INT64) AS hour, COUNT(*) AS flights,
         ROUND(AVG(delay), 1) AS mean_delay, MAX(delay) AS worst_delay
  FROM demo.flights GROUP BY hour ORDER BY hour`

export function demoCommand(): Command {
  return new Command('demo')
    .description('runs the main job on the embedded BigQuery, with real data')
    .option('--json', 'machine-readable output', false)
    .action(demo)
}

async function demo({ json }: { readonly json: boolean }): Promise<void> {
  const say = (line: string) => (json ? undefined : process.stdout.write(`${line}\n`))
  const interrupt = onInterrupt('Stopping the demo.')
  const { signal } = interrupt
  const start = performance.now()
  const [flights, movies] = [await openDataset('flights-200k.json'), await openDataset('movies.json')]

  const { startLocalBigQuery } = await import('../../local/index.ts')
  const local = await startLocalBigQuery({ port: 0, projectId: 'demo', authentication: 'required' })
  try {
    say(`1. Embedded BigQuery: listens on ${local.url}, in memory.`)
    const connection = await createConnector().connect({
      projectId: local.projectId,
      endpoint: local.url,
      grant: 'jwt-bearer',
      serviceAccountKey: { ...(await local.createServiceAccount('demo')) },
    })
    try {
      await signIn(connection, say)
      for (const statement of statements) await Array.fromAsync(runQuery(connection, statement, signal))
      say('3. Tables: demo.flights and demo.movies are there.')

      const deadLetterFile = join(await mkdtemp(join(tmpdir(), 'bqc-demo-')), 'dead-letters.ndjson')
      say('4. Streaming Insert')
      const insert = (name: string, input: Input) =>
        insertDocuments(connection, { objectType: `datasets/demo/tables/${name}` }, input, {
          operation: 'streaming-insert',
          label: `   ${name}`,
          deadLetterFile,
          signal,
        })
      const inserts = {
        flights: await insert('flights', flights),
        movies: await insert('movies', { ...movies, documents: mapMovies(movies.documents) }),
      }
      say(insertTable(inserts))

      const rows = await readPageByPage(connection, signal)
      say(
        `5. Run Job and Get Query Results: ${rows.length} rows, 10 a page: delay by hour of departure, in minutes`,
      )
      say(
        table(
          Object.keys(rows[0] ?? {}),
          rows.map((row) => Object.values(row)),
        ),
      )

      const seconds = ((performance.now() - start) / 1000).toFixed(1)
      if (json) process.stdout.write(`${JSON.stringify({ inserts, result: rows, deadLetterFile })}\n`)
      say(farewell(inserts, deadLetterFile, seconds))
      // Refused movies are part of the show; a document without an outcome, or a failure, is not.
      const isWhole = Object.values(inserts).every((each) => each.failure === 0 && !each.interrupted)
      process.exitCode = isWhole ? exitCodes.allSucceeded : exitCodes.someDidNot
    } finally {
      await connection.close()
    }
  } finally {
    interrupt.release()
    await local.close()
  }
}

async function signIn(connection: Connection, say: (line: string) => void): Promise<void> {
  const { ok, steps } = await connection.test()
  const failed = steps.find((step) => !step.ok)
  if (!ok && failed) throw new ConnectorError('BQC_SIGN_IN_REFUSED', failed.message)
  say('2. Sign-in: service account, JWT bearer grant.')
  for (const { step, message, durationMs } of steps) say(`   ${step}: ${message} (${durationMs} ms)`)
}

async function readPageByPage(connection: Connection, signal: AbortSignal): Promise<JsonObject[]> {
  return Array.fromAsync(runQuery(connection, delayByHour, signal, { maxResults: 10 }))
}

/** The data comes with a package, so that the demo needs no network. */
async function openDataset(name: string): Promise<Input> {
  try {
    return await openInput(createRequire(import.meta.url).resolve(`vega-datasets/data/${name}`))
  } catch (cause) {
    throw new ConnectorError(
      'BQC_INPUT_UNREADABLE',
      `The demo's data is not here: ${name} of the npm package vega-datasets. Run "npm install vega-datasets@2.11.0".`,
      { cause },
    )
  }
}

/** The movies as their table names them: `Release Date: "Jun 12 1998"` becomes `release_date: "1998-06-12"`. */
async function* mapMovies(documents: Input['documents']): Input['documents'] {
  for await (const document of documents) yield mapMovie(document)
}

function mapMovie(document: Document): Document {
  if (typeof document.data !== 'string') return document
  const movie = Object.entries(JSON.parse(document.data) as JsonObject).map(([name, value]) => {
    const column = name.toLowerCase().replaceAll(' ', '_')
    return [column, column === 'release_date' ? isoDate(value) : value]
  })
  return { ...document, data: Object.fromEntries(movie) }
}

/** A date that is not of the usual form stays as it is: its row is refused, with the reason. */
function isoDate(value: unknown): unknown {
  const [, month = '', day, year] = /^([A-Z][a-z]{2}) (\d{2}) (\d{4})$/.exec(String(value)) ?? []
  const number =
    1 + ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'].indexOf(month)
  return number === 0 ? value : `${year}-${String(number).padStart(2, '0')}-${day}`
}

function insertTable(inserts: Record<string, InsertSummary>): string {
  return table(
    ['table', 'documents in', 'success', 'application-error', 'failure', 'batches', 'retries', 'rows/s'],
    Object.entries(inserts).map(([name, each]) => [
      name,
      ...[
        each.documents,
        each.success,
        each.applicationError,
        each.failure,
        each.batches,
        each.retries,
        each.rowsPerSecond,
      ].map(count),
    ]),
  )
}

function farewell(inserts: Record<string, InsertSummary>, deadLetterFile: string, seconds: string): string {
  const all = Object.values(inserts)
  const documents = all.reduce((sum, each) => sum + each.documents, 0)
  const refused = all.reduce((sum, each) => sum + each.applicationError + each.failure, 0)
  return [
    '',
    `${count(documents)} documents went in and ${count(documents)} outcomes came out, in ${seconds} s.`,
    `${count(refused)} were refused; field, value and reason of each are in`,
    `  ${deadLetterFile}`,
    '',
    'Where to look next:',
    '  npm run bqc -- describe streaming-insert   every option, with its default and its range',
    '  npm run bqc -- local --data ./bigquery     an embedded BigQuery that keeps its data',
    '  README.md                                  ten lines of TypeScript that do the same',
  ].join('\n')
}
