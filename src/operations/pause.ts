// A wait that ends early, with `BQC_ABORTED`, when it is called off.
import { ConnectorError } from '../errors.ts'

export async function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  const wake = () => resolve()
  const timer = setTimeout(wake, ms)
  signal?.addEventListener('abort', wake)
  if (signal?.aborted) wake()
  await promise
  clearTimeout(timer)
  signal?.removeEventListener('abort', wake)
  if (signal?.aborted) throw new ConnectorError('BQC_ABORTED', 'Stopped while waiting.')
}
