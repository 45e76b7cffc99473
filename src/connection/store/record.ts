// A connection's record: open, as it is worked with, and as it lies in a file, its secrets marked and sealed.
import type {
  ConnectionValues,
  KeyService,
  SecretMark,
  StoredConnection,
} from '../../contract/connection-store.ts'
import type { JsonSchema } from '../../contract/profile.ts'
import { brokenSeal, type Sealed, seal, unseal } from './seal.ts'
import { isReference, secretFields } from './secret-reference.ts'

/** Values with their secrets open, or as the references that were written. */
export interface Layer {
  readonly values: ConnectionValues
  /** Secrets that an import could not bring along. */
  readonly missing: readonly string[]
}

interface Identity {
  /** Tells the record from another one that had its name before. */
  readonly id: string
  readonly name: string
  readonly kind: string
  readonly revision: number
  readonly description?: string
  readonly labels?: Readonly<Record<string, string>>
  readonly createdAt: string
  readonly updatedAt: string
}

export interface OpenRecord extends Identity {
  /** The layer of the connection itself. */
  readonly own: Layer
  readonly environments: Readonly<Record<string, Layer>>
}

/** What lies in a file: all that `describe` shows, and the seal. */
export interface SealedRecord extends Identity, Sealed {
  readonly format: 1
  readonly values: ConnectionValues
  readonly environments?: Readonly<Record<string, ConnectionValues>>
  /** The operation that this copy belongs to. */
  readonly operation?: string
}

interface Secrets {
  readonly values: ConnectionValues
  readonly environments: Readonly<Record<string, ConnectionValues>>
}

/** @param operation whose copy it is, where it is one. */
export function sealRecord(
  { own, environments, ...identity }: OpenRecord,
  form: JsonSchema,
  keys: KeyService,
  operation?: string,
): Promise<SealedRecord> {
  const fields = secretFields(form)
  const plain = {
    format: 1 as const,
    ...identity,
    ...(operation === undefined ? {} : { operation }),
    values: maskLayer(own, fields),
    ...(Object.keys(environments).length === 0
      ? {}
      : { environments: mapValues(environments, (layer) => maskLayer(layer, fields)) }),
  }
  const secrets: Secrets = {
    values: secretsOf(own, fields),
    environments: mapValues(environments, (layer) => secretsOf(layer, fields)),
  }
  return seal(plain, secrets, keys)
}

/** @throws ConnectorError `BQC_STORE_SEAL_BROKEN`, `BQC_STORE_KEY_MISSING` */
export async function openRecord(
  record: SealedRecord,
  form: JsonSchema,
  keys: KeyService,
): Promise<OpenRecord> {
  const fields = secretFields(form)
  const secrets = (await unseal(record, keys, `connection ${record.name}`)) as Secrets
  const {
    format: _,
    values,
    environments = {},
    operation: __,
    sealed: ___,
    sealedWith: ____,
    ...identity
  } = record
  return {
    ...identity,
    own: openLayer(values, secrets.values, fields),
    environments: mapValues(environments, (layer, name) =>
      openLayer(layer, secrets.environments[name] ?? {}, fields),
    ),
  }
}

/**
 * Reads a record's text, and checks that it lies where it was written to.
 * @throws ConnectorError `BQC_STORE_SEAL_BROKEN`
 */
export function parseRecord(text: string, name: string, revision: number): SealedRecord {
  let record: Partial<SealedRecord> | null = null
  try {
    record = JSON.parse(text)
  } catch {
    // Told below, without the parser's message.
  }
  const isWhole =
    record?.format === 1 &&
    typeof record.name === 'string' &&
    typeof record.kind === 'string' &&
    typeof record.sealed === 'string' &&
    typeof record.sealedWith?.kid === 'string' &&
    isLayer(record.values) &&
    isLayers(record.environments ?? {}) &&
    record.name.toLowerCase() === name.toLowerCase() &&
    record.revision === revision
  if (!isWhole) throw brokenSeal(`connection ${name}`)
  return record as SealedRecord
}

function isLayer(value: unknown): value is ConnectionValues {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isLayers(value: unknown): boolean {
  return isLayer(value) && Object.values(value).every(isLayer)
}

/** The record as anybody may see it. What the form calls secret is masked, whatever the file says. */
export function describeRecord(record: SealedRecord, form: JsonSchema): StoredConnection {
  const fields = secretFields(form)
  const { name, kind, revision, description, labels, values, environments, createdAt, updatedAt } = record
  return {
    name,
    kind,
    revision,
    ...(description === undefined ? {} : { description }),
    ...(labels === undefined ? {} : { labels }),
    values: maskLayer({ values, missing: [] }, fields),
    ...(environments === undefined
      ? {}
      : {
          environments: mapValues(environments, (each) => maskLayer({ values: each, missing: [] }, fields)),
        }),
    createdAt,
    updatedAt,
  }
}

/** True for what is shown in place of a secret. */
export function isMark(value: unknown): value is SecretMark {
  if (typeof value !== 'object' || value === null) return false
  const { set, source, ...rest } = value as Partial<SecretMark>
  return typeof set === 'boolean' && typeof source === 'string' && Object.keys(rest).length === 0
}

function maskLayer({ values, missing }: Layer, fields: ReadonlySet<string>): ConnectionValues {
  const shown = Object.entries(values).map(([name, value]) => [
    name,
    fields.has(name) && !isMark(value) ? markOf(value) : value,
  ])
  return Object.fromEntries([...shown, ...missing.map((name) => [name, { set: false, source: 'missing' }])])
}

function markOf(value: unknown): SecretMark {
  return { set: true, source: isReference(value) ? value : 'sealed' }
}

function secretsOf({ values }: Layer, fields: ReadonlySet<string>): ConnectionValues {
  return Object.fromEntries(
    Object.entries(values).filter(([name, value]) => fields.has(name) && !isReference(value)),
  )
}

function openLayer(shown: ConnectionValues, secrets: ConnectionValues, fields: ReadonlySet<string>): Layer {
  const missing: string[] = []
  const values: [string, unknown][] = []
  for (const [name, value] of Object.entries(shown)) {
    if (name in secrets) values.push([name, secrets[name]])
    else if (!fields.has(name) || !isMark(value)) values.push([name, value])
    else if (value.set) values.push([name, value.source])
    else missing.push(name)
  }
  return { values: Object.fromEntries(values), missing }
}

export function mapValues<T, U>(
  record: Readonly<Record<string, T>>,
  change: (value: T, name: string) => U,
): Record<string, U> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, change(value, name)]))
}
