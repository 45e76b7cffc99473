// A local BigQuery for one test file, and plain fetch calls to it that return status and body.
import { afterAll } from 'vitest'
import { type LocalBigQuery, type LocalBigQueryOptions, startLocalBigQuery } from '../../src/local/index.ts'

export interface Reply {
  readonly status: number
  // biome-ignore lint/suspicious/noExplicitAny: tests read replies of many shapes
  readonly body: any
  readonly headers: Headers
}

export interface Api {
  readonly local: LocalBigQuery
  call(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Reply>
  query(sql: string, more?: object): Promise<Reply>
  /** Creates a table and, where it is missing, its dataset. */
  table(dataset: string, table: string, fields: readonly object[]): Promise<Reply>
  insert(table: string, rows: readonly object[], more?: object): Promise<Reply>
}

export async function startApi(options: LocalBigQueryOptions = {}): Promise<Api> {
  const local = await startLocalBigQuery({ port: 0, projectId: 'demo', ...options })
  async function call(method: string, path: string, body?: unknown, headers = {}): Promise<Reply> {
    const sent =
      body === undefined
        ? {}
        : { body: typeof body === 'string' || body instanceof Uint8Array ? body : JSON.stringify(body) }
    const response = await fetch(`${local.url}/bigquery/v2/${path}`, {
      method,
      headers,
      ...(sent as RequestInit),
    })
    const text = await response.text()
    return {
      status: response.status,
      body: text === '' ? undefined : JSON.parse(text),
      headers: response.headers,
    }
  }
  return {
    local,
    call,
    query: (sql, more = {}) =>
      call('POST', 'projects/demo/queries', { query: sql, useLegacySql: false, ...more }),
    async table(dataset, table, fields) {
      await call('POST', 'projects/demo/datasets', { datasetReference: { datasetId: dataset } })
      return call('POST', `projects/demo/datasets/${dataset}/tables`, {
        tableReference: { tableId: table },
        schema: { fields },
      })
    },
    insert(table, rows, more = {}) {
      const [dataset, name] = table.split('.')
      return call('POST', `projects/demo/datasets/${dataset}/tables/${name}/insertAll`, { rows, ...more })
    },
  }
}

/** A server for the whole file, which closes behind its last test. */
export async function apiOfFile(options: LocalBigQueryOptions = {}): Promise<Api> {
  const api = await startApi(options)
  afterAll(() => api.local.close())
  return api
}

/** The values of a query's rows, scalars as the wire has them. */
export function values(reply: Reply): unknown[][] {
  if (reply.status !== 200) throw new Error(JSON.stringify(reply.body))
  return (reply.body.rows ?? []).map((row: { f: { v: unknown }[] }) => row.f.map((cell) => cell.v))
}
