// A table's schema -> the JSON Schema of a row's document, for a host's field mapper.
import type { JsonSchema } from '../contract/profile.ts'
import type { TableField } from '../contract/table-schema.ts'
import { type FieldType, fieldTypeOf } from './types.ts'

// 64-bit integers and decimals are text in results; documents may give numbers where these are exact.
const scalars: Readonly<Partial<Record<FieldType, JsonSchema>>> = {
  BIGNUMERIC: { type: ['string', 'number'], format: 'decimal' },
  BOOL: { type: 'boolean' },
  BYTES: { type: 'string', contentEncoding: 'base64' },
  DATE: { type: 'string', format: 'date' },
  DATETIME: { type: 'string', format: 'local-date-time' },
  FLOAT64: { type: ['number', 'string'] },
  INT64: { type: ['integer', 'string'], format: 'int64' },
  JSON: {},
  NUMERIC: { type: ['string', 'number'], format: 'decimal' },
  RANGE: { type: 'object' },
  TIME: { type: 'string', format: 'time' },
  TIMESTAMP: { type: ['string', 'number'], format: 'date-time' },
}

/** The JSON Schema of one row. `x-bigquery-type` keeps the column's own type. */
export function rowSchemaOf(fields: readonly TableField[], title: string): JsonSchema {
  return { $schema: 'https://json-schema.org/draft/2020-12/schema', title, ...recordSchema(fields) }
}

function recordSchema(fields: readonly TableField[]): JsonSchema {
  const required = fields.filter((field) => field.mode === 'REQUIRED' && !field.defaultValueExpression)
  return {
    type: 'object',
    properties: Object.fromEntries(fields.map((field) => [field.name, fieldSchema(field)])),
    ...(required.length > 0 ? { required: required.map((field) => field.name) } : {}),
    additionalProperties: false,
  }
}

function fieldSchema(field: TableField): JsonSchema {
  const type = fieldTypeOf(field.type)
  const value: JsonSchema = {
    ...(type === 'STRUCT' ? recordSchema(field.fields ?? []) : (scalars[type] ?? { type: 'string' })),
    ...(field.maxLength && type === 'STRING' ? { maxLength: Number(field.maxLength) } : {}),
    'x-bigquery-type': type,
  }
  const about = field.description ? { description: field.description } : {}
  if (field.mode === 'REPEATED') return { type: 'array', items: value, ...about }
  const { type: json, ...rest } = value
  const orNull = field.mode === 'REQUIRED' || json === undefined ? json : [json, 'null'].flat()
  return { ...(orNull === undefined ? {} : { type: orNull }), ...rest, ...about }
}
