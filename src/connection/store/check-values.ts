// Checks what a record is to hold against the form of its kind, so that what is stored can be opened.
import type { ConnectionValues } from '../../contract/connection-store.ts'
import type { JsonSchema } from '../../contract/profile.ts'
import { invalidConfig, resolve } from '../../descriptor/resolve.ts'
import { ConnectorError, type Fault } from '../../errors.ts'
import { overlay } from './layers.ts'
import { isMark, type Layer, type OpenRecord } from './record.ts'
import { isReference, misspeltReferences, secretFields } from './secret-reference.ts'

/** @throws ConnectorError `BQC_CONFIG_INVALID` with all faults, of the environments too. */
export function checkValues(
  { name, own, environments }: Pick<OpenRecord, 'name' | 'own' | 'environments'>,
  form: JsonSchema,
): void {
  const extensible = extensibleFields(form)
  const faults = [
    ...faultsOf(own, form),
    ...Object.entries(environments).flatMap(([environment, layer]) => {
      const names = [...Object.keys(layer.values), ...layer.missing]
      const within = [
        ...names
          .filter((field) => !extensible.includes(field))
          .map((field) => ({
            path: `/${field}`,
            message: `cannot differ by environment; these can: ${extensible.join(', ')}`,
          })),
        ...faultsOf(overlay(own, layer), form),
      ]
      return within.map((fault) => ({ ...fault, path: `/environments/${environment}${fault.path}` }))
    }),
  ]
  if (faults.length > 0) throw invalidConfig(`connection ${name}`, distinct(faults))
}

/** The fields that an environment may override. */
function extensibleFields(form: JsonSchema): string[] {
  const fields = form['properties'] as Readonly<Record<string, { readonly 'x-extensible'?: boolean }>>
  return Object.keys(fields)
    .filter((name) => fields[name]?.['x-extensible'] === true)
    .sort()
}

/** References and missing secrets count as present; what they stand for is checked when it is there. */
function faultsOf({ values, missing }: Layer, form: JsonSchema): Fault[] {
  const secrets = secretFields(form)
  const marks = [...secrets].filter((name) => isMark(values[name]))
  const unseen = new Set([...missing, ...marks, ...[...secrets].filter((name) => isReference(values[name]))])
  // What stands elsewhere may be plain text or JSON, which the form may tell apart: a fault must be one of either.
  const asText = { ...values, ...Object.fromEntries(missing.map((name) => [name, 'missing'])) }
  const asJson = { ...values, ...Object.fromEntries([...unseen].map((name) => [name, '{}'])) }
  const eitherWay = new Set(formFaults(form, asJson).map(({ path }) => path))
  const faults = formFaults(form, asText).filter(
    ({ path }) => eitherWay.has(path) && !unseen.has(path.split('/')[1] ?? ''),
  )
  return [...faults, ...marks.map(markFault), ...misspeltReferences(values, form)]
}

function formFaults(form: JsonSchema, values: ConnectionValues): readonly Fault[] {
  try {
    resolve(form, values, 'connection')
    return []
  } catch (thrown) {
    if (thrown instanceof ConnectorError && thrown.code === 'BQC_CONFIG_INVALID') return thrown.faults
    throw thrown
  }
}

function markFault(name: string): Fault {
  return {
    path: `/${name}`,
    message: 'is what describe shows in place of a secret: leave the field out to keep what is stored',
  }
}

/** A fault of the connection itself is not told again for each environment that inherits it. */
function distinct(faults: readonly Fault[]): Fault[] {
  const own = new Set(faults.map(({ path, message }) => `${path} ${message}`))
  return faults.filter(({ path, message }) => {
    const [, inherited] = /^\/environments\/[^/]+(\/.*)$/.exec(path) ?? []
    return inherited === undefined || !own.has(`${inherited} ${message}`)
  })
}
