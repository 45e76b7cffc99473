// A request to a token endpoint: one form, and a token or the error that says why there is none.
import { smallReply } from '../../bigquery/http-message.ts'
import type { Http } from '../../bigquery/transport.ts'
import type { ConnectorError } from '../../errors.ts'
import type { Token } from '../token-source.ts'
import { type Judgement, type Refusal, refusalError, wordsOf } from './refusal.ts'

/** Seconds that a token is good for where the answer does not say. */
const usualLifetime = 3600

export interface TokenRequest {
  readonly url: string
  /** Sent as `application/x-www-form-urlencoded`. Its secret values are kept out of every message. */
  readonly form: Readonly<Record<string, string>>
  /** Who signs in, as messages name it: an e-mail address, or a client id. */
  readonly as: string
  /** What this grant knows about a refusal; the general meaning counts where it knows nothing. */
  readonly judge?: (refusal: Refusal) => Judgement | undefined
  readonly signal?: AbortSignal | undefined
}

export interface TokenAnswer {
  readonly token: Token
  /** All that the endpoint said: `refresh_token`, `scope`, ... Secret. */
  readonly answer: Readonly<Record<string, unknown>>
}

/**
 * Asks once; calling again is up to whoever needs the token.
 * @param now the clock, in milliseconds since 1970.
 * @throws ConnectorError `BQC_SIGN_IN_REFUSED`, `BQC_CLOCK_SKEWED` or what `judge` makes of the refusal;
 *   `BQC_SERVICE_UNAVAILABLE` for 429 and 5xx; `BQC_NETWORK` and its like when no answer came.
 */
export async function requestToken(
  http: Http,
  request: TokenRequest,
  now: () => number,
): Promise<TokenAnswer> {
  const reply = await http.send({
    method: 'POST',
    url: request.url,
    headers: { 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json' },
    body: new URLSearchParams(request.form).toString(),
    ...smallReply,
    signal: request.signal,
  })
  const answer = parseObject(reply.text)
  const value = answer['access_token']
  if (reply.status === 200 && typeof value === 'string' && value !== '') {
    return { token: { value, expiresAt: now() + lifetimeOf(answer['expires_in']) * 1000 }, answer }
  }
  throw refused(request, reply.status, reply.headers, answer, now())
}

function refused(
  { url, form, as, judge }: TokenRequest,
  status: number,
  headers: Readonly<Record<string, string>>,
  answer: Readonly<Record<string, unknown>>,
  now: number,
): ConnectorError {
  const secrets = secretsOf(form)
  const endpointTime = Date.parse(headers['date'] ?? '')
  const refusal: Refusal = {
    status,
    reason: wordsOf(answer['error'], secrets),
    subtype: wordsOf(answer['error_subtype'], secrets),
    description: wordsOf(answer['error_description'], secrets),
    clockAheadSeconds: Number.isNaN(endpointTime) ? undefined : Math.round((now - endpointTime) / 1000),
    headers,
  }
  return refusalError(refusal, `Sign-in as ${as}`, url, judge)
}

/** Parameters that a message may repeat; an endpoint's words may hold any of the others. */
const harmless: ReadonlySet<string> = new Set(['grant_type', 'client_id', 'redirect_uri', 'scope'])

function secretsOf(form: TokenRequest['form']): string[] {
  return Object.entries(form).flatMap(([name, value]) => (harmless.has(name) ? [] : [value]))
}

function lifetimeOf(seconds: unknown): number {
  const lifetime = Number(seconds ?? usualLifetime)
  return Number.isFinite(lifetime) && lifetime > 0 ? lifetime : usualLifetime
}

function parseObject(text: string): Record<string, unknown> {
  try {
    const value = JSON.parse(text)
    return typeof value === 'object' && value !== null ? value : {}
  } catch {
    return {}
  }
}
