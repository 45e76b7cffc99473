// Seals the secrets of a record (JWE, RFC 7516) so that they open only beside exactly the plain fields that they
// were sealed with: who edits an endpoint, or moves a secret to another record, gets nothing.
import { createHash } from 'node:crypto'
import { CompactEncrypt, compactDecrypt } from 'jose'
import type { KeyService } from '../../contract/connection-store.ts'
import { ConnectorError } from '../../errors.ts'

/** Any JSON object that carries its secrets sealed. */
export interface Sealed {
  /** Which key: its id, and a mark by which a wrong key of the same id is told from a broken seal. */
  readonly sealedWith: { readonly kid: string; readonly mark: string }
  readonly sealed: string
}

const algorithms = { alg: 'A256GCMKW', enc: 'A256GCM' } as const

/** Seals `secrets` under the current key, bound to everything in `plain`. */
export async function seal<T extends object>(
  plain: T,
  secrets: unknown,
  keys: KeyService,
): Promise<T & Sealed> {
  const { kid, key } = await keys.current()
  const record = { ...plain, sealedWith: { kid, mark: markOf(key) } }
  const sealed = await new CompactEncrypt(new TextEncoder().encode(JSON.stringify(secrets)))
    .setProtectedHeader({ ...algorithms, kid, digest: digestOf(record) })
    .encrypt(key)
  return { ...record, sealed }
}

/**
 * Opens what `seal` made.
 * @param of what it is, for messages: `connection toronto`.
 * @throws ConnectorError `BQC_STORE_SEAL_BROKEN`, `BQC_STORE_KEY_MISSING`
 */
export async function unseal(record: Sealed, keys: KeyService, of: string): Promise<unknown> {
  const { sealed, ...plain } = record
  const { kid, mark } = plain.sealedWith
  const key = await keys.byKid(kid)
  if (key === undefined) {
    throw missingKey(`The ${of} is sealed with the key ${kid}, which is not among the keys given.`)
  }
  if (markOf(key) !== mark) {
    throw missingKey(`The ${of} is sealed with another key than the one that is given as ${kid}.`)
  }
  try {
    const { plaintext, protectedHeader } = await compactDecrypt(sealed, key, {
      keyManagementAlgorithms: [algorithms.alg],
      contentEncryptionAlgorithms: [algorithms.enc],
    })
    const isBound = protectedHeader.kid === kid && protectedHeader['digest'] === digestOf(plain)
    if (isBound) return JSON.parse(new TextDecoder().decode(plaintext))
  } catch {
    // The cause says no more than that it did not open, and is not kept.
  }
  throw brokenSeal(of)
}

/** The one error for everything in a store that is not as it was written. */
export function brokenSeal(of: string): ConnectorError {
  return new ConnectorError(
    'BQC_STORE_SEAL_BROKEN',
    `The ${of} is not as the store wrote it: its file was changed, damaged or moved, and its secrets are not used. Restore the file, or create it again.`,
  )
}

function missingKey(what: string): ConnectorError {
  return new ConnectorError('BQC_STORE_KEY_MISSING', `${what} Give that key too, or enter the secrets again.`)
}

function markOf(key: Uint8Array): string {
  return createHash('sha256').update('bqc master key').update(key).digest('base64url').slice(0, 12)
}

function digestOf(value: unknown): string {
  return createHash('sha256').update(canonical(value)).digest('base64url')
}

/** JSON with the fields of each object in the order of their names. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null'
  const fields = Object.entries(value)
    .filter(([, each]) => each !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, each]) => `${JSON.stringify(name)}:${canonical(each)}`)
  return `{${fields.join(',')}}`
}
