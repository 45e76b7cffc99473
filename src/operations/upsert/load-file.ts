// Uploads a file into a load job, and watches the job to its end.
import { randomUUID } from 'node:crypto'
import type { Job } from '../../bigquery/jobs.ts'
import { backOffMs } from '../../bigquery/retry.ts'
import { createUploadJob, type UploadFile } from '../../bigquery/upload.ts'
import { withJobDefaults } from '../job-defaults.ts'
import { numbered } from '../jobs/job-id.ts'
import { failureOf, isWorthAnotherRun, referenceOf, referredTo } from '../jobs/job-state.ts'
import { stopWithSignal } from '../jobs/stop-job.ts'
import { createWatchJob } from '../jobs/watch-job.ts'
import type { OperationContext } from '../open-operation.ts'

interface LoadRun {
  readonly projectId: string
  readonly location: string | undefined
  readonly load: NonNullable<NonNullable<Job['configuration']>['load']>
  readonly file: UploadFile
  /** Milliseconds for the job to be done once the file is there; -1 waits for ever. */
  readonly timeoutMs: number
}

/** Gives the job that loaded the file. @throws ConnectorError */
export type LoadFile = (run: LoadRun, signal: AbortSignal) => Promise<Job>

/** Load jobs for one file at most: another one only after a failure that time heals. */
const maxAttempts = 5

export function createLoadFile(context: OperationContext): LoadFile {
  const uploadJob = createUploadJob(context)
  const watch = createWatchJob(context)

  const once = async (
    { projectId, file, timeoutMs }: LoadRun,
    job: Job,
    signal: AbortSignal,
  ): Promise<Job> => {
    const reference = referenceOf(job)
    // The last byte may be there, and the job under way, when the answer is not waited for any more.
    const stop = stopWithSignal(context, () => reference, signal)
    const started = await uploadJob(projectId, job, file, signal)
      .catch((thrown) => (signal.aborted ? stop.end(job, 'being started', thrown) : Promise.reject(thrown)))
      .finally(stop.release)
    const patience = { timeoutMs, cancelOnTimeout: true, cancelOnStop: true }
    return watch(referredTo(started, reference), patience, signal)
  }

  return async (run, signal) => {
    const { projectId, location, load, file } = run
    const id = `bqc_load_${randomUUID()}`
    for (let attempt = 1; ; attempt += 1) {
      const jobReference = { projectId, jobId: numbered(id, attempt), ...(location ? { location } : {}) }
      const asked = withJobDefaults({ jobReference, configuration: { load } }, context.jobDefaults)
      const job = await once(run, asked, signal)
      const failure = failureOf(job)
      if (failure === undefined) return job
      if (!file.isRepeatable || attempt === maxAttempts || !isWorthAnotherRun(job)) throw failure
      await context.clock.wait(backOffMs(attempt, context.random), signal)
    }
  }
}
