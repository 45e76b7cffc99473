// The rows of finished queries: kept in a memory database, handed out a page at a time.
import { randomUUID } from 'node:crypto'
import type { Pool } from '../storage/pool.ts'
import { invalid } from '../wire/api-error.ts'
import { rowEncoder, type TimestampFormat, type WireRow } from '../wire/cells.ts'
import { type FieldSchema, quoteName } from '../wire/table-schema.ts'

/** A page ends near this many bytes of JSON; the service's page limit is about 10 MB. */
const PAGE_BYTES = 10_000_000
/** The service returns at most 100,000 rows in one response. */
const PAGE_ROWS = 100_000

export interface PageRequest {
  readonly start: number
  readonly maxResults: number
  readonly timestamps: TimestampFormat
}

export interface Page {
  readonly rows: readonly WireRow[]
  readonly next: number
}

export function pageRequest(query: URLSearchParams): PageRequest {
  const token = query.get('pageToken')
  const start = token ? tokenOffset(token) : wholeNumber(query, 'startIndex', 0)
  const maxResults = Math.min(wholeNumber(query, 'maxResults', PAGE_ROWS), PAGE_ROWS)
  return {
    start,
    maxResults,
    timestamps: timestampFormat(
      query.get('formatOptions.useInt64Timestamp'),
      query.get('formatOptions.timestampOutputFormat'),
    ),
  }
}

export function timestampFormat(useInt64: unknown, output: unknown): TimestampFormat {
  const int64 = useInt64 === true || useInt64 === 'true'
  if (int64 && (output === 'FLOAT64' || output === 'ISO8601_STRING'))
    throw invalid('Cannot specify both use_int64_timestamp and timestamp_output_format.')
  if (output === 'ISO8601_STRING') return 'iso8601'
  return int64 || output === 'INT64' ? 'microseconds' : 'seconds'
}

export function pageToken(offset: number): string {
  return Buffer.from(`at:${offset}`).toString('base64url')
}

function tokenOffset(token: string): number {
  const parts = /^at:(\d+)$/.exec(Buffer.from(token, 'base64url').toString())
  if (parts === null) throw invalid('Invalid page token')
  return Number(parts[1])
}

export function wholeNumber(query: URLSearchParams, name: string, fallback: number): number {
  const text = query.get(name)
  if (text === null || text === '') return fallback
  if (!/^\d+$/.test(text)) throw invalid(`Invalid value for ${name}: ${text}`, name)
  return Number(text)
}

export function newResultTable(): string {
  return `memory.main.${quoteName(randomUUID())}`
}

/** Reads rows in stored order. A page holds at least one row, whatever its size. */
export async function readPage(
  pool: Pool,
  table: string,
  fields: readonly FieldSchema[],
  page: PageRequest,
  columns?: readonly string[],
): Promise<Page> {
  const encode = rowEncoder(fields, page.timestamps)
  const rows: WireRow[] = []
  if (page.maxResults === 0) return { rows, next: page.start }
  const list = columns === undefined ? '*' : columns.map(quoteName).join(', ')
  await pool.use(async (connection) => {
    let bytes = 0
    const sql = `SELECT ${list} FROM ${table} LIMIT ${page.maxResults} OFFSET ${page.start}`
    const stream = await connection.stream(sql)
    for (let chunk = await stream.fetchChunk(); chunk !== null; chunk = await stream.fetchChunk()) {
      if (chunk.rowCount === 0) return
      for (const values of chunk.getRows()) {
        const row = encode(values)
        bytes += JSON.stringify(row).length
        if (bytes > PAGE_BYTES && rows.length > 0) return
        rows.push(row)
      }
    }
  })
  return { rows, next: page.start + rows.length }
}
