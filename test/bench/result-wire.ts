// A row of the bench as BigQuery writes it in a page of results: {"f":[{"v":...}]}, every scalar as text.
import type { JsonObject } from '../../src/index.ts'

interface Field {
  readonly name: string
  readonly type: string
  readonly mode?: string
  readonly fields?: readonly Field[]
}

interface Cell {
  readonly v: unknown
}

export function wireRow(fields: readonly Field[], row: JsonObject): { readonly f: readonly Cell[] } {
  return { f: fields.map((field) => ({ v: cellValue(field, row[field.name]) })) }
}

function cellValue(field: Field, value: unknown): unknown {
  if (field.mode === 'REPEATED') return (value as unknown[]).map((item) => ({ v: scalarValue(field, item) }))
  return value === null ? null : scalarValue(field, value)
}

function scalarValue({ type, fields = [] }: Field, value: unknown): unknown {
  if (type === 'RECORD') return wireRow(fields, value as JsonObject)
  return type === 'TIMESTAMP' ? `${Date.parse(String(value))}000` : String(value)
}
