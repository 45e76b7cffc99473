// A statement -> its rows.
import { type Connection, ConnectorError, type JsonObject, type Outcome } from '../index.ts'

/** A query that BigQuery, the set-up or the user stopped; the outcome says why. */
export class Unsuccessful extends Error {
  readonly outcome: Outcome
  constructor(outcome: Outcome) {
    super(outcome.message)
    this.outcome = outcome
  }
}

/** Whoever waits at a terminal stops it when it takes too long. */
const patienceMs = 3_600_000

/** @throws Unsuccessful, or ConnectorError `BQC_ABORTED` */
export async function* runQuery(
  connection: Connection,
  sql: string,
  signal: AbortSignal,
  options: { readonly maxResults?: number } = {},
): AsyncGenerator<JsonObject, void, undefined> {
  // An operation that is stopped before it begins has no document, and so no outcome.
  if (signal.aborted) throw new ConnectorError('BQC_ABORTED', 'Stopped before the statement was run.')
  const getResults = connection.operation('get-query-results', {
    objectType: 'QUERY',
    timeoutMs: patienceMs,
    ...options,
  })
  for await (const row of getResults.execute([{ data: { query: sql } }], { signal })) {
    if (row.status !== 'success') throw new Unsuccessful(row)
    if (row.payload !== undefined) yield row.payload as JsonObject
  }
}
