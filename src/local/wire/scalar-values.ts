// One JSON value of an inserted row: checked against its column type and rewritten to the text DuckDB reads.
import { normalJson, parseJson, printJson } from './json-tree.ts'
import { legacyType } from './table-schema.ts'

/** A value that does not fit its column; the message is the one BigQuery reports for the row. */
export class BadValue extends Error {}

const INT64_MIN = -(2n ** 63n)
const INT64_MAX = 2n ** 63n - 1n
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}(?:==)?|[A-Za-z0-9+/]{3}=?)?$/
const CLOCK = String.raw`(\d{1,2}):(\d{1,2})(?::(\d{1,2})(?:\.(\d{1,6})0*)?)?`
const DATE = /^(\d{4})-(\d{1,2})-(\d{1,2})$/
const TIME = new RegExp(`^${CLOCK}$`)
const DATETIME = new RegExp(`^(\\d{4}-\\d{1,2}-\\d{1,2})(?:[Tt ]${CLOCK})?$`)
const TIMESTAMP = new RegExp(`^(\\d{4}-\\d{1,2}-\\d{1,2})(?:[Tt ]${CLOCK})?\\s*(.*)$`)
const OFFSET = /^([+-])(\d{1,2})(?::?(\d{2}))?$/
const DECIMAL = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d{1,3}))?$/

/** The largest and smallest instants BigQuery stores, in epoch seconds: years 1 to 9999. */
const FIRST_SECOND = -62_135_596_800
const END_SECOND = 253_402_300_800

export function convertScalar(type: string, value: unknown, path: string): unknown {
  switch (legacyType(type)) {
    case 'STRING':
    case 'GEOGRAPHY':
      if (typeof value === 'string') return value
      if (typeof value === 'number') return String(value)
      throw new BadValue('Conversion from bool to std::string is unsupported.')
    case 'INTEGER':
      return integer(value)
    case 'FLOAT':
      return float(value)
    case 'BOOLEAN':
      if (typeof value === 'boolean') return value
      if (typeof value === 'string' && /^(true|false)$/i.test(value)) return value.toLowerCase() === 'true'
      throw new BadValue(`Cannot convert value to boolean (bad value): ${value}`)
    case 'NUMERIC':
      return decimal(value, 'NUMERIC', 29, 9)
    case 'BIGNUMERIC':
      // DuckDB decimals hold 38 digits in all, BigQuery's BIGNUMERIC 76.
      return decimal(value, 'BIGNUMERIC', 23, 15)
    case 'BYTES':
      return bytes(value, path)
    case 'DATE':
      return date(value)
    case 'TIME':
      return time(value)
    case 'DATETIME':
      return datetime(value)
    case 'TIMESTAMP':
      return timestamp(value)
    case 'JSON':
      return json(value)
    case 'INTERVAL':
      return interval(value)
    default:
      throw new BadValue(`Columns of type ${type} are not supported by the local BigQuery.`)
  }
}

function integer(value: unknown): string | number {
  if (typeof value === 'number' && Number.isInteger(value) && Math.abs(value) < 2 ** 63)
    return String(BigInt(value))
  const text = typeof value === 'string' ? value.trim() : ''
  if (/^[+-]?\d{1,25}$/.test(text)) {
    const parsed = BigInt(text.replace('+', ''))
    if (parsed >= INT64_MIN && parsed <= INT64_MAX) return String(parsed)
  }
  throw new BadValue(`Cannot convert value to integer (bad value): ${value}`)
}

function float(value: unknown): string | number {
  if (typeof value === 'number') return value
  if (typeof value === 'string') {
    const special = /^([+-]?)(inf(?:inity)?|nan)$/i.exec(value)
    if (special !== null) return `${special[1] === '-' ? '-' : ''}${special[2]?.toLowerCase()}`
    if (value.trim() !== '' && Number.isFinite(Number(value)) && !/^0[xob]/i.test(value)) return Number(value)
  }
  throw new BadValue(`Cannot convert value to floating point (bad value): ${value}`)
}

function decimal(value: unknown, type: string, integerDigits: number, scale: number): string {
  const fault = new BadValue(`Invalid ${type} value: ${value}`)
  const parts =
    typeof value === 'string' || typeof value === 'number' ? DECIMAL.exec(String(value).trim()) : null
  if (parts === null || `${parts[2]}${parts[3] ?? ''}` === '') throw fault
  const fraction = parts[3] ?? ''
  const point = (parts[2] ?? '').length + Number(parts[4] ?? 0)
  let digits = `${parts[2]}${fraction}`
  if (point < 0) digits = digits.padStart(digits.length - point, '0')
  const at = Math.max(point, 0)
  const whole = digits.slice(0, at).padEnd(at, '0').replace(/^0+/, '')
  const rest = digits.slice(at).replace(/0+$/, '')
  if (whole.length > integerDigits || rest.length > scale) throw fault
  return `${parts[1] === '-' ? '-' : ''}${whole === '' ? '0' : whole}${rest === '' ? '' : `.${rest}`}`
}

function bytes(value: unknown, path: string): string {
  if (typeof value === 'string') {
    const compact = value.replace(/[\r\n]/g, '')
    // DuckDB reads a blob from text in which every byte is written \xNN.
    if (BASE64.test(compact))
      return Buffer.from(compact, 'base64')
        .toString('hex')
        .replace(/../g, (pair) => `\\x${pair}`)
  }
  throw new BadValue(`Could not decode base64 string to bytes. Field: ${path}; Value: ${value}`)
}

function validDay(text: string | undefined): string | undefined {
  const parts = DATE.exec(text ?? '')
  if (parts === null) return undefined
  const [year, month, day] = [Number(parts[1]), Number(parts[2]), Number(parts[3])]
  const last = [
    31,
    year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28,
    31,
    30,
    31,
    30,
    31,
    31,
    30,
    31,
    30,
    31,
  ]
  if (year < 1 || day < 1 || day > (last[month - 1] ?? 0)) return undefined
  return `${parts[1]}-${two(month)}-${two(day)}`
}

function two(value: number | string): string {
  return String(value).padStart(2, '0')
}

/** The clock part of a match whose groups start at `first`; absent parts are zero. */
function validClock(parts: RegExpExecArray, first: number): string | undefined {
  const [hour, minute, second] = [0, 1, 2].map((i) => Number(parts[first + i] ?? 0))
  if (hour === undefined || minute === undefined || second === undefined) return undefined
  if (hour > 23 || minute > 59 || second > 59) return undefined
  const fraction = parts[first + 3]
  return `${two(hour)}:${two(minute)}:${two(second)}${fraction === undefined ? '' : `.${fraction}`}`
}

function date(value: unknown): string {
  const day = typeof value === 'string' ? validDay(value.trim()) : undefined
  if (day === undefined) throw new BadValue(`Invalid date: '${value}'`)
  return day
}

function time(value: unknown): string {
  const parts = typeof value === 'string' ? TIME.exec(value.trim()) : null
  const clock = parts === null ? undefined : validClock(parts, 1)
  if (clock === undefined) throw new BadValue(`Invalid time string "${value}"`)
  return clock
}

function datetime(value: unknown): string {
  const parts = typeof value === 'string' ? DATETIME.exec(value.trim()) : null
  const day = validDay(parts?.[1])
  const clock = parts === null ? undefined : validClock(parts, 2)
  if (day === undefined || clock === undefined) throw new BadValue(`Invalid datetime string "${value}"`)
  return `${day} ${clock}`
}

function timestamp(value: unknown): string {
  const text = typeof value === 'string' ? value.trim() : value
  if (
    typeof text === 'number' ||
    (typeof text === 'string' && /^[+-]?\d+(\.\d+)?([eE][+-]?\d+)?$/.test(text))
  ) {
    const seconds = Number(text)
    if (!(seconds >= FIRST_SECOND && seconds < END_SECOND))
      throw new BadValue(`Timestamp out of range: ${value}`)
    const micros = BigInt(Math.round(seconds * 1e6))
    const millis = micros / 1000n - (micros % 1000n < 0n ? 1n : 0n)
    const below = String(micros - millis * 1000n).padStart(3, '0')
    return new Date(Number(millis)).toISOString().replace('T', ' ').replace('Z', `${below}+00`)
  }
  const parts = typeof text === 'string' ? TIMESTAMP.exec(text) : null
  const day = validDay(parts?.[1])
  const clock = parts === null ? undefined : validClock(parts, 2)
  if (parts === null || day === undefined || clock === undefined)
    throw new BadValue(
      `Could not parse '${value}' as a timestamp. Required format is YYYY-MM-DD HH:MM[:SS[.SSSSSS]] or YYYY/MM/DD HH:MM[:SS[.SSSSSS]]`,
    )
  return `${day} ${clock}${zone(parts[6] ?? '')}`
}

function zone(text: string): string {
  if (text === '' || /^(z|utc|gmt)$/i.test(text)) return '+00'
  const offset = OFFSET.exec(text)
  if (offset !== null && Number(offset[2]) <= 14 && Number(offset[3] ?? 0) < 60)
    return `${offset[1]}${two(offset[2] ?? '0')}:${offset[3] ?? '00'}`
  try {
    new Intl.DateTimeFormat('en', { timeZone: text })
    if (!text.includes('/')) throw new BadValue(text)
    return ` ${text}`
  } catch {
    throw new BadValue(`Unrecognized timezone: ${text};`)
  }
}

/** The one text a JSON value has: members by name, numbers as BigQuery keeps them. */
function json(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  try {
    return printJson(normalJson(parseJson(text), false), true)
  } catch {
    throw new BadValue(`Invalid JSON value: ${text}`)
  }
}

function interval(value: unknown): string {
  const parts =
    typeof value === 'string'
      ? /^(-?)(\d+)-(\d+) (-?\d+) (-?)(\d+):(\d+):(\d+(?:\.\d{1,6})?)$/.exec(value.trim())
      : null
  if (parts === null) throw new BadValue(`Invalid interval value: ${value}`)
  const [, monthSign, years, months, days, clockSign, hours, minutes, seconds] = parts
  const inSeconds = Number(hours) * 3600 + Number(minutes) * 60
  return (
    `${monthSign}${Number(years) * 12 + Number(months)} months ${days} days ` +
    `${clockSign}${inSeconds} seconds ${clockSign}${Number(seconds)} seconds`
  )
}
