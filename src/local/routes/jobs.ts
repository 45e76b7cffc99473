// jobs: insert (query jobs), get, list, cancel, delete, query and getQueryResults.
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
import { type QueryJob, startQuery } from '../jobs/run-query.ts'
import { ApiError, invalid, notFound } from '../wire/api-error.ts'
import { type ApiRequest, jsonBody, listPage, part, type Route, route } from './route.ts'

/** The documented default and ceiling for how long a request waits for its job. */
const DEFAULT_WAIT_MS = 10_000
const LONGEST_WAIT_MS = 200_000

export const jobRoutes: readonly Route[] = [
  route('POST', 'projects/:project/jobs', async (request) => {
    const body = jsonBody(request)
    const configuration = (body['configuration'] ?? {}) as Record<string, unknown>
    const reference = (body['jobReference'] ?? {}) as { jobId?: string; location?: string }
    const query = configuration['query'] as QueryConfiguration | undefined
    if (query === undefined) {
      const kind = ['load', 'copy', 'extract'].find((name) => configuration[name] !== undefined)
      if (kind === undefined)
        throw invalid('Job configuration must contain exactly one job-specific configuration object')
      throw new ApiError(501, 'notImplemented', `The local BigQuery does not run ${kind} jobs.`)
    }
    const dryRun = configuration['dryRun'] === true
    const job = startQuery(request.services.queries, {
      projectId: part(request, 'project'),
      ...(reference.jobId ? { jobId: reference.jobId } : {}),
      ...(reference.location ? { location: reference.location } : {}),
      configuration: { ...configuration, query },
      dryRun,
    })
    if (dryRun) await job.finished
    if (dryRun && job.failure !== undefined) throw failureOf(job)
    return jobResource(job, request.baseUrl)
  }),
  route('GET', 'projects/:project/jobs', (request) => {
    const wanted = request.query.getAll('stateFilter').map((state) => state.toUpperCase())
    const all = request.services.queries.jobs
      .list(part(request, 'project'))
      .filter((job) => wanted.length === 0 || wanted.includes(jobState(job)))
    const { page, more } = listPage(all, request.query)
    const jobs = page.map((job) => {
      const { selfLink: _selfLink, etag: _etag, ...resource } = jobResource(job, request.baseUrl)
      const failure = job.failure?.proto
      return { ...resource, state: jobState(job), ...(failure === undefined ? {} : { errorResult: failure }) }
    })
    return {
      kind: 'bigquery#jobList',
      etag: String(all.length),
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
  route('POST', 'projects/:project/queries', async (request) => {
    const { query, timeoutMs, maxResults, formatOptions, dryRun, location, labels, ...rest } =
      jsonBody(request)
    const format = (formatOptions ?? {}) as Record<string, unknown>
    const timestamps = timestampFormat(format['useInt64Timestamp'], format['timestampOutputFormat'])
    const asked = new URLSearchParams(maxResults === undefined ? {} : { maxResults: String(maxResults) })
    const job = startQuery(request.services.queries, {
      projectId: part(request, 'project'),
      ...(typeof location === 'string' ? { location } : {}),
      configuration: { query: { ...rest, query: query as string }, ...(labels ? { labels } : {}) },
      dryRun: dryRun === true,
    })
    await settle(job, dryRun === true ? LONGEST_WAIT_MS : waitMs(timeoutMs))
    const results = await resultsOf(request, job, { ...pageRequest(asked), timestamps })
    return {
      kind: 'bigquery#queryResponse',
      queryId: job.jobId,
      location: job.location,
      jobCreationReason: { code: 'REQUESTED' },
      ...results,
    }
  }),
  route('GET', 'projects/:project/queries/:job', async (request) => {
    const job = findJob(request)
    const asked = pageRequest(request.query)
    await settle(job, waitMs(wholeNumber(request.query, 'timeoutMs', DEFAULT_WAIT_MS)))
    return {
      kind: 'bigquery#getQueryResultsResponse',
      etag: job.etag,
      ...(await resultsOf(request, job, asked)),
    }
  }),
]

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
  else if (outcome.totalRows > 0) throw notFound(`Job ${jobName(job)}`)
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
