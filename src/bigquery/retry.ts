// The retry policy of single calls: control plane, result pages. (Batches go again at their destination's pace.)
import pRetry from 'p-retry'
import type { Clock } from '../contract/clock.ts'
import { asConnectorError, ConnectorError } from '../errors.ts'
import { backOff, verdictOf } from './classify.ts'

/**
 * Calls until a call resolves, fails for a reason that time does not heal, or no attempt is left.
 * The signal ends the waits between calls, not a call under way.
 */
export type Retry = <T>(
  call: () => Promise<T>,
  limits?: { readonly attempts?: number; readonly signal?: AbortSignal | undefined },
) => Promise<T>

/** Attempts of a single call, the first included. */
const usualAttempts = 5

/** How long to wait after so many attempts. */
export function backOffMs(attempts: number, random: () => number): number {
  return Math.min(backOff.firstMs * 2 ** (attempts - 1) * (1 + random()), backOff.longestMs)
}

/**
 * Calls again what a transient error stopped. The waits double from 1 s to 32 s, each up to twice as
 * long by chance, and are never shorter than what the service asked for.
 */
export function createRetry(clock: Clock, random: () => number): Retry {
  return async (call, { attempts = usualAttempts, signal } = {}) => {
    try {
      return await pRetry(call, {
        retries: attempts - 1,
        // The waits are ours: p-retry's own cannot be given a clock.
        minTimeout: 0,
        maxTimeout: 0,
        shouldRetry: ({ error }) => verdictOf(asConnectorError(error)) === 'retry',
        onFailedAttempt: async ({ error, attemptNumber, retriesLeft }) => {
          const known = asConnectorError(error)
          if (retriesLeft === 0 || verdictOf(known) !== 'retry') return
          await clock.wait(Math.max(backOffMs(attemptNumber, random), known.retryAfterMs ?? 0), signal)
        },
        ...(signal === undefined ? {} : { signal }),
      })
    } catch (thrown) {
      if (thrown instanceof ConnectorError || !signal?.aborted) throw asConnectorError(thrown)
      throw new ConnectorError('BQC_ABORTED', 'Stopped before the answer came.', { cause: thrown })
    }
  }
}
