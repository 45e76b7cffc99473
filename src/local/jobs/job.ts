// A job: what was asked, how far it is, and how the API shows it.
import { randomUUID } from 'node:crypto'
import { type ErrorProto, invalid } from '../wire/api-error.ts'
import type { TableSchema } from '../wire/table-schema.ts'

export interface QueryConfiguration {
  readonly query: string
  readonly useLegacySql?: boolean
  readonly parameterMode?: string
  readonly queryParameters?: readonly unknown[]
  readonly defaultDataset?: { readonly projectId?: string; readonly datasetId: string }
  readonly [extra: string]: unknown
}

interface DmlStats {
  readonly insertedRowCount: string
  readonly updatedRowCount: string
  readonly deletedRowCount: string
}

export interface QueryOutcome {
  readonly statementType: string
  readonly schema: TableSchema | undefined
  readonly totalRows: number
  readonly dmlStats?: DmlStats
  readonly dmlRows?: number
  /** Further query statistics, such as what a DDL statement did. */
  readonly more?: Readonly<Record<string, unknown>>
}

export interface Job {
  readonly projectId: string
  readonly jobId: string
  readonly location: string
  readonly configuration: Readonly<Record<string, unknown>>
  readonly createdAt: number
  readonly etag: string
  startedAt: number | undefined
  endedAt: number | undefined
  failure: { readonly status: number; readonly proto: ErrorProto } | undefined
  outcome: QueryOutcome | undefined
  /** The statistics of a load, copy or extract job, under its type's name. */
  statistics?: Readonly<Record<string, unknown>>
  /** What went wrong without failing the job, such as bad records that were skipped. */
  warnings?: readonly ErrorProto[]
  /** Settles when the job is done, well or badly; it never rejects. */
  finished: Promise<void>
  cancel: () => void
}

export interface JobRequest {
  readonly projectId: string
  readonly jobId: string | undefined
  readonly location: string
  readonly configuration: Readonly<Record<string, unknown>>
}

export function newJob(request: JobRequest, now: number): Job {
  const jobId = request.jobId ?? `job_${randomUUID().replaceAll('-', '')}`
  if (!/^[A-Za-z0-9_-]{1,1024}$/.test(jobId)) throw invalid(`Invalid job ID "${jobId}"`)
  return {
    ...request,
    jobId,
    createdAt: now,
    etag: Buffer.from(randomUUID()).toString('base64url').slice(0, 22),
    startedAt: undefined,
    endedAt: undefined,
    failure: undefined,
    outcome: undefined,
    finished: Promise.resolve(),
    cancel: () => undefined,
  }
}

function jobType(job: Job): string {
  return ['load', 'copy', 'extract'].find((type) => job.configuration[type] !== undefined) ?? 'query'
}

export function jobName(job: Job): string {
  return `${job.projectId}:${job.location}.${job.jobId}`
}

export function jobState(job: Job): 'PENDING' | 'RUNNING' | 'DONE' {
  if (job.endedAt !== undefined) return 'DONE'
  return job.startedAt === undefined ? 'PENDING' : 'RUNNING'
}

export function jobReference(job: Job): { projectId: string; jobId: string; location: string } {
  return { projectId: job.projectId, jobId: job.jobId, location: job.location }
}

export function jobResource(job: Job, baseUrl: string): Record<string, unknown> {
  const { outcome } = job
  return {
    kind: 'bigquery#job',
    etag: job.etag,
    id: jobName(job),
    selfLink: `${baseUrl}/projects/${job.projectId}/jobs/${job.jobId}?location=${job.location}`,
    user_email: `local@${job.projectId}.iam.gserviceaccount.com`,
    principal_subject: `serviceAccount:local@${job.projectId}.iam.gserviceaccount.com`,
    configuration: { ...job.configuration, jobType: jobType(job).toUpperCase() },
    jobReference: jobReference(job),
    statistics: {
      creationTime: String(job.createdAt),
      ...(job.startedAt === undefined ? {} : { startTime: String(job.startedAt) }),
      ...(job.endedAt === undefined ? {} : { endTime: String(job.endedAt) }),
      ...job.statistics,
      ...(outcome === undefined
        ? {}
        : {
            totalBytesProcessed: '0',
            query: {
              statementType: outcome.statementType,
              totalBytesProcessed: '0',
              totalBytesBilled: '0',
              totalSlotMs: '0',
              cacheHit: false,
              ...(outcome.schema === undefined ? {} : { schema: outcome.schema }),
              ...outcome.more,
              ...(outcome.dmlStats === undefined ? {} : { dmlStats: outcome.dmlStats }),
              ...(outcome.dmlRows === undefined ? {} : { numDmlAffectedRows: String(outcome.dmlRows) }),
            },
          }),
    },
    status: jobStatus(job),
    jobCreationReason: { code: 'REQUESTED' },
  }
}

function jobStatus(job: Job): Record<string, unknown> {
  const failure = job.failure?.proto
  const errors = [...(failure === undefined ? [] : [failure]), ...(job.warnings ?? [])]
  return {
    ...(failure === undefined ? {} : { errorResult: failure }),
    ...(errors.length === 0 ? {} : { errors }),
    state: jobState(job),
  }
}
