// Avro schemas: names resolved, and the BigQuery fields they become.
import { ApiError, invalid } from '../../wire/api-error.ts'
import type { FieldSchema } from '../../wire/table-schema.ts'

export interface AvroType {
  readonly type: string
  readonly logicalType?: string
  readonly scale?: number
  readonly size?: number
  readonly symbols?: readonly string[]
  readonly fields?: readonly { readonly name: string; readonly type: AvroType }[]
  readonly items?: AvroType
  readonly values?: AvroType
  readonly branches?: readonly AvroType[]
}

const PRIMITIVES: Readonly<Record<string, string>> = {
  boolean: 'BOOLEAN',
  int: 'INTEGER',
  long: 'INTEGER',
  float: 'FLOAT',
  double: 'FLOAT',
  bytes: 'BYTES',
  fixed: 'BYTES',
  string: 'STRING',
  enum: 'STRING',
  null: 'STRING',
}

const LOGICAL: Readonly<Record<string, string>> = {
  'int date': 'DATE',
  'int time-millis': 'TIME',
  'long time-micros': 'TIME',
  'long timestamp-millis': 'TIMESTAMP',
  'long timestamp-micros': 'TIMESTAMP',
  'long local-timestamp-millis': 'DATETIME',
  'long local-timestamp-micros': 'DATETIME',
  'bytes decimal': 'NUMERIC',
  'fixed decimal': 'NUMERIC',
  'string uuid': 'STRING',
}

/** Reads a schema as files hold it: names in place of earlier definitions, unions as lists. */
export function parseAvroSchema(text: string): AvroType {
  const known = new Map<string, AvroType>()
  function resolve(node: unknown, space: string): AvroType {
    if (Array.isArray(node)) return { type: 'union', branches: node.map((branch) => resolve(branch, space)) }
    if (typeof node === 'string') {
      if (node in PRIMITIVES) return { type: node }
      const found = known.get(node) ?? known.get(`${space}.${node}`)
      if (found === undefined) throw invalid(`Avro schema names an unknown type: ${node}`)
      return found
    }
    const given = node as Record<string, unknown>
    const { type } = given
    if (typeof type === 'object') return resolve(type, space)
    const own = given['namespace'] === undefined ? space : String(given['namespace'])
    const made = { ...given, type: String(type) } as Record<string, unknown>
    if (typeof given['name'] === 'string') {
      const short = given['name']
      known.set(short.includes('.') || own === '' ? short : `${own}.${short}`, made as unknown as AvroType)
      known.set(short, made as unknown as AvroType)
    }
    if (type === 'record')
      made['fields'] = (given['fields'] as { name: string; type: unknown }[]).map((field) => ({
        name: field.name,
        type: resolve(field.type, own),
      }))
    else if (type === 'array') made['items'] = resolve(given['items'], own)
    else if (type === 'map') made['values'] = resolve(given['values'], own)
    else if (!(String(type) in PRIMITIVES)) return resolve(String(type), own)
    return made as unknown as AvroType
  }
  return resolve(JSON.parse(text), '')
}

/** The branch beside null, for a union that only makes its value optional. */
export function optional(type: AvroType): AvroType | undefined {
  const others = type.branches?.filter((branch) => branch.type !== 'null') ?? []
  return others.length === 1 ? others[0] : undefined
}

export function logicalName(type: AvroType): string | undefined {
  return type.logicalType === undefined ? undefined : LOGICAL[`${type.type} ${type.logicalType}`]
}

/** Maps become repeated records of key and value, as the service loads them. */
export function fieldOfAvro(name: string, type: AvroType, useLogicalTypes: boolean): FieldSchema {
  if (type.type === 'union') {
    const inner = optional(type)
    if (inner === undefined)
      throw new ApiError(
        501,
        'notImplemented',
        `unsupported: Avro field ${name} is a union of several types.`,
      )
    return {
      ...fieldOfAvro(name, inner, useLogicalTypes),
      ...(inner.items || inner.values ? {} : { mode: 'NULLABLE' }),
    }
  }
  if (type.items !== undefined) {
    const item = fieldOfAvro(name, type.items, useLogicalTypes)
    if (item.mode === 'REPEATED')
      throw new ApiError(501, 'notImplemented', `unsupported: Avro field ${name} is an array of arrays.`)
    return { ...item, mode: 'REPEATED' }
  }
  if (type.values !== undefined) {
    const value = fieldOfAvro('value', type.values, useLogicalTypes)
    const key = { name: 'key', type: 'STRING', mode: 'REQUIRED' }
    return { name, type: 'RECORD', mode: 'REPEATED', fields: [key, value] }
  }
  if (type.fields !== undefined)
    return {
      name,
      type: 'RECORD',
      mode: 'REQUIRED',
      fields: type.fields.map((field) => fieldOfAvro(field.name, field.type, useLogicalTypes)),
    }
  // A decimal is one whatever the option says; other logical types are read as such only when asked for.
  const isDecimal = type.logicalType === 'decimal'
  const logical = useLogicalTypes || isDecimal ? logicalName(type) : undefined
  const wide = isDecimal && (type.scale ?? 0) > 9
  const plain = wide ? 'BIGNUMERIC' : (logical ?? PRIMITIVES[type.type])
  if (plain === undefined) throw invalid(`Avro field ${name} has an unknown type: ${type.type}`)
  return { name, type: plain, mode: 'REQUIRED' }
}
