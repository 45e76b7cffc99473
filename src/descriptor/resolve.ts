// A component's values -> the values in force: defaults filled in, and all faults reported together.
import { Ajv2020, type ErrorObject, type Options, type ValidateFunction } from 'ajv/dist/2020.js'
import type { JsonSchema } from '../contract/profile.ts'
import { ConnectorError, type Fault } from '../errors.ts'

export type Form = { readonly properties: Readonly<Record<string, Record<string, unknown>>> }

/** An ajv that knows the formats of fields. */
export function ajvOfForms(options: Options): Ajv2020 {
  const ajv = new Ajv2020({
    allErrors: true,
    strict: false,
    verbose: true,
    validateFormats: true,
    ...options,
  })
  ajv.addFormat('endpoint', (text) => isSafeUrl(text) && URL.parse(text)?.pathname === '/')
  ajv.addFormat('safe-url', isSafeUrl)
  ajv.addFormat('loopback', isLoopback)
  return ajv
}

const ajv = ajvOfForms({ useDefaults: true })
// A field that only documents may fill in takes no value from a component.
ajv.addKeyword({ keyword: 'x-per-document', validate: (per: unknown) => per !== 'only' })
const formats: Readonly<Record<string, string>> = {
  endpoint: 'must be scheme, host and port alone: https anywhere, http only on this machine (localhost)',
  'safe-url': 'must be an https URL, or an http URL on this machine, without user, password and query',
  loopback: 'must be on this machine (localhost): only there the grant none is accepted',
}

const compiled = new WeakMap<JsonSchema, ValidateFunction>()

/** True for a URL whose host is this machine: 127.0.0.0/8, ::1 or localhost. */
export function isLoopback(url: string): boolean {
  const host = URL.parse(url)?.hostname ?? ''
  return host === 'localhost' || host === '[::1]' || /^127(\.\d{1,3}){3}$/.test(host)
}

/** True for a URL to which secrets may be sent: https, or http that cannot leave this machine; nothing hidden in it. */
export function isSafeUrl(text: string): boolean {
  const url = URL.parse(text)
  if (url === null || /\s/.test(text)) return false
  const isPlain = url.username === '' && url.password === '' && url.search === '' && url.hash === ''
  return isPlain && (url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback(text)))
}

/**
 * Checks `values` against a descriptor's form and fills in its defaults. The argument is not changed.
 * @param of what the values belong to, for the message: `connection "bigquery"`.
 * @throws ConnectorError `BQC_CONFIG_INVALID` that carries every fault.
 */
export function resolve<T>(form: JsonSchema, values: unknown, of: string): T {
  const validate = compiled.get(form) ?? ajv.compile(form)
  compiled.set(form, validate)

  // An option that is explicitly undefined is an option that was not given.
  const resolved = isObject(values)
    ? Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined))
    : values
  // Twice: the first pass fills in defaults, and only then can conditions see them.
  validate(resolved)
  if (validate(resolved)) return resolved as T

  throw invalidConfig(of, faultsOf(validate, (form as unknown as Form).properties))
}

/** The error for a set of faults in a component's values. */
export function invalidConfig(of: string, faults: readonly Fault[]): ConnectorError {
  return new ConnectorError('BQC_CONFIG_INVALID', `The ${of} is not usable: ${lineOf(faults)}.`, { faults })
}

/** All faults on one line, for people. */
export function lineOf(faults: readonly Fault[]): string {
  const said = faults.map((fault) => {
    const found = 'value' in fault ? `, not ${quoted(fault.value)}` : ''
    return `${fault.path === '' ? 'it' : fault.path.slice(1)} ${fault.message}${found}`
  })
  return said.join('; ')
}

/** What a form has refused, in our words. */
export function faultsOf({ errors }: ValidateFunction, fields: Form['properties']): Fault[] {
  return (errors ?? []).flatMap((error) => faultOf(error, fields))
}

function faultOf(error: ErrorObject, fields: Form['properties']): Fault[] {
  const name = error.instancePath.slice(1)
  const secret = fields[name.split('/')[0] ?? '']?.['x-secret'] === true
  // The whole configuration may hold secrets too, and a URL a password.
  const isUrl = error.keyword === 'format'
  const hidden = secret || name === '' || (isUrl && String(error.data).includes('@'))
  const at = (path: string, message: string): Fault[] => [
    { path, message, ...(hidden ? {} : { value: shorten(error.data) }) },
  ]
  switch (error.keyword) {
    // What failed within says more.
    case 'if':
    case 'propertyNames':
      return []
    case 'required': {
      const missing = String(error.params['missingProperty'])
      const reason = error.parentSchema?.['x-reason']
      const message = reason ? `is required: ${reason}` : 'is required'
      return [{ path: `${error.instancePath}/${missing}`, message }]
    }
    case 'additionalProperties': {
      const unknown = String(error.params['additionalProperty'])
      const known = Object.keys(fields).sort().join(', ')
      return [{ path: `${error.instancePath}/${unknown}`, message: `is unknown; known are ${known}` }]
    }
    case 'type':
      return at(error.instancePath, `must be ${nameOfType(error.params['type'])}`)
    case 'enum':
      return at(error.instancePath, `must be one of ${error.params['allowedValues'].join(', ')}`)
    case 'const':
      // One of the values of a oneOf, which says them all.
      return error.schemaPath.includes('/oneOf/') ? [] : at(error.instancePath, error.message ?? '')
    case 'oneOf': {
      const values = (error.schema as readonly { readonly const: unknown }[]).map((one) => one.const)
      return at(error.instancePath, `must be one of ${values.join(', ')}`)
    }
    case 'x-per-document':
      return at(error.instancePath, 'must not be an option: it is a property of documents')
    case 'minimum':
    case 'maximum':
      return at(error.instancePath, `must be ${rangeOf(error.parentSchema ?? {})}`)
    case 'pattern': {
      const message = String(error.parentSchema?.['x-pattern-help'] ?? error.message)
      if (error.propertyName === undefined) return at(error.instancePath, message)
      return [{ path: `${error.instancePath}/${error.propertyName}`, message }]
    }
    case 'minLength':
      return at(error.instancePath, 'must not be empty')
    case 'format':
      return at(error.instancePath, formats[String(error.params['format'])] ?? 'is not valid')
    default:
      return at(error.instancePath, error.message ?? 'is not valid')
  }
}

function nameOfType(type: string | readonly string[]): string {
  const names: Record<string, string> = {
    integer: 'a whole number',
    number: 'a number',
    boolean: 'true or false',
    string: 'text',
    object: 'an object',
    array: 'a list',
  }
  return [type]
    .flat()
    .map((name) => names[name as string] ?? name)
    .join(' or ')
}

function rangeOf(schema: Record<string, unknown>): string {
  const { minimum, maximum } = schema
  if (minimum === undefined) return `at most ${maximum}`
  return maximum === undefined ? `at least ${minimum}` : `from ${minimum} to ${maximum}`
}

/** A value as a message shows it; also one that JSON has no word for. */
function quoted(value: unknown): string {
  if (typeof value === 'number' || typeof value === 'bigint') return String(value)
  try {
    return JSON.stringify(value) ?? typeof value
  } catch {
    return `an ${typeof value}`
  }
}

function shorten(value: unknown): unknown {
  return typeof value === 'string' && value.length > 200 ? `${value.slice(0, 200)}...` : value
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
