// Stops a job: bounded in time, and also when the execution that waits for it is called off.
import type { Job, JobReference } from '../../bigquery/control-plane.ts'
import { ConnectorError } from '../../errors.ts'
import type { OperationContext } from '../open-operation.ts'
import { nameOfJob } from './job-state.ts'

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

export interface StopWatch {
  /** The error of an execution that was stopped; it says what became of its job. */
  error(job: Job, state: 'being started' | 'under way', cause: unknown): Promise<ConnectorError>
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
    async error(job, state, cause) {
      const stopped = `Stopped while job ${nameOfJob(job)} was ${state}.`
      const [answer] = await Promise.allSettled([stopping])
      if (answer?.status === 'fulfilled' && answer.value) {
        const text = `${stopped} The job was cancelled.`
        return new ConnectorError('BQC_ABORTED', text, { payload: answer.value, cause })
      }
      const text = `${stopped} It may go on: look at it before running it again.`
      return new ConnectorError('BQC_ABORTED', text, { payload: job, cause })
    },
    release: () => signal?.removeEventListener('abort', stop),
  }
}
