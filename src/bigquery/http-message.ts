// What travels over HTTP, whoever sends it.

export interface HttpRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  readonly url: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Uint8Array
  readonly signal?: AbortSignal | undefined
  /**
   * Milliseconds until the answer's head, and between parts of its body. Default: the connection's
   * requestTimeoutMs for requests to the API, 60,000 for others.
   */
  readonly timeoutMs?: number
  /** Milliseconds that the service was asked to wait before it answers, on top of the time-out. */
  readonly serviceWaitMs?: number
  /** Bytes of a small answer: one that is larger, or as a whole takes longer than the time-out, is given up. */
  readonly largestReply?: number
}

/** For requests that have a small answer, often from somebody else than BigQuery, such as a token endpoint. */
export const smallReply = { timeoutMs: 30_000, largestReply: 1_048_576 } as const

export interface HttpReply {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  /** The body as text. */
  readonly text: string
  /** The body as it came, not compressed any more; absent where a reply was not read from a socket. */
  readonly bytes?: Buffer
}

/** A service that asks for more than an hour is asked again after one. */
const longestAskedMs = 3_600_000

/** How long an answer asks to wait. Seconds, or a date: that is compared with the answer's own date, whatever the clock here says. */
export function retryAfterMs(headers: HttpReply['headers']): number | undefined {
  const { 'retry-after': after, date = '' } = headers
  if (after === undefined) return undefined
  const seconds = Number(after)
  const asked = Number.isNaN(seconds) ? Math.max(Date.parse(after) - Date.parse(date), 0) : seconds * 1000
  return asked >= 0 ? Math.min(asked, longestAskedMs) : undefined
}
