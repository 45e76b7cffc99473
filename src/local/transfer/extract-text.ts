// Table rows as extract jobs write them: lines of JSON, or CSV.
import type { DuckDBValue } from '@duckdb/node-api'
import { rowEncoder, type WireRow } from '../wire/cells.ts'
import { type FieldSchema, isRepeated, legacyType } from '../wire/table-schema.ts'

type Line = (values: readonly DuckDBValue[]) => string

/** Integers and decimals are text and times are spelt out, as the service exports them; nulls are left out. */
export function jsonLine(fields: readonly FieldSchema[]): Line {
  const encode = rowEncoder(fields, 'iso8601')
  return (values) => `${JSON.stringify(record(fields, encode(values)))}\n`
}

function record(fields: readonly FieldSchema[], row: WireRow): Record<string, unknown> {
  const entries = fields.map((field, i): [string, unknown] => {
    const value = row.f[i]?.v ?? null
    if (!isRepeated(field)) return [field.name, element(field, value)]
    return [field.name, (value as readonly { v: unknown }[]).map((item) => element(field, item.v))]
  })
  return Object.fromEntries(entries.filter(([, value]) => value !== null))
}

function element(field: FieldSchema, value: unknown): unknown {
  if (value === null) return null
  const text = value as string
  switch (legacyType(field.type)) {
    case 'RECORD':
      return record(field.fields ?? [], value as WireRow)
    case 'FLOAT':
      return Number.isFinite(Number(text)) ? Number(text) : text
    case 'BOOLEAN':
      return text === 'true'
    case 'JSON':
      return JSON.parse(text)
    case 'TIMESTAMP':
      return timestamp(text)
    default:
      return text
  }
}

/** 2031-04-01T05:09:27.000000000000Z becomes 2031-04-01 05:09:27 UTC; six digits where there is a fraction. */
function timestamp(text: string): string {
  const [day, clock = ''] = text.replace('Z', '').split('T')
  const [seconds, fraction = ''] = clock.split('.')
  const micros = fraction.slice(0, 6)
  return `${day} ${seconds}${Number(micros) === 0 ? '' : `.${micros}`} UTC`
}

export function csvLine(fields: readonly FieldSchema[], delimiter: string): Line {
  const encode = rowEncoder(fields, 'iso8601')
  const quote = (text: string): string =>
    text === '' || text.includes(delimiter) || /["\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
  return (values) => {
    const { f } = encode(values)
    const cells = fields.map((field, i) => {
      const value = f[i]?.v ?? null
      if (value === null) return ''
      return quote(legacyType(field.type) === 'TIMESTAMP' ? timestamp(value as string) : (value as string))
    })
    return `${cells.join(delimiter)}\n`
  }
}
