// What a Job resource says of its job: its name, whether it is done, and how it failed.
import { verdictOfJob } from '../../bigquery/classify.ts'
import type { Job, JobReference } from '../../bigquery/jobs.ts'
import type { ServiceWarning } from '../../contract/outcome.ts'
import { ConnectorError } from '../../errors.ts'

/** `project.job`, as messages call it. */
export function nameOfJob({ jobReference }: Job): string {
  return `${jobReference?.projectId}.${jobReference?.jobId}`
}

/** @throws ConnectorError for a resource that does not say which job it is. */
export function referenceOf({ jobReference }: Job): JobReference {
  const { projectId, jobId, location } = jobReference ?? {}
  if (projectId && jobId) return { projectId, jobId, ...(location ? { location } : {}) }
  throw new ConnectorError('BQC_RESPONSE_UNREADABLE', 'BigQuery gave a job without its jobReference.')
}

/** The job with the reference by which it was asked for: some services do not repeat it. */
export function referredTo(job: Job, reference: JobReference): Job {
  return { ...job, jobReference: { ...reference, ...job.jobReference } }
}

/** A job that does not tell its state is not done. */
export function isDone({ status }: Job): boolean {
  return status?.state?.toUpperCase() === 'DONE'
}

/**
 * The error of a job that is done and failed. Where its `errorResult` only counts what went wrong, as that of a load
 * does, the first of the others says which record it was, and why.
 */
export function failureOf(job: Job): ConnectorError | undefined {
  const { errorResult, errors } = job.status ?? {}
  if (!errorResult) return undefined
  const { reason, location, message } = errorResult
  const said = (message || reason || 'BigQuery gives no reason').replace(/\.?$/, '.')
  const others = (errors ?? []).filter((error) => error.message && error.message !== message)
  const first = others[0] ? ` ${others[0].message?.replace(/\.?$/, '.')}` : ''
  const more = others.length > 1 ? ` The job tells of ${others.length - 1} more.` : ''
  const text = `Job ${nameOfJob(job)} failed${location ? ` at ${location}` : ''}: ${said}${first}${more}`
  return new ConnectorError('BQC_JOB_FAILED', text, { payload: job, ...(reason ? { reason } : {}) })
}

/** What a job complains of that is done and did not fail, such as records that it left out. */
export function warningsOf({ status }: Job): readonly ServiceWarning[] {
  return (status?.errors ?? []).map(({ reason, location, message }) => ({
    ...(reason ? { reason } : {}),
    ...(location ? { location } : {}),
    ...(message ? { message } : {}),
  }))
}

/**
 * A job that failed for a reason that time heals, and left nothing behind. A script may have done half of
 * its work, so it is never run again by itself.
 */
export function isWorthAnotherRun({ status, statistics }: Job): boolean {
  const isScript = statistics?.query?.statementType === 'SCRIPT' || Number(statistics?.numChildJobs ?? 0) > 0
  return status?.errorResult != null && !isScript && verdictOfJob(status.errorResult) === 'retry'
}
