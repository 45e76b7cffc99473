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

/** Rows of one request, as text that is ready to be joined. */
export interface InsertRequest {
  readonly destination: Destination
  /** The rows' JSON texts, in order. */
  readonly rows: readonly string[]
  /** The rows' insertIds, in order; absent when rows go without one. */
  readonly insertIds?: readonly string[]
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
 * - `stored`: rows are in, except those listed.
 * - `split`: too large as a whole; send halves. A single row is rejected.
 * - `retry`: nothing is known to be stored; send all again, after `error.retryAfterMs` when given.
 * - `not-yet`: nothing is stored; the table is there, but too new to be inserted into.
 * - `give-up`: it will not help to send it again.
 */
export type InsertVerdict =
  | { readonly verdict: 'stored'; readonly rows: readonly RowVerdict[] }
  | { readonly verdict: 'split' | 'retry' | 'not-yet' | 'give-up'; readonly error: ConnectorError }

/**
 * Sends one request and says what became of it. Called for several batches at once. Resolves with a
 * verdict for everything the service can answer; a rejection is a fault of the adapter.
 */
export type InsertRows = (request: InsertRequest, signal: AbortSignal) => Promise<InsertVerdict>
