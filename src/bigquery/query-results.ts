// jobs.getQueryResults: a query job's result, page by page, by way of the data plane.
// https://cloud.google.com/bigquery/docs/reference/rest/v2/jobs/getQueryResults
import type { TableField } from '../contract/table-schema.ts'
import { ConnectorError } from '../errors.ts'
import { refusal } from './classify.ts'
import type { Retry } from './retry.ts'
import type { Transport } from './transport.ts'

/** A row as the API gives it: cells in the order of the schema's fields. */
interface WireRow {
  readonly f: readonly { readonly v: unknown }[]
}

export interface ResultPage {
  /** False: the query is not done yet, and nothing else is there. */
  readonly jobComplete: boolean
  readonly fields: readonly TableField[]
  readonly rows: readonly WireRow[]
  readonly pageToken: string | undefined
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

export function createReadPage(transport: Transport, endpoint: string, retry: Retry): ReadPage {
  return (query, signal) => retry(() => readPage(transport, endpoint, query, signal), { signal })
}

async function readPage(
  transport: Transport,
  endpoint: string,
  { projectId, jobId, location, pageToken, maxResults, timeoutMs }: ResultQuery,
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
    signal,
    serviceWaitMs: timeoutMs,
  })
  if (reply.status !== 200) throw refusal(reply, of)
  try {
    const page = JSON.parse(reply.text)
    return {
      jobComplete: page.jobComplete,
      fields: page.schema?.fields ?? [],
      rows: page.rows ?? [],
      pageToken: page.pageToken,
    }
  } catch (cause) {
    throw new ConnectorError('BQC_RESPONSE_UNREADABLE', `The answer to the ${of} is not JSON.`, { cause })
  }
}
