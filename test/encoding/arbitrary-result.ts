// Results: a schema, the wire form of its rows, and what they must be read as. Written from BigQuery's
// description of the wire form; it shares nothing with the reader.
import fc from 'fast-check'
import type { TableField } from '../../src/contract/table-schema.ts'

interface Reading {
  readonly wire: unknown
  readonly value: unknown
}

interface TypedField {
  readonly field: Omit<TableField, 'name'>
  readonly reading: fc.Arbitrary<Reading>
}

export interface TypedRows {
  readonly fields: readonly TableField[]
  readonly wire: readonly { readonly f: readonly { readonly v: unknown }[] }[]
  readonly rows: readonly Record<string, unknown>[]
}

const same = (text: fc.Arbitrary<string>): fc.Arbitrary<Reading> =>
  text.map((wire) => ({ wire, value: wire }))
const pad = (value: number, length: number): string => String(value).padStart(length, '0')

const day = fc.record({
  year: fc.oneof(fc.constantFrom(1, 1969, 1970, 9999), fc.integer({ min: 1, max: 9999 })),
  month: fc.integer({ min: 1, max: 12 }),
  date: fc.integer({ min: 1, max: 28 }),
})
const clock = fc.record({
  hour: fc.integer({ min: 0, max: 23 }),
  minute: fc.integer({ min: 0, max: 59 }),
  second: fc.integer({ min: 0, max: 59 }),
  micros: fc.oneof(fc.constantFrom(0, 1, 999_999), fc.integer({ min: 0, max: 999_999 })),
})
const dateText = day.map(({ year, month, date }) => `${pad(year, 4)}-${pad(month, 2)}-${pad(date, 2)}`)
const timeText = clock.map(
  ({ hour, minute, second, micros }) =>
    `${pad(hour, 2)}:${pad(minute, 2)}:${pad(second, 2)}${micros === 0 ? '' : `.${pad(micros, 6)}`}`,
)
const datetimeText = fc.tuple(dateText, timeText).map(([date, time]) => `${date}T${time}`)
const timestamp = fc
  .tuple(day, clock)
  .map(([{ year, month, date }, { hour, minute, second, micros }]): Reading => {
    const instant = new Date(0)
    instant.setUTCFullYear(year, month - 1, date)
    instant.setUTCHours(hour, minute, second)
    const civil = `${pad(year, 4)}-${pad(month, 2)}-${pad(date, 2)}T${pad(hour, 2)}:${pad(minute, 2)}:${pad(second, 2)}`
    return {
      wire: String(BigInt(instant.getTime()) * 1000n + BigInt(micros)),
      value: `${civil}${micros === 0 ? '' : `.${pad(micros, 6)}`}Z`,
    }
  })

const between = (min: bigint, max: bigint) => fc.oneof(fc.constantFrom(min, max, 0n), fc.bigInt({ min, max }))
const int64 = between(-(2n ** 63n), 2n ** 63n - 1n).map(String)
const scaled = (digits: bigint, scale: number) =>
  between(-(10n ** digits) + 1n, 10n ** digits - 1n).map((units) => {
    const text = String(units < 0n ? -units : units).padStart(scale + 1, '0')
    const fraction = text.slice(-scale).replace(/0+$/, '')
    return `${units < 0n ? '-' : ''}${text.slice(0, -scale)}${fraction && `.${fraction}`}`
  })
const float = fc.oneof(
  fc.constantFrom('NaN', 'Infinity', '-Infinity').map((text) => ({ wire: text, value: text })),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => {
    const text = Object.is(value, -0) ? '-0' : String(value)
    const whole = Number.isInteger(value) && !text.includes('e') ? `${text}.0` : text
    return { wire: whole.replace('e+', 'E').replace('e', 'E'), value }
  }),
)

const range = (element: string, bound: fc.Arbitrary<Reading>): TypedField => ({
  field: { type: 'RANGE', rangeElementType: { type: element } },
  reading: fc.tuple(fc.option(bound), fc.option(bound)).map(([start, end]) => ({
    wire: `[${start?.wire ?? 'UNBOUNDED'}, ${end?.wire ?? 'UNBOUNDED'})`,
    value: { start: start?.value ?? null, end: end?.value ?? null },
  })),
})

const plain = (type: string, reading: fc.Arbitrary<Reading>): TypedField => ({ field: { type }, reading })
const text = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string(),
  fc.constantFrom('<b>&amp;', '\\', '"\\"', ']},{"f":[{"v":"'),
)

const scalars: readonly TypedField[] = [
  plain('STRING', same(text)),
  plain('BYTES', same(fc.uint8Array().map((bytes) => Buffer.from(bytes).toString('base64')))),
  plain('INTEGER', same(int64)),
  plain('INT64', same(int64)),
  plain('FLOAT', float),
  plain('FLOAT64', float),
  plain('NUMERIC', same(scaled(38n, 9))),
  plain('BIGNUMERIC', same(scaled(76n, 38))),
  plain(
    'BOOLEAN',
    fc.boolean().map((value) => ({ wire: String(value), value })),
  ),
  plain(
    'BOOL',
    fc.boolean().map((value) => ({ wire: String(value), value })),
  ),
  plain('DATE', same(dateText)),
  plain('TIME', same(timeText)),
  plain('DATETIME', same(datetimeText)),
  plain('TIMESTAMP', timestamp),
  plain('JSON', same(fc.json())),
  plain('GEOGRAPHY', same(fc.constantFrom('POINT(1 2)', 'POLYGON((0 0, 1 1, 1 0, 0 0))'))),
  plain(
    'INTERVAL',
    same(fc.constantFrom('0-0 0 0:0:0', '-10000-0 -3660000 -87840000:0:0', '1-2 3 4:5:6.789')),
  ),
  range('DATE', same(dateText)),
  range('DATETIME', same(datetimeText)),
  range('TIMESTAMP', timestamp),
  plain('TYPE_OF_THE_FUTURE', same(text)),
]

function modes({ field, reading }: TypedField): fc.Arbitrary<TypedField> {
  const orNull = fc.option(reading, { freq: 4 }).map((read) => read ?? { wire: null, value: null })
  const list = fc.array(reading, { maxLength: 3 }).map((items) => ({
    wire: items.map(({ wire }) => ({ v: wire })),
    value: items.map(({ value }) => value),
  }))
  return fc.constantFrom<TypedField>(
    { field, reading: orNull },
    { field: { ...field, mode: 'NULLABLE' }, reading: orNull },
    { field: { ...field, mode: 'REQUIRED' }, reading },
    { field: { ...field, mode: 'REPEATED' }, reading: list },
  )
}

const names = fc.uniqueArray(
  fc.oneof(fc.stringMatching(/^[A-Za-z_][A-Za-z0-9_]{0,8}$/), fc.constant('__proto__')),
  {
    minLength: 5,
    maxLength: 5,
  },
)

interface Table {
  readonly fields: readonly TableField[]
  readonly reading: fc.Arbitrary<Reading>
}

function table(depth: number): fc.Arbitrary<Table> {
  return fc.tuple(names, fc.array(column(depth), { minLength: 1, maxLength: 5 })).map(([given, columns]) => {
    const named = columns.map(({ field, reading }, at) => ({
      field: { ...field, name: given[at] ?? '' },
      reading,
    }))
    return {
      fields: named.map(({ field }) => field),
      reading: fc.tuple(...named.map(({ reading }) => reading)).map((readings) => ({
        wire: { f: readings.map(({ wire }) => ({ v: wire })) },
        value: Object.fromEntries(named.map(({ field }, at) => [field.name, readings[at]?.value])),
      })),
    }
  })
}

function column(depth: number): fc.Arbitrary<TypedField> {
  const scalar = fc.constantFrom(...scalars).chain(modes)
  if (depth === 0) return scalar
  const record = fc
    .tuple(table(depth - 1), fc.constantFrom('RECORD', 'STRUCT'))
    .chain(([{ fields, reading }, type]) => modes({ field: { type, fields }, reading }))
  return fc.oneof({ arbitrary: scalar, weight: 3 }, { arbitrary: record, weight: 1 })
}

/** Up to four rows of a table of up to three levels, of every type and mode, with the extremes of each. */
export const typedRows: fc.Arbitrary<TypedRows> = table(2).chain(({ fields, reading }) =>
  fc.array(reading, { minLength: 1, maxLength: 4 }).map((readings) => ({
    fields,
    wire: readings.map(({ wire }) => wire as TypedRows['wire'][number]),
    rows: readings.map(({ value }) => value as TypedRows['rows'][number]),
  })),
)
