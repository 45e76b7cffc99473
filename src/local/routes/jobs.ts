// jobs: insert (query jobs), get, list, cancel, delete, query and getQueryResults.
import { demand, guardCatalog } from '../auth/rights.ts'
import {
  type Job,
  jobName,
  jobReference,
  jobResource,
  jobState,
  type QueryConfiguration,
} from '../jobs/job.ts'
import {
  type Page,
  type PageRequest,
  pageRequest,
  pageToken,
  readPage,
  timestampFormat,
  wholeNumber,
} from '../jobs/query-results.ts'
import { type QueryEngine, type QueryJob, startQuery } from '../jobs/run-query.ts'
import { startCopy } from '../transfer/copies.ts'
import { startExtract } from '../transfer/extracts.ts'
import { ApiError, invalid, notFound } from '../wire/api-error.ts'
import { type ApiRequest, jsonBody, listEtag, listPage, part, type Route, route } from './route.ts'

/** The documented default and ceiling for how long a request waits for its job. */
const DEFAULT_WAIT_MS = 10_000
const LONGEST_WAIT_MS = 200_000
/** jobs.insert does not wait for its job, but a job that is done this soon is shown as done. */
const INSERT_WAIT_MS = 150

export const jobRoutes: readonly Route[] = [
  route('POST', 'projects/:project/jobs', (request) => insertJob(request, jsonBody(request))),
  route('GET', 'projects/:project/jobs', (request) => {
    const wanted = request.query.getAll('stateFilter').map((state) => state.toUpperCase())
    const parent = request.query.get('parentJobId')
    const [from, to] = ['minCreationTime', 'maxCreationTime'].map((name) =>
      wholeNumber(request.query, name, -1),
    )
    const all = request.services.queries.jobs
      .list(part(request, 'project'))
      .filter(
        (job) =>
          (wanted.length === 0 || wanted.includes(jobState(job))) &&
          (job as { parentJobId?: string }).parentJobId === (parent ?? undefined) &&
          job.createdAt >= (from ?? -1) &&
          ((to ?? -1) === -1 || job.createdAt <= (to as number)),
      )
    const { page, more } = listPage(all, request.query)
    const jobs = page.map((job) => {
      const { kind, id, jobReference: reference, ...rest } = jobResource(job, request.baseUrl)
      const { statistics, status, user_email, configuration } = rest
      const failure = job.failure?.proto
      return {
        ...{ kind, id, jobReference: reference, state: jobState(job), statistics, status, user_email },
        ...(failure === undefined ? {} : { errorResult: failure }),
        ...(request.query.get('projection')?.toLowerCase() === 'full' ? { configuration } : {}),
      }
    })
    return {
      kind: 'bigquery#jobList',
      etag: listEtag(all),
      ...more,
      ...(jobs.length > 0 ? { jobs } : {}),
    }
  }),
  route('GET', 'projects/:project/jobs/:job', (request) => jobResource(findJob(request), request.baseUrl)),
  route('POST', 'projects/:project/jobs/:job/cancel', async (request) => {
    const job = findJob(request)
    job.cancel()
    return { kind: 'bigquery#jobCancelResponse', job: jobResource(job, request.baseUrl) }
  }),
  route('DELETE', 'projects/:project/jobs/:job/delete', async (request) => {
    const job = findJob(request)
    if (job.endedAt === undefined) throw invalid(`Cannot delete job ${jobName(job)}: it is still running.`)
    await request.services.queries.jobs.delete(job)
    return {}
  }),
  route('POST', 'projects/:project/queries', async (request) => {
    const body = jsonBody(request)
    const { query, timeoutMs, maxResults, formatOptions, dryRun, location, labels, requestId, ...rest } = body
    const format = (formatOptions ?? {}) as Record<string, unknown>
    const timestamps = timestampFormat(format['useInt64Timestamp'], format['timestampOutputFormat'])
    const asked = new URLSearchParams(maxResults === undefined ? {} : { maxResults: String(maxResults) })
    const start = (): QueryJob =>
      startQuery(engineOf(request), {
        projectId: part(request, 'project'),
        ...(typeof location === 'string' ? { location } : {}),
        configuration: { query: { ...rest, query: query as string }, ...(labels ? { labels } : {}) },
        dryRun: dryRun === true,
      })
    const { requests } = request.services
    const job =
      typeof requestId === 'string' && requestId !== '' && dryRun !== true
        ? requests.once(`${part(request, 'project')} ${requestId}`, { query, location, rest }, start)
        : start()
    await settle(job, dryRun === true ? LONGEST_WAIT_MS : waitMs(timeoutMs))
    const results = await resultsOf(request, job, { ...pageRequest(asked), timestamps })
    const { location: place, projectId } = jobReference(job)
    return {
      kind: 'bigquery#queryResponse',
      location: place,
      ...results,
      ...(dryRun === true
        ? { jobReference: { projectId, location: place } }
        : { queryId: job.jobId, jobCreationReason: { code: 'REQUESTED' } }),
      ...(job.endedAt === undefined
        ? {}
        : { ...times(job), totalBytesBilled: '0', ...(dryRun === true ? {} : { totalSlotMs: '0' }) }),
    }
  }),
  route('GET', 'projects/:project/queries/:job', async (request) => {
    const job = findJob(request)
    if (job.configuration['query'] === undefined) throw invalid(`Job ${jobName(job)} is not a query job.`)
    const asked = pageRequest(request.query)
    await settle(job, waitMs(wholeNumber(request.query, 'timeoutMs', DEFAULT_WAIT_MS)))
    return {
      kind: 'bigquery#getQueryResultsResponse',
      etag: job.etag,
      ...(await resultsOf(request, job, asked)),
    }
  }),
]

export function insertJob(
  request: ApiRequest,
  body: Readonly<Record<string, unknown>>,
): Promise<Record<string, unknown>> {
  return waitForJob(request, startJob(request, body))
}

/** Answers as soon as the job is done, or with the running job where it takes longer. */
export async function waitForJob(request: ApiRequest, job: Job): Promise<Record<string, unknown>> {
  const isDry = job.configuration['dryRun'] === true
  await settle(job, isDry ? LONGEST_WAIT_MS : INSERT_WAIT_MS)
  if (isDry && job.failure !== undefined) throw failureOf(job)
  return jobResource(job, request.baseUrl)
}

export function startJob(request: ApiRequest, body: Readonly<Record<string, unknown>>, media?: string): Job {
  const configuration = (body['configuration'] ?? {}) as Record<string, unknown>
  const reference = (body['jobReference'] ?? {}) as { jobId?: string; location?: string; projectId?: string }
  const kinds = ['query', 'load', 'copy', 'extract'].filter((name) => configuration[name] !== undefined)
  const [kind] = kinds
  if (kinds.length !== 1)
    throw invalid('Job configuration must contain exactly one job-specific configuration object')
  if (media !== undefined && kind !== 'load')
    throw invalid('Only load jobs take an upload; the configuration has none.')
  const { loads } = request.services
  const asked = {
    projectId: part(request, 'project'),
    jobId: reference.jobId || undefined,
    location: reference.location || undefined,
    configuration,
  }
  const dryRun = configuration['dryRun'] === true
  if (dryRun && kind !== 'query') throw invalid('Dry run is only supported for query jobs.')
  checkTransfer(request, configuration)
  if (kind === 'load') return loads.load(asked, media)
  if (kind === 'copy') return startCopy(loads.engine, asked)
  if (kind === 'extract') return startExtract(loads.engine, asked)
  const query = configuration['query'] as QueryConfiguration
  const { jobId, location, ...rest } = asked
  return startQuery(engineOf(request), {
    ...rest,
    ...(jobId ? { jobId } : {}),
    ...(location ? { location } : {}),
    configuration: { ...configuration, query },
    dryRun,
  })
}

/** The engine as whoever asks may use it. */
function engineOf({ services, rights }: ApiRequest): QueryEngine {
  const { queries } = services
  return { ...queries, rights, catalog: guardCatalog(queries.catalog, rights) }
}

/** Rights of jobs that move data, on the tables they name. */
function checkTransfer(request: ApiRequest, configuration: Readonly<Record<string, unknown>>): void {
  const own = part(request, 'project')
  const check = (permission: string, reference: unknown): void => {
    const { projectId = own, datasetId, tableId } = (reference ?? {}) as Record<string, string | undefined>
    demand(request.rights, permission, { projectId, datasetId, tableId })
  }
  for (const kind of ['load', 'copy', 'extract', 'query']) {
    const { destinationTable, sourceTable, sourceTables = [] } = (configuration[kind] ?? {}) as Transfer
    const sources = sourceTable === undefined ? sourceTables : [sourceTable, ...sourceTables]
    for (const source of sources) check('bigquery.tables.getData', source)
    if (destinationTable) check('bigquery.tables.updateData', destinationTable)
  }
}

interface Transfer {
  readonly destinationTable?: unknown
  readonly sourceTable?: unknown
  readonly sourceTables?: readonly unknown[]
}

function times(job: Job): Record<string, string> {
  const { createdAt, startedAt = createdAt, endedAt = createdAt } = job
  return { creationTime: String(createdAt), startTime: String(startedAt), endTime: String(endedAt) }
}

function findJob(request: ApiRequest): QueryJob {
  const { jobs } = request.services.queries
  return jobs.get(part(request, 'project'), part(request, 'job'), request.query.get('location')) as QueryJob
}

function waitMs(asked: unknown): number {
  const wanted = asked === undefined || asked === null ? DEFAULT_WAIT_MS : Number(asked)
  if (!Number.isFinite(wanted)) throw invalid(`Invalid value for timeoutMs: ${asked}`, 'timeoutMs')
  return Math.min(Math.max(wanted, 0), LONGEST_WAIT_MS)
}

/** Waits for a job to finish, but no longer than asked. */
async function settle(job: Job, ms: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const patience = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms)
    timer.unref()
  })
  await Promise.race([job.finished, patience])
  clearTimeout(timer)
}

function failureOf(job: Job): ApiError {
  const { status, proto } = job.failure ?? { status: 500, proto: { reason: 'internalError', message: '' } }
  return new ApiError(
    status,
    proto.reason,
    proto.message,
    proto.location === undefined ? {} : { location: proto.location },
  )
}

async function resultsOf(
  request: ApiRequest,
  job: QueryJob,
  asked: PageRequest,
): Promise<Record<string, unknown>> {
  const reference = { jobReference: jobReference(job) }
  if (job.failure !== undefined) throw failureOf(job)
  const { outcome } = job
  if (outcome === undefined || job.endedAt === undefined) return { ...reference, jobComplete: false }
  let page: Page = { rows: [], next: 0 }
  if (job.resultTable !== undefined)
    page = await readPage(request.services.reading, job.resultTable, outcome.schema?.fields ?? [], asked)
  else if (outcome.totalRows > 0)
    throw notFound(`Rows of job ${jobName(job)}: the local BigQuery keeps those of recent jobs only`)
  return {
    ...(outcome.schema === undefined ? {} : { schema: outcome.schema }),
    ...reference,
    totalRows: String(outcome.totalRows),
    ...(page.next < outcome.totalRows ? { pageToken: pageToken(page.next) } : {}),
    ...(page.rows.length > 0 ? { rows: page.rows } : {}),
    totalBytesProcessed: '0',
    jobComplete: true,
    cacheHit: false,
    ...(outcome.dmlRows === undefined ? {} : { numDmlAffectedRows: String(outcome.dmlRows) }),
    ...(outcome.dmlStats === undefined ? {} : { dmlStats: outcome.dmlStats }),
  }
}
