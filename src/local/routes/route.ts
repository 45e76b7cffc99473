// What a route is: a method, a path with :names, and a function from request to JSON.
import type { TokenEndpoint } from '../auth/token-endpoint.ts'
import type { QueryEngine } from '../jobs/run-query.ts'
import type { Catalog } from '../storage/catalog.ts'
import type { Pool } from '../storage/pool.ts'
import type { RowStore } from '../streaming/insert-all.ts'
import { invalid } from '../wire/api-error.ts'

/** Everything the routes act on. */
export interface Services {
  readonly catalog: Catalog
  readonly reading: Pool
  readonly rows: RowStore
  readonly queries: QueryEngine
  readonly tokens: TokenEndpoint
}

export interface ApiRequest {
  readonly services: Services
  /** Where resources say they live: http://127.0.0.1:PORT/bigquery/v2 */
  readonly baseUrl: string
  readonly path: Readonly<Record<string, string>>
  readonly query: URLSearchParams
  readonly body: Buffer
  readonly ifMatch: string | undefined
}

export interface Reply {
  readonly status: number
  readonly body: unknown
}

export interface Route {
  readonly method: string
  readonly segments: readonly string[]
  readonly answer: (request: ApiRequest) => unknown
}

export function route(method: string, path: string, answer: (request: ApiRequest) => unknown): Route {
  return { method, segments: path.split('/'), answer }
}

export function match(
  routes: readonly Route[],
  method: string,
  path: string,
): { route: Route; path: Record<string, string> } | undefined {
  const parts = path.split('/')
  for (const candidate of routes) {
    if (candidate.method !== method || candidate.segments.length !== parts.length) continue
    const named: Record<string, string> = {}
    const fits = candidate.segments.every((segment, i) => {
      const part = parts[i] ?? ''
      if (!segment.startsWith(':')) return segment === part
      named[segment.slice(1)] = decode(part)
      return part !== ''
    })
    if (fits) return { route: candidate, path: named }
  }
  return undefined
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    throw invalid(`Malformed path segment: ${part}`)
  }
}

/** A named part of the path. */
export function part(request: ApiRequest, name: string): string {
  return request.path[name] ?? ''
}

export function jsonBody(request: ApiRequest): Record<string, unknown> {
  if (request.body.length === 0) return {}
  let value: unknown
  try {
    value = JSON.parse(request.body.toString('utf8'))
  } catch {
    throw invalid('Parse Error')
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw invalid('Parse Error')
  return value as Record<string, unknown>
}

/** One page of a list: `maxResults` entries after those that earlier pages gave. */
export function listPage<T>(all: readonly T[], query: URLSearchParams): { page: readonly T[]; more: object } {
  const start = Number(query.get('pageToken') ?? 0)
  const size = Number(query.get('maxResults') ?? 50) || 50
  if (!Number.isInteger(start) || !Number.isInteger(size) || size < 0) throw invalid('Invalid page token')
  const end = start + size
  return { page: all.slice(start, end), more: end < all.length ? { nextPageToken: String(end) } : {} }
}
