// The job whose result a document of Get Query Results asks for: one that it names, or one that is run for it.
import { randomUUID } from 'node:crypto'
import type { JobReference } from '../bigquery/jobs.ts'
import type { GetQueryResultsOptions } from '../contract/options/get-query-results.ts'
import type { Outcome } from '../contract/outcome.ts'
import { withJobDefaults } from './job-defaults.ts'
import { numbered } from './jobs/job-id.ts'
import { referenceOf } from './jobs/job-state.ts'
import { statisticsOf } from './jobs/job-statistics.ts'
import { createRunToEnd } from './jobs/run-to-end.ts'
import type { OperationContext } from './open-operation.ts'
import type { QueryDocument } from './query-document.ts'

/** Jobs started at most for a statement; another one only after a failure that time heals. */
const maxAttempts = 3

export interface FoundJob {
  readonly reference: JobReference
  /** What the last outcome tells of a job that was run for it. */
  readonly facts: Pick<Outcome, 'statistics'>
}

export type FindQueryJob = (
  document: QueryDocument,
  sent: (attempts: number) => void,
  signal: AbortSignal,
) => Promise<FoundJob>

/**
 * A statement runs as a job under an id of ours, and not by jobs.query: there, a query whose answer is lost
 * runs, and is paid for, a second time.
 */
export function createFindQueryJob(
  context: OperationContext,
  { projectIdOverride, timeoutMs }: Pick<GetQueryResultsOptions, 'projectIdOverride' | 'timeoutMs'>,
): FindQueryJob {
  const runToEnd = createRunToEnd(context)
  return async ({ job, jobId, ...where }, sent, signal) => {
    const place = {
      projectId: projectIdOverride || context.projectId,
      ...(context.location ? { location: context.location } : {}),
      ...where,
    }
    const id = jobId ?? `bqc_${randomUUID()}`
    if (job === undefined) {
      sent(1)
      return { reference: { ...place, jobId: id }, facts: {} }
    }
    const asked = withJobDefaults(job, context.jobDefaults)
    let attempts = 0
    const ended = await runToEnd(
      {
        ids: jobId === undefined ? 'fresh' : 'given',
        jobOf: (attempt) => ({ ...asked, jobReference: { ...place, jobId: numbered(id, attempt) } }),
        maxAttempts,
        timeoutMs,
        cancelOnTimeout: false,
        cancelOnStop: jobId === undefined,
        onAttempt() {
          attempts += 1
          sent(attempts)
        },
      },
      signal,
    )
    return { reference: referenceOf(ended.job), facts: { statistics: statisticsOf(ended.job, 0) } }
  }
}
