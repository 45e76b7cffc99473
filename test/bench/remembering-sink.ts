// A BigQuery that remembers rows by insertId for a minute, as the real one does at its best, in a process of its
// own. It takes its time, and loses an answer now and then. Prints one line of JSON with its url; GET /figures.
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

const deduplicationMs = 60_000
const table = JSON.stringify({
  kind: 'bigquery#table',
  type: 'TABLE',
  schema: {
    fields: [
      { name: 'n', type: 'INTEGER' },
      { name: 'text', type: 'STRING' },
    ],
  },
})

/** When a row came first, by insertId. */
const known = new Map<string, number>()
/** How often a document was stored, by its number. */
const stored = new Map<number, number>()
let dropped = 0

function store(rows: readonly { readonly insertId: string; readonly json: { readonly n: number } }[]): void {
  for (const { insertId, json } of rows) {
    const since = known.get(insertId)
    if (since !== undefined && Date.now() - since < deduplicationMs) {
      dropped += 1
      continue
    }
    known.set(insertId, Date.now())
    stored.set(json.n, (stored.get(json.n) ?? 0) + 1)
  }
}

function figures(): object {
  const highest = [...stored.keys()].reduce((high, n) => Math.max(high, n), -1)
  const missing = Array.from({ length: highest + 1 }, (_, n) => n).filter((n) => !stored.has(n))
  const twice = [...stored.values()].filter((times) => times > 1).length
  return { documents: stored.size, missing: missing.length, twice, dropped }
}

const server = createServer(async (request, response) => {
  const body = (await request.toArray()).join('')
  response.setHeader('content-type', 'application/json')
  if (request.url === '/figures') return response.end(JSON.stringify(figures()))
  if (request.method !== 'POST') return response.end(table)
  setTimeout(() => {
    store(JSON.parse(body).rows)
    if (Math.random() < 0.02) request.socket.destroy()
    else response.end('{"kind":"bigquery#tableDataInsertAllResponse"}')
  }, Math.random() * 40)
  return undefined
})
server.listen(0, '127.0.0.1', () => {
  const { port } = server.address() as AddressInfo
  process.stdout.write(`${JSON.stringify({ url: `http://127.0.0.1:${port}` })}\n`)
})
process.on('disconnect', () => process.exit())
