// A value of a result, which BigQuery gives as text -> what a row holds. Every choice here is exact.
import type { TableField } from '../contract/table-schema.ts'
import { fieldTypeOf } from './types.ts'

/** How values that a JSON number cannot hold for certain are given. */
export interface ValueChoice {
  /**
   * INT64 as text, as a BigInt, or as a number where a number holds it exactly (up to 2^53 - 1 either way)
   * and text elsewhere.
   */
  readonly integers: 'string' | 'number' | 'bigint'
  /** NUMERIC and BIGNUMERIC as text, or as a number up to 15 significant digits and text beyond. */
  readonly decimals: 'string' | 'number'
}

/** Reads the text of a value that is not null. */
export type ReadValue = (text: string) => unknown

/**
 * The reader of one scalar field, whatever its mode; `undefined` where the text is the value: STRING, BYTES
 * (base64), DATE, TIME, DATETIME, GEOGRAPHY, JSON, INTERVAL, and types that nobody knew when this was written.
 */
export function valueReader(field: TableField, choice: ValueChoice): ReadValue | undefined {
  switch (fieldTypeOf(field.type)) {
    case 'BOOL':
      return (text) => text === 'true'
    case 'FLOAT64':
      return floatValue
    case 'INT64':
      if (choice.integers === 'bigint') return BigInt
      return choice.integers === 'number' ? safeInteger : undefined
    case 'NUMERIC':
    case 'BIGNUMERIC':
      return choice.decimals === 'number' ? shortDecimal : undefined
    case 'TIMESTAMP':
      return timestampText
    case 'RANGE':
      return rangeReader(field, choice)
    default:
      return undefined
  }
}

/** `"NaN"` and the infinities stay text: JSON has no word for them. */
function floatValue(text: string): number | string {
  const number = Number(text)
  return Number.isFinite(number) ? number : text
}

function safeInteger(text: string): number | string {
  const number = Number(text)
  return Number.isSafeInteger(number) ? number : text
}

/** 15 significant digits always survive the way into a double and back. */
function shortDecimal(text: string): number | string {
  const isShort = text.length <= 15 || text.replace(/^-?[0.]*|\./g, '').length <= 15
  return isShort ? Number(text) : text
}

/** `[start, end)` as an object, as a document gives it; an open end is null. */
function rangeReader(field: TableField, choice: ValueChoice): ReadValue {
  const read = valueReader({ name: '', type: field.rangeElementType?.type ?? '' }, choice)
  const boundOf = (text: string) => {
    if (text === 'UNBOUNDED' || text === 'NULL') return null
    return read === undefined ? text : read(text)
  }
  return (text) => {
    const [, start, end] = /^\[(.+), (.+)\)$/.exec(text) ?? []
    return start === undefined || end === undefined ? text : { start: boundOf(start), end: boundOf(end) }
  }
}

const wholeMicros = /^-?\d+$/

/** Microseconds since 1970 as RFC 3339 text; a fraction only where there is one. Other text stays as it is. */
function timestampText(text: string): string {
  if (!wholeMicros.test(text)) return text
  // Up to 15 digits a number is exact, and much faster.
  if (text.length <= 15) {
    const micros = Number(text)
    const seconds = Math.floor(micros / 1e6)
    return instantText(seconds, micros - seconds * 1e6)
  }
  const micros = BigInt(text)
  const fraction = ((micros % 1_000_000n) + 1_000_000n) % 1_000_000n
  return instantText(Number((micros - fraction) / 1_000_000n), Number(fraction))
}

const secondsOfDay = 86_400
/** The day that was written last: neighbours mostly share it, and a date takes most of the time. */
let lastDay = 0
let lastDayText = '1970-01-01'

function instantText(seconds: number, micros: number): string {
  const day = Math.floor(seconds / secondsOfDay)
  if (day !== lastDay) {
    lastDayText = new Date(day * secondsOfDay * 1000).toISOString().slice(0, 10)
    lastDay = day
  }
  const ofDay = seconds - day * secondsOfDay
  const minutes = Math.floor(ofDay / 60)
  const clock = `${twoDigits(Math.floor(minutes / 60))}:${twoDigits(minutes % 60)}:${twoDigits(ofDay % 60)}`
  const fraction = micros === 0 ? '' : `.${String(micros + 1_000_000).slice(1)}`
  return `${lastDayText}T${clock}${fraction}Z`
}

const numerals = Array.from({ length: 60 }, (_, n) => String(n).padStart(2, '0'))

function twoDigits(n: number): string {
  return numerals[n] ?? ''
}
