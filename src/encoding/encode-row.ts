// A table's schema -> a function that checks a row against it and writes it as insertAll takes it.
import type { JsonObject } from '../contract/document.ts'
import type { TableField } from '../contract/table-schema.ts'
import type { Fault } from '../errors.ts'
import { compileFits } from './compile-fits.ts'
import { compileTextFits, type TextFits } from './compile-text-fits.ts'
import { Refused, scalarEncoder } from './scalars.ts'
import { fieldTypeOf } from './types.ts'

interface EncodedRow {
  /** The row to send: the argument itself when nothing had to be rewritten. */
  readonly row: JsonObject
  /** Everything that is wrong with it, not only the first thing. */
  readonly faults: readonly Fault[]
}

export interface RowEncoder {
  (row: JsonObject): EncodedRow
  /** True for JSON text that need not be parsed: the row in it fits, and would be sent as it is. */
  readonly fitsText: TextFits
}

/** The way from the row down to a value; its JSON pointer is written only when there is a fault to tell. */
interface Trail {
  readonly above: Trail | undefined
  readonly name: string | number
}

/** Encodes the value that stands under `name` below `above`. */
type FieldEncoder = (
  value: unknown,
  above: Trail | undefined,
  name: string | number,
  faults: Fault[],
) => unknown

/**
 * @param fields the table's columns.
 * @param ignoreUnknownValues leave values without a column to the service, which then drops them.
 */
export function compileRowEncoder(fields: readonly TableField[], ignoreUnknownValues: boolean): RowEncoder {
  const fits = compileFits(fields)
  const encode = fieldsEncoder(fields, ignoreUnknownValues)
  const encodeRow = (row: JsonObject): EncodedRow => {
    if (!isRecord(row))
      return { row, faults: [{ path: '', value: shorten(row), message: 'must be an object' }] }
    if (fits(row)) return { row, faults: none }
    const faults: Fault[] = []
    return { row: encode(row, undefined, faults), faults }
  }
  return Object.assign(encodeRow, { fitsText: compileTextFits(fields) })
}

const none: readonly Fault[] = []

type RecordEncoder = <T extends object>(record: T, trail: Trail | undefined, faults: Fault[]) => T

function fieldsEncoder(fields: readonly TableField[], ignoreUnknownValues: boolean): RecordEncoder {
  // BigQuery's column names do not know upper from lower case; most documents spell them as the table does.
  const columns = new Map(fields.map((field) => [field.name, modeEncoder(field, ignoreUnknownValues)]))
  const foldedColumns = new Map([...columns].map(([name, encode]) => [name.toLowerCase(), encode]))
  const required = fields.filter((field) => field.mode === 'REQUIRED' && !field.defaultValueExpression)

  return <T extends object>(given: T, trail: Trail | undefined, faults: Fault[]): T => {
    const record = given as Record<string, unknown>
    let encodedRecord = record
    for (const name of Object.keys(record)) {
      const value = record[name]
      if (value === undefined) continue
      const encodeField = columns.get(name) ?? foldedColumns.get(name.toLowerCase())
      if (!encodeField) {
        if (!ignoreUnknownValues) {
          refuse(value, trail, name, faults, 'must not be here: the table has no such field')
        }
        continue
      }
      const encoded = encodeField(value, trail, name, faults)
      if (encoded === value) continue
      if (encodedRecord === record) encodedRecord = { ...record }
      encodedRecord[name] = encoded
    }
    for (const field of required) {
      if (!has(record, field.name)) faults.push({ path: pointer(trail, field.name), message: 'is required' })
    }
    return encodedRecord as T
  }
}

function recordEncoder(fields: readonly TableField[], ignoreUnknownValues: boolean): FieldEncoder {
  const encode = fieldsEncoder(fields, ignoreUnknownValues)
  return (given, above, name, faults) => {
    const value = plainOf(given)
    return isRecord(value)
      ? encode(value, { above, name }, faults)
      : refuse(given, above, name, faults, 'must be an object')
  }
}

function modeEncoder(field: TableField, ignoreUnknownValues: boolean): FieldEncoder {
  const encode = valueEncoder(field, ignoreUnknownValues)
  if (field.mode === 'REPEATED') return repeatedEncoder(encode)
  const message = 'must not be null: the field is required'
  return (value, above, name, faults) => {
    if (value !== null) return encode(value, above, name, faults)
    return field.mode === 'REQUIRED' ? refuse(value, above, name, faults, message) : null
  }
}

function repeatedEncoder(encode: FieldEncoder): FieldEncoder {
  return (value, above, name, faults) => {
    // An array that is null is an array that is not there; undefined leaves the key out of the JSON.
    if (value === null) return undefined
    if (!Array.isArray(value))
      return refuse(value, above, name, faults, 'must be a list: the field is repeated')
    const trail = { above, name }
    let encodedList: unknown[] = value
    for (let at = 0; at < value.length; at += 1) {
      const item = value[at]
      if (item === null || item === undefined) {
        refuse(null, trail, at, faults, 'must not be null: lists hold no nulls')
        continue
      }
      const encoded = encode(item, trail, at, faults)
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
  return (value, above, name, faults) => {
    const encoded = encode(value)
    return encoded instanceof Refused ? refuse(value, above, name, faults, encoded.message) : encoded
  }
}

/** Long values are cut to 200 characters: a fault must not carry a document. */
function refuse(
  value: unknown,
  above: Trail | undefined,
  name: string | number,
  faults: Fault[],
  message: string,
): unknown {
  faults.push({ path: pointer(above, name), value: shorten(value), message })
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

function pointer(above: Trail | undefined, name: string | number): string {
  const path = above === undefined ? '' : pointer(above.above, above.name)
  return `${path}/${String(name).replace(/~/g, '~0').replace(/\//g, '~1')}`
}

function has(record: Record<string, unknown>, name: string): boolean {
  if (record[name] !== undefined) return true
  const wanted = name.toLowerCase()
  return Object.keys(record).some((key) => key.toLowerCase() === wanted && record[key] !== undefined)
}

/** True for what JSON writes as an object with the same fields: not for dates, maps, promises, errors and the like. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  const prototype = Object.getPrototypeOf(value)
  if (prototype === Object.prototype || prototype === null) return true
  return Object.prototype.toString.call(value) === '[object Object]'
}

/** What JSON would write for an object that has its own idea of that. */
export function plainOf(value: unknown): unknown {
  const { toJSON } = Object(value)
  return typeof value === 'object' && typeof toJSON === 'function' ? toJSON.call(value, '') : value
}
