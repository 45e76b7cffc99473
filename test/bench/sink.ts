// A BigQuery that takes every row, and has results of any length: the bench's other end, in a process of its own.
// Prints one line of JSON with its url when it is ready. Argument: SinkOptions as JSON.
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import { wireRow } from './result-wire.ts'
import { benchTables, type Width } from './rows.ts'

export interface SinkOptions {
  readonly width: Width
  /** Milliseconds before each answer to an insert. Default: none. */
  readonly latencyMs?: number
  /** Inserts beyond it are refused with 403 quotaExceeded, as long as it holds. */
  readonly quota?: {
    /** Only of this table; default of all. */
    readonly tableId?: string
    readonly requestsPerSecond: number
    /** Milliseconds after the first insert. */
    readonly from: number
    readonly until: number
  }
  /** Keeps a `Sample` of each insert that was answered: GET /_samples. Default: off. */
  readonly observe?: boolean
}

/** One insert as the sink has seen it; times in milliseconds after the first insert. */
export interface Sample {
  readonly from: number
  readonly until: number
  readonly rows: number
  readonly isRefused: boolean
}

const { width, latencyMs = 0, quota, observe = false } = JSON.parse(process.argv[2] ?? '') as SinkOptions
const table = JSON.stringify({
  kind: 'bigquery#table',
  type: 'TABLE',
  schema: { fields: benchTables[width].schema },
})
const stored = '{"kind":"bigquery#tableDataInsertAllResponse"}'
const exceeded = JSON.stringify({
  error: { code: 403, message: 'Quota exceeded.', errors: [{ reason: 'quotaExceeded' }] },
})

/** Rows of a result are these over and over. */
const poolSize = 1000
/** Rows in a page whose reader does not say how many. */
const usualPageRows = 1000

const pageRows = new Map<number, Buffer>()
/** The rows of a page, written once. */
function rowsOfPage(count: number): Buffer {
  const fields = benchTables[width].schema as Parameters<typeof wireRow>[0]
  const made =
    pageRows.get(count) ??
    Buffer.from(
      Array.from({ length: count }, (_, n) =>
        JSON.stringify(wireRow(fields, benchTables[width].row(n % poolSize))),
      ).join(','),
    )
  pageRows.set(count, made)
  return made
}

/** A page of the result of job `rows-COUNT`; the token is where it begins. */
function resultPage(url: URL): Buffer {
  const jobId = url.pathname.split('/').at(-1) ?? ''
  const total = Number(jobId.split('-')[1])
  const from = Number(url.searchParams.get('pageToken') ?? 0)
  const until = Math.min(from + Number(url.searchParams.get('maxResults') ?? usualPageRows), total)
  const head = {
    kind: 'bigquery#getQueryResultsResponse',
    schema: { fields: benchTables[width].schema },
    jobReference: { projectId: 'bench', jobId, location: 'US' },
    totalRows: String(total),
    ...(until < total ? { pageToken: String(until) } : {}),
  }
  return Buffer.concat([
    Buffer.from(`${JSON.stringify(head).slice(0, -1)},"rows":[`),
    rowsOfPage(until - from),
    Buffer.from('],"totalBytesProcessed":"0","jobComplete":true,"cacheHit":false}'),
  ])
}

const samples: Sample[] = []
let begin: number | undefined
let second = 0
let requestsInSecond = 0

function sinceFirst(): number {
  begin ??= performance.now()
  return performance.now() - begin
}

function isRefused(url: string): boolean {
  if (quota === undefined) return false
  const { tableId, requestsPerSecond, from, until } = quota
  const elapsed = sinceFirst()
  if (elapsed < from || elapsed >= until) return false
  if (tableId !== undefined && !url.includes(`/tables/${tableId}/`)) return false
  if (Math.floor(elapsed / 1000) !== second) {
    second = Math.floor(elapsed / 1000)
    requestsInSecond = 0
  }
  requestsInSecond += 1
  return requestsInSecond > requestsPerSecond
}

const server = createServer((request, response) => {
  response.setHeader('content-type', 'application/json')
  if (request.url?.includes('/queries/')) {
    response.end(resultPage(new URL(request.url, 'http://sink')))
    return
  }
  if (request.method !== 'POST') {
    response.end(request.url === '/_samples' ? JSON.stringify(samples) : table)
    return
  }
  const from = sinceFirst()
  const chunks: Buffer[] = []
  if (observe) request.on('data', (chunk) => chunks.push(chunk))
  request.resume().on('end', async () => {
    const refused = isRefused(request.url ?? '')
    if (refused) response.statusCode = 403
    if (latencyMs > 0) await wait(latencyMs)
    response.end(refused ? exceeded : stored)
    if (!observe) return
    const until = sinceFirst()
    const { rows } = JSON.parse(Buffer.concat(chunks).toString()) as { rows: unknown[] }
    samples.push({ from, until, rows: rows.length, isRefused: refused })
  })
})
server.listen(0, '127.0.0.1', () => {
  const { port } = server.address() as AddressInfo
  process.stdout.write(`${JSON.stringify({ url: `http://127.0.0.1:${port}` })}\n`)
})
process.on('disconnect', () => process.exit())
