// A BigQuery that takes everything at once: the bench's other end, in a process of its own.
// Prints one line of JSON with its url when it is ready. Argument: the width of the rows.
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { benchTables, type Width } from './rows.ts'

const { schema } = benchTables[process.argv[2] as Width]
const table = JSON.stringify({ kind: 'bigquery#table', type: 'TABLE', schema: { fields: schema } })
const stored = '{"kind":"bigquery#tableDataInsertAllResponse"}'

const server = createServer((request, response) => {
  request.resume().on('end', () => {
    response.setHeader('content-type', 'application/json')
    response.end(request.method === 'POST' ? stored : table)
  })
})
server.listen(0, '127.0.0.1', () => {
  const { port } = server.address() as AddressInfo
  process.stdout.write(`${JSON.stringify({ url: `http://127.0.0.1:${port}` })}\n`)
})
process.on('disconnect', () => process.exit())
