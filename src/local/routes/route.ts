// What a route is: a method, a path with :names, and a function from request to JSON.
import { createHash } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { AccessTokens } from '../auth/access-tokens.ts'
import type { Rights } from '../auth/rights.ts'
import type { Faults } from '../faults/faults.ts'
import type { RequestMemory } from '../jobs/request-memory.ts'
import type { QueryEngine } from '../jobs/run-query.ts'
import type { ObjectStore } from '../objects/object-store.ts'
import type { Catalog } from '../storage/catalog.ts'
import type { Pool } from '../storage/pool.ts'
import type { RowStore } from '../streaming/insert-all.ts'
import type { Loads } from '../transfer/loads.ts'
import type { Uploads } from '../uploads/uploads.ts'
import { invalid } from '../wire/api-error.ts'

/** Everything the routes act on. */
export interface Services {
  readonly catalog: Catalog
  readonly reading: Pool
  readonly rows: RowStore
  readonly queries: QueryEngine
  readonly tokens: AccessTokens
  readonly loads: Loads
  readonly objects: ObjectStore
  readonly uploads: Uploads
  readonly requests: RequestMemory
  readonly faults: Faults
  /** Removes the tables whose time is over. */
  readonly expire: () => Promise<void>
  readonly now: () => number
}

export interface ApiRequest {
  readonly services: Services
  /** Where resources say they live: http://127.0.0.1:PORT/bigquery/v2 */
  readonly baseUrl: string
  readonly path: Readonly<Record<string, string>>
  readonly query: URLSearchParams
  /** Empty for a route that reads `incoming` itself. */
  readonly body: Buffer
  readonly incoming: IncomingMessage
  readonly ifMatch: string | undefined
  /** Of whoever asks. */
  readonly rights: Rights
}

/** An answer that is more than JSON with status 200. */
export class Reply {
  readonly status: number
  /** Sent as it is when text, bytes or a stream; as JSON otherwise; nothing when undefined. */
  readonly body: unknown
  readonly headers: Readonly<Record<string, string>>

  constructor(status: number, body: unknown, headers: Readonly<Record<string, string>> = {}) {
    this.status = status
    this.body = body
    this.headers = headers
  }
}

export interface Route {
  readonly method: string
  readonly segments: readonly string[]
  readonly answer: (request: ApiRequest) => unknown
  /** Reads the body itself, as it arrives. */
  readonly streams: boolean
}

export function route(method: string, path: string, answer: (request: ApiRequest) => unknown): Route {
  return { method, segments: path.split('/'), answer, streams: false }
}

/** A route whose body may be larger than memory. */
export function streamRoute(method: string, path: string, answer: (request: ApiRequest) => unknown): Route {
  return { ...route(method, path, answer), streams: true }
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

/** Neither a number of many digits nor half of a surrogate pair, which would be lost or refused further down. */
function isPlain(text: string): boolean {
  return !/\d{16}|\\u[dD][89a-fA-F]/.test(text)
}

function keepExact(_: string, value: unknown, context: { readonly source?: string }): unknown {
  if (typeof value === 'string') return value.toWellFormed()
  const isLarge =
    typeof value === 'number' && !Number.isSafeInteger(value) && /^-?\d+$/.test(context.source ?? '')
  return isLarge ? context.source : value
}

export function jsonValue(request: ApiRequest): unknown {
  try {
    const text = request.body.toString('utf8')
    return isPlain(text) ? JSON.parse(text) : JSON.parse(text, keepExact as Parameters<typeof JSON.parse>[1])
  } catch {
    throw invalid('Parse Error')
  }
}

export function jsonBody(request: ApiRequest): Record<string, unknown> {
  if (request.body.length === 0) return {}
  const value = jsonValue(request)
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

/** Changes whenever one of the entries does. */
export function listEtag(entries: readonly { readonly etag: string }[]): string {
  const hash = createHash('sha256')
  for (const { etag } of entries) hash.update(etag)
  return hash.digest('base64url').slice(0, 22)
}
