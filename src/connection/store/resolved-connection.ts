// The open values of a connection, behind a face that shows none of them.
import type { ConnectionValues, ResolvedConnection } from '../../contract/connection-store.ts'
import type { JsonSchema } from '../../contract/profile.ts'
import { lookUpReferences } from './secret-reference.ts'

const openValues = new WeakMap<object, ConnectionValues>()

/** What is shown is all that the object has: the values are kept beside it. */
export function hideValues(face: ResolvedConnection, values: ConnectionValues): ResolvedConnection {
  const resolved = Object.freeze({ ...face })
  openValues.set(resolved, values)
  return resolved
}

/**
 * The values of what a store resolved, or of a configuration as it was written, with every reference looked up.
 * @param directory where relative `file:` references start.
 * @throws ConnectorError `BQC_SECRET_UNAVAILABLE`
 */
export async function openValuesOf(given: unknown, form: JsonSchema, directory: string): Promise<unknown> {
  if (typeof given !== 'object' || given === null || Array.isArray(given)) return given
  return lookUpReferences(openValues.get(given) ?? (given as ConnectionValues), form, directory)
}
