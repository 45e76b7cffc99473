// A row of a result, as the API gives it -> a JSON object, by the result's schema.
import type { JsonObject } from '../contract/document.ts'
import type { TableField } from '../contract/table-schema.ts'
import { fieldTypeOf } from './types.ts'

type Cell = { readonly v: unknown }
type Decoder = (value: unknown) => unknown

/**
 * Compiles a schema. 64-bit integers, NUMERIC, BIGNUMERIC and JSON stay text, because a JSON number
 * would lose digits; FLOAT64 is a number (`"NaN"` and the infinities stay text), BOOL a boolean,
 * TIMESTAMP RFC 3339 text in UTC with its microseconds, BYTES base64, RECORD an object, REPEATED a list.
 */
export function compileRowDecoder(
  fields: readonly TableField[],
): (row: { readonly f: readonly Cell[] }) => JsonObject {
  return recordDecoder(fields) as (row: unknown) => JsonObject
}

function recordDecoder(fields: readonly TableField[]): Decoder {
  const decoders = fields.map((field) => [field.name, modeDecoder(field)] as const)
  return (row) => {
    const cells = (row as { f: readonly Cell[] }).f
    // Not by assignment: a column may be named __proto__.
    return Object.fromEntries(decoders.map(([name, decode], at) => [name, decode(cells[at]?.v ?? null)]))
  }
}

function modeDecoder(field: TableField): Decoder {
  const decode = valueDecoder(field)
  if (field.mode === 'REPEATED') {
    return (value) => ((value ?? []) as readonly Cell[]).map((cell) => decode(cell.v))
  }
  return (value) => (value === null ? null : decode(value))
}

function valueDecoder(field: TableField): Decoder {
  switch (fieldTypeOf(field.type)) {
    case 'STRUCT':
      return recordDecoder(field.fields ?? [])
    case 'BOOL':
      return (value) => value === 'true' || value === true
    case 'FLOAT64':
      return (value) => {
        const number = Number(value)
        return Number.isFinite(number) ? number : value
      }
    case 'TIMESTAMP':
      return (value) => timestampText(BigInt(value as string))
    default:
      return (value) => value
  }
}

/** Microseconds since 1970 as RFC 3339 text; a fraction only where there is one. */
function timestampText(micros: bigint): string {
  const fraction = ((micros % 1_000_000n) + 1_000_000n) % 1_000_000n
  const seconds = new Date(Number((micros - fraction) / 1000n)).toISOString().slice(0, 19)
  return fraction === 0n ? `${seconds}Z` : `${seconds}.${String(fraction).padStart(6, '0')}Z`
}
