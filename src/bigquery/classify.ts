// The only place that knows BigQuery's status codes and reasons: an answer -> an error and a verdict.
// What stands in its tables is what `bqc describe errors` shows.
import type { RowError, RowVerdict } from '../contract/insert-rows.ts'
import { ConnectorError, type ErrorCode, errorCatalogue } from '../errors.ts'
import { type HttpReply, retryAfterMs } from './http-message.ts'

/** What to do about a refused request. */
export type RequestVerdict = 'retry' | 'split' | 'give-up'

interface AnswerRule {
  readonly statuses: readonly (number | '5xx' | 'any')[]
  /** BigQuery's reasons; absent: any. */
  readonly reasons?: readonly string[]
  /** The beginning of the message, where status and reason do not tell cases apart. */
  readonly text?: string
  readonly code: ErrorCode
}

// The first rule that fits counts. The texts stand here because BigQuery answers an oversize request
// with 400 `badRequest` or 400 `invalid` as well as with 413, and gives no other mark to know it by:
// this table is the only place that looks into texts.
export const answerRules: readonly AnswerRule[] = [
  { statuses: [413], code: 'BQC_REQUEST_TOO_LARGE' },
  { statuses: [400], text: 'Request payload size exceeds', code: 'BQC_REQUEST_TOO_LARGE' },
  { statuses: [400], text: 'too many rows present', code: 'BQC_REQUEST_TOO_LARGE' },
  {
    statuses: [400],
    reasons: ['jobBackendError', 'jobInternalError', 'tableUnavailable', 'jobRateLimitExceeded'],
    code: 'BQC_SERVICE_UNAVAILABLE',
  },
  { statuses: [401], code: 'BQC_UNAUTHENTICATED' },
  {
    statuses: [403],
    reasons: ['quotaExceeded', 'rateLimitExceeded', 'userRateLimitExceeded'],
    code: 'BQC_QUOTA_EXCEEDED',
  },
  { statuses: [403], reasons: ['responseTooLarge'], code: 'BQC_REQUEST_REFUSED' },
  { statuses: [403], code: 'BQC_ACCESS_DENIED' },
  { statuses: [404], code: 'BQC_NOT_FOUND' },
  { statuses: [412], code: 'BQC_CHANGED_MEANWHILE' },
  { statuses: [429], code: 'BQC_QUOTA_EXCEEDED' },
  { statuses: [501], code: 'BQC_REQUEST_REFUSED' },
  { statuses: [408, '5xx'], code: 'BQC_SERVICE_UNAVAILABLE' },
  { statuses: ['any'], code: 'BQC_REQUEST_REFUSED' },
]

interface NetworkRule {
  /** The system's error; absent: any. */
  readonly reason?: string
  /** In words; absent: the reason itself. */
  readonly why?: string
  readonly code: ErrorCode
}

// What asking again does not change is no trouble of the network.
export const networkRules: readonly NetworkRule[] = [
  { reason: 'ECONNREFUSED', why: 'nothing listens there', code: 'BQC_NETWORK' },
  { reason: 'ENOTFOUND', why: 'there is no host of that name', code: 'BQC_ENDPOINT_UNKNOWN' },
  { reason: 'UND_ERR_INVALID_ARG', why: 'the request cannot be sent', code: 'BQC_CONFIG_INVALID' },
  { reason: 'UND_ERR_ABORTED', why: 'the proxy does not pass it on', code: 'BQC_PROXY_REFUSED' },
  { reason: 'UND_ERR_PRX_CONN', why: 'the proxy closed the connection', code: 'BQC_NETWORK' },
  { reason: 'UND_ERR_SOCKET', why: 'the connection was closed before its end', code: 'BQC_NETWORK' },
  { reason: 'ECONNRESET', why: 'the connection was closed before its end', code: 'BQC_NETWORK' },
  { reason: 'UND_ERR_HEADERS_TIMEOUT', why: 'it did not come in time', code: 'BQC_NETWORK' },
  { reason: 'UND_ERR_BODY_TIMEOUT', why: 'it stopped in the middle', code: 'BQC_NETWORK' },
  { reason: 'UND_ERR_CONNECT_TIMEOUT', why: 'no connection came about in time', code: 'BQC_NETWORK' },
  { code: 'BQC_NETWORK' },
]

interface RowRule {
  /** BigQuery's reason; absent: any. */
  readonly reason?: string
  readonly verdict: RowVerdict['verdict']
  /** The error of a row that is not stored in the end. */
  readonly code: ErrorCode
}

// `invalid` is the row's own fault; `stopped` marks the neighbours of an invalid row, all refused with
// it unless skipInvalidRows is on; the others are the service's trouble.
export const rowRules: readonly RowRule[] = [
  { reason: 'invalid', verdict: 'rejected', code: 'BQC_ROW_REFUSED' },
  { reason: 'stopped', verdict: 'again', code: 'BQC_SERVICE_UNAVAILABLE' },
  { reason: 'timeout', verdict: 'again-later', code: 'BQC_SERVICE_UNAVAILABLE' },
  { reason: 'backendError', verdict: 'again-later', code: 'BQC_SERVICE_UNAVAILABLE' },
  { reason: 'internalError', verdict: 'again-later', code: 'BQC_SERVICE_UNAVAILABLE' },
  { verdict: 'rejected', code: 'BQC_ROW_REFUSED' },
]

interface JobRule {
  /** BigQuery's reasons; absent: any. */
  readonly reasons?: readonly string[]
  /** A part of the message, where the reason does not tell cases apart. */
  readonly text?: string
  readonly verdict: JobVerdict
}

/** What to do about a job that failed: run it once more, under another id, or tell. */
export type JobVerdict = 'retry' | 'give-up'

export const jobRules: readonly JobRule[] = [
  {
    reasons: [
      'backendError',
      'internalError',
      'jobBackendError',
      'jobInternalError',
      'jobRateLimitExceeded',
      'rateLimitExceeded',
      'tableUnavailable',
    ],
    verdict: 'retry',
  },
  { text: 'Could not serialize access', verdict: 'retry' },
  { text: 'Too many DML statements outstanding', verdict: 'retry' },
  { verdict: 'give-up' },
]

// What is not named here is given up.
const verdicts: Readonly<Partial<Record<ErrorCode, RequestVerdict>>> = {
  BQC_NETWORK: 'retry',
  BQC_QUOTA_EXCEEDED: 'retry',
  BQC_REQUEST_TOO_LARGE: 'split',
  BQC_SERVICE_UNAVAILABLE: 'retry',
}

/**
 * Milliseconds before something goes again: the first wait, doubled up to the longest, and never shorter
 * than what the service asks for. BigQuery's SLA asks for these. https://cloud.google.com/bigquery/sla
 */
export const backOff = { firstMs: 1000, longestMs: 32_000 } as const

// The rows of a request that is given up may do better: in halves, which tell the row at fault from its
// neighbours, or later, where the table is there and only too new.
const verdictsOfRows: Readonly<Partial<Record<ErrorCode, 'split' | 'not-yet'>>> = {
  BQC_NOT_FOUND: 'not-yet',
  BQC_REQUEST_REFUSED: 'split',
}

/** What to do about rows whose request is given up otherwise. */
export function verdictOfRows({ code }: { readonly code: ErrorCode }): 'split' | 'not-yet' | undefined {
  return verdictsOfRows[code]
}

/** What to do about an error of a request. */
export function verdictOf({ code }: { readonly code: ErrorCode }): RequestVerdict {
  return verdicts[code] ?? 'give-up'
}

/** What to do about a row that is listed in `insertErrors`; one error that is the row's own fault decides. */
export function rowVerdictOf(errors: readonly RowError[]): RowVerdict['verdict'] {
  const found = errors.map(({ reason }) => ruleFor(rowRules, reason).verdict)
  if (found.length === 0 || found.includes('rejected')) return 'rejected'
  return found.includes('again-later') ? 'again-later' : 'again'
}

/** Reasons of a job that failed by what its rows hold, and beginnings of messages that say otherwise. */
const rowReasons = {
  reasons: ['invalid', 'invalidQuery'],
  unless: /streaming buffer|partition elimination|^(Not found|Access Denied|Unrecognized name)/i,
} as const

/** Whether a job that loaded or merged rows may have failed for some of them, so that the others would do better alone. */
export function isFaultOfRows(failure: {
  readonly reason?: string | null | undefined
  readonly message?: string | null | undefined
}): boolean {
  const { reasons, unless } = rowReasons
  const isTheirs = reasons.some((reason) => reason === failure.reason)
  return isTheirs && !unless.test(failure.message ?? '')
}

/** What to do about the `errorResult` of a job. */
export function verdictOfJob(failure: {
  readonly reason?: string | null | undefined
  readonly message?: string | null | undefined
}): JobVerdict {
  const { reason, message } = failure
  const fits = ({ reasons, text }: JobRule) =>
    (reasons === undefined || (reason && reasons.includes(reason))) &&
    (text === undefined || message?.includes(text))
  return jobRules.find(fits)?.verdict ?? 'give-up'
}

/** Whether a 404 for a load job's upload is about where the file was to go, and not about the upload. */
export function isAboutPlace(text: string): boolean {
  return /Not found: (Dataset|Table|Project)\b/.test(text)
}

/** Where the job is whose id was taken: `Already Exists: Job PROJECT:LOCATION.ID`. */
export function locationOfDuplicate({ payload }: ConnectorError, jobId: string): string | undefined {
  const message = (payload as { error?: { message?: unknown } } | undefined)?.error?.message
  if (typeof message !== 'string') return undefined
  const end = message.indexOf(`.${jobId}`)
  return end === -1 ? undefined : /:([A-Za-z0-9-]+)$/.exec(message.slice(0, end))?.[1]
}

/**
 * The error for an answer that is not 2xx.
 * @param of what was asked for: `insert into demo.shop.orders`.
 */
export function refusal(reply: HttpReply, of: string): ConnectorError {
  const { payload, message, reason } = readEnvelope(reply.text)
  const code = codeOf(reply.status, reason, message)
  const said = (message ?? `HTTP status ${reply.status}`).replace(/\.?$/, '.')
  const wait = retryAfterMs(reply.headers)
  return new ConnectorError(code, `BigQuery refused the ${of}: ${said} ${errorCatalogue[code].advice}`, {
    httpStatus: reply.status,
    payload,
    ...(reason === undefined ? {} : { reason }),
    ...(wait === undefined ? {} : { retryAfterMs: wait }),
  })
}

/** The error for a request that got no answer. */
export function networkError(thrown: unknown, of: string): ConnectorError {
  if (thrown instanceof ConnectorError) return thrown
  const cause = thrown as { code?: string; message?: string }
  const { code, why = cause.code ?? cause.message ?? thrown } = ruleFor(networkRules, cause.code)
  return new ConnectorError(code, `No answer to ${of}: ${why}. ${errorCatalogue[code].advice}`, {
    ...(cause.code === undefined ? {} : { reason: cause.code }),
    cause: thrown,
  })
}

function codeOf(status: number, reason: string | undefined, message: string | undefined): ErrorCode {
  const fits = ({ statuses, reasons, text }: AnswerRule) =>
    (statuses.includes(status) || statuses.includes('any') || (status >= 500 && statuses.includes('5xx'))) &&
    (reasons === undefined || (reason !== undefined && reasons.includes(reason))) &&
    (text === undefined || message?.startsWith(text))
  return answerRules.find(fits)?.code ?? 'BQC_REQUEST_REFUSED'
}

/** The rule for a reason; the last rule of a table fits all that no other fits. */
function ruleFor<R extends { readonly reason?: string }>(rules: readonly R[], reason: string | undefined): R {
  return (rules.find((rule) => rule.reason === reason) ?? rules.at(-1)) as R
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
