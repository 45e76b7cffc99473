// Stops a job: bounded in time, and also when the execution that waits for it is called off.
import type { Job, JobReference } from '../../bigquery/jobs.ts'
import { ConnectorError } from '../../errors.ts'
import type { OperationContext } from '../open-operation.ts'
import { isDone, nameOfJob } from './job-state.ts'

/** Milliseconds that the request to stop a job may take, its retries included. */
const patienceMs = 5000

type StopContext = Pick<OperationContext, 'beforeClose' | 'clock' | 'control'>

/** Asks a job to stop, and gives it as it is then. @throws ConnectorError */
export async function stopJob({ clock, control }: StopContext, job: JobReference): Promise<Job> {
  const patience = new AbortController()
  const cancel = clock.after(patienceMs, () => patience.abort())
  try {
    return await control.cancelJob(job, patience.signal)
  } finally {
    cancel()
  }
}

/** What an error says of a job that BigQuery was told to cancel. */
export const toldToCancel =
  'BigQuery was told to cancel it, which may take a minute: look at it before running it again.'

/** The order to cancel it came too late: it is done, well or badly, by itself. */
export function endedByItself(job: Job): boolean {
  return isDone(job) && job.status?.errorResult?.reason !== 'stopped'
}

export interface StopWatch {
  /**
   * For an execution that was stopped: gives the job where that is done all the same.
   * @throws ConnectorError `BQC_ABORTED` that says what became of the job.
   */
  end(job: Job, state: 'being started' | 'under way', cause: unknown): Promise<Job>
  /** The job is none of the signal's business any more. */
  release(): void
}

/**
 * Stops the job as soon as the signal is aborted. It does so within the abort itself, so that a connection
 * which is closed at the same moment still lets the request out.
 */
export function stopWithSignal(
  context: StopContext,
  job: () => JobReference,
  signal: AbortSignal | undefined,
): StopWatch {
  let stopping: Promise<Job> | undefined
  const stop = () => {
    stopping ??= stopJob(context, job())
    context.beforeClose(stopping)
  }
  if (signal?.aborted) stop()
  signal?.addEventListener('abort', stop)
  return {
    async end(job, state, cause) {
      const [answer] = await Promise.allSettled([stopping])
      const told = answer?.status === 'fulfilled' ? answer.value : undefined
      if (told !== undefined && endedByItself(told)) return told
      const outlook = told === undefined ? 'It may go on: look at it before running it again.' : toldToCancel
      const text = `Stopped while job ${nameOfJob(job)} was ${state}. ${outlook}`
      throw new ConnectorError('BQC_ABORTED', text, { payload: told ?? job, cause })
    },
    release: () => signal?.removeEventListener('abort', stop),
  }
}
