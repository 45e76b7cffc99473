// The store of named connections: who changes one reads its newest revision, and writes the next.
import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import type { Connection } from '../../contract/connection.ts'
import type {
  ConnectionStore,
  ConnectionValues,
  CreateOptions,
  ReferenceScope,
  ResolvedConnection,
  StoredConnection,
  StoreOptions,
} from '../../contract/connection-store.ts'
import type { ConnectionDescriptor } from '../../contract/descriptor.ts'
import type { JsonSchema } from '../../contract/profile.ts'
import { invalidConfig } from '../../descriptor/resolve.ts'
import { ConnectorError } from '../../errors.ts'
import { runTrials } from '../test-connection.ts'
import { checkValues, overlay } from './check-values.ts'
import { checkName, directoryNameOf, parseReference } from './names.ts'
import {
  describeRecord,
  type Layer,
  mapValues,
  type OpenRecord,
  openRecord,
  parseRecord,
  type SealedRecord,
  sealRecord,
} from './record.ts'
import { hideValues } from './resolved-connection.ts'
import { createFirst, readNewest, recordsIn, removeRecord, sweep, writeNext } from './revisions.ts'
import { anchorReferences } from './secret-reference.ts'

/** What the store needs of the connector. */
export interface StoreContext {
  readonly kinds: readonly ConnectionDescriptor[]
  readonly connect: (connection: ResolvedConnection, scope?: ReferenceScope) => Promise<Connection>
  readonly now: () => number
}

/** A change is applied again to what others have written meanwhile: so often at most. */
const attempts = 1000

export function openConnectionStore(
  { directory, keys, environment: usual }: StoreOptions,
  { kinds, connect, now }: StoreContext,
): ConnectionStore {
  const root = join(directory, 'connections')
  const directoryOf = (name: string) => join(root, directoryNameOf(name))

  const formOf = (kind: string): JsonSchema => {
    const found = kinds.find(({ id }) => id === kind)
    if (found) return found.config
    const allowed = kinds.map(({ id }) => id).join(', ')
    throw invalidConfig('connection', [{ path: '/kind', value: kind, message: `must be one of ${allowed}` }])
  }

  const described = (record: SealedRecord) => describeRecord(record, formOf(record.kind))

  const find = async (name: string): Promise<SealedRecord | undefined> => {
    const found = await readNewest(directoryOf(name))
    return found && parseRecord(found.text, name, found.revision)
  }

  const need = async (name: string): Promise<SealedRecord> => {
    checkName(name)
    const record = await find(name)
    if (record?.name === name) return record
    throw unknownConnection(name, record?.name, directory)
  }

  /** Writes a record as the revision that it says; undefined when somebody else has written that one. */
  const write = async (record: OpenRecord): Promise<StoredConnection | undefined> => {
    const form = formOf(record.kind)
    checkValues(record, form)
    const sealed = await sealRecord(record, form, keys)
    const text = `${JSON.stringify(sealed, null, 2)}\n`
    const target = directoryOf(record.name)
    const isWritten = await (record.revision === 1
      ? createFirst(target, text)
      : writeNext(target, record.revision - 1, text))
    return isWritten ? described(sealed) : undefined
  }

  /** Reads and writes until nobody comes between. */
  const untilWritten = async (
    name: string,
    attempt: () => Promise<StoredConnection | undefined>,
  ): Promise<StoredConnection> => {
    for (let count = 0; count < attempts; count += 1) {
      const written = await attempt()
      if (written) return written
    }
    throw changed(`The connection ${name} was changed by others ${attempts} times in a row.`)
  }

  const anchored = (
    values: ConnectionValues,
    kind: string,
    scope: { readonly directory?: string },
  ): Layer => {
    const set = Object.entries(values).filter(([, value]) => value !== undefined)
    const { directory = process.cwd() } = scope
    return { values: anchorReferences(Object.fromEntries(set), formOf(kind), directory), missing: [] }
  }

  const create = async (name: string, values: ConnectionValues, options: CreateOptions = {}) => {
    checkName(name)
    const { mode = 'error', kind = kinds[0]?.id ?? '', environments = {}, description, labels } = options
    let existing: StoredConnection | undefined
    const written = await untilWritten(name, async () => {
      const former = await identify(directoryOf(name), name, mode === 'replace')
      if (former && (mode === 'error' || former.name !== name)) throw takenName(name, former.name)
      if (former && mode === 'ifNotExists') {
        existing = described(await need(name))
        return existing
      }
      const time = new Date(now()).toISOString()
      return write({
        id: former?.id ?? randomUUID(),
        name,
        kind,
        revision: (former?.revision ?? 0) + 1,
        ...(description ? { description } : {}),
        ...(labels ? { labels } : {}),
        createdAt: former?.createdAt ?? time,
        updatedAt: time,
        own: anchored(values, kind, options),
        environments: mapValues(environments, (each) => anchored(each, kind, options)),
      })
    })
    await sweep(root, now())
    return { ...written, created: written !== existing }
  }

  const patch: ConnectionStore['patch'] = (name, changes, options = {}) =>
    untilWritten(name, async () => {
      const record = await need(name)
      const { ifRevision, environment } = options
      if (ifRevision !== undefined && ifRevision !== record.revision) {
        throw changed(`The connection ${name} is at revision ${record.revision}, not ${ifRevision}.`)
      }
      const open = await openRecord(record, formOf(record.kind), keys)
      const scoped = anchored(changes, record.kind, options).values
      const labels = options.labels && withChanges(open.labels ?? {}, options.labels)
      return write({
        ...open,
        revision: record.revision + 1,
        updatedAt: new Date(now()).toISOString(),
        ...(options.description === undefined ? {} : { description: options.description }),
        ...(labels ? { labels: labels as Record<string, string> } : {}),
        ...(environment === undefined
          ? { own: patchLayer(open.own, scoped) }
          : {
              environments: {
                ...open.environments,
                [environment]: patchLayer(open.environments[environment] ?? noLayer, scoped),
              },
            }),
      })
    })

  const drop: ConnectionStore['drop'] = async (name, { ifExists = false } = {}) => {
    checkName(name)
    const former = await identify(directoryOf(name), name, true)
    const dropped = former?.name === name && (await removeRecord(directoryOf(name)))
    if (!dropped && !ifExists) throw unknownConnection(name, former?.name, directory)
    await sweep(root, now())
    return { dropped }
  }

  const resolve: ConnectionStore['resolve'] = async (
    text,
    { environment = usual, override, fallback } = {},
  ) => {
    const reference = parseReference(text)
    if (reference === undefined || 'operation' in reference) {
      throw invalidConfig('reference', [
        { path: '/connection', value: text, message: 'must be NAME or NAME@REVISION' },
      ])
    }
    const record = await need(reference.name)
    const { name, kind, revision } = record
    const form = formOf(kind)
    const open = await openRecord(record, form, keys)
    const { values, missing } = inForce(open, environment)
    if (missing.length > 0) throw incomplete(name, missing)
    const keepRefreshToken = async (refreshToken: string) => {
      const isOwn = open.environments[environment ?? '']?.values['refreshToken'] === undefined
      await patch(name, { refreshToken }, isOwn ? {} : { environment: environment ?? '' })
    }
    return hideValues(
      { name, kind, revision, environment },
      { ...fallback, ...values, ...override },
      keepRefreshToken,
    )
  }

  return {
    directory,
    create: (...args) => guarded(directory, () => create(...args)),
    describe: (name) => guarded(directory, async () => described(await need(name))),
    list: () =>
      guarded(directory, async () => {
        const found = await Promise.all((await recordsIn(root)).map(find))
        return found.flatMap((record) => (record ? [described(record)] : []))
      }),
    patch: (...args) => guarded(directory, () => patch(...args)),
    drop: (...args) => guarded(directory, () => drop(...args)),
    resolve: (...args) => guarded(directory, () => resolve(...args)),
    async test(connection, options) {
      let opened: Connection | undefined
      const opening = await runTrials(
        [
          [
            'open',
            async () => {
              opened = await connect(
                typeof connection === 'string'
                  ? await guarded(directory, () => resolve(connection, options))
                  : unsaved(connection, kinds[0]?.id ?? ''),
                options,
              )
              return 'The connection can be opened.'
            },
          ],
        ],
        now,
      )
      if (!opened) return opening
      try {
        return await opened.test()
      } finally {
        await opened.close()
      }
    },
  }
}

const noLayer: Layer = { values: {}, missing: [] }

/** What a replacement needs to know of its predecessor. A damaged one can be replaced too. */
async function identify(
  directory: string,
  name: string,
  isReplaced: boolean,
): Promise<(Pick<SealedRecord, 'name' | 'revision'> & Partial<SealedRecord>) | undefined> {
  const found = await readNewest(directory)
  if (found === undefined) return undefined
  try {
    return parseRecord(found.text, name, found.revision)
  } catch (thrown) {
    if (isReplaced) return { name, revision: found.revision }
    throw thrown
  }
}

/** `null` clears, anything else sets. What is set is missing no more. */
function patchLayer({ values, missing }: Layer, changes: ConnectionValues): Layer {
  return {
    values: withChanges(values, changes),
    missing: missing.filter((name) => !(name in changes)),
  }
}

function withChanges(values: ConnectionValues, changes: ConnectionValues): ConnectionValues {
  return Object.fromEntries(Object.entries({ ...values, ...changes }).filter(([, value]) => value !== null))
}

/**
 * The values of an environment. A connection without any is the same in all; one that has some must have this
 * one, so that a misspelt `prod` does not become `dev`.
 */
function inForce({ name, own, environments }: OpenRecord, environment: string | undefined): Layer {
  const known = Object.keys(environments)
  if (environment === undefined || known.length === 0) return own
  const layer = environments[environment]
  if (layer) return overlay(own, layer)
  throw new ConnectorError(
    'BQC_CONFIG_INVALID',
    `The connection ${name} has no environment ${environment}; it has ${known.sort().join(', ')}. Patch it with an environment of that name, which may be without overrides.`,
  )
}

/** Runs what reads and writes files; their trouble is told as that of the store. */
async function guarded<T>(directory: string, act: () => Promise<T>): Promise<T> {
  try {
    return await act()
  } catch (cause) {
    const { code, syscall } = cause as NodeJS.ErrnoException
    if (cause instanceof ConnectorError || syscall === undefined) throw cause
    throw new ConnectorError(
      'BQC_OUTPUT_UNWRITABLE',
      `The connection store ${directory} cannot be used (${syscall}: ${code}). Check its rights and the space left.`,
      { cause },
    )
  }
}

function unsaved(values: ConnectionValues, kind: string): ResolvedConnection {
  return hideValues({ name: 'unsaved', kind, revision: 0, environment: undefined }, values)
}

function unknownConnection(name: string, similar: string | undefined, directory: string): ConnectorError {
  const hint = similar === undefined ? '' : ` There is ${similar}: upper and lower case matter.`
  return new ConnectorError(
    'BQC_CONNECTION_UNKNOWN',
    `There is no connection ${name} in ${directory}.${hint}`,
  )
}

function takenName(name: string, taken: string): ConnectorError {
  const message =
    name === taken
      ? `There is a connection ${name} already. Choose another name, or replace it.`
      : `There is a connection ${taken} already, and ${name} differs from it in upper and lower case alone. Choose another name.`
  return new ConnectorError('BQC_CONNECTION_EXISTS', message)
}

function changed(what: string): ConnectorError {
  return new ConnectorError('BQC_CONNECTION_CHANGED', `${what} Read it again, and repeat the change.`)
}

function incomplete(name: string, missing: readonly string[]): ConnectorError {
  return new ConnectorError(
    'BQC_CONNECTION_INCOMPLETE',
    `The connection ${name} was imported, and imports carry no secrets. Enter again: ${missing.join(', ')}.`,
  )
}
