// A statement -> its rows: Run Job, then Get Query Results.
import { type Connection, ConnectorError, type JsonObject, type Outcome } from '../index.ts'

/** A query that BigQuery, the set-up or the user stopped; the outcome says why. */
export class Unsuccessful extends Error {
  readonly outcome: Outcome
  constructor(outcome: Outcome) {
    super(outcome.message)
    this.outcome = outcome
  }
}

/** @throws Unsuccessful, or ConnectorError `BQC_ABORTED` */
export async function* runQuery(
  connection: Connection,
  sql: string,
  signal: AbortSignal,
  options: { readonly maxResults?: number } = {},
): AsyncGenerator<JsonObject, void, undefined> {
  const runJob = connection.operation('run-job', { objectType: 'QUERY' })
  const getResults = connection.operation('get-query-results', { objectType: 'QUERY', ...options })

  // An operation that is stopped before it begins has no document, and so no outcome.
  if (signal.aborted) throw stopped()
  for await (const job of runJob.execute([{ data: { configuration: { query: { query: sql } } } }], {
    signal,
  })) {
    if (job.status !== 'success') throw new Unsuccessful(job)
    if (signal.aborted) throw stopped()
    const { jobReference } = job.payload as { jobReference: JsonObject }
    for await (const row of getResults.execute([{ data: jobReference }], { signal })) {
      if (row.status !== 'success') throw new Unsuccessful(row)
      if (row.payload !== undefined) yield row.payload as JsonObject
    }
  }
}

function stopped(): ConnectorError {
  return new ConnectorError('BQC_ABORTED', 'Stopped before the result was read.')
}
