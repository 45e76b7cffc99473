import { describe, expect, it } from 'vitest'
import type { TableField } from '../../src/contract/table-schema.ts'
import { Refused, scalarEncoder } from '../../src/encoding/scalars.ts'

type FieldOfTest = Omit<TableField, 'name'>

const encode = (field: FieldOfTest, value: unknown) => scalarEncoder({ name: 'x', ...field })(value)
const reasonOf = (encoded: unknown) => (encoded instanceof Refused ? encoded.message : undefined)
// A bigint has no JSON text, and a failure report shows the case's JSON text.
const cases = (type: string | FieldOfTest, values: readonly unknown[]) =>
  values.map((value) => [typeof type === 'string' ? { type } : type, value] as const)

describe('taken as it is', () => {
  it.each([
    ...cases('STRING', ['', 'abc', '\u{1f600}\u0000', 12, -0.5, '9'.repeat(10_000)]),
    ...cases({ type: 'STRING', maxLength: '3' }, [
      'abc',
      '\u{1f600}\u{1f600}\u{1f600}',
      '\u00e9\u00e9\u00e9',
      123,
    ]),
    ...cases('BYTES', ['', 'AA==', 'AAA=', 'AAAA', '+/+/', 'AAAA\r\nAAAA\n']),
    ...cases({ type: 'BYTES', maxLength: '2' }, ['AAA=', 'AA==']),
    ...cases({ type: 'BYTES', maxLength: '6' }, ['AAAA\r\nAAAA\r\n']),
    ...cases('INT64', [
      0,
      -1,
      5.0,
      Number.MAX_SAFE_INTEGER,
      Number.MIN_SAFE_INTEGER,
      '9223372036854775807',
      '-9223372036854775808',
      '+7',
      '007',
    ]),
    ...cases('INTEGER', [42, '42']),
    ...cases('FLOAT64', [
      0,
      1.5,
      -1e308,
      5e-324,
      '1.5',
      '.5',
      '5.',
      '-1E+10',
      'NaN',
      'inf',
      '-Infinity',
      '+INF',
    ]),
    ...cases('FLOAT', [1.5]),
    ...cases('NUMERIC', [
      '99999999999999999999999999999.999999999',
      '-99999999999999999999999999999.999999999',
      '0.000000001',
      '1.0000000000000',
      '00000000000000000000000000000000000000001',
      '1e28',
      '1e-9',
      '12.5E3',
      '0.001e31',
      '1000e25',
      '100e-11',
      '0E-10',
      '0e99',
      '.5',
      '5.',
      '+5',
      0,
      12.5,
      1e-7,
    ]),
    ...cases('DECIMAL', ['1.5']),
    ...cases({ type: 'NUMERIC', precision: '5', scale: '2' }, ['999.99', '-999.990', '0.01']),
    ...cases({ type: 'NUMERIC', precision: '5' }, ['99999', '1.0', '1e4']),
    ...cases('BIGNUMERIC', [
      '578960446186580977117854925043439539266.34992332820282019728792003956564819967',
      '-578960446186580977117854925043439539266.34992332820282019728792003956564819968',
      `${'9'.repeat(38)}.${'9'.repeat(38)}`,
      '1e38',
      '1e-38',
    ]),
    ...cases('BIGDECIMAL', ['1']),
    ...cases('BOOL', [true, false, 'true', 'FALSE']),
    ...cases('BOOLEAN', [true]),
    ...cases('DATE', ['0001-01-01', '9999-12-31', '2024-02-29', '2000-02-29', '2026-1-2']),
    ...cases('TIME', ['00:00:00', '23:59:59.999999', '1:2:3', '13:05:59.1']),
    ...cases('DATETIME', [
      '0001-01-01T00:00:00',
      '9999-12-31 23:59:59.999999',
      '2024-02-29t12:00:00',
      '2026-11-21',
      '2026-1-2T3:4:5',
    ]),
    ...cases('TIMESTAMP', [
      '0001-01-01T00:00:00Z',
      '9999-12-31T23:59:59.999999Z',
      '2024-02-29 12:00:00 UTC',
      '2026-11-21T13:05:59.123456789012Z',
      '2026-11-21T13:05:59+02:00',
      '2026-11-21 13:05:59-08',
      '2026-11-21 13:05',
      '2026-11-21',
      '2026-11-21+01',
      '2026-11-21 13:05:59 Europe/Paris',
      '2026-11-21 13:05:59 America/Port-au-Prince',
      '2026-11-21 13:05:59 America/Argentina/Buenos_Aires',
      '2026-11-21 13:05:59 Etc/GMT+5',
      '2026-11-21 13:05:59 GMT',
      0,
      1_763_730_359,
      1_763_730_359.123456,
      -62_135_596_800,
      253_402_300_799,
    ]),
    ...cases('JSON', ['{"a":[1,null]}', '"text"', 'null', '12', ' [] ']),
    ...cases('GEOGRAPHY', ['POINT(1 2)', '{"type":"Point","coordinates":[1,2]}']),
    ...cases('INTERVAL', ['1-2 3 4:5:6', 'P1Y2M3DT4H5M6S']),
    ...cases({ type: 'RANGE', rangeElementType: { type: 'DATE' } }, [
      { start: '2026-01-01', end: '2026-02-01' },
      { start: null, end: '2026-02-01' },
      { start: '2026-01-01', end: undefined },
      {},
    ]),
    ...cases('TYPE_OF_THE_FUTURE', ['x', 1, { a: 1 }]),
  ])('%o takes %o', (field, value) => {
    expect(encode(field, value)).toBe(value)
  })
})

describe('rewritten', () => {
  it.each([
    ['STRING', 12n, '12'],
    ['BYTES', Buffer.from('abc'), 'YWJj'],
    ['BYTES', new Uint8Array([251, 255]), '+/8='],
    ['BYTES', new Uint8Array([0, 1, 2, 3]).subarray(1, 3), 'AQI='],
    ['INT64', 2n ** 63n - 1n, '9223372036854775807'],
    ['INT64', -(2n ** 63n), '-9223372036854775808'],
    ['FLOAT64', Number.NaN, 'NaN'],
    ['FLOAT64', Number.POSITIVE_INFINITY, 'Infinity'],
    ['FLOAT64', Number.NEGATIVE_INFINITY, '-Infinity'],
    ['FLOAT64', 7n, '7'],
    ['NUMERIC', 10n ** 29n - 1n, '99999999999999999999999999999'],
    ['BIGNUMERIC', -(10n ** 38n), `-1${'0'.repeat(38)}`],
    ['TIMESTAMP', new Date('2026-11-21T13:05:59.123Z'), '2026-11-21T13:05:59.123Z'],
    ['TIMESTAMP', new Date('0001-01-01T00:00:00Z'), '0001-01-01T00:00:00.000Z'],
    ['JSON', { a: [1, null], b: 'c' }, '{"a":[1,null],"b":"c"}'],
    ['JSON', [1, 'a'], '[1,"a"]'],
    ['JSON', 12, '12'],
    ['JSON', false, 'false'],
  ])('%s writes %o as %o', (type, value, expected) => {
    expect(encode({ type }, value)).toBe(expected)
  })
})

describe('refused', () => {
  const cycle: Record<string, unknown> = {}
  cycle['self'] = cycle

  it.each([
    ...cases('STRING', [true, {}, [], Number.NaN, Number.POSITIVE_INFINITY, new Date(0)]),
    ...cases({ type: 'STRING', maxLength: '3' }, [
      'abcd',
      '\u{1f600}\u{1f600}\u{1f600}\u{1f600}',
      1234,
      1234n,
    ]),
    ...cases('BYTES', ['A', 'AA=', 'A===', '====', 'AA==AA==', 'A-_A', 'caf\u00e9', 12, {}]),
    ...cases({ type: 'BYTES', maxLength: '2' }, ['AAAA', new Uint8Array(3)]),
    ...cases('INT64', [
      1.5,
      Number.MAX_SAFE_INTEGER + 1,
      1e20,
      Number.NaN,
      Number.POSITIVE_INFINITY,
      2n ** 63n,
      -(2n ** 63n) - 1n,
      '9223372036854775808',
      '-9223372036854775809',
      '1.0',
      '1e3',
      '0x10',
      ' 1',
      '',
      true,
      {},
    ]),
    ...cases('FLOAT64', ['', '.', 'e5', '1e', '1,5', '0x10', 'infinite', ' 1', true, {}]),
    ...cases('NUMERIC', [
      '100000000000000000000000000000',
      '-1e29',
      '0.0000000001',
      '1e-10',
      '12,5',
      '1 000',
      '',
      '.',
      '-',
      'e5',
      '-+5',
      '1e9999',
      'NaN',
      Number.NaN,
      Number.POSITIVE_INFINITY,
      1e29,
      10n ** 29n,
      true,
      {},
    ]),
    ...cases({ type: 'NUMERIC', precision: '5', scale: '2' }, ['1000', '0.001', 1000n]),
    ...cases({ type: 'NUMERIC', precision: '5' }, ['100000', '0.5']),
    ...cases('BIGNUMERIC', [
      '578960446186580977117854925043439539266.34992332820282019728792003956564819968',
      '-578960446186580977117854925043439539266.34992332820282019728792003956564819969',
      '1e39',
      '1e-39',
      10n ** 39n,
    ]),
    ...cases({ type: 'BIGNUMERIC', precision: '38' }, ['1e38']),
    ...cases('BOOL', [0, 1, 'yes', 't', '', {}]),
    ...cases('DATE', [
      '0000-01-01',
      '10000-01-01',
      '2023-02-29',
      '1900-02-29',
      '2026-04-31',
      '2026-13-01',
      '2026-00-10',
      '2026-01-00',
      '26-01-01',
      '2026/01/01',
      '2026-01-01T00:00:00',
      '',
      20_260_101,
    ]),
    ...cases('TIME', ['24:00:00', '12:60:00', '12:00:60', '12:00', '12:00:00.1234567', '12:00:00Z', '', 12]),
    ...cases('DATETIME', [
      '2023-02-29T00:00:00',
      '2026-11-21T24:00:00',
      '2026-11-21T13:05:59Z',
      '2026-11-21T13:05:59+01:00',
      '2026-11-21T',
      '2026-11-21T13:05',
      '',
      0,
    ]),
    ...cases('TIMESTAMP', [
      1_763_730_359_000,
      -62_135_596_801,
      253_402_300_800,
      Number.NaN,
      '1763730359',
      '2023-02-29T00:00:00Z',
      '2026-11-21T25:00:00Z',
      '2026-11-21T13:60:00Z',
      '2026-11-21T13:05:59 nowhere',
      '2026-11-21T13:05:59.1234567890123Z',
      'yesterday',
      '',
      new Date(Number.NaN),
      new Date('+010000-01-01T00:00:00Z'),
      new Date('0000-12-31T23:59:59Z'),
      true,
    ]),
    ...cases('JSON', ['plain text', '{', '', 12n, { a: 12n }, Number.NaN, cycle, () => 1]),
    ...cases('GEOGRAPHY', [1, { type: 'Point', coordinates: [1, 2] }]),
    ...cases('INTERVAL', [1, {}]),
    ...cases({ type: 'RANGE', rangeElementType: { type: 'DATE' } }, [
      '[2026-01-01, 2026-02-01)',
      ['2026-01-01', '2026-02-01'],
      { start: '2023-02-29', end: null },
      { start: null, end: 5 },
      { from: '2026-01-01', end: '2026-02-01' },
    ]),
    ...cases({ type: 'RANGE', rangeElementType: { type: 'TIMESTAMP' } }, [{ start: 1_763_730_359_000 }]),
  ])('%o refuses %o', (field, value) => {
    expect(reasonOf(encode(field, value))).toMatch(/^must /)
  })

  it.each([
    [{ type: 'TIMESTAMP' }, 1_763_730_359_000, /seconds since 1970.*milliseconds/],
    [{ type: 'INT64' }, 2 ** 60, /text or a bigint.*loses digits/],
    [{ type: 'INT64' }, 1.5, /whole number/],
    [{ type: 'NUMERIC', precision: '5', scale: '2' }, '1000', /at most 3 digits before .* and 2 after/],
    [{ type: 'STRING', maxLength: '3' }, 'abcd', /at most 3 characters/],
    [{ type: 'BYTES', maxLength: '2' }, 'AAAA', /at most 2 bytes/],
    [{ type: 'RANGE', rangeElementType: { type: 'DATE' } }, { start: 'x' }, /bounds.*must be a date/],
  ])('%o says of %o what is allowed', (field, value, expected) => {
    expect(reasonOf(encode(field, value))).toMatch(expected)
  })

  it.each(['NUMERIC', 'FLOAT64', 'INT64', 'BYTES', 'TIMESTAMP'])(
    'a %s of a million characters is refused in time that grows with its length, not with its square',
    (type) => {
      const monsters = [`${'9'.repeat(1e6)}x`, `0.${'0'.repeat(1e6)}1x`, `${'\n'.repeat(1e6)}!`]

      const reasons = monsters.map((monster) => reasonOf(encode({ type }, monster)))

      // The square takes minutes, so the test's time limit is the assertion.
      expect(reasons).toEqual(monsters.map(() => expect.stringMatching(/^must /)))
    },
  )

  it('a NUMERIC of a hundred thousand zeros is trimmed in one walk', () => {
    const monster = `0.${'0'.repeat(1e5)}1`

    expect(reasonOf(encode({ type: 'NUMERIC' }, monster))).toMatch(/^must /)
  })
})
