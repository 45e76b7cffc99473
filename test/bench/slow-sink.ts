// npm run bench:slow-sink [-- --rows 2000000]: memory while the service is the slower side. Rows go into a
// sink that answers after 200 ms; the official client's stream beside us in the same run.
import { parseArgs } from 'node:util'
import { measure } from './measure.ts'
import { startSink } from './start-sink.ts'

const { values: options } = parseArgs({ options: { rows: { type: 'string', default: '2000000' } } })
const rows = Number(options.rows)
const sink = await startSink({ width: 'typical', latencyMs: 200 })
const whole = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 })

for (const contender of ['connector, objects', 'connector, JSON text', 'official createInsertStream']) {
  try {
    const { rowsPerSecond, peakRssMegabytes, rssMegabytes } = await measure({
      contender,
      task: { url: sink.url, width: 'typical', rows, maxInFlight: 16 },
      warmUpRows: 0,
    })
    process.stdout.write(
      `${contender}: ${whole.format(rows)} rows, ${whole.format(rowsPerSecond)} rows/s, ` +
        `peak RSS ${whole.format(peakRssMegabytes)} MB\n  every second, in MB: ${rssMegabytes.join(' ')}\n`,
    )
  } catch (thrown) {
    process.stdout.write(`${contender}: no result. ${(thrown as Error).message}\n`)
  }
}
sink.stop()
