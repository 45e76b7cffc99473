// The smallest requests that need a right: none of them costs anything, or leaves anything behind.
import { randomBytes } from 'node:crypto'
import { ConnectorError } from '../errors.ts'
import { refusal } from './classify.ts'
import type { HttpRequest } from './http-message.ts'
import type { Job } from './jobs.ts'
import type { Retry } from './retry.ts'
import type { Http, Transport } from './transport.ts'

interface TablePlace {
  readonly projectId: string
  readonly datasetId: string
  readonly tableId: string
}

export interface Probes {
  /** How far this machine's clock is ahead of the API's, in milliseconds; undefined when it tells no time. */
  clockAheadMs(signal: AbortSignal): Promise<number | undefined>
  /** Needs no right: those datasets are left out that the caller may not see. */
  listDatasets(projectId: string, signal: AbortSignal): Promise<void>
  /** Needs `bigquery.jobs.create`, and the right to read what the statement names. */
  dryRun(projectId: string, job: Job, signal: AbortSignal): Promise<void>
  /** Needs `bigquery.tables.list`. */
  listTables(place: Omit<TablePlace, 'tableId'>, signal: AbortSignal): Promise<void>
  /** Needs `bigquery.tables.get`. */
  describeTable(place: TablePlace, signal: AbortSignal): Promise<void>
  /** Needs `bigquery.tables.getData`. Views are refused with HTTP status 400, whatever the rights are. */
  readNoRow(place: TablePlace, signal: AbortSignal): Promise<void>
  /** Needs `bigquery.tables.updateData`. */
  insertNoRow(place: TablePlace, signal: AbortSignal): Promise<void>
}

/** Whoever tests a connection wants to know how it is, not how it will be: one more try, for a hiccup. */
const attempts = 2

export function createProbes(
  http: Http,
  transport: Transport,
  endpoint: string,
  retry: Retry,
  now: () => number,
): Probes {
  const root = `${endpoint}/bigquery/v2/projects`
  const ask = (of: string, request: HttpRequest): Promise<string> =>
    retry(
      async () => {
        const reply = await transport.send(request)
        if (reply.status < 200 || reply.status > 299) throw refusal(reply, of)
        return reply.text
      },
      { attempts, signal: request.signal },
    )
  const get = async (of: string, url: string, signal: AbortSignal) => {
    parse(await ask(of, { method: 'GET', url, signal }), of)
  }
  const post = async (of: string, url: string, body: unknown, signal: AbortSignal): Promise<Answer> => {
    const headers = { 'content-type': 'application/json' }
    return parse(await ask(of, { method: 'POST', url, headers, body: JSON.stringify(body), signal }), of)
  }

  return {
    async clockAheadMs(signal) {
      // Without a token, so that one that cannot be had does not hide the reason. A refusal tells the time too.
      const request = { method: 'GET', url: `${root}?maxResults=1`, signal } as const
      const { headers } = await retry(() => http.send(request), { attempts, signal })
      const there = Date.parse(headers['date'] ?? '')
      return Number.isNaN(there) ? undefined : now() - there
    },
    listDatasets: (projectId, signal) =>
      get(`request for project ${projectId}`, `${root}/${path(projectId)}/datasets?maxResults=1`, signal),
    async dryRun(projectId, job, signal) {
      const dry = { ...job, configuration: { ...job.configuration, dryRun: true } }
      await post(`dry run in project ${projectId}`, `${root}/${path(projectId)}/jobs`, dry, signal)
    },
    listTables: ({ projectId, datasetId }, signal) =>
      get(
        `list of tables in ${projectId}.${datasetId}`,
        `${root}/${path(projectId)}/datasets/${path(datasetId)}/tables?maxResults=1`,
        signal,
      ),
    describeTable: (place, signal) => get(`request for table ${nameOf(place)}`, urlOf(root, place), signal),
    readNoRow: (place, signal) =>
      get(`reading of ${nameOf(place)}`, `${urlOf(root, place)}/data?maxResults=0`, signal),
    async insertNoRow(place, signal) {
      const of = `insert into ${nameOf(place)}`
      // A column of this name is in no table, so BigQuery refuses the row, but only after it has looked at the
      // rights. It may not ignore the column, and refuses the request as a whole for its one bad row: nothing
      // can be stored.
      const rows = [{ json: { [`bqc_test_${randomBytes(16).toString('hex')}`]: true } }]
      const body = { rows, ignoreUnknownValues: false, skipInvalidRows: false }
      const { insertErrors } = await post(of, `${urlOf(root, place)}/insertAll`, body, signal)
      if (Array.isArray(insertErrors) && insertErrors.length > 0) return
      const message = `The answer to the ${of} does not refuse a row that no table can take.`
      throw new ConnectorError('BQC_RESPONSE_UNREADABLE', message)
    },
  }
}

interface Answer {
  readonly insertErrors?: unknown
}

function parse(text: string, of: string): Answer {
  try {
    const value = JSON.parse(text)
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value
  } catch {
    // Told below.
  }
  throw new ConnectorError('BQC_RESPONSE_UNREADABLE', `The answer to the ${of} is not a JSON object.`)
}

const path = encodeURIComponent

function urlOf(root: string, { projectId, datasetId, tableId }: TablePlace): string {
  return `${root}/${path(projectId)}/datasets/${path(datasetId)}/tables/${path(tableId)}`
}

function nameOf({ projectId, datasetId, tableId }: TablePlace): string {
  return `${projectId}.${datasetId}.${tableId}`
}
