// The records of a store's connections: found by name, and written revision after revision.
import { join } from 'node:path'
import type { ConnectionValues, KeyService, ReferenceScope } from '../../contract/connection-store.ts'
import type { ConnectionDescriptor } from '../../contract/descriptor.ts'
import type { JsonSchema } from '../../contract/profile.ts'
import { invalidConfig } from '../../descriptor/resolve.ts'
import { ConnectorError } from '../../errors.ts'
import { checkName, directoryNameOf, isDirectoryName } from './names.ts'
import {
  type Layer,
  type OpenRecord,
  openRecord,
  parseRecord,
  type SealedRecord,
  sealRecord,
} from './record.ts'
import { createFirst, readNewest, recordsIn, removeRecord, sweep, writeNext } from './revisions.ts'
import { anchorReferences } from './secret-reference.ts'

export interface Records {
  /** The form of a kind. */
  formOf(kind: string): JsonSchema
  /** Names as the file system has them: in lower case. */
  names(): Promise<string[]>
  /** The newest record of a name, in upper or lower case. */
  find(name: string): Promise<SealedRecord | undefined>
  /** The revision of a name even where its record cannot be read. */
  newestRevision(name: string): Promise<number | undefined>
  /** @throws ConnectorError `BQC_CONNECTION_UNKNOWN` */
  need(name: string): Promise<SealedRecord>
  open(record: SealedRecord): Promise<OpenRecord>
  /** Seals and writes the revision that the record says. False when somebody else has written that one. */
  write(record: OpenRecord): Promise<SealedRecord | undefined>
  /** @param isWanted asked when the record is out of the way already; false brings it back. */
  remove(name: string, isWanted: () => Promise<boolean>): Promise<boolean>
  /** A layer of what a person gave: without undefined values, its references made absolute. */
  layerOf(values: ConnectionValues, kind: string, scope: ReferenceScope): Layer
  /** Removes what writers left that died in the middle. */
  sweep(now: number): Promise<void>
}

export function openRecords(
  directory: string,
  kinds: readonly ConnectionDescriptor[],
  keys: KeyService,
): Records {
  const root = join(directory, 'connections')
  const directoryOf = (name: string) => join(root, directoryNameOf(name))

  const formOf = (kind: string): JsonSchema => {
    const found = kinds.find(({ id }) => id === kind)
    if (found) return found.config
    const allowed = kinds.map(({ id }) => id).join(', ')
    throw invalidConfig('connection', [{ path: '/kind', value: kind, message: `must be one of ${allowed}` }])
  }

  const find = async (name: string): Promise<SealedRecord | undefined> => {
    const found = await readNewest(directoryOf(name))
    return found && parseRecord(found.text, name, found.revision)
  }

  return {
    formOf,
    find,
    names: async () => (await recordsIn(root)).filter(isDirectoryName),
    newestRevision: async (name) => (await readNewest(directoryOf(name)))?.revision,
    async need(name) {
      checkName(name)
      const record = await find(name)
      if (record?.name === name) return record
      throw unknownConnection(name, record?.name, directory)
    },
    open: (record) => openRecord(record, formOf(record.kind), keys),
    async write(record) {
      const sealed = await sealRecord(record, formOf(record.kind), keys)
      const text = `${JSON.stringify(sealed, null, 2)}\n`
      const target = directoryOf(record.name)
      const isWritten = await (record.revision === 1
        ? createFirst(target, text)
        : writeNext(target, record.revision - 1, text))
      return isWritten ? sealed : undefined
    },
    remove: (name, isWanted) => removeRecord(directoryOf(name), isWanted),
    layerOf(values, kind, { directory: start = process.cwd() }) {
      if (typeof values !== 'object' || values === null || Array.isArray(values)) {
        throw invalidConfig('connection', [{ path: '', message: 'must be an object' }])
      }
      const given = Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined))
      return { values: anchorReferences(given, formOf(kind), start), missing: [] }
    },
    sweep: (now) => sweep(root, now),
  }
}

/** A change is applied again to what others have written meanwhile: so often at most. */
const attempts = 1000

/** Repeats what reads a record and writes its next revision, until nobody comes between. */
export async function untilWritten<T>(name: string, attempt: () => Promise<T | undefined>): Promise<T> {
  for (let count = 0; count < attempts; count += 1) {
    const written = await attempt()
    if (written !== undefined) return written
  }
  throw changed(`${name} was changed by others ${attempts} times in a row.`)
}

export function changed(what: string): ConnectorError {
  return new ConnectorError('BQC_CONNECTION_CHANGED', `${what} Read it again, and repeat the change.`)
}

export function unknownConnection(
  name: string,
  similar: string | undefined,
  directory: string,
): ConnectorError {
  const hint =
    similar === undefined
      ? 'Check the name, and the directory of the store.'
      : `There is ${similar}: upper and lower case matter.`
  return new ConnectorError(
    'BQC_CONNECTION_UNKNOWN',
    `There is no connection ${name} in ${directory}. ${hint}`,
  )
}
