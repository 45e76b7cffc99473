// Rows from their wire text, against a writer of the wire form that knows nothing of the reader.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { TableField } from '../../src/contract/table-schema.ts'
import { compileRowScanner } from '../../src/encoding/compile-row-scanner.ts'
import { compileRowsReader } from '../../src/encoding/result-rows.ts'
import type { ValueChoice } from '../../src/encoding/result-values.ts'
import { typedRows } from './arbitrary-result.ts'

const exact: ValueChoice = { integers: 'string', decimals: 'string' }

const compact = (value: unknown): string => JSON.stringify(value)

const readOne = (
  field: Omit<TableField, 'name'>,
  v: unknown,
  choice: Partial<ValueChoice> = {},
  write = compact,
): unknown => {
  const read = compileRowsReader([{ name: 'x', ...field }], { ...exact, ...choice })
  return read(write({ f: [{ v }] }))[0]?.['x']
}

/** As a service writes that does not know BigQuery's form by heart: the reader has to parse it. */
const spaced = (value: unknown): string => JSON.stringify(value, null, 2)

/** As Google's servers write text that a browser might take for markup. */
const escaped = (value: unknown): string =>
  JSON.stringify(value).replace(
    /[<>&='\u007f-\uffff]/g,
    (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )

describe('for every table and every value of every type', () => {
  const ways = [
    ['as BigQuery writes them', compact],
    ['with escapes', escaped],
    ['with white space', spaced],
  ] as const

  it.each(ways)('rows %s are read exactly', (_, write) => {
    fc.assert(
      fc.property(typedRows, ({ fields, wire, rows }) => {
        const text = wire.map(write).join(',')

        const read = compileRowsReader(fields, exact)(text)

        expect(read).toEqual(rows)
        expect(read.map((row) => Object.keys(row))).toEqual(rows.map((row) => Object.keys(row)))
      }),
    )
  })

  it('rows as BigQuery writes them are scanned, never parsed', () => {
    fc.assert(
      fc.property(typedRows, ({ fields, wire, rows }) => {
        const scan = compileRowScanner(fields, exact)

        expect(scan(wire.map(escaped).join(','))).toEqual(rows)
      }),
    )
  })

  it('a row that was cut anywhere is refused, never taken for something else', () => {
    fc.assert(
      fc.property(typedRows, fc.nat(), ({ fields, wire }, at) => {
        const [row] = wire.map(escaped)
        const cut = row?.slice(0, 1 + (at % (row.length - 1))) ?? ''

        expect(() => compileRowsReader(fields, exact)(cut)).toThrow(
          expect.objectContaining({ code: 'BQC_RESPONSE_UNREADABLE' }),
        )
      }),
    )
  })

  it('a change of one character is never met by a scanner that reads something else than a parser', () => {
    fc.assert(
      fc.property(
        typedRows,
        fc.nat(),
        fc.constantFrom('', '"', '\\', '{', '}', '[', ']', ',', ':', 'n', ' '),
        ({ fields, wire }, at, instead) => {
          const text = wire.map(escaped).join(',')
          const place = at % text.length
          const changed = text.slice(0, place) + instead + text.slice(place + 1)
          const scanned = compileRowScanner(fields, exact)(changed)
          if (scanned !== undefined) {
            const spacious = spaced(JSON.parse(`[${changed}]`)).slice(1, -1)
            expect(compileRowsReader(fields, exact)(spacious)).toEqual(scanned)
          }
        },
      ),
      { numRuns: 500 },
    )
  })
})

describe.each([
  ['scanned', compact],
  ['parsed', spaced],
])('a value that is %s', (_, write) => {
  it.each([
    ['9223372036854775807', '9223372036854775807'],
    ['-9223372036854775808', '-9223372036854775808'],
    ['9007199254740992', '9007199254740992'],
    ['9007199254740991', 9007199254740991],
    ['-9007199254740991', -9007199254740991],
    ['0', 0],
  ])('of INT64 %s is a number only where that is exact', (text, expected) => {
    expect(readOne({ type: 'INTEGER' }, text, { integers: 'number' }, write)).toBe(expected)
  })

  it('of INT64 can be a BigInt', () => {
    const wire = [{ v: '-9223372036854775808' }, { v: '9223372036854775807' }]

    const read = readOne({ type: 'INT64', mode: 'REPEATED' }, wire, { integers: 'bigint' }, write)

    expect(read).toEqual([-(2n ** 63n), 2n ** 63n - 1n])
  })

  it.each([
    ['NUMERIC', '0.1', 0.1],
    ['NUMERIC', '-123456.789012345', -123456.789012345],
    ['NUMERIC', '99999999999999999999999999999.999999999', '99999999999999999999999999999.999999999'],
    ['BIGNUMERIC', '0.00000000000000000000000000000000000001', 1e-38],
    ['BIGNUMERIC', '1234567890.123456', '1234567890.123456'],
    ['BIGNUMERIC', '-5', -5],
  ])('of %s %s is a number only up to 15 digits', (type, text, expected) => {
    expect(readOne({ type }, text, { decimals: 'number' }, write)).toBe(expected)
  })

  it.each([
    ['DATE', '[2026-01-01, UNBOUNDED)', { start: '2026-01-01', end: null }],
    ['DATE', '[UNBOUNDED, 2026-02-01)', { start: null, end: '2026-02-01' }],
    [
      'DATETIME',
      '[2026-01-01T00:00:00, 2026-01-02T00:00:00.5)',
      { start: '2026-01-01T00:00:00', end: '2026-01-02T00:00:00.5' },
    ],
    [
      'TIMESTAMP',
      '[1763730359123456, 1763730360000000)',
      { start: '2025-11-21T13:05:59.123456Z', end: '2025-11-21T13:06:00Z' },
    ],
    ['DATE', 'empty', 'empty'],
  ])('of RANGE<%s> %s has two ends', (element, text, expected) => {
    expect(readOne({ type: 'RANGE', rangeElementType: { type: element } }, text, {}, write)).toEqual(expected)
  })

  it('may have any name', () => {
    const fields = [
      { name: '__proto__', type: 'STRING' },
      { name: 'a"\\b', type: 'STRING' },
    ]

    const [row] = compileRowsReader(fields, exact)(write({ f: [{ v: '1' }, { v: '2' }] }))

    expect(Object.entries(row ?? {})).toEqual([
      ['__proto__', '1'],
      ['a"\\b', '2'],
    ])
  })

  it('that is no text is read all the same', () => {
    const fields: TableField[] = [
      { name: 'b', type: 'BOOLEAN' },
      { name: 'f', type: 'FLOAT' },
      { name: 'l', type: 'DATE', mode: 'REPEATED' },
    ]

    const [row] = compileRowsReader(fields, exact)(write({ f: [{ v: true }, { v: 1.5 }, { v: null }] }))

    expect(row).toEqual({ b: true, f: 1.5, l: [] })
  })
})

describe('rows that are not what their schema says', () => {
  it.each(['{}', '{"f":1}', '[]', 'null', '{"f":[{"v":"1"}]},', '{"f":[{"v":["1"]}]'])(
    'are refused: %s',
    (text) => {
      const read = compileRowsReader([{ name: 'x', type: 'STRING' }], exact)

      expect(() => read(text)).toThrow(expect.objectContaining({ code: 'BQC_RESPONSE_UNREADABLE' }))
    },
  )
})
