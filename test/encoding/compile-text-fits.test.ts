import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { TableField } from '../../src/contract/table-schema.ts'
import { compileTextFits } from '../../src/encoding/compile-text-fits.ts'
import { compileRowEncoder } from '../../src/encoding/encode-row.ts'
import { tableAndRow } from './arbitrary-table.ts'

const orders: readonly TableField[] = [
  { name: 'id', type: 'INTEGER', mode: 'REQUIRED' },
  { name: 'at', type: 'TIMESTAMP' },
  { name: 'due', type: 'DATE' },
  { name: 'total', type: 'NUMERIC' },
  { name: 'paid', type: 'BOOLEAN' },
  { name: 'note', type: 'STRING' },
  {
    name: 'items',
    type: 'RECORD',
    mode: 'REPEATED',
    fields: [
      { name: 'sku', type: 'STRING' },
      { name: 'price', type: 'FLOAT' },
      { name: 'tags', type: 'STRING', mode: 'REPEATED' },
    ],
  },
  { name: 'place', type: 'GEOGRAPHY' },
]

describe('the quick yes to text', () => {
  // JSON as a program writes it, and the same with a piece put in, taken out or changed.
  const text = tableAndRow.chain(({ fields, row }) => {
    const plain = JSON.stringify(row, (_, value) => (typeof value === 'bigint' ? `${value}` : value))
    const piece = fc.oneof(
      fc.constantFrom(
        ...[',', '{', '}', '[', ']', '"', '\\', '0', '-', '.', 'e9', 'null', ' ', '1', '00', 'x'],
      ),
      fc.string({ maxLength: 2 }),
    )
    const damage = fc.tuple(fc.nat(plain.length), fc.nat(2), piece)
    const damaged = fc
      .array(damage, { maxLength: 2 })
      .map((all) =>
        all.reduce((left, [at, cut, put]) => left.slice(0, at) + put + left.slice(at + cut), plain),
      )
    return fc.record({ fields: fc.constant(fields), text: damaged })
  })

  it('is said only to texts of rows that a close look leaves as they are', () => {
    fc.assert(
      fc.property(text, ({ fields, text }) => {
        if (!compileTextFits(fields)(text)) return

        const row = JSON.parse(text)
        const encoded = compileRowEncoder(fields, false)(row)

        expect(encoded.faults).toEqual([])
        expect(encoded.row).toBe(row)
      }),
      { numRuns: 5000 },
    )
  })

  it.each([
    '{"id":1}',
    '{"id":-0,"note":null}',
    '{"id": 1, "at": "2026-11-21T01:02:03.5Z", "due": "2026-11-21", "total": 1, "paid": true, "note": "a \\"b\\" é"}',
    '{"id":"12","total":"1.50","items":[{"sku":"a","price":1.5e3,"tags":["x","y"]},{}],"place":null}',
    '{"id":1,"items":[]}',
  ])('is said to %s', (text) => {
    expect(compileTextFits(orders)(text)).toBe(true)
  })

  it.each([
    ['a required field is missing', '{}'],
    ['a required field is null', '{"id":null}'],
    ['a comma is left over', '{"id":1,}'],
    ['a comma is left over in a list', '{"id":1,"items":[{},]}'],
    ['a comma is missing', '{"id":1"note":""}'],
    ['a number begins with 0', '{"id":01}'],
    ['a whole number has a fraction', '{"id":1.5}'],
    ['a whole number loses digits', '{"id":9007199254740993}'],
    ['there is a field too many', '{"id":1,"colour":"red"}'],
    ['fields stand in another order', '{"note":"","id":1}'],
    ['a text is not closed', '{"id":1,"note":"}'],
    ['a text holds a line break', '{"id":1,"note":"\n"}'],
    ['a list is null', '{"id":1,"items":null}'],
    ['a list holds null', '{"id":1,"items":[null]}'],
    ['a type needs a closer look', '{"id":1,"place":"POINT(1 2)"}'],
    ['there are two rows', '{"id":1},{"id":2}'],
    ['it is no record', '1'],
  ])('is not said when %s', (_, text) => {
    expect(compileTextFits(orders)(text)).toBe(false)
  })

  it('is not confused by names that mean something in an expression', () => {
    const names = ['a.b', '(', '[x', '$', '\\d', '"', '|']
    const fits = compileTextFits(names.map((name) => ({ name, type: 'STRING' })))

    expect(fits(JSON.stringify(Object.fromEntries(names.map((name) => [name, 'x']))))).toBe(true)
    expect(fits('{"aXb":"x"}')).toBe(false)
  })

  it('is said neither by tables nor to texts that are too large for an expression', () => {
    const columns = Array.from({ length: 10_000 }, (_, n) => ({ name: `field_${n}`, type: 'STRING' }))

    expect(compileTextFits(columns)('{"field_0":"x"}')).toBe(false)
    expect(compileTextFits(orders)(JSON.stringify({ id: 1, note: 'x'.repeat(100_000) }))).toBe(false)
    expect(compileTextFits(columns.slice(0, 300))('{"field_299":"x"}')).toBe(true)
  })

  it('is not asked for any longer where texts are written otherwise', () => {
    const fits = compileTextFits(orders)
    const ask = (text: string, times: number) => Array.from({ length: times }, () => fits(text)).at(-1)
    const [usual, unusual] = ['{"id":1}', '{"note":"","id":1}']

    ask(unusual, 150)
    expect(ask(usual, 150)).toBe(true)
    ask(unusual, 201)
    expect(ask(usual, 1)).toBe(false)
  })
})
