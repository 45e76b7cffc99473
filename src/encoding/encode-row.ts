// A table's schema -> a function that checks a row against it and writes it as insertAll takes it.
import type { JsonObject } from '../contract/document.ts'
import type { TableField } from '../contract/table-schema.ts'
import type { Fault } from '../errors.ts'
import { Refused, scalarEncoder } from './scalars.ts'
import { fieldTypeOf } from './types.ts'

interface EncodedRow {
  /** The row to send: the argument itself when nothing had to be rewritten. */
  readonly row: JsonObject
  /** Everything that is wrong with it, not only the first thing. */
  readonly faults: readonly Fault[]
}

export type RowEncoder = (row: JsonObject) => EncodedRow

type FieldEncoder = (value: unknown, path: string, faults: Fault[]) => unknown

/**
 * @param fields the table's columns.
 * @param ignoreUnknownValues leave values without a column to the service, which then drops them.
 */
export function compileRowEncoder(fields: readonly TableField[], ignoreUnknownValues: boolean): RowEncoder {
  const encode = recordEncoder(fields, ignoreUnknownValues)
  return (row) => {
    const faults: Fault[] = []
    return { row: encode(row, '', faults) as JsonObject, faults }
  }
}

function recordEncoder(fields: readonly TableField[], ignoreUnknownValues: boolean): FieldEncoder {
  // BigQuery's column names do not know upper from lower case.
  const columns = new Map(
    fields.map((field) => [field.name.toLowerCase(), modeEncoder(field, ignoreUnknownValues)]),
  )
  const required = fields.filter((field) => field.mode === 'REQUIRED' && !field.defaultValueExpression)

  return (value, path, faults) => {
    if (!isRecord(value)) return refuse(value, path, faults, 'must be an object')
    let encodedRecord = value
    for (const name of Object.keys(value)) {
      const given = value[name]
      if (given === undefined) continue
      const encodeField = columns.get(name.toLowerCase())
      if (!encodeField) {
        if (!ignoreUnknownValues)
          refuse(given, pointer(path, name), faults, 'must not be here: the table has no such field')
        continue
      }
      const encoded = encodeField(given, pointer(path, name), faults)
      if (encoded === given) continue
      if (encodedRecord === value) encodedRecord = { ...value }
      encodedRecord[name] = encoded
    }
    for (const field of required) {
      if (!has(value, field.name)) faults.push({ path: pointer(path, field.name), message: 'is required' })
    }
    return encodedRecord
  }
}

function modeEncoder(field: TableField, ignoreUnknownValues: boolean): FieldEncoder {
  const encode = valueEncoder(field, ignoreUnknownValues)
  if (field.mode === 'REPEATED') return repeatedEncoder(encode)
  const message = 'must not be null: the field is required'
  return (value, path, faults) => {
    if (value !== null) return encode(value, path, faults)
    return field.mode === 'REQUIRED' ? refuse(value, path, faults, message) : null
  }
}

function repeatedEncoder(encode: FieldEncoder): FieldEncoder {
  return (value, path, faults) => {
    // An array that is null is an array that is not there; undefined leaves the key out of the JSON.
    if (value === null) return undefined
    if (!Array.isArray(value)) return refuse(value, path, faults, 'must be a list: the field is repeated')
    let encodedList: unknown[] = value
    for (const [at, item] of value.entries()) {
      const itemPath = `${path}/${at}`
      if (item === null || item === undefined) {
        refuse(null, itemPath, faults, 'must not be null: lists hold no nulls')
        continue
      }
      const encoded = encode(item, itemPath, faults)
      if (encoded === item) continue
      if (encodedList === value) encodedList = [...value]
      encodedList[at] = encoded
    }
    return encodedList
  }
}

function valueEncoder(field: TableField, ignoreUnknownValues: boolean): FieldEncoder {
  if (fieldTypeOf(field.type) === 'STRUCT') return recordEncoder(field.fields ?? [], ignoreUnknownValues)
  const encode = scalarEncoder(field)
  return (value, path, faults) => {
    const encoded = encode(value)
    return encoded instanceof Refused ? refuse(value, path, faults, encoded.message) : encoded
  }
}

/** Long values are cut to 200 characters: a fault must not carry a document. */
function refuse(value: unknown, path: string, faults: Fault[], message: string): unknown {
  faults.push({ path, value: shorten(value), message })
  return value
}

function shorten(value: unknown): unknown {
  if (typeof value === 'bigint') return value.toString()
  if (value === null || (typeof value !== 'string' && typeof value !== 'object')) return value
  const text = typeof value === 'string' ? value : textOf(value)
  if (text.length > 200) return `${text.slice(0, 200)}...`
  return typeof value === 'string' ? value : JSON.parse(text)
}

/** A fault goes into messages and dead letters, so its value must be JSON whatever the document held. */
function textOf(value: object): string {
  try {
    return JSON.stringify(value, (_, v) => (typeof v === 'bigint' ? `${v}` : v)) ?? 'null'
  } catch {
    return '"an object that cannot be written as JSON"'
  }
}

function pointer(path: string, name: string): string {
  return `${path}/${name.replace(/~/g, '~0').replace(/\//g, '~1')}`
}

function has(record: Record<string, unknown>, name: string): boolean {
  if (record[name] !== undefined) return true
  const wanted = name.toLowerCase()
  return Object.keys(record).some((key) => key.toLowerCase() === wanted && record[key] !== undefined)
}

function isRecord(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  return !(value instanceof Date || value instanceof Map || value instanceof Set || ArrayBuffer.isView(value))
}
