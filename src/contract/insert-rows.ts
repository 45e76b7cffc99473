// The port between the pipeline and whatever stores rows. The pipeline knows nothing of HTTP;
// an adapter knows nothing of documents.
import type { ConnectorError } from '../errors.ts'

/** The table that a row goes to. */
export interface Destination {
  readonly projectId: string
  readonly datasetId: string
  readonly tableId: string
  /** The service creates `tableId + templateSuffix` with the schema of `tableId`. Empty: no template. */
  readonly templateSuffix: string
}

/**
 * What a request body is made of beside the rows' JSON. The adapter says it once, so that rows can be
 * written into a body as they come, and a part of them cut out of it later: head, the rows with
 * `between` them, tail.
 */
export interface RowFrame {
  readonly head: (destination: Destination) => string
  /**
   * What stands before a row's JSON. Rows may go without insertId.
   * @param mark what the adapter wanted to know of the row's document (`PipelineOptions.markOf`).
   */
  readonly before: (insertId: string | undefined, mark?: string) => string
  readonly after: string
  readonly between: string
  readonly tail: string
  /** A row's JSON stands on one line, also where its document does not. */
  readonly isLines?: boolean
}

/** Rows of one request. */
export interface InsertRequest {
  readonly destination: Destination
  /** UTF-8, framed as the adapter asked for. It may be written over once there is a verdict. */
  readonly body: Uint8Array
  readonly rowCount: number
  /** How often these rows have been sent, this time included. */
  readonly attempt: number
}

/** BigQuery's complaint about one value of one row. */
export interface RowError {
  readonly reason: string
  readonly location: string
  readonly message: string
  readonly debugInfo?: string
}

/**
 * What became of one listed row: `rejected` is the row's own fault; `again` is innocent (its request
 * was refused because of a neighbour, or the service stumbled) and may be sent at once or after a wait.
 */
export interface RowVerdict {
  readonly index: number
  readonly verdict: 'rejected' | 'again' | 'again-later'
  readonly errors: readonly RowError[]
}

/**
 * What became of one request.
 * - `stored`: rows are in, except those listed. The receipt is the payload of the others' outcomes; without one it
 *   is insertId, destination and attempts.
 * - `split`: too large as a whole; send halves. A single row is rejected.
 * - `retry`: nothing is known to be stored; send all again, after `error.retryAfterMs` when given.
 * - `not-yet`: nothing is stored; the table is there, but too new to be inserted into.
 * - `give-up`: it will not help to send it again.
 */
export type InsertVerdict =
  | { readonly verdict: 'stored'; readonly rows: readonly RowVerdict[]; readonly receipt?: object }
  | { readonly verdict: 'split' | 'retry' | 'not-yet' | 'give-up'; readonly error: ConnectorError }

/**
 * Sends one request and says what became of it. Called for several batches at once. Resolves with a
 * verdict for everything the service can answer; a rejection is a fault of the adapter.
 */
export type InsertRows = (request: InsertRequest, signal: AbortSignal) => Promise<InsertVerdict>
