// Starts query jobs: compile, run on a connection of its own, keep the rows, record how it ended.
import type { Rights } from '../auth/rights.ts'
import { referencedLocation } from '../sql/locate.ts'
import type { Parser } from '../sql/parse.ts'
import type { Catalog } from '../storage/catalog.ts'
import type { Mutex } from '../storage/mutex.ts'
import type { Pool } from '../storage/pool.ts'
import { ApiError, invalid } from '../wire/api-error.ts'
import { asApiError } from './engine-error.ts'
import { execute } from './execute.ts'
import { type Job, newJob, type QueryConfiguration } from './job.ts'
import { canonicalLocation, type JobStore } from './job-store.ts'

export interface QueryEngine {
  readonly catalog: Catalog
  /** Connections for queries only, so that a long one never holds up an insert. */
  readonly pool: Pool
  readonly mutex: Mutex
  readonly jobs: JobStore
  readonly parser: Parser
  readonly now: () => number
  /** Refuses a change to the rows of a physical table, as a scripted fault asks. */
  readonly checkDml: (target: string) => void
  /** Of whoever runs the query. */
  readonly rights: Rights
}

export interface QueryRequest {
  readonly projectId: string
  readonly jobId?: string
  readonly location?: string
  readonly configuration: Readonly<Record<string, unknown>> & { readonly query: QueryConfiguration }
  readonly dryRun?: boolean
}

export interface QueryJob extends Job {
  resultTable: string | undefined
}

export function startQuery(engine: QueryEngine, request: QueryRequest): QueryJob {
  const { projectId, configuration } = request
  checkQuery(configuration.query)
  const job: QueryJob = {
    ...newJob(
      { projectId, jobId: request.jobId, location: jobLocation(engine, request), configuration },
      engine.now(),
    ),
    resultTable: undefined,
  }
  if (request.dryRun !== true) engine.jobs.add(job)
  job.finished = run(engine, job, configuration.query, request.dryRun === true)
  return job
}

function checkQuery(query: QueryConfiguration): void {
  if (typeof query.query !== 'string' || query.query.trim() === '')
    throw invalid('Required parameter is missing: query', 'query')
  // The API's default is legacy SQL, a different language; answering as if it were not would hide a mistake.
  if (query.useLegacySql !== false && !/^\s*#standardSQL\b/i.test(query.query))
    throw invalid(
      'Legacy SQL is not supported by the local BigQuery: send "useLegacySql": false.',
      'useLegacySql',
    )
  const properties = (query['connectionProperties'] ?? []) as readonly { key?: string; value?: string }[]
  // Sessions end with the job that creates them here, so no id of one is ever valid.
  if (properties.some(({ key }) => key === 'session_id')) throw invalid('Invalid input session id.')
  const zone = properties.find(({ key }) => key === 'time_zone')?.value ?? 'UTC'
  if (zone !== 'UTC') throw invalid('The local BigQuery supports no default time zone but UTC.')
}

function jobLocation(engine: QueryEngine, request: QueryRequest): string {
  if (request.location !== undefined && request.location !== '') return canonicalLocation(request.location)
  const { projectId, configuration } = request
  const { defaultDataset, query } = configuration.query
  const home =
    defaultDataset &&
    engine.catalog.findDataset(defaultDataset.projectId ?? projectId, defaultDataset.datasetId)
  return home?.location ?? referencedLocation(engine.catalog, projectId, query) ?? 'US'
}

async function run(
  engine: QueryEngine,
  job: QueryJob,
  query: QueryConfiguration,
  dryRun: boolean,
): Promise<void> {
  let cancelled = false
  let interrupting: NodeJS.Timeout | undefined
  job.cancel = () => {
    cancelled = true
  }
  try {
    await engine.pool.use(async (connection) => {
      if (cancelled) throw stopped()
      job.startedAt = engine.now()
      job.cancel = () => {
        cancelled = true
        // An interrupt between two statements is lost, so it is repeated until the job ends.
        connection.interrupt()
        interrupting ??= setInterval(() => connection.interrupt(), 20)
      }
      const checkpoint = (): void => {
        if (cancelled) throw stopped()
      }
      try {
        await execute({ engine, job, query, connection, dryRun, checkpoint })
      } finally {
        job.cancel = () => undefined
        clearInterval(interrupting)
      }
    })
  } catch (error) {
    const failure = cancelled ? stopped() : asApiError(error)
    job.failure = { status: failure.status, proto: failure.proto }
  }
  job.startedAt ??= engine.now()
  job.endedAt ??= engine.now()
}

function stopped(): ApiError {
  return new ApiError(400, 'stopped', 'Job execution was cancelled: User requested cancellation')
}
