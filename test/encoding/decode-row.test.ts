import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { TableField } from '../../src/contract/table-schema.ts'
import { compileRowDecoder } from '../../src/encoding/decode-row.ts'
import { compileRowEncoder } from '../../src/encoding/encode-row.ts'

const exact = { integers: 'string', decimals: 'string' } as const
const cell = (v: unknown) => ({ v })
const decodeOne = (field: Omit<TableField, 'name'>, v: unknown): unknown =>
  compileRowDecoder([{ name: 'x', ...field }], exact)({ f: [cell(v)] })['x']

describe('a value of a result', () => {
  it.each([
    ['STRING', 'abc', 'abc'],
    ['STRING', '', ''],
    ['BYTES', 'YWJj', 'YWJj'],
    ['INTEGER', '9223372036854775807', '9223372036854775807'],
    ['INT64', '1', '1'],
    ['FLOAT', '1.5', 1.5],
    ['FLOAT64', '1.0E10', 1e10],
    ['FLOAT64', 'NaN', 'NaN'],
    ['FLOAT64', 'Infinity', 'Infinity'],
    ['FLOAT64', '-Infinity', '-Infinity'],
    ['NUMERIC', '99999999999999999999999999999.999999999', '99999999999999999999999999999.999999999'],
    ['BIGNUMERIC', '1.00000000000000000000000000000000000001', '1.00000000000000000000000000000000000001'],
    ['BOOLEAN', 'true', true],
    ['BOOL', 'false', false],
    ['DATE', '2024-02-29', '2024-02-29'],
    ['TIME', '13:05:59.123456', '13:05:59.123456'],
    ['DATETIME', '2026-11-21T13:05:59', '2026-11-21T13:05:59'],
    ['TIMESTAMP', '1763730359123456', '2025-11-21T13:05:59.123456Z'],
    ['TIMESTAMP', '1763730359000000', '2025-11-21T13:05:59Z'],
    ['TIMESTAMP', '1763730359000001', '2025-11-21T13:05:59.000001Z'],
    ['TIMESTAMP', '0', '1970-01-01T00:00:00Z'],
    ['TIMESTAMP', '-1', '1969-12-31T23:59:59.999999Z'],
    ['TIMESTAMP', '-62135596800000000', '0001-01-01T00:00:00Z'],
    ['TIMESTAMP', '253402300799999999', '9999-12-31T23:59:59.999999Z'],
    ['JSON', '{"a":12345678901234567890}', '{"a":12345678901234567890}'],
    ['GEOGRAPHY', 'POINT(1 2)', 'POINT(1 2)'],
    ['INTERVAL', '1-2 3 4:5:6', '1-2 3 4:5:6'],
    ['TYPE_OF_THE_FUTURE', 'x', 'x'],
  ])('%s %s is read as %o', (type, wire, expected) => {
    expect(decodeOne({ type }, wire)).toBe(expected)
  })

  it.each(['STRING', 'INT64', 'FLOAT64', 'BOOL', 'TIMESTAMP', 'RECORD', 'JSON'])(
    '%s null is null',
    (type) => {
      expect(decodeOne({ type, fields: [] }, null)).toBeNull()
    },
  )

  it.each([
    ['FLOAT64', [cell('1.5'), cell('NaN')], [1.5, 'NaN']],
    ['BOOL', [cell('true'), cell('false')], [true, false]],
    ['STRING', [], []],
  ])('a list of %s is read value by value', (type, wire, expected) => {
    expect(decodeOne({ type, mode: 'REPEATED' }, wire)).toEqual(expected)
  })

  it('a list that is null is an empty list', () => {
    expect(decodeOne({ type: 'STRING', mode: 'REPEATED' }, null)).toEqual([])
  })
})

describe('a row of a result', () => {
  it('is read by position, through records and lists of records', () => {
    const decode = compileRowDecoder(
      [
        { name: 'id', type: 'INTEGER' },
        {
          name: 'items',
          type: 'RECORD',
          mode: 'REPEATED',
          fields: [
            { name: 'price', type: 'FLOAT' },
            {
              name: 'made',
              type: 'STRUCT',
              fields: [{ name: 'at', type: 'TIMESTAMP', mode: 'REPEATED' }],
            },
          ],
        },
      ],
      exact,
    )
    const item = (price: string, made: unknown) => cell({ f: [cell(price), cell(made)] })

    const row = decode({
      f: [cell('7'), cell([item('1.5', { f: [cell([cell('0'), cell('1000000')])] }), item('2', null)])],
    })

    expect(row).toEqual({
      id: '7',
      items: [
        { price: 1.5, made: { at: ['1970-01-01T00:00:00Z', '1970-01-01T00:00:01Z'] } },
        { price: 2, made: null },
      ],
    })
  })

  it('keeps the order of the columns', () => {
    const decode = compileRowDecoder(
      [
        { name: 'z', type: 'STRING' },
        { name: 'a', type: 'STRING' },
      ],
      exact,
    )

    expect(Object.keys(decode({ f: [cell('1'), cell('2')] }))).toEqual(['z', 'a'])
  })
})

describe('for every microsecond of the years 1 to 9999', () => {
  const micros = fc.bigInt({ min: -62_135_596_800_000_000n, max: 253_402_300_799_999_999n })

  it('the text names the same microsecond', () => {
    fc.assert(
      fc.property(micros, (instant) => {
        const text = decodeOne({ type: 'TIMESTAMP' }, instant.toString()) as string

        const [, seconds = '', fraction = ''] = /^(.{19})(?:\.(\d{6}))?Z$/.exec(text) ?? []
        const readBack = BigInt(Date.parse(`${seconds}Z`)) * 1000n + BigInt(fraction || 0)
        expect(readBack).toBe(instant)
      }),
    )
  })

  it('the text can be inserted again as it is', () => {
    const encode = compileRowEncoder([{ name: 'x', type: 'TIMESTAMP' }], false)
    fc.assert(
      fc.property(micros, (instant) => {
        const row = { x: decodeOne({ type: 'TIMESTAMP' }, instant.toString()) }

        const encoded = encode(row)

        expect(encoded.faults).toEqual([])
        expect(encoded.row).toBe(row)
      }),
    )
  })
})

describe('for every number of a FLOAT64', () => {
  it('no digit is lost', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (number) => {
        expect(decodeOne({ type: 'FLOAT64' }, Object.is(number, -0) ? '-0' : String(number))).toBe(number)
      }),
    )
  })
})
