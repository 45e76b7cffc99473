// The only place that knows BigQuery's status codes and reasons: an answer -> an error and a verdict.
import type { RowError, RowVerdict } from '../contract/insert-rows.ts'
import { ConnectorError, type ErrorCode } from '../errors.ts'
import type { HttpReply } from './http-message.ts'

/** What to do about a refused request. */
export type RequestVerdict = 'retry' | 'split' | 'give-up'

interface Rule {
  readonly status: readonly number[]
  /** BigQuery's reasons; absent: any. */
  readonly reasons?: readonly string[]
  /** The beginning of the message, where status and reason do not tell cases apart. */
  readonly text?: string
  readonly code: ErrorCode
}

// The first rule that fits counts. The texts stand here because BigQuery answers an oversize request
// with 400 `badRequest` or 400 `invalid` as well as with 413, and gives no other mark to know it by:
// this table is the only place that looks into texts.
const rules: readonly Rule[] = [
  { status: [413], code: 'BQC_REQUEST_TOO_LARGE' },
  { status: [400], text: 'Request payload size exceeds', code: 'BQC_REQUEST_TOO_LARGE' },
  { status: [400], text: 'too many rows present', code: 'BQC_REQUEST_TOO_LARGE' },
  {
    status: [400],
    reasons: ['jobBackendError', 'jobInternalError', 'tableUnavailable', 'jobRateLimitExceeded'],
    code: 'BQC_SERVICE_UNAVAILABLE',
  },
  { status: [401], code: 'BQC_UNAUTHENTICATED' },
  {
    status: [403],
    reasons: ['quotaExceeded', 'rateLimitExceeded', 'userRateLimitExceeded'],
    code: 'BQC_QUOTA_EXCEEDED',
  },
  { status: [403], reasons: ['responseTooLarge'], code: 'BQC_REQUEST_REFUSED' },
  { status: [403], code: 'BQC_ACCESS_DENIED' },
  { status: [404], code: 'BQC_NOT_FOUND' },
  { status: [429], code: 'BQC_QUOTA_EXCEEDED' },
  { status: [408, 500, 502, 503, 504], code: 'BQC_SERVICE_UNAVAILABLE' },
  { status: [501], code: 'BQC_REQUEST_REFUSED' },
]

const advice: Partial<Record<ErrorCode, string>> = {
  BQC_UNAUTHENTICATED: 'Check the credentials of the connection.',
  BQC_ACCESS_DENIED: 'Grant the right that the message names to the account of the connection.',
  BQC_NOT_FOUND: 'Check the names, and the project and location of the connection.',
}

/**
 * The error for an answer that is not 2xx.
 * @param of what was asked for: `insert into demo.shop.orders`.
 */
export function refusal(reply: HttpReply, of: string): ConnectorError {
  const { payload, message, reason } = readEnvelope(reply.text)
  const rule = ruleFor(reply.status, reason, message)
  const code = rule?.code ?? (reply.status >= 500 ? 'BQC_SERVICE_UNAVAILABLE' : 'BQC_REQUEST_REFUSED')
  const said = (message ?? `HTTP status ${reply.status}`).replace(/\.?$/, '.')
  const text = `BigQuery refused the ${of}: ${said} ${advice[code] ?? ''}`.trimEnd()
  const wait = retryAfterMs(reply.headers['retry-after'])
  return new ConnectorError(code, text, {
    httpStatus: reply.status,
    payload,
    ...(reason === undefined ? {} : { reason }),
    ...(wait === undefined ? {} : { retryAfterMs: wait }),
  })
}

/** What to do about an error of this room. */
export function verdictOf(error: ConnectorError): RequestVerdict {
  if (error.code === 'BQC_REQUEST_TOO_LARGE') return 'split'
  if (error.code === 'BQC_ABORTED' || error.category !== 'transient') return 'give-up'
  return 'retry'
}

// What asking again does not change is no trouble of the network.
const whys: Readonly<Record<string, { readonly text: string; readonly code: ErrorCode }>> = {
  ECONNREFUSED: { text: 'nothing listens there', code: 'BQC_NETWORK' },
  ENOTFOUND: { text: 'there is no host of that name', code: 'BQC_ENDPOINT_UNKNOWN' },
  UND_ERR_INVALID_ARG: { text: 'the request cannot be sent', code: 'BQC_CONFIG_INVALID' },
}

/** The error for a request that got no answer. */
export function networkError(thrown: unknown, of: string): ConnectorError {
  if (thrown instanceof ConnectorError) return thrown
  const cause = thrown as { code?: string; message?: string }
  const known = whys[cause.code ?? '']
  const why = known?.text ?? cause.code ?? cause.message ?? thrown
  return new ConnectorError(
    known?.code ?? 'BQC_NETWORK',
    `No answer to ${of}: ${why}. Check the network and the endpoint.`,
    { ...(cause.code === undefined ? {} : { reason: cause.code }), cause: thrown },
  )
}

// `invalid` is the row's own fault; `stopped` marks the neighbours of an invalid row, all refused with
// it unless skipInvalidRows is on; the others are the service's trouble.
const rowVerdicts: Readonly<Record<string, RowVerdict['verdict']>> = {
  stopped: 'again',
  timeout: 'again-later',
  backendError: 'again-later',
  internalError: 'again-later',
}

/** What to do about a row that is listed in `insertErrors`; one error that is the row's own fault decides. */
export function rowVerdictOf(errors: readonly RowError[]): RowVerdict['verdict'] {
  const verdicts = errors.map((error) => rowVerdicts[error.reason] ?? 'rejected')
  if (verdicts.length === 0 || verdicts.includes('rejected')) return 'rejected'
  return verdicts.includes('again-later') ? 'again-later' : 'again'
}

function ruleFor(status: number, reason?: string, message?: string): Rule | undefined {
  return rules.find(
    (rule) =>
      rule.status.includes(status) &&
      (rule.reasons === undefined || (reason !== undefined && rule.reasons.includes(reason))) &&
      (rule.text === undefined || message?.startsWith(rule.text)),
  )
}

// Front ends and proxies answer with HTML, so a body that is not BigQuery's envelope is no surprise.
function readEnvelope(text: string): { payload: unknown; message?: string; reason?: string } {
  try {
    const payload = JSON.parse(text)
    const { message, errors } = payload.error
    const reason = errors?.[0]?.reason
    return {
      payload,
      ...(typeof message === 'string' && message !== '' ? { message } : {}),
      ...(typeof reason === 'string' ? { reason } : {}),
    }
  } catch {
    return { payload: undefined }
  }
}

function retryAfterMs(header: string | undefined): number | undefined {
  if (header === undefined) return undefined
  const seconds = Number(header)
  return Number.isFinite(seconds) && seconds >= 0 ? Math.min(seconds, 3600) * 1000 : undefined
}
