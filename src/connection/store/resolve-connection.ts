// From what a host calls a connection (NAME, NAME@REVISION, operation:ID) to its open values in an environment.
import type { ConnectionStore } from '../../contract/connection-store.ts'
import { invalidConfig } from '../../descriptor/resolve.ts'
import { ConnectorError } from '../../errors.ts'
import { inForce, layerOf } from './layers.ts'
import { parseReference } from './names.ts'
import { type OperationReferences, unknownRevision } from './operation-references.ts'
import type { OpenRecord } from './record.ts'
import type { Records } from './records.ts'
import { hideValues } from './resolved-connection.ts'

interface Resolving {
  readonly records: Records
  readonly references: OperationReferences
  /** Keeps a refresh token that the issuer replaces. */
  readonly patch: ConnectionStore['patch']
  /** The environment where none is asked for. */
  readonly usual: string | undefined
}

export function openResolver({ records, references, patch, usual }: Resolving): ConnectionStore['resolve'] {
  /** The record that a text refers to, and whether that is the connection itself, not a former state of it. */
  const refer = async (text: string): Promise<{ record: OpenRecord; isLive: boolean }> => {
    const reference = parseReference(text)
    if (reference === undefined) {
      throw invalidConfig('reference', [
        { path: '/connection', value: text, message: 'must be NAME, NAME@REVISION or operation:ID' },
      ])
    }
    if ('operation' in reference) return references.recordOf(reference.operation)
    const { name, revision } = reference
    const newest = await records.need(name)
    if (revision === undefined || revision === newest.revision) {
      return { record: await records.open(newest), isLive: revision === undefined }
    }
    const pinned = await references.pinnedRecord(name, revision)
    if (pinned) return { record: pinned, isLive: false }
    throw unknownRevision(name, revision, newest.revision)
  }

  return async (text, { environment = usual, override, fallback } = {}) => {
    const { record, isLive } = await refer(text)
    const { name, kind, revision } = record
    const { values, missing } = inForce(record, environment)
    if (missing.length > 0) throw incomplete(name, missing)
    const keepRefreshToken = async (refreshToken: string) => {
      const overrides = layerOf(record.environments, environment ?? '')?.values
      const hasItsOwn = environment !== undefined && overrides?.['refreshToken'] !== undefined
      await patch(name, { refreshToken }, hasItsOwn ? { environment } : {})
    }
    return hideValues(
      { name, kind, revision, environment },
      { ...fallback, ...values, ...override },
      isLive ? keepRefreshToken : undefined,
    )
  }
}

function incomplete(name: string, missing: readonly string[]): ConnectorError {
  return new ConnectorError(
    'BQC_CONNECTION_INCOMPLETE',
    `The connection ${name} was imported, and imports carry no secrets. Enter again: ${missing.join(', ')}.`,
  )
}
