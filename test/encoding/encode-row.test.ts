import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { TableField } from '../../src/contract/table-schema.ts'
import { compileRowEncoder } from '../../src/encoding/encode-row.ts'
import { deepFreeze, tableAndRow } from './arbitrary-table.ts'

const orders: readonly TableField[] = [
  { name: 'id', type: 'INTEGER', mode: 'REQUIRED' },
  { name: 'createdAt', type: 'TIMESTAMP', mode: 'REQUIRED', defaultValueExpression: 'CURRENT_TIMESTAMP()' },
  { name: 'total', type: 'NUMERIC' },
  { name: 'tags', type: 'STRING', mode: 'REPEATED' },
  {
    name: 'items',
    type: 'RECORD',
    mode: 'REPEATED',
    fields: [
      { name: 'sku', type: 'STRING', mode: 'REQUIRED' },
      { name: 'price', type: 'FLOAT' },
    ],
  },
  { name: 'customer', type: 'STRUCT', fields: [{ name: 'born', type: 'DATE', mode: 'REQUIRED' }] },
]

const encode = compileRowEncoder(orders, false)
const encodeIgnoring = compileRowEncoder(orders, true)

describe('a row that fits', () => {
  it('comes back as the same object when nothing needs rewriting', () => {
    const row = { id: '1', total: '1.50', tags: ['a'], items: [{ sku: 'x', price: 1 }], customer: null }

    const encoded = encode(row)

    expect(encoded.faults).toEqual([])
    expect(encoded.row).toBe(row)
  })

  it('is copied only along the path to a rewritten value', () => {
    const row = { id: 1, tags: ['a'], items: [{ sku: 'x' }, { sku: 'y', price: Number.NaN }] }

    const encoded = encode(row).row as typeof row

    expect(encoded).toEqual({ id: 1, tags: ['a'], items: [{ sku: 'x' }, { sku: 'y', price: 'NaN' }] })
    expect(encoded.tags).toBe(row.tags)
    expect(encoded.items[0]).toBe(row.items[0])
    expect(row.items[1]?.price).toBeNaN()
  })

  it('may spell its names in any case, and keeps its spelling', () => {
    const row = { ID: 1n, Customer: { BORN: '2000-02-29' } }

    const encoded = encode(row)

    expect(encoded).toEqual({ row: { ID: '1', Customer: { BORN: '2000-02-29' } }, faults: [] })
  })

  it('loses a list that is null, because BigQuery takes no null for a list', () => {
    const encoded = encode({ id: 1, tags: null, items: null })

    expect(encoded.faults).toEqual([])
    expect(JSON.stringify(encoded.row)).toBe('{"id":1}')
  })

  it('may leave out a required field that has a default', () => {
    expect(encode({ id: 1 }).faults).toEqual([])
  })

  it('may hold undefined where nothing is meant', () => {
    expect(encode({ id: 1, total: undefined, unheardOf: undefined }).faults).toEqual([])
  })

  it('may leave out a record with required fields', () => {
    expect(encode({ id: 1, customer: null }).faults).toEqual([])
  })
})

describe('a row that does not fit', () => {
  it('is told every fault at once, with a JSON pointer each', () => {
    const { faults } = encode({
      total: '12,5',
      tags: ['a', null, 7, true],
      items: [{ sku: 'x' }, { price: 'cheap' }, 'y'],
      customer: { born: null },
      color: 'red',
    })

    expect(faults.map(({ path, value }) => [path, value])).toEqual([
      ['/total', '12,5'],
      ['/tags/1', null],
      ['/tags/3', true],
      ['/items/1/price', 'cheap'],
      ['/items/1/sku', undefined],
      ['/items/2', 'y'],
      ['/customer/born', null],
      ['/color', 'red'],
      ['/id', undefined],
    ])
  })

  it.each([
    [{}, '/id', 'is required'],
    [{ id: undefined }, '/id', 'is required'],
    [{ id: null }, '/id', 'must not be null: the field is required'],
    [{ id: 1, createdAt: null }, '/createdAt', 'must not be null: the field is required'],
    [{ id: 1, tags: 'a' }, '/tags', 'must be a list: the field is repeated'],
    [{ id: 1, tags: [undefined] }, '/tags/0', 'must not be null: lists hold no nulls'],
    [{ id: 1, items: {} }, '/items', 'must be a list: the field is repeated'],
    [{ id: 1, items: [[]] }, '/items/0', 'must be an object'],
    [{ id: 1, customer: [] }, '/customer', 'must be an object'],
    [{ id: 1, customer: {} }, '/customer/born', 'is required'],
    [{ id: 1, color: 'red' }, '/color', 'must not be here: the table has no such field'],
    [{ id: 1, color: null }, '/color', 'must not be here: the table has no such field'],
    [
      { id: 1, customer: { born: '2000-01-01', age: 3 } },
      '/customer/age',
      'must not be here: the table has no such field',
    ],
  ])('%o is at fault at %s, which %s', (row, path, message) => {
    expect(encode(row).faults.map((fault) => [fault.path, fault.message])).toEqual([[path, message]])
  })

  it('has slashes and tildes escaped in its JSON pointers', () => {
    const { faults } = encode({ id: 1, 'a/b~c': 1 })

    expect(faults.map(({ path }) => path)).toEqual(['/a~1b~0c'])
  })

  it.each([
    ['text', 'x'.repeat(1000)],
    ['an object', { text: 'x'.repeat(1000) }],
  ])('never carries a document into a fault: %s is cut to 200 characters', (_, value) => {
    const [fault] = encode({ id: 1, total: value }).faults

    expect(fault?.value).toMatch(/^.{200}\.\.\.$/)
  })

  it.each([
    ['a bigint', 2n ** 70n],
    ['a bigint in an object', { a: 1n }],
    ['a cycle', Object.assign([] as unknown[], { 0: {} }).map((o) => Object.assign(o as object, { o }))],
    ['a date that is none', new Date(Number.NaN)],
    ['an object without JSON', { toJSON: () => undefined }],
  ])('has faults that can be written as JSON even when the value cannot: %s', (_, value) => {
    const { faults } = encode({ id: value, unheardOf: value })

    expect(faults.map(({ path }) => path)).toEqual(['/id', '/unheardOf'])
    expect(() => JSON.stringify(faults)).not.toThrow()
  })
})

describe('ignoreUnknownValues', () => {
  it('leaves values without a column to the service, at every level', () => {
    const row = { id: 1, color: 'red', customer: { born: '2000-01-01', age: 3 } }

    const encoded = encodeIgnoring(row)

    expect(encoded.faults).toEqual([])
    expect(encoded.row).toBe(row)
  })

  it('excuses no wrong type', () => {
    const { faults } = encodeIgnoring({ id: 'one', color: 'red' })

    expect(faults.map(({ path }) => path)).toEqual(['/id'])
  })
})

describe('for every table and every row that fits it', () => {
  it('the row encodes without faults, into JSON text that parses', () => {
    fc.assert(
      fc.property(tableAndRow, ({ fields, row }) => {
        const encoded = compileRowEncoder(fields, false)(row)

        expect(encoded.faults).toEqual([])
        expect(JSON.parse(JSON.stringify(encoded.row))).toBeTypeOf('object')
      }),
    )
  })

  it('the row given is never changed', () => {
    fc.assert(
      fc.property(tableAndRow, ({ fields, row }) => {
        const frozen = deepFreeze(row)

        // Writing to a frozen object throws.
        expect(() => compileRowEncoder(fields, false)(frozen)).not.toThrow()
      }),
    )
  })

  it('what was encoded once needs no more rewriting once it is JSON', () => {
    fc.assert(
      fc.property(tableAndRow, ({ fields, row }) => {
        const encodeRow = compileRowEncoder(fields, false)
        const wire = JSON.parse(JSON.stringify(encodeRow(row).row))

        const again = encodeRow(wire)

        expect(again.faults).toEqual([])
        expect(again.row).toBe(wire)
      }),
    )
  })
})

describe('for every table and any JSON at all', () => {
  it('the encoder gives faults and never throws', () => {
    fc.assert(
      fc.property(tableAndRow, fc.dictionary(fc.string(), fc.anything()), ({ fields }, noise) => {
        const row = { ...noise, [fields[0]?.name ?? '']: Object.values(noise)[0] }

        const { faults } = compileRowEncoder(fields, false)(row)

        for (const { path, message } of faults) {
          expect(path).toMatch(/^\//)
          expect(message).toMatch(/^(must|is required)/)
        }
      }),
    )
  })
})
