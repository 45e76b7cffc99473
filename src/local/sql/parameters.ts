// Query parameters as SQL literals of their declared types. Values are checked like inserted values, so
// nothing a client sends reaches the engine unquoted.
import { invalid } from '../wire/api-error.ts'
import { BadValue, convertScalar } from '../wire/scalar-values.ts'
import { duckdbType, type FieldSchema, quoteText } from '../wire/table-schema.ts'
import { positionalName } from './positional.ts'
import { anonymousField, structPack } from './types.ts'

interface ParameterType {
  readonly type: string
  readonly arrayType?: ParameterType
  readonly structTypes?: readonly { readonly name?: string; readonly type: ParameterType }[]
}

interface ParameterValue {
  readonly value?: unknown
  readonly arrayValues?: readonly ParameterValue[]
  readonly structValues?: Readonly<Record<string, ParameterValue>>
}

interface Parameter {
  readonly name?: string
  readonly parameterType?: ParameterType
  readonly parameterValue?: ParameterValue
}

export interface BoundParameter {
  readonly sql: string
  readonly field: FieldSchema
}

/** Parameters by lower-case name; positional ones are named by position. */
export function bindParameters(sent: readonly unknown[] = []): ReadonlyMap<string, BoundParameter> {
  const bound = new Map<string, BoundParameter>()
  for (const [position, value] of sent.entries()) {
    const { name, parameterType, parameterValue } = value as Parameter
    if (parameterType === undefined) throw invalid(`Query parameter ${name ?? position + 1} has no type`)
    const field = fieldOfParameter(name ?? '', parameterType)
    const key = name === undefined || name === '' ? positionalName(position) : name.toLowerCase()
    bound.set(key, { field, sql: literal(field, parameterType, parameterValue ?? {}) })
  }
  return bound
}

function fieldOfParameter(name: string, type: ParameterType): FieldSchema {
  if (type.arrayType !== undefined) return { ...fieldOfParameter(name, type.arrayType), mode: 'REPEATED' }
  if (type.structTypes !== undefined)
    return {
      name,
      type: 'RECORD',
      fields: type.structTypes.map((entry, i) =>
        fieldOfParameter(entry.name ?? anonymousField(i), entry.type),
      ),
    }
  return { name, type: type.type }
}

function literal(field: FieldSchema, type: ParameterType, value: ParameterValue): string {
  if (type.arrayType !== undefined) {
    const { arrayType } = type
    const element: FieldSchema = { ...field, mode: 'NULLABLE' }
    const items = (value.arrayValues ?? []).map((item) => literal(element, arrayType, item))
    return `CAST([${items.join(', ')}] AS ${duckdbType(field)})`
  }
  if (type.structTypes !== undefined) {
    if (value.structValues === undefined) return `CAST(NULL AS ${duckdbType(field)})`
    const entries = type.structTypes.map((entry, i): [string, string] => {
      const child = field.fields?.[i] as FieldSchema
      return [child.name, literal(child, entry.type, value.structValues?.[child.name] ?? {})]
    })
    return structPack(entries)
  }
  return scalarLiteral(field.type, value.value ?? null)
}

/** A checked literal of a BigQuery type. */
export function scalarLiteral(type: string, value: unknown): string {
  const target = duckdbType({ name: '', type })
  if (value === null) return `CAST(NULL AS ${target})`
  try {
    const text = String(convertScalar(type, value, 'parameter'))
    if (target === 'TIMESTAMPTZ' && /[a-z]\//i.test(text)) return `bq_text_to_timestamp(${quoteText(text)})`
    return `CAST(${quoteText(text)} AS ${target})`
  } catch (error) {
    if (error instanceof BadValue)
      throw invalid(`Invalid value for query parameter of type ${type}: ${error.message}`)
    throw error
  }
}
