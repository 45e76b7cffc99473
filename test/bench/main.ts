// npm run bench [-- --quick] [-- --json] [-- --only queryResults]: rows per CPU-second of the client process, as ratios
// in one run: inserted, and read from the result of a query.
import { cpus } from 'node:os'
import { parseArgs } from 'node:util'
import Table from 'cli-table3'
import { type Contender, contenders } from './contenders.ts'
import { type Measurement, measure } from './measure.ts'
import { readers } from './readers.ts'
import type { Width } from './rows.ts'
import { startSink } from './start-sink.ts'

const { values: options } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    /** A key of `sections`. */
    only: { type: 'string' },
  },
})

/** Rows of one measurement; wide rows are about eight times as long. */
const rowsOf: Readonly<Record<Width, number>> = options.quick
  ? { narrow: 150_000, typical: 150_000, wide: 15_000 }
  : { narrow: 400_000, typical: 300_000, wide: 40_000 }
/** The official client is an order of magnitude slower; it need not send as many. */
const officialShare = 0.25
const rounds = options.quick ? 1 : 3

interface Section {
  readonly title: string
  readonly contenders: Readonly<Record<string, Contender>>
  /** Times `rowsOf`, so that everybody works about as long; the official client goes by its own share. */
  readonly share: number
  /** Name of a ratio of rows per CPU-second -> the contender that stands for 1. */
  readonly ratios: Readonly<Record<string, string>>
}

const sections: Readonly<Record<string, Section>> = {
  results: {
    title: 'inserts',
    contenders,
    share: 1,
    ratios: { timesOfficialStream: 'official createInsertStream', timesHandLoop: 'hand loop' },
  },
  queryResults: {
    title: 'query results',
    contenders: readers,
    share: 3,
    ratios: { timesOfficial: 'official getQueryResults', timesJsonParse: 'JSON.parse of each page, no more' },
  },
}

async function measureOnce(
  contender: string,
  url: string,
  width: Width,
  usual: number,
): Promise<Measurement> {
  const share = contender.startsWith('official') ? officialShare : usual
  const rows = Math.round((rowsOf[width] * share) / 1000) * 1000
  const warmUpRows = Math.max(1000, rows / 4 - ((rows / 4) % 500))
  return measure({ contender, task: { url, width, rows }, warmUpRows })
}

const median = (figures: number[]): number =>
  figures.sort((a, b) => a - b)[Math.floor(figures.length / 2)] ?? 0

/** `rowsPerCpuSecond`, `rowsPerSecond`, `peakRssMegabytes` and the section's ratios. */
type Figures = Readonly<Record<string, number>>
type Measured = Readonly<Record<string, Figures>>

async function measureAll({ contenders: all, ratios, share }: Section, width: Width): Promise<Measured> {
  const sink = await startSink({ width })
  const runs: Record<string, Measurement[]> = {}
  // In turns, so that a machine that slows down slows everybody.
  for (let round = 0; round < rounds; round += 1) {
    for (const contender of Object.keys(all)) {
      runs[contender] = [...(runs[contender] ?? []), await measureOnce(contender, sink.url, width, share)]
    }
  }
  sink.stop()
  const rowsPerCpuSecond = (contender: string) =>
    median((runs[contender] ?? []).map((run) => run.rowsPerCpuSecond))
  return Object.fromEntries(
    Object.entries(runs).map(([contender, each]) => [
      contender,
      {
        rowsPerCpuSecond: rowsPerCpuSecond(contender),
        rowsPerSecond: median(each.map((run) => run.rowsPerSecond)),
        peakRssMegabytes: Math.max(...each.map((run) => run.peakRssMegabytes)),
        ...Object.fromEntries(
          Object.entries(ratios).map(([name, one]) => [
            name,
            rowsPerCpuSecond(contender) / rowsPerCpuSecond(one),
          ]),
        ),
      },
    ]),
  )
}

const measured: Record<string, Record<string, Measured>> = {}
for (const [name, section] of Object.entries(sections)) {
  if (options.only !== undefined && options.only !== name) continue
  for (const width of Object.keys(rowsOf) as Width[]) {
    measured[name] = { ...measured[name], [width]: await measureAll(section, width) }
  }
}

if (options.json) {
  process.stdout.write(
    `${JSON.stringify({ node: process.version, cpu: cpus()[0]?.model, cores: cpus().length, ...measured })}\n`,
  )
} else {
  const whole = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 })
  process.stdout.write(`Node ${process.version}, ${cpus().length} cores, ${cpus()[0]?.model}\n`)
  for (const [key, widths] of Object.entries(measured)) {
    const { title = '', ratios = {} } = sections[key] ?? {}
    for (const [width, figuresOf] of Object.entries(widths)) {
      const table = new Table({
        head: [
          `${title}, ${width} rows`,
          'rows / CPU-s',
          'rows / s',
          'peak RSS',
          ...Object.values(ratios).map((one) => `x ${one}`),
        ],
        style: { head: [], border: [] },
        colAligns: ['left', 'right', 'right', 'right', 'right', 'right'],
      })
      for (const [contender, figures] of Object.entries(figuresOf)) {
        table.push([
          contender,
          whole.format(figures['rowsPerCpuSecond'] ?? 0),
          whole.format(figures['rowsPerSecond'] ?? 0),
          `${whole.format(figures['peakRssMegabytes'] ?? 0)} MB`,
          ...Object.keys(ratios).map((ratio) => (figures[ratio] ?? 0).toFixed(2)),
        ])
      }
      process.stdout.write(`${table.toString()}\n`)
    }
  }
}
