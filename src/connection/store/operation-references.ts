// Which operation uses which connection: live, pinned to a revision, or with a copy of its own.
import { createHash } from 'node:crypto'
import { join } from 'node:path'
import type {
  BindOptions,
  ConnectionStore,
  KeyService,
  OperationReference,
} from '../../contract/connection-store.ts'
import { invalidConfig } from '../../descriptor/resolve.ts'
import { ConnectorError } from '../../errors.ts'
import { type OpenRecord, openRecord, type SealedRecord, sealRecord } from './record.ts'
import { type Records, untilWritten } from './records.ts'
import { createFirst, readNewest, recordsIn, removeRecord, writeNext } from './revisions.ts'
import { brokenSeal } from './seal.ts'

/** What lies in a file. */
interface ReferenceRecord {
  readonly format: 1
  readonly operation: string
  readonly connection: string
  readonly as: OperationReference['as']
  /** Pinned and copied: the connection as it was, sealed for this operation alone. */
  readonly copy?: SealedRecord
}

export interface OperationReferences extends Pick<ConnectionStore, 'bind' | 'unbind' | 'references'> {
  /** The record that an operation uses now, and whether that is the connection itself. */
  recordOf(operation: string): Promise<{ record: OpenRecord; isLive: boolean }>
  /** The record of a revision that some operation is pinned to. */
  pinnedRecord(name: string, revision: number): Promise<OpenRecord | undefined>
  /** Seals every copy again that is not sealed with this key; gives how many. */
  reseal(kid: string): Promise<number>
}

export function openOperationReferences(
  directory: string,
  records: Records,
  keys: KeyService,
): OperationReferences {
  const root = join(directory, 'references')
  const pathOf = (operation: string) =>
    join(root, createHash('sha256').update(operation).digest('hex').slice(0, 32))

  const read = async (
    path: string,
  ): Promise<(ReferenceRecord & { readonly version: number }) | undefined> => {
    const found = await readNewest(path)
    return found && { ...parseReferenceRecord(found.text), version: found.revision }
  }

  const write = async (reference: ReferenceRecord): Promise<void> => {
    const path = pathOf(reference.operation)
    const text = `${JSON.stringify(reference, null, 2)}\n`
    await untilWritten(`The reference of ${reference.operation}`, async () => {
      const former = await readNewest(path)
      const isWritten = await (former ? writeNext(path, former.revision, text) : createFirst(path, text))
      return isWritten || undefined
    })
  }

  const all = async (): Promise<ReferenceRecord[]> => {
    const found = await Promise.all((await recordsIn(root)).map((name) => read(join(root, name))))
    return found.filter((reference) => reference !== undefined)
  }

  const openCopy = (copy: SealedRecord, operation: string): Promise<OpenRecord> => {
    if (copy.operation !== operation) throw brokenSeal(`copy of ${copy.name} for the operation ${operation}`)
    return openRecord(copy, records.formOf(copy.kind), keys)
  }

  const pinnedRecord = async (name: string, revision: number): Promise<OpenRecord | undefined> => {
    const current = await records.find(name)
    for (const { as, copy, operation } of await all()) {
      const isIt = as === 'pinned' && copy?.name === name && copy.revision === revision
      if (isIt && copy.id === current?.id) return openCopy(copy, operation)
    }
    return undefined
  }

  const described = async (
    { operation, connection, as }: ReferenceRecord,
    revision: number | undefined,
  ): Promise<OperationReference> => {
    const current = await records.newestRevision(connection)
    return {
      operation,
      connection,
      as,
      ...(revision === undefined ? {} : { revision }),
      ...(current === undefined ? {} : { currentRevision: current }),
      summary: summaryOf(as, connection, revision, current),
    }
  }

  const bind = async (operation: string, { connection, as = 'live', revision }: BindOptions) => {
    checkOperation(operation)
    if (as === 'live' && revision !== undefined) {
      throw invalidConfig('reference', [
        { path: '/revision', value: revision, message: 'must be absent in a live reference' },
      ])
    }
    const newest = await records.need(connection)
    const wanted = revision ?? newest.revision
    const reference = { format: 1 as const, operation, connection, as }
    if (as === 'live') await write(reference)
    else {
      const open =
        wanted === newest.revision ? await records.open(newest) : await pinnedRecord(connection, wanted)
      if (open === undefined) throw unknownRevision(connection, wanted, newest.revision)
      const copy = await sealRecord(open, records.formOf(open.kind), keys, operation)
      await write({ ...reference, copy })
    }
    // Whoever dropped the connection meanwhile has not seen this reference, or brings it back.
    if (as !== 'copied') {
      await records.need(connection).catch(async (thrown) => {
        await removeRecord(pathOf(operation))
        throw thrown
      })
    }
    return described(reference, as === 'live' ? undefined : wanted)
  }

  return {
    bind,
    pinnedRecord,
    async unbind(operation) {
      checkOperation(operation)
      return { unbound: await removeRecord(pathOf(operation)) }
    },
    async references(connection) {
      const found = (await all()).filter((each) => connection === undefined || each.connection === connection)
      const shown = await Promise.all(found.map((each) => described(each, each.copy?.revision)))
      return shown.sort((a, b) => (a.operation < b.operation ? -1 : 1))
    },
    async recordOf(operation) {
      const reference = await read(pathOf(operation))
      if (reference?.operation !== operation) throw unknownOperation(operation)
      const { as, connection, copy } = reference
      if (as === 'live') return { record: await records.open(await records.need(connection)), isLive: true }
      if (copy === undefined) throw brokenSeal(`copy of ${connection} for the operation ${operation}`)
      // Pinned is to a connection that is there; a copy outlives it.
      if (as === 'pinned') await records.need(connection)
      return { record: await openCopy(copy, operation), isLive: false }
    },
    async reseal(kid) {
      let count = 0
      for (const name of await recordsIn(root)) {
        const path = join(root, name)
        const isNew = await untilWritten(`The reference ${name}`, async () => {
          const reference = await read(path)
          if (!reference?.copy || reference.copy.sealedWith.kid === kid) return false
          const { version, ...kept } = reference
          const open = await openCopy(reference.copy, reference.operation)
          const copy = await sealRecord(open, records.formOf(open.kind), keys, reference.operation)
          const text = `${JSON.stringify({ ...kept, copy }, null, 2)}\n`
          return (await writeNext(path, version, text)) || undefined
        })
        count += isNew ? 1 : 0
      }
      return count
    },
  }
}

function parseReferenceRecord(text: string): ReferenceRecord {
  try {
    const reference: Partial<ReferenceRecord> | null = JSON.parse(text)
    if (reference?.format === 1 && reference.operation && reference.connection && reference.as) {
      return reference as ReferenceRecord
    }
  } catch {
    // Told below.
  }
  throw brokenSeal('reference of an operation')
}

function summaryOf(
  as: OperationReference['as'],
  connection: string,
  revision: number | undefined,
  current: number | undefined,
): string {
  const now = current === undefined ? 'which is dropped' : `its current revision is ${current}`
  if (as === 'live')
    return current === undefined ? `uses ${connection}, ${now}` : `uses ${connection}; ${now}`
  const bound =
    as === 'pinned'
      ? `pinned to ${connection} revision ${revision}`
      : `copied from ${connection} revision ${revision}`
  return current === undefined ? `${bound}, ${now}` : `${bound}; ${now}`
}

/** Any text of the host, as long as a person can read it. */
function checkOperation(operation: string): void {
  if (/^[^\p{Cc}]{1,200}$/u.test(operation)) return
  throw invalidConfig('reference', [
    { path: '/operation', message: 'must be 1 to 200 characters, without control characters' },
  ])
}

function unknownOperation(operation: string): ConnectorError {
  return new ConnectorError(
    'BQC_CONNECTION_UNKNOWN',
    `The operation ${operation} is bound to no connection. Bind it to one.`,
  )
}

export function unknownRevision(name: string, revision: number, newest: number): ConnectorError {
  return new ConnectorError(
    'BQC_CONNECTION_UNKNOWN',
    `Revision ${revision} of the connection ${name} is not kept: the current one is ${newest}, and of the former ones only those that an operation is pinned to.`,
  )
}
