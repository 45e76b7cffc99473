// The error for a key that cannot sign. It never quotes the key, its password or what a parser said of them.
import { ConnectorError } from '../../errors.ts'

/** @param why a clause: `its private key is shorter than 2048 bits`. */
export function invalidKey(
  why: string,
  advice = 'Download a new key of the service account.',
): ConnectorError {
  return new ConnectorError('BQC_KEY_INVALID', `The key of the connection cannot be used: ${why}. ${advice}`)
}
