// HTTP to BigQuery: one keep-alive pool and one token source for both planes. Knows nothing of what is sent.
import { type Dispatcher, errors, request } from 'undici'
import type { ProxyOptions } from '../contract/connector.ts'
import { ConnectorError } from '../errors.ts'
import { networkError } from './classify.ts'
import { bodyWithin, plainBody } from './content.ts'
import { openDispatcher } from './dispatcher.ts'
import type { HttpReply, HttpRequest } from './http-message.ts'

/** Where bearer tokens come from. Both calls may be made in parallel and share one fetch. */
export interface TokenSource {
  /** A token that is still good for a while; `undefined` when requests go without one. */
  token(): Promise<string | undefined>
  /** A token other than `refused`, which the service answered with 401. */
  renew(refused: string): Promise<string | undefined>
}

/** A pool of connections; `send` resolves with whatever the server answers, and rejects with `BQC_NETWORK` otherwise. */
export interface Http {
  send(request: HttpRequest): Promise<HttpReply>
  /** Takes no more requests; resolves when those on the wire are answered and the sockets are closed. */
  close(): Promise<void>
}

export interface Transport {
  /** Sends with the connection's token. A 401 renews the token and is tried once more. */
  send(request: HttpRequest): Promise<HttpReply>
  /** The same as `fetch`, for the control plane's client. */
  readonly fetch: (input: string | URL | Request, init?: RequestInit) => Promise<Response>
}

export interface HttpOptions {
  /** Who asks; it goes with every request, in the place of any other. */
  readonly userAgent?: string
  readonly proxy?: ProxyOptions
  /** Takes secrets out of an answer that tells errors: out of its body and of each header. */
  readonly mask?: (text: string, request: HttpRequest) => string
}

/** What every request to the API has in common, those for tokens not. */
export interface ApiOptions {
  /** The project that quotas are counted for. Default: that of the credentials. */
  readonly quotaProject?: string | undefined
  /** The time-out of requests that name none, in milliseconds. */
  readonly requestTimeoutMs?: number | undefined
}

/** The time-out where nobody named one, as for tokens. */
const usualTimeoutMs = 60_000

/** Opens a pool. Nothing is sent until the first request. */
export function openHttp({ userAgent, proxy, mask }: HttpOptions = {}): Http {
  const dispatcher = openDispatcher(proxy)
  const agent = userAgent === undefined ? {} : { 'user-agent': userAgent }
  return {
    async send(asked) {
      const { method, url, headers, body, signal, timeoutMs = usualTimeoutMs, largestReply } = asked
      const late = largestReply === undefined ? undefined : AbortSignal.timeout(timeoutMs)
      const either = [signal, late].filter((each) => each !== undefined)
      try {
        const reply = await request(url, {
          dispatcher,
          method,
          headers: { ...headers, ...agent },
          body: body ?? null,
          signal: either.length > 1 ? AbortSignal.any(either) : (either[0] ?? null),
          headersTimeout: timeoutMs,
          bodyTimeout: timeoutMs,
        })
        const content = await (largestReply === undefined
          ? reply.body.bytes()
          : bodyWithin(largestReply, reply.body))
        const bytes = await plainBody(content, reply.headers, largestReply)
        const answer = new Reply(reply.statusCode, flat(reply.headers), bytes)
        return mask && tellsErrors(answer) ? masked(answer, (text) => mask(text, asked)) : answer
      } catch (thrown) {
        // The parser's errors carry what it could not read, which may quote anything.
        if (thrown instanceof Error && 'data' in thrown) delete thrown.data
        if (signal?.aborted) throw aborted(method, url)
        const cause = late?.aborted ? new errors.BodyTimeoutError() : thrown
        throw networkError(cause, `${method} ${withoutQuery(url)}`)
      }
    },
    close: () => dispatcher.close(),
  }
}

/** Its text is made when it is asked for: result pages are read piece by piece. */
class Reply implements HttpReply {
  readonly status: number
  readonly headers: HttpReply['headers']
  readonly bytes: Buffer

  constructor(status: number, headers: HttpReply['headers'], bytes: Buffer) {
    this.status = status
    this.headers = headers
    this.bytes = bytes
  }

  get text(): string {
    return this.bytes.toString()
  }
}

/** Row errors stand at the beginning of their answer; a larger answer than this is no job but a page of rows. */
const [rowErrorsWithin, largestJob] = [1024, 1_048_576]

function tellsErrors({ status, bytes }: Reply): boolean {
  if (status >= 300 || bytes.subarray(0, rowErrorsWithin).includes('"insertErrors"')) return true
  return bytes.length <= largestJob && bytes.includes('"errorResult"')
}

function masked({ status, headers, bytes }: Reply, mask: (text: string) => string): Reply {
  const shown = Object.entries(headers).map(([name, value]) => [name, mask(value)])
  return new Reply(status, Object.fromEntries(shown), Buffer.from(mask(bytes.toString())))
}

/** Joins a pool and a token source. */
export function openTransport(
  http: Http,
  tokens: TokenSource,
  { quotaProject, requestTimeoutMs = usualTimeoutMs }: ApiOptions = {},
): Transport {
  const payer = quotaProject === undefined ? {} : { 'x-goog-user-project': quotaProject }
  const authorized = (request: HttpRequest, token: string | undefined): HttpRequest => ({
    ...request,
    timeoutMs: (request.timeoutMs ?? requestTimeoutMs) + (request.serviceWaitMs ?? 0),
    headers: {
      ...request.headers,
      ...payer,
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    },
  })

  const send = async (request: HttpRequest): Promise<HttpReply> => {
    const token = await unlessAborted(tokens.token(), request)
    const reply = await http.send(authorized(request, token))
    if (reply.status !== 401 || token === undefined) return reply
    const renewed = await unlessAborted(tokens.renew(token), request)
    return renewed === token ? reply : http.send(authorized(request, renewed))
  }

  return {
    send,
    async fetch(input, init = {}) {
      const reply = await send({
        method: (init.method ?? 'GET') as HttpRequest['method'],
        url: String(input),
        // No accept-encoding: the pool hands bodies on as they come.
        headers: { ...Object.fromEntries(new Headers(init.headers)), 'accept-encoding': 'identity' },
        ...(typeof init.body === 'string' ? { body: init.body } : {}),
        signal: init.signal ?? undefined,
      })
      const empty = reply.status === 204 || reply.text === ''
      return new Response(empty ? null : reply.text, { status: reply.status, headers: reply.headers })
    },
  }
}

/** A token is fetched for all: whoever stops leaves it to the others. */
async function unlessAborted<T>(token: Promise<T>, { method, url, signal }: HttpRequest): Promise<T> {
  if (signal === undefined) return token
  const { promise: stopped, reject } = Promise.withResolvers<never>()
  const stop = () => reject(aborted(method, url))
  if (signal.aborted) stop()
  signal.addEventListener('abort', stop)
  try {
    return await Promise.race([token, stopped])
  } finally {
    signal.removeEventListener('abort', stop)
  }
}

function aborted(method: string, url: string): ConnectorError {
  return new ConnectorError(
    'BQC_ABORTED',
    `${method} ${withoutQuery(url)} was stopped before its answer came.`,
  )
}

function withoutQuery(url: string): string {
  return url.split('?', 1)[0] ?? url
}

function flat(headers: Dispatcher.ResponseData['headers']): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, [value].flat().join(', ')]))
}
