// A document's properties -> the options in force for it.
import type { Document } from '../contract/document.ts'
import type { JsonSchema } from '../contract/profile.ts'
import { ConnectorError } from '../errors.ts'
import { ajvOfForms, type Form, faultsOf, lineOf } from './resolve.ts'

/** Property text stands for numbers and booleans too. */
const ajv = ajvOfForms({ coerceTypes: true })

/**
 * Compiles a form: a function that puts a document's properties in place of the options that they override,
 * which are the fields with `x-per-document`. Other properties are the host's own.
 * @throws ConnectorError (that function) `BQC_PROPERTY_INVALID` that carries every fault.
 */
export function compileOverrides<T extends object>(
  form: JsonSchema,
): (options: T, document: Pick<Document, 'properties'>) => T {
  const { properties: fields } = form as unknown as Form
  const names = Object.keys(fields).filter((name) => fields[name]?.['x-per-document'] !== undefined)
  const validate = ajv.compile(form)
  // Hosts fill in blanks where they have no value; only some fields have a blank one.
  const withBlank = new Set(names.filter((name) => ajv.compile(fields[name] as object)('')))

  return (options, { properties }) => {
    const given = names.filter((name) => {
      const value = properties?.[name]
      return value !== undefined && (value !== '' || withBlank.has(name))
    })
    if (given.length === 0) return options
    const values = { ...options, ...Object.fromEntries(given.map((name) => [name, properties?.[name]])) }
    if (validate(values)) return values

    const faults = faultsOf(validate, fields)
    throw new ConnectorError(
      'BQC_PROPERTY_INVALID',
      `The document's properties are not usable: ${lineOf(faults)}.`,
      {
        faults,
      },
    )
  }
}
