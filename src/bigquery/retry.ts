// The retry policy of single calls: the control plane and result pages.
import pRetry from 'p-retry'
import { asConnectorError, ConnectorError } from '../errors.ts'
import { verdictOf } from './classify.ts'

/**
 * Calls again what a transient error stopped, five times in all, after 1 to 2, 2 to 4, 4 to 8 and 8 to 16 s.
 * @throws ConnectorError the last error, or `BQC_ABORTED` as soon as the signal says so.
 */
export async function retryTransient<T>(call: () => Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  try {
    return await pRetry(call, {
      retries: 4,
      randomize: true,
      shouldRetry: ({ error }) => verdictOf(asConnectorError(error)) === 'retry',
      ...(signal === undefined ? {} : { signal }),
    })
  } catch (thrown) {
    if (thrown instanceof ConnectorError || !signal?.aborted) throw asConnectorError(thrown)
    throw new ConnectorError('BQC_ABORTED', 'Stopped before the answer came.', { cause: thrown })
  }
}
