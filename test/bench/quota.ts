// npm run bench:quota [-- --out FILE.svg]: how the connector adapts to a quota and back, drawn as a chart from
// what the sink sees of it.
import { writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { createConnector, type Document } from '../../src/index.ts'
import { benchTables } from './rows.ts'
import type { Sample } from './sink.ts'
import { startSink } from './start-sink.ts'
import { stepChart } from './step-chart.ts'

const { values: options } = parseArgs({
  options: { out: { type: 'string', default: join(tmpdir(), 'bench-quota.svg') } },
})

const maxInFlight = 16
const batchCount = 500
const latencyMs = 250
const quota = { requestsPerSecond: 4, from: 12_000, until: 32_000 }
/** It ends when all has been well for so long; or else, whatever is still to come, after so long. */
const lastMs = 6000
const longestMs = 100_000

const stepMs = 500
const whole = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 })

const median = (figures: number[]): number | undefined =>
  figures.sort((a, b) => a - b)[Math.floor(figures.length / 2)]

/** The most requests that were open at a moment of the span: at its begin, or when one more arrived. */
function mostOpen(samples: readonly Sample[], from: number, until: number): number {
  const open = samples.filter((sample) => sample.from < until && sample.until > from)
  const countAt = (moment: number) => open.filter((s) => s.from <= moment && s.until > moment).length
  return Math.max(countAt(from), ...open.filter((s) => s.from > from).map((s) => countAt(s.from)))
}

/** What half of the requests that arrived within the span had at most. */
function usualRows(samples: readonly Sample[], from: number, until: number): number | undefined {
  return median(samples.filter((s) => s.from >= from && s.from < until).map(({ rows }) => rows))
}

/** Those that arrived within the span and were not refused. */
const storedOf = (samples: readonly Sample[], from: number, until: number): Sample[] =>
  samples.filter((sample) => sample.from >= from && sample.from < until && !sample.isRefused)

function rowsPerSecond(samples: readonly Sample[], from: number, until: number): number {
  const rows = storedOf(samples, from, until).reduce((sum, sample) => sum + sample.rows, 0)
  return rows / ((until - from) / 1000)
}

const endOf = (samples: readonly Sample[]): number => Math.max(0, ...samples.map(({ until }) => until))

/** From when requests and rows were what they may be, and stayed so; in milliseconds after the quota's end. */
function regrownAfter(samples: readonly Sample[]): number | undefined {
  let since = quota.until
  for (let from = quota.until; from - since < lastMs; from += stepMs) {
    if (from > endOf(samples)) return undefined
    const isFull =
      usualRows(samples, from, from + stepMs) === batchCount &&
      mostOpen(samples, from, from + stepMs) === maxInFlight
    if (!isFull) since = from + stepMs
  }
  return since - quota.until
}

const sink = await startSink({ width: 'narrow', latencyMs, quota, observe: true })
const observed = async () => (await (await fetch(`${sink.url}/_samples`)).json()) as Sample[]

const pool = Array.from({ length: 1000 }, (_, n) => benchTables.narrow.row(n))
let isOver = false
let taken = 0
function* documents(): Generator<Document, void, undefined> {
  for (; !isOver; taken += 1) yield { data: pool[taken % pool.length] ?? {} }
}

const tooLong = AbortSignal.timeout(longestMs)
async function endWhenRegrown(): Promise<void> {
  while (!tooLong.aborted && regrownAfter(await observed()) === undefined) await wait(1000)
  isOver = true
}

const connection = await createConnector().connect({ projectId: 'bench', endpoint: sink.url, grant: 'none' })
const insert = connection.operation('streaming-insert', {
  objectType: 'datasets/bench/tables/rows',
  maxInFlight,
  batchCount,
})
const watching = endWhenRegrown()
const outcomes: Record<string, number> = {}
let next = 0
for await (const { index, status, errorCode } of insert.execute(documents(), { signal: tooLong })) {
  if (index !== next) throw new Error(`The outcome of document ${next} is missing.`)
  next += 1
  const became = errorCode ?? status
  outcomes[became] = (outcomes[became] ?? 0) + 1
}
await watching
await connection.close()
const samples = await observed()
sink.stop()

const end = endOf(samples)
const steps = Array.from({ length: Math.floor(end / stepMs) }, (_, n) => n * stepMs)
const refused = samples.filter(({ isRefused }) => isRefused)
const storedRows = storedOf(samples, 0, end).reduce((sum, { rows }) => sum + rows, 0)
const duringMs = quota.until - quota.from
const storedDuring = storedOf(samples, quota.from, quota.until).length
const regrown = regrownAfter(samples)
const firstAfter = Math.min(...samples.map(({ from }) => from).filter((from) => from >= quota.until))

await writeFile(
  options.out,
  stepChart({
    title: 'A quota comes and goes: what the service sees of the connector',
    subtitle: `At most ${maxInFlight} requests at a time and ${batchCount} rows a request; each is answered after ${latencyMs} ms. Steps of ${stepMs} ms.`,
    stepSeconds: stepMs / 1000,
    panels: [
      {
        title: 'Requests at a time (the most within a step)',
        max: maxInFlight * 1.15,
        ticks: [0, 4, 8, 12, 16],
        colour: '#1565c0',
        values: steps.map((from) => mostOpen(samples, from, from + stepMs)),
      },
      {
        title: 'Rows a request (median of a step)',
        max: batchCount * 1.15,
        ticks: [0, 125, 250, 375, 500],
        colour: '#2e7d32',
        values: steps.map((from) => usualRows(samples, from, from + stepMs)),
      },
    ],
    span: {
      from: quota.from / 1000,
      until: quota.until / 1000,
      label: `quota: ${quota.requestsPerSecond} requests a second`,
    },
    marks: { at: refused.map(({ from }) => from / 1000), label: 'refused request' },
  }),
)

process.stdout.write(
  `sent:       ${whole.format(samples.length)} requests in ${(end / 1000).toFixed(0)} s, ${whole.format(refused.length)} of them refused\n` +
    `before:     ${whole.format(rowsPerSecond(samples, quota.from - 6000, quota.from))} rows/s\n` +
    `quota:      ${whole.format(rowsPerSecond(samples, quota.from, quota.until))} rows/s, ` +
    `${storedDuring} requests of the ${(quota.requestsPerSecond * duringMs) / 1000} that it allows\n` +
    `after:      ${whole.format(rowsPerSecond(samples, end - lastMs, end - 1000))} rows/s; first request after ` +
    `${((firstAfter - quota.until) / 1000).toFixed(1)} s, at full size for good after ` +
    `${regrown === undefined ? 'longer than was waited' : `${(regrown / 1000).toFixed(1)} s`}\n` +
    `documents:  ${whole.format(taken)}, each with its outcome: ${JSON.stringify(outcomes)}\n` +
    `chart:      ${options.out}\n`,
)
if (next !== taken || (outcomes['success'] ?? 0) !== storedRows)
  throw new Error('A document has no outcome, or a success is not stored.')
if (regrown === undefined) throw new Error('Requests and rows have not grown back.')
