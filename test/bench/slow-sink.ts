// npm run bench:slow-sink [-- --rows 2000000]: memory while the service is the slower side. Rows, each made when
// it is asked for, go into a sink that answers after 200 ms; the official client's stream beside us.
import { parseArgs } from 'node:util'
import { measure } from './measure.ts'
import { startSink } from './start-sink.ts'

const { values: options } = parseArgs({ options: { rows: { type: 'string', default: '2000000' } } })
const rows = Number(options.rows)
const whole = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 })

const contenders = ['connector, objects', 'connector, JSON text', 'official createInsertStream']
// Left alone, V8 collects late where the machine has memory to spare; held short, it shows what is really needed.
const limits = [['--max-semi-space-size=4', '--max-old-space-size=96'], []]

const sink = await startSink({ width: 'typical', latencyMs: 200 })
for (const execArgv of limits) {
  process.stdout.write(`node ${execArgv.join(' ')}\n`)
  for (const contender of contenders) {
    try {
      const { rowsPerSecond, peakRssMegabytes, rssMegabytes } = await measure({
        contender,
        task: { url: sink.url, width: 'typical', rows, maxInFlight: 16, isFresh: true },
        warmUpRows: 0,
        execArgv,
      })
      process.stdout.write(
        `  ${contender}: ${whole.format(rows)} rows, ${whole.format(rowsPerSecond)} rows/s, ` +
          `peak RSS ${whole.format(peakRssMegabytes)} MB\n    every second, in MB: ${rssMegabytes.join(' ')}\n`,
      )
    } catch (thrown) {
      process.stdout.write(`  ${contender}: no result. ${(thrown as Error).message}\n`)
    }
  }
}
sink.stop()
