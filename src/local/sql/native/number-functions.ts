// Exact decimal arithmetic, text forms of numbers, shifts and fingerprints.
import { createHash } from 'node:crypto'
import { floatJson } from '../../wire/json-tree.ts'
import { farmFingerprint } from './farm-fingerprint.ts'
import type { Native } from './register.ts'

/** A decimal as a whole number of its last digits. */
function units(text: string, scale: number): bigint {
  const [, sign, whole = '', fraction = ''] = /^([+-]?)(\d*)\.?(\d*)$/.exec(text) ?? []
  const value = BigInt(`${whole}${fraction.padEnd(scale, '0').slice(0, scale)}` || '0')
  return sign === '-' ? -value : value
}

const LIMIT = 10n ** 38n

function decimal(value: bigint, scale: number): string {
  const size = value < 0n ? -value : value
  if (size >= LIMIT) throw new Error('numeric overflow')
  const digits = String(size).padStart(scale + 1, '0')
  return `${value < 0n ? '-' : ''}${digits.slice(0, -scale)}.${digits.slice(-scale)}`
}

/** Division that rounds half away from zero. */
function divide(a: bigint, b: bigint): bigint {
  const [x, y] = [a < 0n ? -a : a, b < 0n ? -b : b]
  const quotient = (2n * x + y) / (2n * y)
  return a < 0n !== b < 0n ? -quotient : quotient
}

const NUMBER = /^\s*([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d{1,4}))?\s*$/

/** Any number's text as a decimal of the given scale, rounded half away from zero. */
function toDecimal(text: string, scale: number): string {
  const parts = NUMBER.exec(text)
  const digits = `${parts?.[2] ?? ''}${parts?.[3] ?? ''}`
  if (parts === null || digits === '') throw new Error(`Invalid NUMERIC value: ${text}`)
  const shift = scale - (parts[3] ?? '').length + Number(parts[4] ?? 0)
  if (shift > 100) throw new Error(`Invalid NUMERIC value: ${text}`)
  const value =
    shift >= 0
      ? BigInt(digits) * 10n ** BigInt(shift)
      : shift < -2000
        ? 0n
        : divide(BigInt(digits), 10n ** BigInt(-shift))
  return decimal(parts[1] === '-' ? -value : value, scale)
}

/** FLOAT64 as CAST to STRING writes it: 15 digits if they are enough, else 17. */
function floatText(value: number): string {
  if (Number.isNaN(value)) return 'nan'
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf'
  if (Object.is(value, -0)) return '-0'
  if (value === 0) return '0'
  const digits = [15, 16, 17].find((n) => Number(value.toPrecision(n)) === value) ?? 17
  const [mantissa = '', power = '0'] = value.toExponential(digits - 1).split('e')
  const exponent = Number(power)
  const short = mantissa.includes('.') ? mantissa.replace(/\.?0+$/, '') : mantissa
  if (exponent < -4 || exponent >= 15)
    return `${short}e${exponent < 0 ? '-' : '+'}${String(Math.abs(exponent)).padStart(2, '0')}`
  const fixed = value.toFixed(Math.max(0, digits - 1 - exponent))
  return fixed.includes('.') ? fixed.replace(/\.?0+$/, '') : fixed
}

/** By the exact value of the FLOAT64, halves away from zero. */
function floatRound(value: number, places: number, cut: boolean): number {
  const size = Math.abs(value)
  if (!Number.isFinite(value) || places > 80 || size >= 1e21) return value
  if (places < 0) {
    const step = 10 ** -places
    return Math.sign(value) * (cut ? Math.trunc(size / step) : Math.round(size / step)) * step
  }
  if (!cut) return Math.sign(value) * Number(size.toFixed(places))
  const [whole = '', fraction = ''] = size.toFixed(100).split('.')
  return Math.sign(value) * Number(`${whole}.${fraction.slice(0, places)}`)
}

const ONE = 10n ** 9n

/** Exact, and rounded once; a power with a fraction is left out, and so is one that takes too long. */
function power(base: string, exponent: string): string {
  const [value, by] = [units(base, 9), units(exponent, 9)]
  const times = by < 0n ? -by / ONE : by / ONE
  if (by % ONE !== 0n) throw new Error('Unsupported by the local BigQuery: POW of NUMERIC with a fraction')
  if (value === 0n && by < 0n) throw new Error(`Division by zero: POW(${base}, ${exponent})`)
  if (value === 0n || value === ONE || value === -ONE)
    return decimal(times === 0n ? ONE : times % 2n === 0n ? (value * value) / ONE : value, 9)
  if (times > 10_000n) throw new Error('Unsupported by the local BigQuery: POW of NUMERIC that is so great')
  const [numerator, denominator] = [value ** times, ONE ** times]
  return decimal(by < 0n ? divide(ONE * denominator, numerator) : divide(ONE * numerator, denominator), 9)
}

function root(text: string): string {
  const value = units(text, 9)
  if (value < 0n) throw new Error('Argument to SQRT cannot be negative')
  if (value === 0n) return '0'
  // One digit more than is kept, so that the last one can be rounded.
  const square = value * ONE * 100n
  let guess = 10n ** BigInt(Math.ceil(String(square).length / 2))
  for (let next = 0n; ; guess = next) {
    next = (guess + square / guess) / 2n
    if (next >= guess) return decimal((guess + 5n) / 10n, 9)
  }
}

const SIGNED = (value: bigint): bigint => BigInt.asIntN(64, value)

export const NUMBER_FUNCTIONS: readonly Native[] = [
  [
    'js_decimal_multiply',
    ['VARCHAR', 'VARCHAR'],
    'VARCHAR',
    (a: string, b: string) => decimal(divide(units(a, 9) * units(b, 9), 10n ** 9n), 9),
  ],
  [
    'js_decimal_divide',
    ['VARCHAR', 'VARCHAR'],
    'VARCHAR',
    (a: string, b: string) => {
      const by = units(b, 9)
      if (by === 0n) throw new Error(`division by zero: ${a} / ${b}`)
      return decimal(divide(units(a, 9) * 10n ** 9n, by), 9)
    },
  ],
  ['js_decimal_power', ['VARCHAR', 'VARCHAR'], 'VARCHAR', power],
  ['js_decimal_root', ['VARCHAR'], 'VARCHAR', root],
  [
    'js_decimal_round',
    ['VARCHAR', 'BIGINT', 'BOOLEAN'],
    'VARCHAR',
    (text: string, places: bigint, cut: boolean) => {
      const value = units(text, 9)
      const drop = 9n - places
      if (drop <= 0n) return text
      if (drop > 60n) return '0'
      const step = 10n ** drop
      return decimal((cut ? value / step : divide(value, step)) * step, 9)
    },
  ],
  [
    'js_text_decimal',
    ['VARCHAR', 'BIGINT'],
    'VARCHAR',
    (text: string, scale: bigint) => toDecimal(text, Number(scale)),
  ],
  [
    'js_float_decimal',
    ['DOUBLE', 'BIGINT'],
    'VARCHAR',
    (value: number, scale: bigint) => {
      if (!Number.isFinite(value))
        throw new Error(
          `Illegal conversion of non-finite floating point number to NUMERIC: ${floatText(value)}`,
        )
      return toDecimal(String(value), Number(scale))
    },
  ],
  ['js_float_json_value', ['DOUBLE'], 'VARCHAR', floatJson],
  ['js_float_text', ['DOUBLE'], 'VARCHAR', floatText],
  [
    'js_float_json',
    ['DOUBLE'],
    'VARCHAR',
    (value: number) =>
      Number.isFinite(value)
        ? String(Object.is(value, -0) ? '-0.0' : value)
        : JSON.stringify(Number.isNaN(value) ? 'NaN' : value > 0 ? 'Infinity' : '-Infinity'),
  ],
  [
    'js_float_round',
    ['DOUBLE', 'BIGINT', 'BOOLEAN'],
    'DOUBLE',
    (value: number, places: bigint, cut: boolean) => floatRound(value, Number(places), cut),
  ],
  [
    'js_shift_left',
    ['BIGINT', 'BIGINT'],
    'BIGINT',
    (value: bigint, by: bigint) => (by < 0n ? bad(by) : by > 63n ? 0n : SIGNED(value << by)),
  ],
  [
    'js_shift_right',
    ['BIGINT', 'BIGINT'],
    'BIGINT',
    (value: bigint, by: bigint) =>
      by < 0n ? bad(by) : by > 63n ? 0n : SIGNED(BigInt.asUintN(64, value) >> by),
  ],
  ['js_farm_fingerprint', ['BLOB'], 'BIGINT', (bytes: Uint8Array) => farmFingerprint(bytes)],
  ['js_sha512', ['BLOB'], 'BLOB', (bytes: Uint8Array) => createHash('sha512').update(bytes).digest()],
]

function bad(by: bigint): never {
  throw new Error(`Bitwise shift by a negative number of bits: ${by}`)
}
