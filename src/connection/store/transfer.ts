// Connections on their way to another store: without secrets, which are entered again there.
import type {
  ConnectionExport,
  ConnectionValues,
  ReferenceScope,
  SecretMark,
  StoredConnection,
} from '../../contract/connection-store.ts'
import type { JsonSchema } from '../../contract/profile.ts'
import { invalidConfig } from '../../descriptor/resolve.ts'
import type { Fault } from '../../errors.ts'
import { checkName } from './names.ts'
import { isMark, type Layer, mapValues } from './record.ts'
import type { Records } from './records.ts'
import { isReference, secretFields } from './secret-reference.ts'

const format = 'bigquery-connector/connections/1'

export function exportOf(connections: readonly StoredConnection[]): ConnectionExport {
  return {
    format,
    connections: connections.map(({ revision: _, createdAt: __, updatedAt: ___, ...kept }) => kept),
  }
}

/** A connection of an export, ready to be written. */
export interface Arrival {
  readonly name: string
  readonly kind: string
  readonly description: string | undefined
  readonly labels: Readonly<Record<string, string>> | undefined
  readonly own: Layer
  readonly environments: Readonly<Record<string, Layer>>
  /** The secrets that must be entered again: `accessToken`, or `prod: accessToken` of an environment. */
  readonly missing: readonly string[]
}

/** @throws ConnectorError `BQC_CONFIG_INVALID`, before anything is written of it. */
export function readExport(document: unknown, records: Records, scope: ReferenceScope): Arrival[] {
  const { format: found, connections } = (document ?? {}) as Partial<ConnectionExport>
  if (found !== format || !Array.isArray(connections)) {
    throw invalidConfig('export', [{ path: '/format', message: `must be ${format}, as export writes it` }])
  }
  return connections.map((arrival: unknown, at) => {
    const faults = faultsOf(arrival).map((fault) => ({ ...fault, path: `/connections/${at}${fault.path}` }))
    if (faults.length > 0) throw invalidConfig('export', faults)
    const { name, kind, description, labels, values, environments = {} } = arrival as Exported
    checkName(name)
    for (const environment of Object.keys(environments)) checkName(environment, 'environment')
    const form = records.formOf(kind)
    const arrive = (given: ConnectionValues) =>
      layerOf(given, form, (kept) => records.layerOf(kept, kind, scope))
    const own = arrive(values)
    const layers = mapValues(environments, arrive)
    const missing = [
      ...own.missing,
      ...Object.entries(layers).flatMap(([environment, layer]) =>
        layer.missing.map((field) => `${environment}: ${field}`),
      ),
    ]
    return { name, kind, description, labels, own, environments: layers, missing }
  })
}

type Exported = ConnectionExport['connections'][number]

/** An export may come from anywhere: what is wrong with the shape of one of its connections. */
function faultsOf(arrival: unknown): Fault[] {
  if (!isObject(arrival)) return [{ path: '', message: 'must be a connection' }]
  const { name, kind, description = '', labels = {}, values, environments = {} } = arrival
  const fault = (isFine: boolean, path: string, message: string) => (isFine ? [] : [{ path, message }])
  const areObjects = isObject(environments) && Object.values(environments).every(isObject)
  const areTexts = isObject(labels) && Object.values(labels).every((each) => typeof each === 'string')
  return [
    ...fault(typeof name === 'string', '/name', 'must be text'),
    ...fault(typeof kind === 'string', '/kind', 'must be text'),
    ...fault(typeof description === 'string', '/description', 'must be text'),
    ...fault(areTexts, '/labels', 'must be an object of texts'),
    ...fault(isObject(values), '/values', 'must be an object'),
    ...fault(areObjects, '/environments', 'must be an object of objects'),
  ]
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function layerOf(
  given: ConnectionValues,
  form: JsonSchema,
  anchor: (values: ConnectionValues) => Layer,
): Layer {
  const fields = secretFields(form)
  const isMissing = ([name, value]: [string, unknown]) =>
    fields.has(name) && isMark(value) && !isReference(value.source)
  const entries = Object.entries(given)
  const kept = entries
    .filter((entry) => !isMissing(entry))
    .map(([name, value]) => [name, fields.has(name) && isMark(value) ? (value as SecretMark).source : value])
  return {
    ...anchor(Object.fromEntries(kept)),
    missing: entries.filter(isMissing).map(([name]) => name),
  }
}
