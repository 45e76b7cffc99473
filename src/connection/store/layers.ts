// The values of a connection in layers: its own, and those that an environment puts over them.
import type { ConnectionValues } from '../../contract/connection-store.ts'
import { invalidConfig } from '../../descriptor/resolve.ts'
import { ConnectorError } from '../../errors.ts'
import type { Layer, OpenRecord } from './record.ts'

/** What is in force where the upper layer's values replace those of the lower one. */
export function overlay(lower: Layer, upper: Layer): Layer {
  return {
    values: { ...lower.values, ...upper.values },
    missing: [...lower.missing.filter((name) => !(name in upper.values)), ...upper.missing],
  }
}

const noLayer: Layer = { values: {}, missing: [] }

type Layers = Pick<OpenRecord, 'own' | 'environments'>

/** The layer of an environment, which may have any name, such as `constructor`. */
export function layerOf(environments: Layers['environments'], environment: string): Layer | undefined {
  return Object.hasOwn(environments, environment) ? environments[environment] : undefined
}

/** @param changes `null` removes the environment. */
export function patchLayers(
  { own, environments }: Layers,
  changes: ConnectionValues | null,
  environment: string | undefined,
): Layers {
  if (environment === undefined) {
    if (changes) return { own: patchLayer(own, changes), environments }
    throw invalidConfig('change', [{ path: '', message: 'must be an object' }])
  }
  const { [environment]: _, ...others } = environments
  if (changes === null) return { own, environments: others }
  const former = layerOf(environments, environment) ?? noLayer
  return { own, environments: { ...others, [environment]: patchLayer(former, changes) } }
}

/** `null` clears, anything else sets. What is set is missing no more. */
function patchLayer({ values, missing }: Layer, changes: ConnectionValues): Layer {
  return {
    values: withChanges(values, changes),
    missing: missing.filter((name) => !Object.hasOwn(changes, name)),
  }
}

export function withChanges(values: ConnectionValues, changes: ConnectionValues): ConnectionValues {
  return Object.fromEntries(Object.entries({ ...values, ...changes }).filter(([, value]) => value !== null))
}

/**
 * The values of an environment. A connection without any is the same in all; one that has some must have this
 * one, so that a misspelt `prod` does not become `dev`.
 */
export function inForce({ name, own, environments }: OpenRecord, environment: string | undefined): Layer {
  const known = Object.keys(environments)
  if (environment === undefined || known.length === 0) return own
  const layer = layerOf(environments, environment)
  if (layer) return overlay(own, layer)
  throw new ConnectorError(
    'BQC_CONFIG_INVALID',
    `The connection ${name} has no environment ${environment}; it has ${known.sort().join(', ')}. Patch it with an environment of that name, which may be without overrides.`,
  )
}
