// The rows that the bench sends: three widths, each with the table that takes them.
import type { JsonObject } from '../../src/index.ts'

export type Width = 'narrow' | 'typical' | 'wide'

export interface BenchTable {
  readonly schema: readonly object[]
  row(n: number): JsonObject
}

const scalar = (name: string, type: string) => ({ name, type, mode: 'NULLABLE' })
const text = (n: number, length: number) => `${n}`.padEnd(length, 'lorem ipsum dolor sit amet ')

export const benchTables: Readonly<Record<Width, BenchTable>> = {
  /** 5 flat fields, about 100 bytes. */
  narrow: {
    schema: [
      scalar('id', 'INTEGER'),
      scalar('name', 'STRING'),
      scalar('price', 'NUMERIC'),
      scalar('active', 'BOOLEAN'),
      scalar('at', 'TIMESTAMP'),
    ],
    row: (n) => ({
      id: n,
      name: `item ${n}`,
      price: `${n}.25`,
      active: n % 2 === 0,
      at: '2026-11-21T01:02:03Z',
    }),
  },
  /** 20 fields, nested and repeated, about 620 bytes. */
  typical: {
    schema: [
      scalar('id', 'INTEGER'),
      scalar('order_number', 'STRING'),
      scalar('placed_at', 'TIMESTAMP'),
      scalar('due', 'DATE'),
      scalar('total', 'NUMERIC'),
      scalar('paid', 'BOOLEAN'),
      scalar('note', 'STRING'),
      {
        ...scalar('customer', 'RECORD'),
        fields: [
          scalar('id', 'INTEGER'),
          scalar('name', 'STRING'),
          scalar('email', 'STRING'),
          {
            ...scalar('address', 'RECORD'),
            fields: [scalar('street', 'STRING'), scalar('city', 'STRING'), scalar('zip', 'STRING')],
          },
        ],
      },
      {
        name: 'items',
        type: 'RECORD',
        mode: 'REPEATED',
        fields: [scalar('sku', 'STRING'), scalar('count', 'INTEGER'), scalar('price', 'FLOAT')],
      },
      { name: 'tags', type: 'STRING', mode: 'REPEATED' },
    ],
    row: (n) => ({
      id: n,
      order_number: `ORDER-2026-${n}`,
      placed_at: '2026-11-21T01:02:03.456Z',
      due: '2026-12-24',
      total: `${n}.50`,
      paid: true,
      note: text(n, 110),
      customer: {
        id: n + 7,
        name: 'Ada Lovelace',
        email: `ada.${n}@example.com`,
        address: { street: '12 St James Square', city: 'London', zip: 'SW1Y 4JH' },
      },
      items: [
        { sku: `SKU-${n}-A`, count: 2, price: 19.95 },
        { sku: `SKU-${n}-B`, count: 1, price: 4.5 },
      ],
      tags: ['gift', 'express', 'europe'],
    }),
  },
  /** 200 flat fields, about 5 kB. */
  wide: {
    schema: Array.from({ length: 200 }, (_, at) =>
      scalar(`field_${at}`, at % 2 === 0 ? 'STRING' : 'INTEGER'),
    ),
    row: (n) =>
      Object.fromEntries(
        Array.from({ length: 200 }, (_, at) => [
          `field_${at}`,
          at % 2 === 0 ? `value ${n} of ${at}` : n + at,
        ]),
      ),
  },
}
