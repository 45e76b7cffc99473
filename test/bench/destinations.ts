// npm run bench:destinations [-- --rows 2000000]: eight interleaved tables, first all well, then one of them
// over its quota for ever. How much of their speed do the other seven keep?
import { parseArgs } from 'node:util'
import { createConnector, type Document } from '../../src/index.ts'
import { benchTables } from './rows.ts'
import type { SinkOptions } from './sink.ts'
import { startSink } from './start-sink.ts'

const { values: options } = parseArgs({ options: { rows: { type: 'string', default: '4000000' } } })
const rows = Number(options.rows)
const tables = 8
const sick = `rows${tables - 1}`

const pool = Array.from({ length: 1000 }, (_, n) => benchTables.typical.row(n))
const properties = Array.from({ length: tables }, (_, n) => ({ tableId: `rows${n}` }))

function* documents(): Generator<Document> {
  for (let n = 0; n < rows; n += 1)
    yield { data: pool[n % 1000] ?? {}, properties: properties[n % tables] ?? {} }
}

/** Rows per second of the seven, and what became of the documents of the eighth. */
async function run(sinkOptions: Omit<SinkOptions, 'width'>) {
  const sink = await startSink({ width: 'typical', latencyMs: 20, ...sinkOptions })
  const connection = await createConnector().connect({
    projectId: 'bench',
    endpoint: sink.url,
    grant: 'none',
  })
  const insert = connection.operation('streaming-insert', {
    objectType: 'datasets/bench/tables/rows0',
    outcomeOrder: 'settled',
  })
  const start = performance.now()
  let end = start
  let healthy = 0
  const eighth: Record<string, number> = {}
  for await (const { status, errorCode, destination } of insert.execute(documents())) {
    if (destination?.endsWith(sick)) {
      const became = errorCode ?? status
      eighth[became] = (eighth[became] ?? 0) + 1
    } else {
      if (status !== 'success') throw new Error(`A document of ${destination} ended with ${errorCode}.`)
      healthy += 1
      end = performance.now()
    }
  }
  await connection.close()
  sink.stop()
  return { rowsPerSecond: healthy / ((end - start) / 1000), eighth }
}

const quota = { tableId: sick, requestsPerSecond: 0, from: 0, until: Number.MAX_SAFE_INTEGER }
// In turns, the best of two each: noise only ever slows down.
let well = { rowsPerSecond: 0, eighth: {} }
let withSick = { rowsPerSecond: 0, eighth: {} }
for (let round = 0; round < 2; round += 1) {
  const [first, second] = [await run({}), await run({ quota })]
  if (first.rowsPerSecond > well.rowsPerSecond) well = first
  if (second.rowsPerSecond > withSick.rowsPerSecond) withSick = second
}
const whole = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 })
process.stdout.write(
  `seven tables beside a well one:   ${whole.format(well.rowsPerSecond)} rows/s\n` +
    `seven tables beside a sick one:   ${whole.format(withSick.rowsPerSecond)} rows/s, ` +
    `${(withSick.rowsPerSecond / well.rowsPerSecond).toFixed(2)} of it\n` +
    `documents of the sick one:        ${JSON.stringify(withSick.eighth)}\n`,
)
