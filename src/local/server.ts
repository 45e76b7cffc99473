// The HTTP face: one request in, authentication, the route table, one JSON reply out.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { setTimeout as wait } from 'node:timers/promises'
import { ALL_RIGHTS, checkRoute, type Rights, rightsIn } from './auth/rights.ts'
import { answerSignIn, type SignIn } from './auth/sign-in.ts'
import type { Encounter } from './faults/faults.ts'
import { cutBody, sendMangled } from './faults/mangle.ts'
import { readBody } from './request-body.ts'
import { type ApiRequest, match, Reply, type Route, type Services } from './routes/route.ts'
import { ApiError, errorEnvelope } from './wire/api-error.ts'

const API_PREFIX = '/bigquery/v2/'

export interface ServerOptions {
  readonly services: Services
  readonly routes: readonly Route[]
  readonly signIn: SignIn
  readonly authentication: 'open' | 'required'
  /** The project that exists from the start. */
  readonly projectId: string
  /** The address the server is reached at; known once it listens. */
  readonly url: () => string
}

export function createApiServer(options: ServerOptions): Server {
  return createServer({ keepAliveTimeout: 65_000, requestTimeout: 0 }, (request, response) => {
    serve(options, request, response).catch(() => response.destroy())
  })
}

async function serve(
  options: ServerOptions,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const url = request.url ?? '/'
  // By its own clock, so that clients see how theirs differ.
  response.setHeader('Date', new Date(options.services.now()).toUTCString())
  const met = url.startsWith('/_faults')
    ? undefined
    : options.services.faults.meet(request.method ?? 'GET', url)
  if (met !== undefined && met.delayMs > 0) await wait(met.delayMs)
  if (met?.reset === 'before') {
    response.destroy()
    return
  }
  if (met?.answer !== undefined) {
    const { status, body, headers } = met.answer
    request.resume()
    await send(response, new Reply(status, body, headers))
    return
  }
  await options.services.expire()
  if (met?.cutBody !== undefined) cutBody(request, met.cutBody)
  const reply = await answer(options, request).catch((error: unknown) => {
    const failure = error instanceof ApiError ? error : new ApiError(500, 'internalError', firstLine(error))
    return new Reply(failure.status, errorEnvelope(failure), failure.headers)
  })
  if (met?.reset === 'after') response.destroy()
  else await send(response, reply, met)
  // What a failed route did not read is thrown away, so that the client hears the answer.
  request.resume()
}

async function answer(options: ServerOptions, request: IncomingMessage): Promise<Reply> {
  const url = new URL(request.url ?? '/', options.url())
  const signedIn = await answerSignIn(options.signIn, {
    method: request.method,
    url,
    headers: request.headers,
    // The server may be reached as localhost too; an assertion made out to either name is for it.
    baseUrls: [options.url(), `http://${request.headers.host}`],
    read: () => readBody(request),
  })
  if (signedIn !== undefined) return signedIn
  const path = url.pathname.startsWith(API_PREFIX)
    ? url.pathname.slice(API_PREFIX.length)
    : url.pathname.replace(/^\/+/, '')
  const found = match(options.routes, request.method ?? 'GET', path)
  const body = found?.route.streams === true ? Buffer.alloc(0) : await readBody(request)
  if (found === undefined) throw new ApiError(404, 'notFound', `Not found: ${request.method} ${url.pathname}`)
  if (options.authentication === 'required' && path !== '_faults') checkToken(options, request)
  const rights = rightsOf(options, request)
  checkRoute(rights, { ...found.route, path: found.path })
  const asked: ApiRequest = {
    services: options.services,
    baseUrl: `${options.url()}/bigquery/v2`,
    path: found.path,
    query: url.searchParams,
    body,
    incoming: request,
    ifMatch: request.headers['if-match'],
    rights,
  }
  const value = await found.route.answer(asked)
  if (value instanceof Reply) return value
  return value === undefined ? new Reply(204, undefined) : new Reply(200, value)
}

/** A service account has its rights; whoever else is let in may do everything. */
function rightsOf({ services, signIn, projectId }: ServerOptions, request: IncomingMessage): Rights {
  const token = bearerOf(request)
  const isGood = token !== undefined && services.tokens.isValid(token)
  const account = isGood ? signIn.accounts.find(services.tokens.accountOf(token) ?? '') : undefined
  if (account === undefined) return ALL_RIGHTS
  return rightsIn(
    account.projectId,
    account.permissions,
    (id) => id === projectId || services.catalog.projects().includes(id),
  )
}

function bearerOf(request: IncomingMessage): string | undefined {
  return /^Bearer\s+(\S+)$/i.exec(request.headers.authorization ?? '')?.[1]
}

function checkToken(options: ServerOptions, request: IncomingMessage): void {
  const header = request.headers.authorization
  const realm = 'Bearer realm="https://accounts.google.com/"'
  if (header === undefined)
    throw new ApiError(401, 'required', 'Login Required.', {
      location: 'Authorization',
      headers: { 'WWW-Authenticate': realm },
    })
  const token = bearerOf(request)
  if (token === undefined || !options.services.tokens.isValid(token))
    throw new ApiError(401, 'authError', 'Invalid Credentials', {
      location: 'Authorization',
      headers: { 'WWW-Authenticate': `${realm}, error="invalid_token"` },
    })
}

async function send(response: ServerResponse, reply: Reply, met?: Encounter): Promise<void> {
  const { status, body, headers } = reply
  if (response.headersSent || response.destroyed) return
  if (body instanceof Readable) {
    response.writeHead(status, headers)
    body.on('error', () => response.destroy()).pipe(response)
    return
  }
  const raw = typeof body === 'string' || body instanceof Uint8Array
  const sent = raw ? body : body === undefined ? '' : JSON.stringify(body)
  const etag = raw ? undefined : (body as { etag?: unknown } | undefined)?.etag
  response.writeHead(status, {
    ...(raw || body === undefined ? {} : { 'Content-Type': 'application/json; charset=UTF-8' }),
    ...(status === 204 ? {} : { 'Content-Length': Buffer.byteLength(sent) }),
    ...(typeof etag === 'string' ? { ETag: etag } : {}),
    ...headers,
  })
  if (met?.truncate === undefined && met?.bytesPerSecond === undefined) response.end(sent)
  else await sendMangled(response, Buffer.from(sent), met)
}

function firstLine(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split('\n')[0] ?? ''
}
