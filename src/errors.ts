// The one error class of the connector. Category decides behaviour, code decides documentation,
// text is for people. Only bigquery/classify.ts looks into texts, of BigQuery's own.

/**
 * Every stable error code with its category.
 *
 * - `config`: a person must change something (an option, a key, a right, a table).
 * - `document`: this one document is at fault; its neighbours are not.
 * - `transient`: time may heal it; retries were used up.
 * - `internal`: our fault, or an answer that nobody should give.
 */
export const errorCategories = {
  BQC_ABORTED: 'transient',
  BQC_ACCESS_DENIED: 'config',
  BQC_CONFIG_INVALID: 'config',
  BQC_CONNECTION_CLOSED: 'config',
  BQC_DESTINATION_GIVEN_UP: 'transient',
  BQC_DESTINATION_INVALID: 'document',
  BQC_DOCUMENT_NOT_JSON: 'document',
  BQC_DOCUMENT_NOT_OBJECT: 'document',
  BQC_DOCUMENT_TOO_LARGE: 'document',
  BQC_DOCUMENT_INVALID: 'document',
  BQC_ENDPOINT_UNKNOWN: 'config',
  BQC_INPUT_UNREADABLE: 'config',
  BQC_INTERNAL: 'internal',
  BQC_JOB_FAILED: 'document',
  BQC_JOB_TIMEOUT: 'document',
  BQC_KEY_INVALID: 'config',
  BQC_NETWORK: 'transient',
  BQC_NOT_FOUND: 'config',
  BQC_OUTPUT_UNWRITABLE: 'config',
  BQC_PORT_IN_USE: 'config',
  BQC_QUOTA_EXCEEDED: 'transient',
  BQC_REQUEST_REFUSED: 'document',
  BQC_REQUEST_TOO_LARGE: 'document',
  BQC_RESPONSE_UNREADABLE: 'internal',
  BQC_ROW_REFUSED: 'document',
  BQC_SERVICE_UNAVAILABLE: 'transient',
  BQC_SIGN_IN_REFUSED: 'config',
  BQC_TABLE_TOO_NEW: 'transient',
  BQC_UNAUTHENTICATED: 'config',
} as const

/** A stable error code; switch on it. */
export type ErrorCode = keyof typeof errorCategories

/** What kind of remedy an error asks for. */
export type ErrorCategory = (typeof errorCategories)[ErrorCode]

/** One thing wrong with one value: of a configuration, or of a document. */
export interface Fault {
  /** JSON pointer to the value, `''` for the whole; for example `/items/0/price`. */
  readonly path: string
  /** The value found, shortened to 200 characters; absent when nothing was there, or when it is a secret. */
  readonly value?: unknown
  /** What is wrong and what is allowed, as a clause: `must be a whole number from 1 to 50000`. */
  readonly message: string
}

/** The facts of an error, beside its text. */
export interface ErrorFacts {
  /** All faults found, in the order of their appearance. */
  readonly faults?: readonly Fault[]
  /** HTTP status of the service's answer, when there was one. */
  readonly httpStatus?: number
  /** BigQuery's own reason (`invalid`, `quotaExceeded`, ...) or the token endpoint's error code. */
  readonly reason?: string
  /** The service's answer or the last job resource, for an outcome's payload. */
  readonly payload?: unknown
  /** How long the service asked us to wait, in milliseconds. */
  readonly retryAfterMs?: number
  readonly cause?: unknown
}

/** Every error that leaves the connector. The message says what happened, to which thing, and what to do next. */
export class ConnectorError extends Error {
  readonly code: ErrorCode
  readonly category: ErrorCategory
  readonly faults: readonly Fault[]
  readonly httpStatus: number | undefined
  readonly reason: string | undefined
  readonly payload: unknown
  readonly retryAfterMs: number | undefined

  constructor(code: ErrorCode, message: string, facts: ErrorFacts = {}) {
    super(message, facts.cause === undefined ? undefined : { cause: facts.cause })
    this.name = 'ConnectorError'
    this.code = code
    this.category = errorCategories[code]
    this.faults = facts.faults ?? []
    this.httpStatus = facts.httpStatus
    this.reason = facts.reason
    this.payload = facts.payload
    this.retryAfterMs = facts.retryAfterMs
  }
}

/** Any thrown value as a `ConnectorError`; what nobody foresaw becomes `BQC_INTERNAL` with its cause kept. */
export function asConnectorError(thrown: unknown): ConnectorError {
  if (thrown instanceof ConnectorError) return thrown
  const text = thrown instanceof Error ? thrown.message : String(thrown)
  return new ConnectorError('BQC_INTERNAL', `${text}. This is a fault of the connector: please report it.`, {
    cause: thrown,
  })
}
