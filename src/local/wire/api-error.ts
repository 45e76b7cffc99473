// The one error a route throws on purpose, and BigQuery's JSON envelope for it.

const STATUS_NAMES: Readonly<Record<number, string>> = {
  400: 'INVALID_ARGUMENT',
  401: 'UNAUTHENTICATED',
  403: 'PERMISSION_DENIED',
  404: 'NOT_FOUND',
  409: 'ALREADY_EXISTS',
  412: 'FAILED_PRECONDITION',
  500: 'INTERNAL',
  501: 'UNIMPLEMENTED',
  503: 'UNAVAILABLE',
}

/** One entry of BigQuery's error lists (`ErrorProto`). */
export interface ErrorProto {
  readonly reason: string
  readonly message: string
  readonly location?: string
  readonly debugInfo?: string
}

export class ApiError extends Error {
  readonly status: number
  readonly reason: string
  readonly location: string | undefined
  readonly headers: Readonly<Record<string, string>>

  constructor(
    status: number,
    reason: string,
    message: string,
    more: { location?: string; headers?: Readonly<Record<string, string>> } = {},
  ) {
    super(message)
    this.name = 'ApiError'
    this.status = status
    this.reason = reason
    this.location = more.location
    this.headers = more.headers ?? {}
  }

  get proto(): ErrorProto {
    return this.location === undefined
      ? { reason: this.reason, message: this.message }
      : { reason: this.reason, location: this.location, message: this.message }
  }
}

export function errorEnvelope(error: ApiError): unknown {
  const entry = { message: error.message, domain: 'global', reason: error.reason }
  return {
    error: {
      code: error.status,
      message: error.message,
      errors: [error.location === undefined ? entry : { ...entry, location: error.location }],
      status: STATUS_NAMES[error.status] ?? 'UNKNOWN',
    },
  }
}

export function invalid(message: string, location?: string): ApiError {
  return new ApiError(400, 'invalid', message, location === undefined ? {} : { location })
}

export function invalidQuery(message: string): ApiError {
  return new ApiError(400, 'invalidQuery', message, { location: 'query' })
}

export function notFound(what: string): ApiError {
  return new ApiError(404, 'notFound', `Not found: ${what}`)
}

export function alreadyExists(what: string): ApiError {
  return new ApiError(409, 'duplicate', `Already Exists: ${what}`)
}
