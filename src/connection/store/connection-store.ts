// The store of named connections: who changes one reads its newest revision, and writes the next.
import { randomUUID } from 'node:crypto'
import type { Connection } from '../../contract/connection.ts'
import type {
  ConnectionStore,
  ConnectionValues,
  CreateOptions,
  OperationReference,
  ReferenceScope,
  ResolvedConnection,
  StoredConnection,
  StoreOptions,
} from '../../contract/connection-store.ts'
import type { ConnectionDescriptor } from '../../contract/descriptor.ts'
import { ConnectorError } from '../../errors.ts'
import { testOpening } from '../test-connection.ts'
import { checkValues } from './check-values.ts'
import { patchLayers, withChanges } from './layers.ts'
import { checkName } from './names.ts'
import { openOperationReferences } from './operation-references.ts'
import { describeRecord, mapValues, type OpenRecord, type SealedRecord } from './record.ts'
import { changed, openRecords, unknownConnection, untilWritten } from './records.ts'
import { openResolver } from './resolve-connection.ts'
import { hideValues } from './resolved-connection.ts'
import { guarded, troubleOf } from './store-trouble.ts'
import { exportOf, readExport } from './transfer.ts'

/** What the store needs of the connector. */
export interface StoreContext {
  readonly kinds: readonly ConnectionDescriptor[]
  readonly connect: (connection: ResolvedConnection, scope?: ReferenceScope) => Promise<Connection>
  readonly now: () => number
}

type Definition = Pick<OpenRecord, 'kind' | 'own' | 'environments'> &
  Pick<CreateOptions, 'description' | 'labels'>

export function openConnectionStore(
  { directory, keys, environment: usual }: StoreOptions,
  { kinds, connect, now }: StoreContext,
): ConnectionStore {
  const records = openRecords(directory, kinds, keys)
  const references = openOperationReferences(directory, records, keys)
  const described = (record: SealedRecord) => describeRecord(record, records.formOf(record.kind))

  const keep = async (name: string, definition: Definition, mode: CreateOptions['mode'] = 'error') => {
    checkName(name)
    for (const environment of Object.keys(definition.environments)) checkName(environment, 'environment')
    let isNew = true
    const record = await untilWritten(`The connection ${name}`, async () => {
      const former = await identify(name, mode === 'replace')
      if (former && (mode === 'error' || former.name !== name)) throw takenName(name, former.name)
      isNew = !(former && mode === 'ifNotExists')
      if (!isNew) return records.need(name)
      checkValues({ name, ...definition }, records.formOf(definition.kind))
      const { description, labels, ...rest } = definition
      const time = new Date(now()).toISOString()
      return records.write({
        id: former?.id ?? randomUUID(),
        name,
        revision: (former?.revision ?? 0) + 1,
        createdAt: former?.createdAt ?? time,
        updatedAt: time,
        ...rest,
        ...(description ? { description } : {}),
        ...(labels ? { labels } : {}),
      })
    })
    await records.sweep(now())
    return { ...described(record), created: isNew }
  }

  /** What a replacement needs to know of its predecessor. A damaged one can be replaced and dropped too. */
  const identify = async (
    name: string,
    isDoomed: boolean,
  ): Promise<(Partial<SealedRecord> & Pick<SealedRecord, 'name' | 'revision'>) | undefined> => {
    try {
      return await records.find(name)
    } catch (thrown) {
      const revision = isDoomed ? await records.newestRevision(name) : undefined
      if (revision === undefined) throw thrown
      return { name, revision }
    }
  }

  const create: ConnectionStore['create'] = async (name, values, options = {}) => {
    const { mode, kind = kinds[0]?.id ?? '', environments = {}, description, labels } = options
    const layerOf = (given: ConnectionValues) => records.layerOf(given, kind, options)
    const definition = {
      kind,
      own: layerOf(values),
      environments: mapValues(environments, layerOf),
      ...(description ? { description } : {}),
      ...(labels ? { labels } : {}),
    }
    return keep(name, definition, mode)
  }

  const patch: ConnectionStore['patch'] = async (name, changes, options = {}) => {
    const { ifRevision, environment, description, labels } = options
    if (environment !== undefined) checkName(environment, 'environment')
    const record = await untilWritten(`The connection ${name}`, async () => {
      const former = await records.need(name)
      if (ifRevision !== undefined && ifRevision !== former.revision) {
        throw changed(`The connection ${name} is at revision ${former.revision}, not ${ifRevision}.`)
      }
      const open = await records.open(former)
      const layers = { own: open.own, environments: open.environments }
      const scoped = changes && records.layerOf(changes, former.kind, options).values
      const patched = { ...open, ...patchLayers(layers, scoped, environment) }
      checkValues(patched, records.formOf(former.kind))
      return records.write({
        ...patched,
        revision: former.revision + 1,
        updatedAt: new Date(now()).toISOString(),
        ...(description === undefined ? {} : { description }),
        ...(labels === undefined
          ? {}
          : { labels: withChanges(open.labels ?? {}, labels) as Record<string, string> }),
      })
    })
    return described(record)
  }

  const drop: ConnectionStore['drop'] = async (name, { force = false, ifExists = false } = {}) => {
    checkName(name)
    const former = await identify(name, true)
    const isThere = former?.name === name
    if (!isThere && ifExists) return { dropped: false, unbound: [] }
    if (!isThere) throw unknownConnection(name, former?.name, directory)
    const inUse = async () => (await references.references(name)).filter(({ as }) => as !== 'copied')
    const users = await inUse()
    if (users.length > 0 && !force) throw connectionInUse(name, users)
    // Asked again when it is out of the way: from now on nobody can bind an operation to it.
    const dropped = await records.remove(name, async () => force || (await inUse()).length === 0)
    if (!dropped) throw connectionInUse(name, await inUse())
    const unbound = await inUse()
    for (const { operation } of unbound) await references.unbind(operation)
    await records.sweep(now())
    return { dropped, unbound: unbound.map(({ operation }) => operation) }
  }

  const resolve = openResolver({ records, references, patch, usual })

  const importAll: ConnectionStore['import'] = async (document, options = {}) => {
    const arrivals = readExport(document, records, options)
    // All of them are checked before the first one is written.
    for (const arrival of arrivals) checkValues(arrival, records.formOf(arrival.kind))
    const imported = []
    for (const { name, missing, description, labels, ...layers } of arrivals) {
      const definition = {
        ...layers,
        ...(description ? { description } : {}),
        ...(labels ? { labels } : {}),
      }
      const { created } = await keep(name, definition, options.mode)
      imported.push({ name, created, missing: created ? missing : [] })
    }
    return imported
  }

  const rotate: ConnectionStore['rotate'] = async () => {
    const { kid } = await keys.current()
    let resealed = await references.reseal(kid)
    for (const name of await records.names()) {
      const isNew = await untilWritten(`The connection ${name}`, async () => {
        const record = await records.find(name)
        if (record === undefined || record.sealedWith.kid === kid) return false
        const open = await records.open(record)
        return records.write({ ...open, revision: record.revision + 1 })
      })
      resealed += isNew ? 1 : 0
    }
    await records.sweep(now())
    return { resealed, kid }
  }

  /** One that cannot be read hides none of the others. */
  const listed = async (name: string): Promise<StoredConnection[]> => {
    try {
      const record = await records.find(name)
      return record ? [described(record)] : []
    } catch (thrown) {
      const { message: fault } = troubleOf(directory, thrown)
      const revision = await records.newestRevision(name).catch(() => undefined)
      const unknown = { kind: '', values: {}, createdAt: '', updatedAt: '' }
      return [{ name, revision: revision ?? 0, ...unknown, fault }]
    }
  }

  const list: ConnectionStore['list'] = async () =>
    (await Promise.all((await records.names()).map(listed))).flat()

  const exportAll: ConnectionStore['export'] = async (names) => {
    const wanted = names ?? (await records.names())
    const found = await Promise.all(wanted.map(names ? records.need : records.find))
    return exportOf(found.flatMap((record) => (record ? [described(record)] : [])))
  }

  const test: ConnectionStore['test'] = (connection, options) => {
    const open = async () => {
      const resolved =
        typeof connection === 'string'
          ? await resolve(connection, options)
          : unsaved(connection, kinds[0]?.id)
      return connect(resolved, options)
    }
    return testOpening(() => guarded(directory, open), options, now)
  }

  const guard =
    <A extends readonly unknown[], T>(act: (...args: A) => Promise<T>) =>
    (...args: A): Promise<T> =>
      guarded(directory, () => act(...args))

  return {
    directory,
    create: guard(create),
    describe: guard(async (name) => described(await records.need(name))),
    list: guard(list),
    patch: guard(patch),
    drop: guard(drop),
    resolve: guard(resolve),
    test,
    export: guard(exportAll),
    import: guard(importAll),
    rotate: guard(rotate),
    bind: guard(references.bind),
    unbind: guard(references.unbind),
    references: guard(references.references),
  }
}

function unsaved(values: ConnectionValues, kind = ''): ResolvedConnection {
  return hideValues({ name: 'unsaved', kind, revision: 0, environment: undefined }, values)
}

function takenName(name: string, taken: string): ConnectorError {
  const message =
    name === taken
      ? `There is a connection ${name} already. Choose another name, or replace it.`
      : `There is a connection ${taken} already, and ${name} differs from it in upper and lower case alone. Choose another name.`
  return new ConnectorError('BQC_CONNECTION_EXISTS', message)
}

function connectionInUse(name: string, users: readonly OperationReference[]): ConnectorError {
  const listed = users.map(({ operation, as }) => `${operation} (${as})`).join(', ')
  return new ConnectorError(
    'BQC_CONNECTION_IN_USE',
    `The connection ${name} is used by ${listed}. Bind them to another one first, or drop it by force.`,
  )
}
