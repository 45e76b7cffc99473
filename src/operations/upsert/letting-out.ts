// Work that needs its connection to the end, also when that is closed meanwhile.
import type { OperationContext } from '../open-operation.ts'

/** A connection that is closed while the signal is aborted waits for the work, such as the removal of a staging. */
export async function lettingOut<T>(
  context: Pick<OperationContext, 'beforeClose'>,
  signal: AbortSignal | undefined,
  work: Promise<T>,
): Promise<T> {
  const stop = () => context.beforeClose(work)
  signal?.addEventListener('abort', stop)
  try {
    return await work
  } finally {
    signal?.removeEventListener('abort', stop)
  }
}
