import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { JsonObject } from '../../src/contract/document.ts'
import type { TableField } from '../../src/contract/table-schema.ts'
import { compileFits } from '../../src/encoding/compile-fits.ts'
import { compileRowEncoder } from '../../src/encoding/encode-row.ts'
import { tableAndRow } from './arbitrary-table.ts'

/** The close look alone: an object with a prototype of its own is never waved through. */
function lookClosely(fields: readonly TableField[], row: object) {
  const unusual = Object.setPrototypeOf({ ...row }, Object.create(Object.prototype)) as JsonObject
  return compileRowEncoder(fields, false)(unusual)
}

describe('the quick yes', () => {
  it('is said only to rows that a close look leaves as they are', () => {
    const surprise = fc.oneof(
      fc.anything({ withBigInt: true, withDate: true, withMap: true, withNullPrototype: true }),
      fc.constantFrom(
        null,
        undefined,
        '',
        'x',
        '2026-02-30',
        '0000-01-01',
        'NaN',
        Number.NaN,
        -0,
        2 ** 53,
        '1e400',
      ),
    )
    fc.assert(
      fc.property(
        tableAndRow,
        fc.dictionary(fc.string(), surprise),
        fc.array(surprise, { maxLength: 5 }),
        ({ fields, row }, strangers, values) => {
          const names = Object.keys(row)
          const changed = Object.fromEntries(
            values.map((value, at) => [names[at % (names.length || 1)] ?? 'x', value]),
          )
          for (const each of [row, { ...row, ...changed }, { ...row, ...strangers }]) {
            if (!compileFits(fields)(each)) continue

            const { row: encoded, faults } = lookClosely(fields, each)

            expect(faults).toEqual([])
            expect(JSON.stringify(encoded)).toBe(JSON.stringify(each))
          }
        },
      ),
    )
  })

  it('is said to the rows that people have', () => {
    const fits = compileFits([
      { name: 'id', type: 'INTEGER', mode: 'REQUIRED' },
      { name: 'at', type: 'TIMESTAMP' },
      { name: 'items', type: 'RECORD', mode: 'REPEATED', fields: [{ name: 'price', type: 'NUMERIC' }] },
      { name: 'place', type: 'GEOGRAPHY' },
    ])

    expect(
      fits({ id: 1, at: '2026-11-21T01:02:03Z', items: [{ price: '1.50' }, {}], place: 'POINT(1 2)' }),
    ).toBe(true)
    expect(fits({ id: 1, at: null })).toBe(true)
  })

  it.each([
    ['a required field is missing', {}],
    ['a required field is null', { id: null }],
    ['a name is spelt differently', { ID: 1 }],
    ['there is a field too many', { id: 1, colour: 'red' }],
    ['a list holds null', { id: 1, tags: [null] }],
    ['a list is none', { id: 1, tags: 'a' }],
    ['the object has a prototype of its own', Object.assign(Object.create({ id: 1 }), { id: 1 })],
  ])('is not said when %s', (_, row) => {
    const fits = compileFits([
      { name: 'id', type: 'INTEGER', mode: 'REQUIRED' },
      { name: 'tags', type: 'STRING', mode: 'REPEATED' },
    ])

    expect(fits(row)).toBe(false)
  })

  it('is not confused by fields that are named like parts of the language', () => {
    const fits = compileFits(
      ['constructor', 'a"]; throw 1; //', '\u2028', 'p', 'e', 'r', 'n'].map((name) => ({
        name,
        type: 'STRING',
      })),
    )

    expect(fits({ constructor: 'x', 'a"]; throw 1; //': 'y', '\u2028': 'z', n: 'n' })).toBe(true)
    expect(fits({})).toBe(false)
  })
})
