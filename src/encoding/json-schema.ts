// A table's schema -> the JSON Schema of a row: as a document gives it, and as a result has it.
import type { JsonSchema } from '../contract/profile.ts'
import type { TableField } from '../contract/table-schema.ts'
import type { ValueChoice } from './result-values.ts'
import { type FieldType, fieldTypeOf } from './types.ts'

type SchemaOf = (field: TableField) => JsonSchema

/** What a JSON number holds exactly. */
const exact = { minimum: Number.MIN_SAFE_INTEGER, maximum: Number.MAX_SAFE_INTEGER }
const wholeText = '^[+-]?[0-9]{1,19}$'
const decimalText = '^[+-]?([0-9]+\\.?[0-9]*|\\.[0-9]+)([eE][+-]?[0-9]{1,3})?$'
const floatText = '^([+-]?([0-9]+\\.?[0-9]*|\\.[0-9]+)([eE][+-]?[0-9]+)?|[+-]?[iI]nf(inity)?|[nN]a[nN])$'
const anything = ['string', 'number', 'boolean', 'object', 'array']

// Documents may give a number where it is exact; patterns are for the texts.
const given: Readonly<Partial<Record<FieldType, SchemaOf>>> = {
  BIGNUMERIC: decimal,
  BOOL: () => ({ type: 'boolean' }),
  // Four characters of base64 for each three bytes.
  BYTES: ({ maxLength }) => ({
    type: 'string',
    contentEncoding: 'base64',
    ...(maxLength ? { maxLength: 4 * Math.ceil(Number(maxLength) / 3) } : {}),
  }),
  DATE: () => ({ type: 'string', format: 'date' }),
  DATETIME: () => ({ type: 'string', format: 'local-date-time' }),
  FLOAT64: () => ({ type: ['number', 'string'], pattern: floatText }),
  GEOGRAPHY: () => ({ type: 'string' }),
  INT64: () => ({ type: ['integer', 'string'], format: 'int64', pattern: wholeText, ...exact }),
  INTERVAL: () => ({ type: 'string' }),
  JSON: () => ({ type: anything }),
  NUMERIC: decimal,
  RANGE: ({ rangeElementType }) => rangeSchema(givenSchema, rangeElementType),
  STRING: ({ maxLength }) => ({ type: 'string', ...(maxLength ? { maxLength: Number(maxLength) } : {}) }),
  TIME: () => ({ type: 'string', format: 'local-time' }),
  TIMESTAMP: () => ({ type: ['string', 'number'], format: 'date-time' }),
}

function decimal({ precision, scale }: TableField): JsonSchema {
  return {
    type: ['string', 'number'],
    format: 'decimal',
    pattern: decimalText,
    ...(precision
      ? { 'x-bigquery-precision': Number(precision), 'x-bigquery-scale': Number(scale ?? 0) }
      : {}),
  }
}

const givenSchema: SchemaOf = (field) => given[fieldTypeOf(field.type)]?.(field) ?? {}

/** The JSON Schema of one row to insert. `x-bigquery-type` keeps the column's own type. */
export function rowSchemaOf(fields: readonly TableField[], title: string): JsonSchema {
  const requiredOf = (field: TableField) => field.mode === 'REQUIRED' && !field.defaultValueExpression
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title,
    ...recordSchema(fields, givenSchema, requiredOf),
  }
}

/** The JSON Schema of one row of a result; every column is there, and null where it has no value. */
export function resultSchemaOf(
  fields: readonly TableField[],
  choice: ValueChoice,
  title: string,
): JsonSchema {
  const schemaOf: SchemaOf = (field) => readSchema(field, choice)
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title,
    ...recordSchema(fields, schemaOf, () => true),
  }
}

function readSchema(field: TableField, choice: ValueChoice): JsonSchema {
  const type = fieldTypeOf(field.type)
  switch (type) {
    case 'BOOL':
      return { type: 'boolean' }
    case 'FLOAT64':
      return { type: ['number', 'string'] }
    case 'INT64':
      if (choice.integers === 'bigint') return { type: 'integer', format: 'int64' }
      return { type: choice.integers === 'number' ? ['integer', 'string'] : 'string', format: 'int64' }
    case 'NUMERIC':
    case 'BIGNUMERIC':
      return { type: choice.decimals === 'number' ? ['number', 'string'] : 'string', format: 'decimal' }
    case 'TIMESTAMP':
      return { type: 'string', format: 'date-time' }
    case 'JSON':
      return { type: 'string', contentMediaType: 'application/json' }
    case 'RANGE':
      return rangeSchema((bound) => readSchema(bound, choice), field.rangeElementType)
    default:
      // Lengths are limits of what goes in.
      return { ...givenSchema({ name: field.name, type }), ...(given[type] ? {} : { type: 'string' }) }
  }
}

/** An open end is null. */
function rangeSchema(schemaOf: SchemaOf, element: TableField['rangeElementType']): JsonSchema {
  const bound = orNull(schemaOf({ name: 'bound', type: element?.type ?? 'STRING' }))
  return { type: 'object', properties: { start: bound, end: bound }, additionalProperties: false }
}

function recordSchema(
  fields: readonly TableField[],
  schemaOf: SchemaOf,
  isRequired: (field: TableField) => boolean,
): JsonSchema {
  const required = fields.filter(isRequired).map((field) => field.name)
  const properties = fields.map((field) => [field.name, fieldSchema(field, schemaOf, isRequired)] as const)
  return {
    type: 'object',
    properties: Object.fromEntries(properties),
    ...(required.length > 0 ? { required } : {}),
    additionalProperties: false,
  }
}

function fieldSchema(
  field: TableField,
  schemaOf: SchemaOf,
  isRequired: (field: TableField) => boolean,
): JsonSchema {
  const type = fieldTypeOf(field.type)
  const value: JsonSchema = {
    ...(type === 'STRUCT' ? recordSchema(field.fields ?? [], schemaOf, isRequired) : schemaOf(field)),
    'x-bigquery-type': type,
  }
  const about = {
    ...(field.description ? { description: field.description } : {}),
    ...(field.defaultValueExpression ? { 'x-bigquery-default': field.defaultValueExpression } : {}),
  }
  if (field.mode === 'REPEATED') return { type: 'array', items: value, ...about }
  return { ...(field.mode === 'REQUIRED' ? value : orNull(value)), ...about }
}

function orNull(schema: JsonSchema): JsonSchema {
  const { type, ...rest } = schema
  return type === undefined ? schema : { type: [type, 'null'].flat(), ...rest }
}
