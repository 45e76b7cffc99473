// Runs a job to its end: under ids of ours, so that a lost answer or a restart finds it again.

import { verdictOf } from '../../bigquery/classify.ts'
import type { Job } from '../../bigquery/jobs.ts'
import { backOffMs } from '../../bigquery/retry.ts'
import { ConnectorError } from '../../errors.ts'
import type { OperationContext } from '../open-operation.ts'
import { failureOf, isDone, isWorthAnotherRun, nameOfJob, referenceOf, referredTo } from './job-state.ts'
import { stopWithSignal } from './stop-job.ts'
import { createWatchJob, type Patience } from './watch-job.ts'

export interface JobRun extends Patience {
  /**
   * The job, with a jobReference. BigQuery never takes an id twice, not even that of a job that failed: so
   * each attempt, counted from 1, has one of its own, and the same attempt the same one.
   */
  readonly jobOf: (attempt: number) => Job
  /**
   * Whose the ids are.
   * - `fresh`: made up for this run. Whichever job has one was started by it.
   * - `kept`: made from what is to be done, so that a former run may have started the job. One that
   *   succeeded or goes on counts as this run's; one that failed was that run's, and the next attempt begins.
   * - `given`: by the document. One that is taken is refused, and the job runs once.
   */
  readonly ids: 'fresh' | 'kept' | 'given'
  /** Jobs started at most; another one only after a failure that time heals. */
  readonly maxAttempts: number
  /** A job is about to be started. */
  readonly onAttempt?: () => void
}

export interface EndedJob {
  readonly job: Job
  /** It succeeded or was under way before this run asked for it. */
  readonly isFormer: boolean
}

/**
 * Gives the job that did what was to be done.
 * @throws ConnectorError `BQC_JOB_FAILED`, `BQC_JOB_TIMEOUT` or `BQC_ABORTED` with the job as payload, or
 *   what BigQuery answers.
 */
export type RunToEnd = (run: JobRun, signal?: AbortSignal) => Promise<EndedJob>

/** Ids of failed jobs that are passed by; whoever fails so often is not helped by one more. */
const formerFailures = 100

export function createRunToEnd(
  context: Pick<OperationContext, 'beforeClose' | 'clock' | 'control' | 'random'>,
): RunToEnd {
  const { clock, control, random } = context
  const watch = createWatchJob(context)

  const start = async (job: Job, { ids, cancelOnStop = false }: JobRun, signal: AbortSignal | undefined) => {
    const reference = referenceOf(job)
    // A given id may be that of somebody else's job.
    const stop = stopWithSignal(
      context,
      () => reference,
      cancelOnStop && ids !== 'given' ? signal : undefined,
    )
    try {
      const started = await control.insertJob(reference.projectId, job, ids !== 'given', signal)
      return { ...started, job: referredTo(started.job, reference) }
    } catch (thrown) {
      if (!signal?.aborted) throw isOpen(thrown) ? openQuestion(job, thrown) : thrown
      const ended = await stop.end(job, 'being started', thrown)
      return { job: referredTo(ended, reference), origin: 'here' as const }
    } finally {
      stop.release()
    }
  }

  return async (run, signal) => {
    const patience = { since: clock.now(), ...run }
    let ran = 0
    for (let attempt = 1; ; attempt += 1) {
      if (signal?.aborted) throw new ConnectorError('BQC_ABORTED', 'Stopped before the job was started.')
      run.onAttempt?.()
      const { job: started, origin } = await start(run.jobOf(attempt), run, signal)
      const isFormer = origin === 'former' && run.ids === 'kept'
      const isFormersEnd = isFormer && isDone(started)
      const job = await watch(started, patience, signal)
      const failure = failureOf(job)
      if (failure === undefined) return { job, isFormer }
      if (isFormersEnd && attempt <= formerFailures) continue
      ran += 1
      if (run.ids === 'given' || ran >= run.maxAttempts || !isWorthAnotherRun(job)) throw failure
      await clock.wait(backOffMs(ran, random), signal)
    }
  }
}

/** No answer came that tells whether the job was started. */
function isOpen(thrown: unknown): thrown is ConnectorError {
  return (
    thrown instanceof ConnectorError &&
    (verdictOf(thrown) === 'retry' || thrown.code === 'BQC_RESPONSE_UNREADABLE')
  )
}

function openQuestion(job: Job, refusal: ConnectorError): ConnectorError {
  const { code, message, httpStatus, reason, payload } = refusal
  const text = `${message} Job ${nameOfJob(job)} may have been started: look for it before running it under another id.`
  return new ConnectorError(code, text, {
    payload,
    cause: refusal,
    ...(httpStatus === undefined ? {} : { httpStatus }),
    ...(reason === undefined ? {} : { reason }),
  })
}
