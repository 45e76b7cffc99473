// One value of one column -> what insertAll takes for it, or why it cannot be taken.
// https://cloud.google.com/bigquery/docs/reference/standard-sql/data-types
import type { TableField } from '../contract/table-schema.ts'
import { checkDate, checkDatetime, checkTime, checkTimestamp } from './calendar.ts'
import { type FieldType, fieldTypeOf } from './types.ts'

/** Why a value cannot be taken, as a clause that begins with "must". */
export class Refused {
  readonly message: string
  constructor(message: string) {
    this.message = message
  }
}

/** Gives back the value itself when it can be sent as it is. */
export type ScalarEncoder = (value: unknown) => unknown

const int64 = { min: -(2n ** 63n), max: 2n ** 63n - 1n }

const encoders: Readonly<Partial<Record<FieldType, (field: TableField) => ScalarEncoder>>> = {
  STRING: ({ maxLength }) => {
    const limit = maxLength === undefined ? Number.POSITIVE_INFINITY : Number(maxLength)
    return (value) => {
      // JSON has no NaN and no Infinity: they would be stored as NULL.
      if (typeof value === 'number' && !Number.isFinite(value)) return new Refused('must be text')
      const text = typeof value === 'number' || typeof value === 'bigint' ? String(value) : value
      if (typeof text !== 'string') return new Refused('must be text')
      const tooLong = text.length > limit && [...text].length > limit
      if (tooLong) return new Refused(`must be text of at most ${limit} characters`)
      return typeof value === 'bigint' ? text : value
    }
  },
  BYTES: ({ maxLength }) => {
    const limit = maxLength === undefined ? Number.POSITIVE_INFINITY : Number(maxLength)
    return (value) => {
      const text = value instanceof Uint8Array ? Buffer.from(value).toString('base64') : value
      const base64 = typeof text === 'string' ? text.replace(/[\r\n]/g, '') : ''
      if (typeof text !== 'string' || !isBase64(base64))
        return new Refused('must be bytes, or text in base64')
      const tooLong = Buffer.byteLength(base64, 'base64') > limit
      return tooLong ? new Refused(`must be at most ${limit} bytes`) : text
    }
  },
  INT64: () => (value) => {
    if (typeof value === 'number') {
      if (Number.isSafeInteger(value)) return value
      return new Refused(
        Number.isInteger(value)
          ? 'must be text or a bigint when it is beyond 2^53: a JSON number loses digits there'
          : 'must be a whole number',
      )
    }
    if (typeof value === 'bigint' || (typeof value === 'string' && /^[+-]?\d+$/.test(value))) {
      const number = BigInt(value)
      const fits = number >= int64.min && number <= int64.max
      return fits
        ? typeof value === 'bigint'
          ? value.toString()
          : value
        : new Refused('must be a 64-bit integer')
    }
    return new Refused('must be a whole number')
  },
  FLOAT64: () => (value) => {
    // JSON has no NaN and no Infinity, and JSON.stringify would make null of them.
    if (typeof value === 'number') return Number.isFinite(value) ? value : String(value)
    if (typeof value === 'bigint') return value.toString()
    const isNumber =
      typeof value === 'string' &&
      /^([+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?|[+-]?inf(inity)?|nan)$/i.test(value)
    return isNumber ? value : new Refused('must be a number')
  },
  NUMERIC: (field) => decimal('NUMERIC', 29, 9, field),
  BIGNUMERIC: (field) => decimal('BIGNUMERIC', 38, 38, field),
  BOOL: () => (value) =>
    typeof value === 'boolean' || (typeof value === 'string' && /^(true|false)$/i.test(value))
      ? value
      : new Refused('must be true or false'),
  DATE: () => (value) => checkDate(value) ?? new Refused('must be a date of the form 2026-11-21'),
  TIME: () => (value) => checkTime(value) ?? new Refused('must be a time of the form 13:05:59.123456'),
  DATETIME: () => (value) =>
    checkDatetime(value) ??
    new Refused('must be a date and time without zone, of the form 2026-11-21T13:05:59'),
  TIMESTAMP: () => (value) =>
    checkTimestamp(value) ??
    new Refused(
      typeof value === 'number'
        ? 'must be seconds since 1970, between the years 1 and 9999: these look like milliseconds'
        : 'must be a point in time, of the form 2026-11-21T13:05:59Z, or seconds since 1970',
    ),
  JSON: () => (value) => {
    // On the wire a JSON column takes JSON text; text that comes in is taken to be that.
    if (typeof value !== 'string') return jsonText(value)
    try {
      JSON.parse(value)
      return value
    } catch {
      return new Refused('must be JSON text (a text value needs its own quotes) or a JSON value')
    }
  },
  GEOGRAPHY: () => (value) =>
    typeof value === 'string' ? value : new Refused('must be text: WKT or GeoJSON'),
  INTERVAL: () => (value) =>
    typeof value === 'string'
      ? value
      : new Refused('must be text of the form "1-2 3 4:5:6" or "P1Y2M3DT4H5M6S"'),
  RANGE: ({ rangeElementType }) => {
    const encodeBound = scalarEncoder({ name: 'bound', type: rangeElementType?.type ?? 'STRING' })
    return (value) => {
      if (typeof value !== 'object' || value === null || Array.isArray(value)) {
        return new Refused('must be an object with start and end')
      }
      let range = value as Record<string, unknown>
      for (const [name, bound] of Object.entries(value)) {
        // A misspelt bound would be an open one.
        if (name !== 'start' && name !== 'end') return new Refused('must be an object with start and end')
        const encoded = bound === null || bound === undefined ? null : encodeBound(bound)
        if (encoded instanceof Refused)
          return new Refused(`must have bounds of which each ${encoded.message}`)
        if (encoded !== bound && bound !== undefined) range = { ...range, [name]: encoded }
      }
      return range
    }
  },
}

/** The encoder of one scalar field, whatever its mode. Types that nobody knew when this was written pass. */
export function scalarEncoder(field: TableField): ScalarEncoder {
  return encoders[fieldTypeOf(field.type)]?.(field) ?? ((value) => value)
}

function decimal(type: string, wholeDigits: number, scaleDigits: number, field: TableField): ScalarEncoder {
  const scale = field.precision === undefined ? scaleDigits : Number(field.scale ?? 0)
  const whole = field.precision === undefined ? wholeDigits : Number(field.precision) - scale
  const allowed = `must be a ${type} with at most ${whole} digits before the decimal point and ${scale} after it`
  return (value) => {
    const text = typeof value === 'number' || typeof value === 'bigint' ? String(value) : value
    const parts =
      typeof text === 'string' ? /^([+-]?)(\d*)(?:\.(\d*))?(?:e([+-]?\d{1,3}))?$/i.exec(text) : null
    const [, sign, before = '', after = '', exponent = 0] = parts ?? []
    const digits = before + after
    if (!parts || digits === '') return new Refused(`must be a ${type}: digits with a decimal point`)

    // Zeros at either end do not count.
    const first = digits.search(/[1-9]/)
    if (first >= 0) {
      const last = lastSignificant(digits)
      const point = before.length + Number(exponent)
      const isTooLong = point - first > whole || last - point > scale
      const isExtreme = isTooLong && field.precision === undefined && type === 'BIGNUMERIC'
      const significant = digits.slice(first, last)
      if (isTooLong && !(isExtreme && fits256Bits(significant, last - point, sign === '-')))
        return new Refused(allowed)
    }
    return typeof value === 'bigint' ? text : value
  }
}

/** The position after the last digit that is not 0. */
function lastSignificant(digits: string): number {
  let last = digits.length
  while (digits[last - 1] === '0') last -= 1
  return last
}

/** BIGNUMERIC reaches a little into a 39th digit before the point: it is a 256-bit integer over 10^38. */
function fits256Bits(significant: string, scale: number, isNegative: boolean): boolean {
  if (scale > 38 || significant.length - scale > 39) return false
  const units = BigInt(significant) * 10n ** BigInt(38 - scale)
  return units <= 2n ** 255n - (isNegative ? 0n : 1n)
}

function jsonText(value: unknown): unknown {
  const refused = new Refused('must be JSON text (a text value needs its own quotes) or a JSON value')
  if (typeof value === 'number' && !Number.isFinite(value)) return refused
  try {
    return JSON.stringify(value) ?? refused
  } catch {
    // A bigint, a cycle.
    return refused
  }
}

function isBase64(text: string): boolean {
  return text.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(text)
}
