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

/** @throws ConnectorError `BQC_CONFIG_INVALID` */
export function readExport(document: unknown, records: Records, scope: ReferenceScope): Arrival[] {
  const { format: found, connections } = (document ?? {}) as Partial<ConnectionExport>
  if (found !== format || !Array.isArray(connections)) {
    throw invalidConfig('export', [{ path: '/format', message: `must be ${format}, as export writes it` }])
  }
  return connections.map((arrival, at) => {
    const { name, kind, description, labels, values, environments = {} } = arrival ?? {}
    if (typeof name !== 'string' || typeof kind !== 'string') {
      throw invalidConfig('export', [
        { path: `/connections/${at}`, message: 'must be a connection with name and kind' },
      ])
    }
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
