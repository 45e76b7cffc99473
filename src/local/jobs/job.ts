// A job: what was asked, how far it is, and how the API shows it.
import type { ErrorProto } from '../wire/api-error.ts'
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
  /** Settles when the job is done, well or badly; it never rejects. */
  finished: Promise<void>
  cancel: () => void
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
  const state = jobState(job)
  const failure = job.failure?.proto
  const { outcome } = job
  return {
    kind: 'bigquery#job',
    etag: job.etag,
    id: jobName(job),
    selfLink: `${baseUrl}/projects/${job.projectId}/jobs/${job.jobId}?location=${job.location}`,
    user_email: `local@${job.projectId}.iam.gserviceaccount.com`,
    configuration: { ...job.configuration, jobType: 'QUERY' },
    jobReference: jobReference(job),
    statistics: {
      creationTime: String(job.createdAt),
      ...(job.startedAt === undefined ? {} : { startTime: String(job.startedAt) }),
      ...(job.endedAt === undefined ? {} : { endTime: String(job.endedAt) }),
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
              ...(outcome.dmlStats === undefined ? {} : { dmlStats: outcome.dmlStats }),
              ...(outcome.dmlRows === undefined ? {} : { numDmlAffectedRows: String(outcome.dmlRows) }),
            },
          }),
    },
    status: failure === undefined ? { state } : { errorResult: failure, errors: [failure], state },
    jobCreationReason: { code: 'REQUESTED' },
  }
}
