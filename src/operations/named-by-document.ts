// What BigQuery does not find is the document's fault where the document names it, and else the set-up's.
import { ConnectorError } from '../errors.ts'

/** The same answer, with `BQC_NAME_UNKNOWN` in place of `BQC_NOT_FOUND`. */
export async function namedByDocument<T>(answer: Promise<T>): Promise<T> {
  try {
    return await answer
  } catch (thrown) {
    if (!(thrown instanceof ConnectorError) || thrown.code !== 'BQC_NOT_FOUND') throw thrown
    const { message, httpStatus, payload, reason } = thrown
    throw new ConnectorError('BQC_NAME_UNKNOWN', message, {
      payload,
      cause: thrown,
      ...(httpStatus === undefined ? {} : { httpStatus }),
      ...(reason === undefined ? {} : { reason }),
    })
  }
}
