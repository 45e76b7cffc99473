// A row of a result, as the API gives it -> a JSON object, by the result's schema.
import type { JsonObject } from '../contract/document.ts'
import type { TableField } from '../contract/table-schema.ts'
import { type ValueChoice, valueReader } from './result-values.ts'
import { fieldTypeOf } from './types.ts'

/** A row as the API gives it: cells in the order of the schema's fields. */
export interface WireRow {
  readonly f: readonly Cell[]
}

type Cell = { readonly v: unknown }
type Decoder = (value: unknown) => unknown

/** Compiles a schema: RECORD is an object, REPEATED a list, and the rest as the value readers say. */
export function compileRowDecoder(
  fields: readonly TableField[],
  choice: ValueChoice,
): (row: WireRow) => JsonObject {
  return recordDecoder(fields, choice) as (row: unknown) => JsonObject
}

function recordDecoder(fields: readonly TableField[], choice: ValueChoice): Decoder {
  const decoders = fields.map((field) => [field.name, modeDecoder(field, choice)] as const)
  return (row) => {
    const cells = (row as WireRow).f
    if (cells.length !== decoders.length) throw new TypeError('A record has another number of cells.')
    // Not by assignment: a column may be named __proto__.
    return Object.fromEntries(decoders.map(([name, decode], at) => [name, decode(cells[at]?.v)]))
  }
}

function modeDecoder(field: TableField, choice: ValueChoice): Decoder {
  const decode = valueDecoder(field, choice)
  const orNull: Decoder = (value) => (value === null || value === undefined ? null : decode(value))
  if (field.mode !== 'REPEATED') return orNull
  return (value) => ((value ?? []) as readonly Cell[]).map((cell) => orNull(cell.v))
}

function valueDecoder(field: TableField, choice: ValueChoice): Decoder {
  if (fieldTypeOf(field.type) === 'STRUCT') return recordDecoder(field.fields ?? [], choice)
  const read = valueReader(field, choice)
  // Not every service writes booleans and numbers as text.
  return (value) => {
    if (typeof value === 'object') throw new TypeError(`A ${field.type} is no scalar.`)
    return read === undefined ? value : read(String(value))
  }
}
