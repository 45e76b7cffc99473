// tabledata.insertAll: rows of one request -> a verdict, by way of the data plane.
// https://cloud.google.com/bigquery/docs/reference/rest/v2/tabledata/insertAll
import type { InsertRows, InsertVerdict, RowError, RowFrame, RowVerdict } from '../contract/insert-rows.ts'
import { asConnectorError, ConnectorError } from '../errors.ts'
import { refusal, rowVerdictOf, verdictOf, verdictOfRows } from './classify.ts'
import { jsonContent } from './content.ts'
import type { Transport } from './transport.ts'

export interface InsertAllOptions {
  readonly skipInvalidRows: boolean
  readonly ignoreUnknownValues: boolean
  /** Compresses the body of each request. */
  readonly gzip: boolean
  /** Milliseconds for one request. Default: the connection's. */
  readonly requestTimeout?: number
}

/**
 * Bytes of a request body at most, before compression: whether BigQuery counts them compressed is not
 * documented. https://cloud.google.com/bigquery/quotas#streaming_inserts
 */
export const maxRequestBytes: number = 10_485_760
/** Bytes of a request beside its rows, the longest template suffix included. */
export const requestHeadBytes: number = 1200
/** Bytes that each row adds to a request beside its own text and its insertId. */
export const rowEnvelopeBytes: number = '{"insertId":"","json":},'.length

/** The port that the pipeline sends through. */
export function createInsertRows(
  transport: Transport,
  endpoint: string,
  options: InsertAllOptions,
): InsertRows {
  return async (request, signal) => {
    const { projectId, datasetId, tableId } = request.destination
    const of = `insert into ${projectId}.${datasetId}.${tableId}`
    try {
      const content = await jsonContent(request.body, options.gzip)
      const reply = await transport.send({
        method: 'POST',
        url: `${endpoint}/bigquery/v2/projects/${encodeURIComponent(projectId)}/datasets/${encodeURIComponent(datasetId)}/tables/${encodeURIComponent(tableId)}/insertAll?prettyPrint=false`,
        ...content,
        signal,
        ...(options.requestTimeout === undefined ? {} : { timeoutMs: options.requestTimeout }),
      })
      if (reply.status !== 200) throw refusal(reply, of)
      return readReply(reply.text, request.rowCount, of)
    } catch (thrown) {
      const error = asConnectorError(thrown)
      // A refusal of the whole request that names no row may be the fault of one: halves tell which.
      const isUnexplained = verdictOfRows(error) === 'split' && request.rowCount > 1
      return { verdict: isUnexplained ? 'split' : verdictOf(error), error }
    }
  }
}

/** An insertId that stands in JSON as it is; looking is cheaper than quoting. */
const plainId = /^[\w.-]+$/

/** How rows stand in the body of an insertAll request. */
export function insertAllFrame({
  skipInvalidRows,
  ignoreUnknownValues,
}: Pick<InsertAllOptions, 'skipInvalidRows' | 'ignoreUnknownValues'>): RowFrame {
  const head = `{"skipInvalidRows":${skipInvalidRows},"ignoreUnknownValues":${ignoreUnknownValues},`
  return {
    head: ({ templateSuffix }) =>
      `${head}${templateSuffix === '' ? '' : `"templateSuffix":${JSON.stringify(templateSuffix)},`}"rows":[`,
    before: (insertId) =>
      insertId === undefined
        ? '{"json":'
        : `{"insertId":${plainId.test(insertId) ? `"${insertId}"` : JSON.stringify(insertId)},"json":`,
    after: '}',
    between: ',',
    tail: ']}',
  }
}

type Listed = readonly ({ readonly index?: number; readonly errors?: readonly Partial<RowError>[] } | null)[]

// HTTP 200 says nothing about the rows: those listed in insertErrors are out, all others are in.
function readReply(text: string, rowCount: number, of: string): InsertVerdict {
  const reply = parseReply(text)
  if (reply === undefined) {
    // Nobody knows whether the rows are in. Going again under the same insertIds is the best that can be done.
    const message = `The answer to the ${of} is none that BigQuery gives. The rows are sent again.`
    return { verdict: 'retry', error: new ConnectorError('BQC_NETWORK', message) }
  }
  const unreadable = (why: string): InsertVerdict => {
    const message = `The answer to the ${of} ${why}. Whether the rows are stored is unknown.`
    return { verdict: 'give-up', error: new ConnectorError('BQC_RESPONSE_UNREADABLE', message) }
  }
  const listed = reply.insertErrors ?? []
  if (!Array.isArray(listed)) return unreadable('has insertErrors that are no list')
  // A row that is listed twice is judged by all that is said of it.
  const rows = new Map<number, RowVerdict>()
  for (const entry of listed as Listed) {
    const { index = -1, errors = [] } = entry ?? {}
    if (!(Number.isInteger(index) && index >= 0 && index < rowCount)) {
      return unreadable(`names row ${index} of ${rowCount}`)
    }
    const known = [...(rows.get(index)?.errors ?? []), ...errors.map(readRowError)]
    rows.set(index, { index, errors: known, verdict: rowVerdictOf(known) })
  }
  return { verdict: 'stored', rows: [...rows.values()] }
}

function parseReply(text: string): { readonly insertErrors?: unknown } | undefined {
  try {
    const reply = JSON.parse(text)
    return typeof reply === 'object' && reply !== null && !('error' in reply) ? reply : undefined
  } catch {
    return undefined
  }
}

/** Not every service, nor every proxy, fills in all of them. */
function readRowError({ reason = '', location = '', message = '', debugInfo }: Partial<RowError>): RowError {
  return { reason, location, message, ...(debugInfo === undefined ? {} : { debugInfo }) }
}
