// Run Job: each document is a Job resource; it is started under an id of ours and watched until it is done.
import { randomUUID } from 'node:crypto'
import type { Job } from '../bigquery/control-plane.ts'
import type { Document } from '../contract/document.ts'
import type { RunJobOptions } from '../contract/options/run-job.ts'
import { documentKey } from '../pipeline/document-key.ts'
import { eachDocument } from './each-document.ts'
import { withJobDefaults } from './job-defaults.ts'
import { jobOfDocument } from './jobs/job-document.ts'
import { jobIdOf, numbered } from './jobs/job-id.ts'
import { failureOf } from './jobs/job-state.ts'
import { statisticsOf } from './jobs/job-statistics.ts'
import { createRunToEnd, type JobRun } from './jobs/run-to-end.ts'
import type { OpenOperation } from './open-operation.ts'

/** Jobs that are done and wait for their turn, beside each that runs. */
const readyPerJob = 3

export const openRunJob: OpenOperation = (context, config) => {
  const options = config as unknown as RunJobOptions
  const { objectType, maxConcurrentJobs, pricePerTiB, requestTimeout, onStop, cancelOnTimeout } = options
  const { control, jobDefaults } = context
  const projectId = options.projectIdOverride || context.projectId
  const runToEnd = createRunToEnd(context)
  const idsOf = jobIds(options, projectId)
  const pace = {
    atOnce: maxConcurrentJobs,
    // One by one means: the next document may be made from the outcome of the one before.
    ahead: maxConcurrentJobs === 1 ? 1 : maxConcurrentJobs * (1 + readyPerJob),
  }

  /** The job with where it runs, and all that the document says of that. */
  const placed = (job: Job, jobId?: string): Job => ({
    ...job,
    jobReference: {
      projectId,
      ...(context.location ? { location: context.location } : {}),
      ...job.jobReference,
      ...(jobId === undefined ? {} : { jobId }),
    },
  })

  const dryRun = async (job: Job, signal: AbortSignal): Promise<Job> => {
    const asked = placed({ ...job, configuration: { ...job.configuration, dryRun: true } })
    const { jobId: _, ...jobReference } = asked.jobReference ?? {}
    const checked = await control.insertJob(
      jobReference.projectId ?? projectId,
      { ...asked, jobReference },
      false,
      signal,
    )
    const failure = failureOf(checked.job)
    if (failure !== undefined) throw failure
    return checked.job
  }

  return (documents, execute = {}) =>
    eachDocument(
      documents,
      execute,
      context,
      'one',
      async function* (data, signal, { document, sent }) {
        sent(0)
        const written = jobOfDocument(data, objectType)
        const job = withJobDefaults(written, jobDefaults)
        if (options.dryRun || job.configuration?.dryRun) {
          sent(1)
          const checked = await dryRun(job, signal)
          yield { payloads: [checked], facts: { statistics: statisticsOf(checked, pricePerTiB) } }
          return
        }
        const { ids, idOf } = idsOf(document, written)
        let attempts = 0
        const ended = await runToEnd(
          {
            ids,
            jobOf: (attempt) => placed(job, idOf(attempt)),
            maxAttempts: options.maxAttempts,
            timeoutMs: requestTimeout,
            cancelOnTimeout,
            cancelOnStop: onStop === 'cancel' || (onStop === 'auto' && ids === 'fresh'),
            onAttempt() {
              attempts += 1
              sent(attempts)
            },
          },
          signal,
        )
        const figures = statisticsOf(ended.job, pricePerTiB)
        const statistics = ended.isFormer ? { ...figures, isFormer: true as const } : figures
        yield { payloads: [ended.job], facts: { statistics } }
      },
      pace,
    )
}

interface JobIds extends Pick<JobRun, 'ids'> {
  readonly idOf: (attempt: number) => string
}

/** Which ids the job of a document has. The connection's defaults do not make it another job. */
function jobIds(
  { jobIdFrom, jobIdPrefix }: RunJobOptions,
  projectId: string,
): (document: Document, written: Job) => JobIds {
  const keyOf = jobIdFrom === '' ? undefined : documentKey(jobIdFrom, use)
  return (document, { jobReference, configuration }) => {
    const given = jobReference?.jobId
    if (given) return { ids: 'given', idOf: () => given }
    if (keyOf === undefined) {
      const id = jobIdPrefix + randomUUID()
      return { ids: 'fresh', idOf: (attempt) => numbered(id, attempt) }
    }
    const meaning = { operation: 'run-job', projectId, key: keyOf(document), configuration }
    return { ids: 'kept', idOf: (attempt) => jobIdOf(jobIdPrefix, meaning, attempt) }
  }
}

const use = { role: "part of the job's id", maxCharacters: 1024 }
