// The HTTP face: one request in, authentication, the route table, one JSON reply out.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { readBody } from './request-body.ts'
import { type ApiRequest, match, type Reply, type Route, type Services } from './routes/route.ts'
import { ApiError, errorEnvelope } from './wire/api-error.ts'

const API_PREFIX = '/bigquery/v2/'

export interface ServerOptions {
  readonly services: Services
  readonly routes: readonly Route[]
  readonly authentication: 'open' | 'required'
  /** The address the server is reached at; known once it listens. */
  readonly url: () => string
}

export function createApiServer(options: ServerOptions): Server {
  return createServer({ keepAliveTimeout: 65_000, requestTimeout: 0 }, (request, response) => {
    answer(options, request).then(
      (reply) => send(response, reply.status, reply.body),
      (error: unknown) => {
        const failure =
          error instanceof ApiError ? error : new ApiError(500, 'internalError', firstLine(error))
        send(response, failure.status, errorEnvelope(failure), failure.headers)
      },
    )
  })
}

async function answer(options: ServerOptions, request: IncomingMessage): Promise<Reply> {
  const url = new URL(request.url ?? '/', options.url())
  const body = await readBody(request)
  if (url.pathname === '/token' && request.method === 'POST')
    return options.services.tokens.grant(
      new URLSearchParams(body.toString('utf8')),
      tokenUrls(options, request),
    )
  const path = url.pathname.startsWith(API_PREFIX)
    ? url.pathname.slice(API_PREFIX.length)
    : url.pathname.replace(/^\/+/, '')
  const found = match(options.routes, request.method ?? 'GET', path)
  if (found === undefined) throw new ApiError(404, 'notFound', `Not found: ${request.method} ${url.pathname}`)
  if (options.authentication === 'required') checkToken(options, request)
  const asked: ApiRequest = {
    services: options.services,
    baseUrl: `${options.url()}/bigquery/v2`,
    path: found.path,
    query: url.searchParams,
    body,
    ifMatch: request.headers['if-match'],
  }
  const value = await found.route.answer(asked)
  return value === undefined ? { status: 204, body: undefined } : { status: 200, body: value }
}

/** The server may be reached as localhost too; an assertion made out to either name is for this endpoint. */
function tokenUrls(options: ServerOptions, request: IncomingMessage): readonly string[] {
  return [`${options.url()}/token`, `http://${request.headers.host}/token`]
}

function checkToken(options: ServerOptions, request: IncomingMessage): void {
  const header = request.headers.authorization
  const realm = 'Bearer realm="https://accounts.google.com/"'
  if (header === undefined)
    throw new ApiError(401, 'required', 'Login Required.', {
      location: 'Authorization',
      headers: { 'WWW-Authenticate': realm },
    })
  const token = /^Bearer\s+(\S+)$/i.exec(header)?.[1]
  if (token === undefined || !options.services.tokens.isValid(token))
    throw new ApiError(401, 'authError', 'Invalid Credentials', {
      location: 'Authorization',
      headers: { 'WWW-Authenticate': `${realm}, error="invalid_token"` },
    })
}

function send(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): void {
  if (response.headersSent || response.destroyed) return
  const text = body === undefined ? '' : JSON.stringify(body)
  const etag = (body as { etag?: unknown } | undefined)?.etag
  response.writeHead(status, {
    ...(body === undefined ? {} : { 'Content-Type': 'application/json; charset=UTF-8' }),
    ...(status === 204 ? {} : { 'Content-Length': Buffer.byteLength(text) }),
    ...(typeof etag === 'string' ? { ETag: etag } : {}),
    ...headers,
  })
  response.end(text)
}

function firstLine(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split('\n')[0] ?? ''
}
