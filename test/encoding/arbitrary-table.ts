// Tables with a row that fits them, for properties.
import fc from 'fast-check'
import type { TableField } from '../../src/contract/table-schema.ts'

export interface TableAndRow {
  readonly fields: readonly TableField[]
  readonly row: { readonly [name: string]: unknown }
}

interface FieldAndValue {
  readonly field: TableField
  readonly value: unknown
}

const digits = (count: number) => fc.stringMatching(new RegExp(`^[1-9][0-9]{0,${count - 1}}$`))
const fraction = (count: number) => fc.stringMatching(new RegExp(`^[0-9]{1,${count}}$`))
const signed = (text: fc.Arbitrary<string>) =>
  fc.tuple(fc.boolean(), text).map(([isNegative, t]) => (isNegative ? `-${t}` : t))
const decimal = (whole: number, scale: number) =>
  signed(fc.tuple(digits(whole), fraction(scale)).map(([before, after]) => `${before}.${after}`))

const pad = (value: number, length: number): string => String(value).padStart(length, '0')
// Written out by hand: the library's own calendar is what is under test.
const dateText = fc
  .tuple(fc.integer({ min: 1, max: 9999 }), fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 28 }))
  .map(([year, month, day]) => `${pad(year, 4)}-${pad(month, 2)}-${pad(day, 2)}`)
const timeText = fc
  .tuple(
    fc.integer({ min: 0, max: 23 }),
    fc.integer({ min: 0, max: 59 }),
    fc.integer({ min: 0, max: 59 }),
    fc.option(fraction(6), { nil: undefined }),
  )
  .map(([h, m, s, f]) => `${pad(h, 2)}:${pad(m, 2)}:${pad(s, 2)}${f === undefined ? '' : `.${f}`}`)
const datetimeText = fc.tuple(dateText, fc.constantFrom('T', ' '), timeText).map((parts) => parts.join(''))
const timestampText = fc
  .tuple(datetimeText, fc.constantFrom('Z', '', '+02:00', '-0830', ' UTC', ' Europe/Paris'))
  .map((parts) => parts.join(''))
const instant = fc.date({
  min: new Date('0001-01-01T00:00:00Z'),
  max: new Date('9999-12-31T23:59:59Z'),
  noInvalidDate: true,
})
const int64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })

/** Types with values that BigQuery takes, in every form that a program may hold them in. */
const scalars: Readonly<Record<string, fc.Arbitrary<unknown>>> = {
  STRING: fc.oneof(fc.string({ unit: 'binary' }), fc.integer(), int64),
  BYTES: fc.oneof(fc.uint8Array(), fc.base64String()),
  INTEGER: fc.oneof(fc.maxSafeInteger(), int64, int64.map(String)),
  INT64: fc.oneof(fc.maxSafeInteger(), int64, int64.map(String)),
  FLOAT: fc.oneof(fc.double(), fc.constantFrom('NaN', 'inf', '-Infinity', '1.5e10')),
  NUMERIC: fc.oneof(
    decimal(29, 9),
    fc.integer(),
    fc.bigInt({ min: -(10n ** 29n) + 1n, max: 10n ** 29n - 1n }),
  ),
  BIGNUMERIC: fc.oneof(decimal(38, 38), fc.integer()),
  BOOLEAN: fc.oneof(fc.boolean(), fc.constantFrom('true', 'FALSE')),
  DATE: dateText,
  TIME: timeText,
  DATETIME: datetimeText,
  TIMESTAMP: fc.oneof(timestampText, instant, fc.integer({ min: -62_135_596_800, max: 253_402_300_799 })),
  JSON: fc.oneof(fc.json(), fc.dictionary(fc.string(), fc.jsonValue()), fc.integer(), fc.boolean()),
  GEOGRAPHY: fc.constant('POINT(1 2)'),
  INTERVAL: fc.constant('1-2 3 4:5:6'),
  RANGE: fc.record({ start: fc.option(dateText), end: fc.option(dateText) }, { requiredKeys: [] }),
}

// BigQuery's names do not know upper from lower case, so neither may two of one record.
const names = (count: number) =>
  fc.uniqueArray(fc.stringMatching(/^[A-Za-z][A-Za-z0-9_]{0,8}$/), {
    minLength: count,
    maxLength: count,
    selector: (name) => name.toLowerCase(),
  })

const scalar = fc.constantFrom(...Object.keys(scalars)).map((type) => ({
  type: { type, ...(type === 'RANGE' ? { rangeElementType: { type: 'DATE' } } : {}) },
  value: scalars[type] as fc.Arbitrary<unknown>,
}))

const record = (depth: number): fc.Arbitrary<TableAndRow> =>
  fc
    .integer({ min: 1, max: 5 })
    .chain((count) => fc.tuple(names(count), fc.array(field(depth), { minLength: count, maxLength: count })))
    .map(([given, columns]) => {
      const named = columns.map(({ field, value }, at) => ({ ...field, name: given[at] ?? '', value }))
      return {
        fields: named.map(({ value: _, ...field }) => field),
        row: Object.fromEntries(named.map(({ name, value }) => [name, value])),
      }
    })

const nested = (depth: number): fc.Arbitrary<FieldAndValue> =>
  record(depth - 1).map(({ fields, row }) => ({ field: { name: '', type: 'RECORD', fields }, value: row }))

function field(depth: number): fc.Arbitrary<FieldAndValue> {
  const required = scalar.chain(({ type, value }) =>
    value.map((v): FieldAndValue => ({ field: { name: '', mode: 'REQUIRED', ...type }, value: v })),
  )
  const nullable = scalar.chain(({ type, value }) =>
    fc.option(value, { nil: null }).map((v): FieldAndValue => ({ field: { name: '', ...type }, value: v })),
  )
  const repeated = scalar.chain(({ type, value }) =>
    fc
      .option(fc.array(value, { maxLength: 4 }), { nil: null })
      .map((v): FieldAndValue => ({ field: { name: '', mode: 'REPEATED', ...type }, value: v })),
  )
  return depth === 0
    ? fc.oneof(required, nullable, repeated)
    : fc.oneof(required, nullable, repeated, nested(depth))
}

/** A table of up to three levels, and a row that fits it. */
export const tableAndRow: fc.Arbitrary<TableAndRow> = record(2)

/** `value` frozen all the way down; bytes cannot be frozen and stay as they are. */
export function deepFreeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return value
  for (const part of Object.values(value)) deepFreeze(part)
  return Object.freeze(value)
}
