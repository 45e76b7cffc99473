// One change of a table at a time, in this process: BigQuery lets two run, and fails one of them when they meet.
import { ConnectorError } from '../../errors.ts'

/** For each table that is being changed, when the last in line is through. */
const lines = new Map<string, Promise<void>>()

/**
 * Does the work when nothing else is done under the same name; in the order of the calls.
 * @throws ConnectorError `BQC_ABORTED` when the signal ends the wait.
 */
export async function oneAtATime<T>(name: string, work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
  const before = lines.get(name) ?? Promise.resolve()
  const { promise: through, resolve } = Promise.withResolvers<void>()
  // Who leaves the line early still lets nobody pass those before.
  const line = before.then(() => through)
  lines.set(name, line)
  try {
    await turn(before, name, signal)
    return await work()
  } finally {
    resolve()
    void line.then(() => {
      if (lines.get(name) === line) lines.delete(name)
    })
  }
}

function turn(before: Promise<void>, name: string, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = () =>
      reject(new ConnectorError('BQC_ABORTED', `Stopped while another change of ${name} was under way.`))
    if (signal?.aborted) return stop()
    signal?.addEventListener('abort', stop)
    void before.then(() => {
      signal?.removeEventListener('abort', stop)
      resolve()
    })
  })
}
