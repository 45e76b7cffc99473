// Run Job: each document is a Job resource; it is started under an id of ours and watched until it is done.
import { randomUUID } from 'node:crypto'
import type { Job } from '../bigquery/jobs.ts'
import type { Document } from '../contract/document.ts'
import type { RunJobOptions } from '../contract/options/run-job.ts'
import { loadDescriptor } from '../descriptor/load.ts'
import { compileOverrides } from '../descriptor/resolve-document.ts'
import { documentKey, type KeyOf } from '../pipeline/document-key.ts'
import { eachDocument, type Work } from './each-document.ts'
import { paceOf } from './in-order.ts'
import { withJobDefaults } from './job-defaults.ts'
import { jobOfDocument } from './jobs/job-document.ts'
import { jobIdOf, numbered } from './jobs/job-id.ts'
import { failureOf, warningsOf } from './jobs/job-state.ts'
import { statisticsOf } from './jobs/job-statistics.ts'
import { createRunToEnd, type JobRun } from './jobs/run-to-end.ts'
import type { OpenOperation, OperationContext } from './open-operation.ts'

export const openRunJob: OpenOperation<'run-job'> = (context, configured) => {
  const form = loadDescriptor().operations.find(({ id }) => id === 'run-job')?.options ?? {}
  const optionsFor = compileOverrides<RunJobOptions>(form)
  const runToEnd = createRunToEnd(context)
  const { jobIdFrom, maxConcurrentJobs } = configured
  const keyOf = jobIdFrom === '' ? undefined : documentKey(jobIdFrom, keyUse)

  const work: Work = async function* (data, signal, { document, sent }) {
    sent(0)
    const options = optionsFor(configured, document)
    const written = jobOfDocument(data, options.objectType)
    const job = placed(withJobDefaults(written, context.jobDefaults), options, context)
    if (options.dryRun || job.configuration?.dryRun) {
      sent(1)
      const checked = await dryRun(job, context, signal)
      yield { payloads: [checked], facts: { statistics: statisticsOf(checked, options.pricePerTiB) } }
      return
    }
    const { ids, idOf } = jobIds(document, written, job.jobReference?.projectId, options, keyOf)
    let attempts = 0
    const ended = await runToEnd(
      {
        ids,
        jobOf: (attempt) => ({ ...job, jobReference: { ...job.jobReference, jobId: idOf(attempt) } }),
        maxAttempts: options.maxAttempts,
        timeoutMs: options.requestTimeout,
        cancelOnTimeout: options.cancelOnTimeout,
        cancelOnStop: options.onStop === 'cancel' || (options.onStop === 'auto' && ids === 'fresh'),
        onAttempt() {
          attempts += 1
          sent(attempts)
        },
      },
      signal,
    )
    const figures = statisticsOf(ended.job, options.pricePerTiB)
    const statistics = ended.isFormer ? { ...figures, isFormer: true as const } : figures
    const warnings = warningsOf(ended.job)
    yield { payloads: [ended.job], facts: { statistics, ...(warnings.length > 0 ? { warnings } : {}) } }
  }

  return (documents, execute = {}) =>
    eachDocument(documents, execute, context, 'one', work, paceOf(maxConcurrentJobs))
}

/** The job with where it runs, and all that the document says of that. */
function placed(
  job: Job,
  { projectIdOverride }: RunJobOptions,
  { projectId, location }: OperationContext,
): Job {
  const { projectId: ownProject, location: ownLocation, ...reference } = job.jobReference ?? {}
  const where = ownLocation || location
  const jobReference = {
    ...reference,
    projectId: ownProject || projectIdOverride || projectId,
    ...(where ? { location: where } : {}),
  }
  return { ...job, jobReference }
}

/** Dry runs have no ids: none of them is there afterwards. */
async function dryRun(job: Job, { control, projectId }: OperationContext, signal: AbortSignal): Promise<Job> {
  const { jobId: _, ...jobReference } = job.jobReference ?? {}
  const asked = { ...job, jobReference, configuration: { ...job.configuration, dryRun: true } }
  const checked = await control.insertJob(jobReference.projectId ?? projectId, asked, false, signal)
  const failure = failureOf(checked.job)
  if (failure !== undefined) throw failure
  return checked.job
}

interface JobIds extends Pick<JobRun, 'ids'> {
  readonly idOf: (attempt: number) => string
}

const keyUse = { role: "part of the job's id", maxCharacters: 1024 }

/** @param written the job as the document has it: what the connection adds does not make it another one. */
function jobIds(
  document: Document,
  { jobReference, configuration }: Job,
  projectId: string | null | undefined,
  { jobIdPrefix }: RunJobOptions,
  keyOf: KeyOf | undefined,
): JobIds {
  const given = jobReference?.jobId
  if (given) return { ids: 'given', idOf: () => given }
  if (keyOf === undefined) {
    const id = jobIdPrefix + randomUUID()
    return { ids: 'fresh', idOf: (attempt) => numbered(id, attempt) }
  }
  const meaning = { operation: 'run-job', projectId, key: keyOf(document), configuration }
  return { ids: 'kept', idOf: (attempt) => jobIdOf(jobIdPrefix, meaning, attempt) }
}
