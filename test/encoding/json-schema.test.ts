import { Ajv2020 } from 'ajv/dist/2020.js'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { TableField } from '../../src/contract/table-schema.ts'
import { compileRowEncoder } from '../../src/encoding/encode-row.ts'
import { rowSchemaOf } from '../../src/encoding/json-schema.ts'
import { tableAndRow } from './arbitrary-table.ts'

const orders: readonly TableField[] = [
  { name: 'id', type: 'INTEGER', mode: 'REQUIRED', description: 'The order number.' },
  { name: 'at', type: 'TIMESTAMP', mode: 'REQUIRED', defaultValueExpression: 'CURRENT_TIMESTAMP()' },
  { name: 'note', type: 'STRING', maxLength: '3' },
  { name: 'extra', type: 'JSON' },
  { name: 'ship', type: 'RANGE', rangeElementType: { type: 'DATE' } },
  {
    name: 'items',
    type: 'RECORD',
    mode: 'REPEATED',
    description: 'The lines.',
    fields: [
      { name: 'sku', type: 'STRING', mode: 'REQUIRED' },
      { name: 'prices', type: 'NUMERIC', mode: 'REPEATED' },
      { name: 'maker', type: 'STRUCT', fields: [{ name: 'isKnown', type: 'BOOL', mode: 'REQUIRED' }] },
    ],
  },
]

// Formats are notes for people here, as draft 2020-12 has it.
const validatorOf = (fields: readonly TableField[]) =>
  new Ajv2020({ strict: true, strictTypes: false, strictRequired: true, validateFormats: false })
    .addVocabulary(['x-bigquery-type', 'x-bigquery-default', 'x-bigquery-precision', 'x-bigquery-scale'])
    .compile(rowSchemaOf(fields, 'orders'))

describe('the JSON Schema of a nested table', () => {
  const validate = validatorOf(orders)

  it.each([
    [{ id: 1 }],
    [{ id: '9223372036854775807', at: '2026-11-21T13:05:59Z', note: '\u{1f600}\u{1f600}\u{1f600}' }],
    [{ id: 1, note: null, extra: { any: ['thing'] }, ship: { start: '2026-01-01', end: null } }],
    [{ id: 1, extra: null, ship: null, items: [] }],
    [
      {
        id: 1,
        items: [
          { sku: 'x', prices: ['1.50', 2], maker: { isKnown: true } },
          { sku: 'y', maker: null },
        ],
      },
    ],
  ])('takes %o', (row) => {
    const isValid = validate(row)

    expect(isValid ? [] : validate.errors).toEqual([])
  })

  it.each([
    ['a required field is missing', {}],
    ['a required field is null', { id: null }],
    ['a field is unknown', { id: 1, color: 'red' }],
    ['a number is beyond what JSON holds exactly', { id: 2 ** 60 }],
    ['a whole number is a fraction', { id: 1.5 }],
    ['a whole number is a word', { id: 'one' }],
    ['a decimal is a word', { id: 1, items: [{ sku: 'x', prices: ['much'] }] }],
    ['a range has a bound of another name', { id: 1, ship: { begin: null } }],
    ['text is too long', { id: 1, note: 'four' }],
    ['a list is no list', { id: 1, items: { sku: 'x' } }],
    ['a list holds null', { id: 1, items: [null] }],
    ['a nested required field is missing', { id: 1, items: [{}] }],
    ['a field is unknown two levels down', { id: 1, items: [{ sku: 'x', maker: { isKnown: true, a: 1 } }] }],
  ])('refuses a row of which %s', (_, row) => {
    expect(validate(row)).toBe(false)
  })

  it('keeps each column\u2019s own type and description for the mapper', () => {
    const schema = rowSchemaOf(orders, 'orders') as unknown as {
      title: string
      properties: Record<string, Record<string, unknown>>
    }

    expect(schema.title).toBe('orders')
    expect(Object.keys(schema.properties)).toEqual(orders.map(({ name }) => name))
    expect(schema.properties['id']).toMatchObject({
      'x-bigquery-type': 'INT64',
      description: 'The order number.',
    })
    expect(schema.properties['items']).toMatchObject({
      type: 'array',
      description: 'The lines.',
      items: { 'x-bigquery-type': 'STRUCT' },
    })
  })
})

/** A row as a host would send it: JSON, whatever the program held. */
const asJson = (row: unknown) =>
  JSON.parse(JSON.stringify(row, (_, value) => (typeof value === 'bigint' ? `${value}` : value)) ?? 'null')

/** 17 digits at most, of which the last is the 38th after the point at most. */
const isShort = (number: number) => number === 0 || (Math.abs(number) >= 1e-20 && Math.abs(number) < 1e30)

describe('for every table', () => {
  it('a value that the schema takes is one that the encoder takes, for numbers and decimals of any form', () => {
    const numbers = fc.oneof(
      fc
        .constantFrom('INTEGER', 'FLOAT', 'BIGNUMERIC', 'BOOLEAN', 'STRING')
        .chain((type) =>
          fc.tuple(
            fc.constant(type),
            fc.oneof(
              fc.jsonValue(),
              fc.integer(),
              fc.maxSafeInteger(),
              fc.stringMatching(/^[+-]?\d{1,6}(\.\d{0,3})?$/),
            ),
          ),
        ),
    )
    fc.assert(
      fc.property(numbers, ([type, given]) => {
        const fields = [{ name: 'v', type }]
        // No keyword says how many digits a number may have.
        fc.pre(type !== 'BIGNUMERIC' || typeof given !== 'number' || isShort(given))
        const row = asJson({ v: given })

        const isTaken = compileRowEncoder(fields, false)(row).faults.length === 0
        if (validatorOf(fields)(row)) expect(isTaken).toBe(true)
      }),
    )
  })

  it('the schema compiles, and names every column', () => {
    fc.assert(
      fc.property(tableAndRow, ({ fields }) => {
        const schema = rowSchemaOf(fields, 'any') as unknown as { properties: Record<string, unknown> }

        expect(validatorOf(fields)).toBeTypeOf('function')
        expect(Object.keys(schema.properties).sort()).toEqual(fields.map(({ name }) => name).sort())
      }),
      { numRuns: 30 },
    )
  })
})
