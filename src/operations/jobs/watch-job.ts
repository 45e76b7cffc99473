// Watches a job that was started, until it is done, its time is over, or the execution is stopped.
import { verdictOf } from '../../bigquery/classify.ts'
import type { Job } from '../../bigquery/jobs.ts'
import { asConnectorError, ConnectorError } from '../../errors.ts'
import type { OperationContext } from '../open-operation.ts'
import { pollWaitMs } from '../poll-ladder.ts'
import { isDone, nameOfJob, referenceOf, referredTo } from './job-state.ts'
import { endedByItself, stopJob, stopWithSignal, toldToCancel } from './stop-job.ts'

export interface Patience {
  /** Milliseconds from `since` for the job to be done: 0 looks once, -1 waits for ever. */
  readonly timeoutMs: number
  /** Epoch milliseconds; default now. */
  readonly since?: number
  /** Cancels the job when its time is over. Default: it goes on. */
  readonly cancelOnTimeout?: boolean
  /** Cancels the job when the execution is stopped. Default: it goes on. */
  readonly cancelOnStop?: boolean
}

/**
 * Gives the job when it is done, well or badly.
 * @throws ConnectorError `BQC_JOB_TIMEOUT` or `BQC_ABORTED`, with the job as it was seen last; or what
 *   BigQuery says of the job when asking again does not help.
 */
export type WatchJob = (started: Job, patience: Patience, signal?: AbortSignal) => Promise<Job>

export type WatchContext = Pick<OperationContext, 'beforeClose' | 'clock' | 'control'>

/** Milliseconds that one request waits for a query: longer than the longest step of the ladder. */
const longPollMs = 25_000

/** Milliseconds after its start in which a job may be unknown yet. */
const newJobMs = 60_000

export function createWatchJob(context: WatchContext): WatchJob {
  const { clock, control } = context

  /** Queries are waited for by the service itself; that answer is a hint, and the job tells. */
  const lookAt = async (job: Job, leftMs: number, signal: AbortSignal | undefined): Promise<Job> => {
    const reference = referenceOf(job)
    if (job.configuration?.query && leftMs > 0) {
      await control
        .awaitQuery(reference, Math.min(leftMs, longPollMs), signal)
        .catch((thrown) => (signal?.aborted ? Promise.reject(thrown) : undefined))
    }
    const { projectId, jobId, location } = reference
    return referredTo(await control.getJob(projectId, jobId, location, signal, 1), reference)
  }

  return async (started, patience, signal) => {
    const began = clock.now()
    const { timeoutMs, since = began, cancelOnTimeout = false, cancelOnStop = false } = patience
    const deadline = timeoutMs === -1 ? Number.POSITIVE_INFINITY : since + timeoutMs
    let job = started
    const stop = stopWithSignal(context, () => referenceOf(job), cancelOnStop ? signal : undefined)
    try {
      for (let look = 0; !isDone(job); look += 1) {
        const asked = clock.now()
        let trouble: ConnectorError | undefined
        try {
          job = await lookAt(job, deadline - asked, signal)
          if (isDone(job)) break
        } catch (thrown) {
          trouble = asConnectorError(thrown)
          if (!isBearable(trouble, asked - began)) throw trouble
        }
        const left = deadline - clock.now()
        if (left <= 0) return await giveUp(job, trouble)
        // What the service made us wait counts.
        const step = pollWaitMs(look) - (clock.now() - asked)
        await clock.wait(Math.min(Math.max(step, trouble?.retryAfterMs ?? 0, 0), left), signal)
        if (signal?.aborted) throw new ConnectorError('BQC_ABORTED', 'Stopped.')
      }
      return job
    } catch (thrown) {
      if (!signal?.aborted) throw thrown
      return await stop.end(job, 'under way', thrown)
    } finally {
      stop.release()
    }

    async function giveUp(last: Job, trouble: ConnectorError | undefined): Promise<Job> {
      const late = `Job ${nameOfJob(last)} is not done after ${timeoutMs} ms.`
      const sick = trouble === undefined ? '' : ` The last look at it failed: ${trouble.message}`
      if (!cancelOnTimeout) {
        const text = `${late}${sick} It goes on: look at it again, or allow more time.`
        throw new ConnectorError('BQC_JOB_TIMEOUT', text, { payload: last, cause: trouble })
      }
      const [answer] = await Promise.allSettled([stopJob(context, referenceOf(last))])
      if (answer.status === 'rejected') {
        const text = `${late} It could not be cancelled, and may go on: ${asConnectorError(answer.reason).message}`
        throw new ConnectorError('BQC_JOB_TIMEOUT', text, { payload: last, cause: answer.reason })
      }
      if (endedByItself(answer.value)) return answer.value
      const text = `${late} ${toldToCancel}`
      throw new ConnectorError('BQC_JOB_TIMEOUT', text, { payload: answer.value, cause: trouble })
    }
  }
}

/** Looking again may help: it harms nothing, so an answer that makes no sense is worth another one too. */
function isBearable(error: ConnectorError, ageMs: number): boolean {
  if (error.code === 'BQC_NOT_FOUND') return ageMs < newJobMs
  return verdictOf(error) === 'retry' || error.code === 'BQC_RESPONSE_UNREADABLE'
}
