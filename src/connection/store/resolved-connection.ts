// The open values of a connection, behind a face that shows none of them.
import type { ConnectionValues, ResolvedConnection } from '../../contract/connection-store.ts'
import type { JsonSchema } from '../../contract/profile.ts'
import { lookUpReferences } from './secret-reference.ts'

/** Keeps the refresh token that the issuer has put in the place of the connection's. */
type KeepRefreshToken = (refreshToken: string) => Promise<void>

interface Hidden {
  readonly values: ConnectionValues
  readonly keepRefreshToken: KeepRefreshToken | undefined
}

const hidden = new WeakMap<object, Hidden>()

/** What is shown is all that the object has: the values are kept beside it. */
export function hideValues(
  face: ResolvedConnection,
  values: ConnectionValues,
  keepRefreshToken?: KeepRefreshToken,
): ResolvedConnection {
  const resolved = Object.freeze({ ...face })
  hidden.set(resolved, { values, keepRefreshToken })
  return resolved
}

/** True for what a store resolved. */
export function isResolved(given: object): given is ResolvedConnection {
  return hidden.has(given)
}

/** How a stored connection keeps a new refresh token. */
export function keeperOf(given: object): KeepRefreshToken | undefined {
  return hidden.get(given)?.keepRefreshToken
}

/**
 * The values of what a store resolved, or of a configuration as it was written, with every reference looked up.
 * @param directory where relative `file:` references start.
 * @throws ConnectorError `BQC_SECRET_UNAVAILABLE`
 */
export async function openValuesOf(given: unknown, form: JsonSchema, directory: string): Promise<unknown> {
  if (typeof given !== 'object' || given === null || Array.isArray(given)) return given
  return lookUpReferences(hidden.get(given)?.values ?? (given as ConnectionValues), form, directory)
}
