// A secret that stands elsewhere: env:NAME or file:PATH in a secret's field. It is looked up at each use.
import { isUtf8 } from 'node:buffer'
import { createReadStream } from 'node:fs'
import { isAbsolute, resolve } from 'node:path'
import { buffer as readBytes } from 'node:stream/consumers'
import type { ConnectionValues } from '../../contract/connection-store.ts'
import type { JsonSchema } from '../../contract/profile.ts'
import { invalidConfig } from '../../descriptor/resolve.ts'
import { ConnectorError, type Fault } from '../../errors.ts'

/** True for the text of a reference. */
export function isReference(value: unknown): value is string {
  return typeof value === 'string' && /^(env:[A-Za-z_][A-Za-z0-9_]*|file:[^\0\n]+)$/.test(value)
}

/** What begins like a reference and is none: taken for the secret itself, it would be sealed, and never work. */
export function misspeltReferences(values: ConnectionValues, form: JsonSchema): Fault[] {
  return [...secretFields(form)]
    .filter((name) => /^(env|file):/.test(String(values[name])) && !isReference(values[name]))
    .map((name) => ({
      path: `/${name}`,
      message: 'begins like a reference, which is env:NAME (letters, digits and _) or file:PATH',
    }))
}

/** The names of a form's secret fields. */
export function secretFields(form: JsonSchema): ReadonlySet<string> {
  const fields = form['properties'] as Readonly<Record<string, { readonly 'x-secret'?: boolean }>>
  return new Set(Object.keys(fields).filter((name) => fields[name]?.['x-secret'] === true))
}

/** The values with the path of each `file:` reference made absolute. */
export function anchorReferences(
  values: ConnectionValues,
  form: JsonSchema,
  directory: string,
): ConnectionValues {
  return mapReferences(values, form, (reference) => {
    if (!reference.startsWith('file:')) return reference
    const path = reference.slice('file:'.length)
    return isAbsolute(path) ? reference : `file:${resolve(directory, path)}`
  })
}

/**
 * The values with what each reference stands for in its place. A file's text comes without its last line break;
 * a file that is no text comes as base64.
 * @throws ConnectorError `BQC_SECRET_UNAVAILABLE`, which names the field and the reference only;
 *   `BQC_CONFIG_INVALID` for what begins like a reference and is none.
 */
export async function lookUpReferences(
  values: ConnectionValues,
  form: JsonSchema,
  directory: string,
): Promise<ConnectionValues> {
  const faults = misspeltReferences(values, form)
  if (faults.length > 0) throw invalidConfig('connection', faults)
  const anchored = anchorReferences(values, form, directory)
  const found = new Map<string, string>()
  for (const name of secretFields(form)) {
    const value = anchored[name]
    if (isReference(value)) found.set(name, await lookUp(value, name))
  }
  return Object.fromEntries(Object.entries(anchored).map(([name, value]) => [name, found.get(name) ?? value]))
}

/** Bytes. A path may name a device that never ends. */
const largestSecret = 1_048_576

async function lookUp(reference: string, field: string): Promise<string> {
  if (reference.startsWith('env:')) {
    const value = process.env[reference.slice('env:'.length)]
    if (value) return value
    throw unavailable(reference, field, 'the environment has no such variable, or it is empty')
  }
  const path = reference.slice('file:'.length)
  const bytes = await readBytes(createReadStream(path, { end: largestSecret })).catch(
    (cause: NodeJS.ErrnoException) => {
      throw unavailable(reference, field, `the file cannot be read (${cause.code})`)
    },
  )
  if (bytes.length > largestSecret) throw unavailable(reference, field, 'the file is larger than any secret')
  if (!isUtf8(bytes)) return bytes.toString('base64')
  const text = bytes
    .toString()
    .replace(/^\uFEFF/, '')
    .replace(/\r?\n$/, '')
  if (text !== '') return text
  throw unavailable(reference, field, 'the file is empty')
}

function mapReferences(
  values: ConnectionValues,
  form: JsonSchema,
  change: (reference: string) => string,
): ConnectionValues {
  const secrets = secretFields(form)
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [
      name,
      secrets.has(name) && isReference(value) ? change(value) : value,
    ]),
  )
}

function unavailable(reference: string, field: string, why: string): ConnectorError {
  return new ConnectorError(
    'BQC_SECRET_UNAVAILABLE',
    `${field} refers to ${reference}, but ${why}. Provide it, or change the reference.`,
  )
}
