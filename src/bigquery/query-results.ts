// jobs.getQueryResults: a query job's result, page by page, by way of the data plane.
// https://cloud.google.com/bigquery/docs/reference/rest/v2/jobs/getQueryResults
import type { ServiceWarning } from '../contract/outcome.ts'
import type { TableField } from '../contract/table-schema.ts'
import { ConnectorError } from '../errors.ts'
import { refusal } from './classify.ts'
import type { HttpRequest } from './http-message.ts'
import { type PageParts, piecesOf, splitPage } from './result-page.ts'
import type { Retry } from './retry.ts'
import type { Transport } from './transport.ts'

export interface ResultPage {
  /** False: the query is not done yet, and nothing else is there. */
  readonly jobComplete: boolean
  readonly fields: readonly TableField[]
  /** JSON of the rows, divided by commas, in pieces of whole rows; it can be walked again. */
  readonly rows: Iterable<string>
  readonly pageToken: string | undefined
  /** Rows of the whole result; undefined where there is none, as for DDL. */
  readonly totalRows: number | undefined
  /** Complaints beside a result that is there all the same. */
  readonly warnings: readonly ServiceWarning[]
}

export interface ResultQuery {
  readonly projectId: string
  readonly jobId: string
  readonly location?: string | undefined
  readonly pageToken?: string | undefined
  /** Rows in the page at most. */
  readonly maxResults: number
  /** Milliseconds that the service may wait for the query to be done. */
  readonly timeoutMs: number
}

export type ReadPage = (query: ResultQuery, signal?: AbortSignal) => Promise<ResultPage>

export function createReadPage(
  transport: Transport,
  endpoint: string,
  retry: Retry,
  options: {
    /** Asks for compressed pages. */
    readonly gzip: boolean
  },
): ReadPage {
  const headers = { 'accept-encoding': options.gzip ? 'gzip' : 'identity' }
  return (query, signal) => retry(() => readPage(transport, endpoint, query, headers, signal), { signal })
}

async function readPage(
  transport: Transport,
  endpoint: string,
  { projectId, jobId, location, pageToken, maxResults, timeoutMs }: ResultQuery,
  headers: HttpRequest['headers'] & object,
  signal: AbortSignal | undefined,
): Promise<ResultPage> {
  const query = new URLSearchParams({
    prettyPrint: 'false',
    'formatOptions.useInt64Timestamp': 'true',
    maxResults: String(maxResults),
    timeoutMs: String(timeoutMs),
    ...(location ? { location } : {}),
    ...(pageToken ? { pageToken } : {}),
  })
  const of = `request for results of job ${projectId}.${jobId}`
  const reply = await transport.send({
    method: 'GET',
    url: `${endpoint}/bigquery/v2/projects/${encodeURIComponent(projectId)}/queries/${encodeURIComponent(jobId)}?${query}`,
    headers,
    signal,
    serviceWaitMs: timeoutMs,
  })
  // Outside US and EU, a job is found by its location only.
  const isNowhere = reply.status === 404 && !location
  if (reply.status !== 200) throw refusal(reply, isNowhere ? `${of}, asked for without a location` : of)
  try {
    return pageOf(splitPage(reply.bytes ?? Buffer.from(reply.text)))
  } catch (cause) {
    throw new ConnectorError('BQC_RESPONSE_UNREADABLE', `The answer to the ${of} is not JSON.`, { cause })
  }
}

function pageOf({ envelope, rows }: PageParts): ResultPage {
  const { jobComplete, schema, pageToken, totalRows, errors } = envelope as Partial<{
    jobComplete: boolean
    schema: { readonly fields?: readonly TableField[] }
    pageToken: string
    totalRows: string
    errors: readonly ServiceWarning[]
  }>
  return {
    jobComplete: jobComplete === true,
    fields: schema?.fields ?? [],
    rows: { [Symbol.iterator]: () => piecesOf(rows) },
    pageToken: pageToken || undefined,
    totalRows: totalRows === undefined ? undefined : Number(totalRows),
    warnings: errors ?? [],
  }
}
