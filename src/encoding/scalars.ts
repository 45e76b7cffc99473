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
      if (typeof value === 'bigint') return value.toString()
      if (typeof value !== 'string' && typeof value !== 'number') return new Refused('must be text')
      const tooLong = typeof value === 'string' && value.length > limit && [...value].length > limit
      return tooLong ? new Refused(`must be text of at most ${limit} characters`) : value
    }
  },
  BYTES: ({ maxLength }) => {
    const limit = maxLength === undefined ? Number.POSITIVE_INFINITY : Number(maxLength)
    return (value) => {
      const text = value instanceof Uint8Array ? Buffer.from(value).toString('base64') : value
      if (typeof text !== 'string' || !isBase64(text)) return new Refused('must be bytes, or text in base64')
      const tooLong = Buffer.byteLength(text, 'base64') > limit
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
      typeof value === 'string' && /^([+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?|[+-]?inf(inity)?|nan)$/i.test(value)
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
    if (typeof value !== 'string') return JSON.stringify(value)
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
      for (const bound of Object.values(value)) {
        const encoded = bound === null ? null : encodeBound(bound)
        if (encoded instanceof Refused)
          return new Refused(`must have bounds of which each ${encoded.message}`)
      }
      return value
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
    const parts = typeof text === 'string' ? /^[+-]?(\d*)\.?(\d*)(?:e([+-]?\d{1,3}))?$/i.exec(text) : null
    if (!parts || (parts[1] === '' && parts[2] === ''))
      return new Refused(`must be a ${type}: digits with a decimal point`)
    const exponent = Number(parts[3] ?? 0)
    const before = (parts[1] ?? '').replace(/^0+/, '')
    const after = (parts[2] ?? '').replace(/0+$/, '')
    const tooLong =
      before.length + exponent > whole ||
      (after === '' ? -exponent - trailingZeros(before) : after.length - exponent) > scale
    if (tooLong) return new Refused(allowed)
    return typeof value === 'bigint' ? text : value
  }
}

function trailingZeros(digits: string): number {
  return digits.length - digits.replace(/0+$/, '').length
}

function isBase64(text: string): boolean {
  return /^[A-Za-z0-9+/\r\n]*={0,2}[\r\n]*$/.test(text) && text.replace(/[\r\n]/g, '').length % 4 === 0
}
