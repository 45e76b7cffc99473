// Result values as BigQuery writes them: {"f":[{"v":...}]}, every scalar a string.
import type { DuckDBValue } from '@duckdb/node-api'
import { type FieldSchema, isRepeated, legacyType } from './table-schema.ts'

interface Cell {
  readonly v: CellValue
}
type CellValue = string | null | WireRow | readonly Cell[]
export interface WireRow {
  readonly f: readonly Cell[]
}

export type TimestampFormat = 'seconds' | 'microseconds' | 'iso8601'
type Encode = (value: DuckDBValue) => CellValue

export function rowEncoder(
  fields: readonly FieldSchema[],
  timestamps: TimestampFormat,
): (values: readonly DuckDBValue[]) => WireRow {
  const encoders = fields.map((field) => fieldEncoder(field, timestamps))
  return (values) => ({ f: encoders.map((encode, i) => ({ v: encode(values[i] ?? null) })) })
}

function fieldEncoder(field: FieldSchema, timestamps: TimestampFormat): Encode {
  const element = orNull(elementEncoder(field, timestamps))
  if (!isRepeated(field)) return element
  return (value) => (value === null ? [] : items(value).map((item) => ({ v: element(item) })))
}

function orNull(encode: Encode): Encode {
  return (value) => (value === null ? null : encode(value))
}

function elementEncoder(field: FieldSchema, timestamps: TimestampFormat): Encode {
  switch (legacyType(field.type)) {
    case 'RECORD': {
      const children = field.fields ?? []
      const encoders = children.map((child) => fieldEncoder(child, timestamps))
      return (value) => {
        const entries = (value as { entries: Readonly<Record<string, DuckDBValue>> }).entries
        return { f: children.map((child, i) => ({ v: encoders[i]?.(entries[child.name] ?? null) ?? null })) }
      }
    }
    case 'RANGE': {
      const bound = elementEncoder({ name: '', type: field.rangeElementType?.type ?? 'DATE' }, timestamps)
      return (value) => {
        const { start, end } = (value as { entries: { start: DuckDBValue; end: DuckDBValue } }).entries
        const text = (side: DuckDBValue): string => (side === null ? 'UNBOUNDED' : String(bound(side)))
        return `[${text(start)}, ${text(end)})`
      }
    }
    case 'BYTES':
      return (value) => Buffer.from((value as { bytes: Uint8Array }).bytes).toString('base64')
    case 'FLOAT':
      return (value) => floatText(Number(value))
    case 'NUMERIC':
    case 'BIGNUMERIC':
      return (value) => trimZeros(String(value))
    case 'TIMESTAMP':
      return (value) => timestampText((value as { micros: bigint }).micros, timestamps)
    case 'DATETIME':
      return (value) => civilText((value as { micros: bigint }).micros)
    case 'DATE':
      return (value) => dayText(BigInt((value as { days: number }).days) * MICROS_PER_DAY)
    case 'TIME':
      return (value) => clockText((value as { micros: bigint }).micros)
    case 'INTERVAL':
      return (value) => intervalText(value as { months: number; days: number; micros: bigint })
    default:
      return (value) => String(value)
  }
}

function items(value: DuckDBValue): readonly DuckDBValue[] {
  return (value as { items: readonly DuckDBValue[] }).items
}

const MICROS_PER_SECOND = 1_000_000n
const MICROS_PER_DAY = 86_400_000_000n

function floatText(value: number): string {
  return Object.is(value, -0)
    ? '-0.0'
    : Number.isInteger(value) && Math.abs(value) < 1e15
      ? `${value}.0`
      : `${value}`
}

function trimZeros(text: string): string {
  return text.includes('.') ? text.replace(/\.?0+$/, '') : text
}

function timestampText(micros: bigint, format: TimestampFormat): string {
  if (format === 'microseconds') return String(micros)
  if (format === 'iso8601') return `${civilText(micros, 12)}Z`
  return secondsText(micros)
}

/** Epoch seconds in exponent form, such as 1.438363396123E9: what a client gets that asks for no format. */
function secondsText(micros: bigint): string {
  const digits = String(micros < 0n ? -micros : micros)
  const exponent = digits.length - 7
  const sign = micros < 0n ? '-' : ''
  if (exponent < 0 || micros === 0n)
    return `${sign}${floatText(Number(micros < 0n ? -micros : micros) / 1e6)}`
  const rest = digits.slice(1).replace(/0+$/, '')
  return `${sign}${digits[0]}.${rest === '' ? '0' : rest}E${exponent}`
}

function dayText(micros: bigint): string {
  const day = micros / MICROS_PER_DAY - (micros % MICROS_PER_DAY < 0n ? 1n : 0n)
  return new Date(Number(day) * 86_400_000).toISOString().replace(/T.*/, '')
}

function clockText(micros: bigint, digits = 6): string {
  const seconds = Number(micros / MICROS_PER_SECOND)
  const pad = (n: number): string => String(n).padStart(2, '0')
  const clock = `${pad(Math.floor(seconds / 3600))}:${pad(Math.floor(seconds / 60) % 60)}:${pad(seconds % 60)}`
  const fraction = micros % MICROS_PER_SECOND
  if (fraction === 0n && digits === 6) return clock
  return `${clock}.${String(fraction).padStart(6, '0').padEnd(digits, '0')}`
}

function civilText(micros: bigint, digits = 6): string {
  const ofDay = ((micros % MICROS_PER_DAY) + MICROS_PER_DAY) % MICROS_PER_DAY
  return `${dayText(micros)}T${clockText(ofDay, digits)}`
}

function intervalText(value: { months: number; days: number; micros: bigint }): string {
  const months = Math.abs(value.months)
  const micros = value.micros < 0n ? -value.micros : value.micros
  const seconds = micros / MICROS_PER_SECOND
  const fraction = micros % MICROS_PER_SECOND
  const pad = (n: bigint): string => String(n).padStart(2, '0')
  const clock = `${seconds / 3600n}:${(seconds / 60n) % 60n}:${seconds % 60n}`
  const tail = fraction === 0n ? '' : `.${trimZeros(`0.${pad(fraction).padStart(6, '0')}`).slice(2)}`
  const sign = value.months < 0 ? '-' : ''
  return `${sign}${Math.trunc(months / 12)}-${months % 12} ${value.days} ${value.micros < 0n ? '-' : ''}${clock}${tail}`
}
