// npm run bench [-- --quick] [-- --json]: rows per CPU-second of the client process, as ratios in one run.
import { cpus } from 'node:os'
import { parseArgs } from 'node:util'
import Table from 'cli-table3'
import { contenders } from './contenders.ts'
import { type Measurement, measure } from './measure.ts'
import type { Width } from './rows.ts'
import { startSink } from './start-sink.ts'

const { values: options } = parseArgs({
  options: { quick: { type: 'boolean', default: false }, json: { type: 'boolean', default: false } },
})

/** Rows sent in one measurement; wide rows are about eight times as long. */
const rowsOf: Readonly<Record<Width, number>> = options.quick
  ? { narrow: 150_000, typical: 150_000, wide: 15_000 }
  : { narrow: 400_000, typical: 300_000, wide: 40_000 }
/** The official client is an order of magnitude slower; it need not send as many. */
const officialShare = 0.25
const rounds = options.quick ? 1 : 3
const baseline = 'official createInsertStream'

async function measureOnce(contender: string, url: string, width: Width): Promise<Measurement> {
  const share = contender.startsWith('official') ? officialShare : 1
  const rows = Math.round((rowsOf[width] * share) / 1000) * 1000
  const warmUpRows = Math.max(1000, rows / 4 - ((rows / 4) % 500))
  return measure({ contender, task: { url, width, rows }, warmUpRows })
}

const median = (figures: number[]): number =>
  figures.sort((a, b) => a - b)[Math.floor(figures.length / 2)] ?? 0

interface Result extends Omit<Measurement, 'rssMegabytes'> {
  /** Of rows per CPU-second. */
  readonly timesOfficialStream: number
  readonly timesHandLoop: number
}

const results: Record<string, Record<string, Result>> = {}
for (const width of Object.keys(rowsOf) as Width[]) {
  const sink = await startSink({ width })
  const runs: Record<string, Measurement[]> = {}
  // In turns, so that a machine that slows down slows everybody.
  for (let round = 0; round < rounds; round += 1) {
    for (const contender of Object.keys(contenders)) {
      runs[contender] = [...(runs[contender] ?? []), await measureOnce(contender, sink.url, width)]
    }
  }
  sink.stop()
  const rowsPerCpuSecond = (contender: string) =>
    median((runs[contender] ?? []).map((run) => run.rowsPerCpuSecond))
  results[width] = Object.fromEntries(
    Object.entries(runs).map(([contender, each]) => [
      contender,
      {
        rowsPerCpuSecond: rowsPerCpuSecond(contender),
        rowsPerSecond: median(each.map((run) => run.rowsPerSecond)),
        peakRssMegabytes: Math.max(...each.map((run) => run.peakRssMegabytes)),
        timesOfficialStream: rowsPerCpuSecond(contender) / rowsPerCpuSecond(baseline),
        timesHandLoop: rowsPerCpuSecond(contender) / rowsPerCpuSecond('hand loop'),
      },
    ]),
  )
}

if (options.json) {
  process.stdout.write(
    `${JSON.stringify({ node: process.version, cpu: cpus()[0]?.model, cores: cpus().length, results })}\n`,
  )
} else {
  const whole = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 })
  process.stdout.write(`Node ${process.version}, ${cpus().length} cores, ${cpus()[0]?.model}\n`)
  for (const [width, measured] of Object.entries(results)) {
    const table = new Table({
      head: [`${width} rows`, 'rows / CPU-s', 'rows / s', 'peak RSS', 'x official stream', 'x hand loop'],
      style: { head: [], border: [] },
      colAligns: ['left', 'right', 'right', 'right', 'right', 'right'],
    })
    for (const [contender, figures] of Object.entries(measured)) {
      table.push([
        contender,
        whole.format(figures.rowsPerCpuSecond),
        whole.format(figures.rowsPerSecond),
        `${whole.format(figures.peakRssMegabytes)} MB`,
        figures.timesOfficialStream.toFixed(2),
        figures.timesHandLoop.toFixed(2),
      ])
    }
    process.stdout.write(`${table.toString()}\n`)
  }
}
