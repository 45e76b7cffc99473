// A value of every type in every mode, with its extremes: the profile takes it, it goes in by Streaming Insert and by
// Upsert of documents, and both give back exactly what went in.
import { Ajv2020 } from 'ajv/dist/2020.js'
import { expect, it } from 'vitest'
import type { JsonObject, JsonSchema } from '../../src/index.ts'
import { embedded } from '../fixtures/embedded.ts'

const bigquery = embedded()

const unicode = 'äöü€😀\u{10FFFF}\u0000\u2028"\\\r\n</script>'
/** The type of a column, and its values; as they go in and as they come back. */
const columns: Readonly<Record<string, readonly [type: string, ...values: readonly unknown[]]>> = {
  string: ['STRING', '', 'a', unicode, 'x'.repeat(100_000)],
  short: ['STRING(3)', '', '€€€', '😀😀😀'],
  bytes: ['BYTES', '', 'AP+A', Buffer.from(Array.from({ length: 256 }, (_, at) => at)).toString('base64')],
  int64: ['INT64', '-9223372036854775808', '9223372036854775807', '0', '9007199254740993'],
  float64: [
    'FLOAT64',
    5e-324,
    -1.7976931348623157e308,
    1.7976931348623157e308,
    'NaN',
    'Infinity',
    '-Infinity',
    0.1,
  ],
  numeric: [
    'NUMERIC',
    '99999999999999999999999999999.999999999',
    '-99999999999999999999999999999.999999999',
    '0.000000001',
    '0',
  ],
  money: ['NUMERIC(5, 2)', '999.99', '-999.99'],
  // As far as the embedded BigQuery goes.
  bignumeric: ['BIGNUMERIC', '99999999999999999999999.999999999999999', '-0.000000000000001'],
  bool: ['BOOL', true, false],
  date: ['DATE', '0001-01-01', '9999-12-31', '2024-02-29'],
  time: ['TIME', '00:00:00', '23:59:59.999999'],
  datetime: ['DATETIME', '0001-01-01T00:00:00', '9999-12-31T23:59:59.999999'],
  timestamp: [
    'TIMESTAMP',
    '0001-01-01T00:00:00Z',
    '9999-12-31T23:59:59.999999Z',
    '1969-12-31T23:59:59.999999Z',
  ],
  json: ['JSON', '{"a":[1,null,"x"],"b":{"c":true}}', 'null', '"text"', '12345678901234567', '[]'],
  geography: ['GEOGRAPHY', 'POINT(1 2)'],
  interval: ['INTERVAL', '1-2 3 4:5:6', '-10000-0 -3660000 -87840000:0:0', '0-0 0 0:0:0.000001'],
  dates: ['RANGE<DATE>', { start: '0001-01-01', end: null }, { start: null, end: null }],
  timestamps: [
    'RANGE<TIMESTAMP>',
    { start: '2026-11-21T01:02:03.456789Z', end: '9999-12-31T23:59:59.999999Z' },
  ],
  datetimes: ['RANGE<DATETIME>', { start: null, end: '9999-12-31T23:59:59.999999' }],
}

const options = {
  'streaming-insert': {},
  upsert: { input: 'documents', keyColumns: 'id' },
  'upsert of whole rows': { input: 'documents', keyColumns: 'id', columns: 'all' },
} as const

const ways = Object.keys(options) as (keyof typeof options)[]
const cases = ways.flatMap((way) => Object.keys(columns).map((name) => [name, way] as const))

it.each(cases)('%s goes in by %s as its profile says, and comes back as it was', async (name, way) => {
  const { connection, run } = bigquery
  const [type, ...values] = columns[name] ?? ['']
  const table = `${name}_${ways.indexOf(way)}`
  await run(
    'CREATE SCHEMA IF NOT EXISTS types',
    `CREATE TABLE types.${table} (id INT64 NOT NULL, needed ${type} NOT NULL, v ${type}, l ARRAY<${type}>, s STRUCT<v ${type}, l ARRAY<${type}>>, r ARRAY<STRUCT<v ${type}, l ARRAY<${type}>>>)`,
  )
  const [first] = values
  const rows = [
    ...values.map((v) => ({
      needed: v,
      v,
      l: [v, v],
      s: { v, l: values },
      r: [
        { v, l: [v] },
        { v: null, l: [] },
      ],
    })),
    { needed: first, v: null, l: [], s: { v: null, l: [] }, r: [] },
    { needed: first, v: null, l: [], s: null, r: [{ v: first, l: values }] },
  ].map((row, id) => ({ id: `${id}`, ...row }))
  const id = way === 'streaming-insert' ? way : 'upsert'
  const objectType = `datasets/types/tables/${table}`

  const { request } = await connection.profile(id, objectType, options[way])
  const fits = new Ajv2020({ strict: false, validateFormats: false }).compile(request as JsonSchema)
  // Some as objects, others as text.
  const documents = rows.map((row, at) => ({
    data: at % 2 === 0 ? (row as JsonObject) : JSON.stringify(row),
  }))
  const outcomes = await Array.fromAsync(
    connection.operation(id, { objectType, ...options[way] }).execute(documents),
  )

  // A list that is null is an empty one.
  const nulls = { id: `${rows.length}`, needed: first, v: null, l: null, s: { v: null, l: null }, r: null }
  const nullOutcomes = await Array.fromAsync(
    connection.operation(id, { objectType, ...options[way] }).execute([{ data: nulls as JsonObject }]),
  )

  expect(nullOutcomes).toMatchObject([{ status: 'success' }])
  expect(rows.filter((row) => !fits(row))).toEqual([])
  expect(outcomes.flatMap(({ status, message }) => (status === 'success' ? [] : [message]))).toEqual([])
  expect(await bigquery.rows(`SELECT * FROM types.${table} ORDER BY id`)).toEqual([
    ...rows,
    { ...nulls, l: [], s: { v: null, l: [] }, r: [] },
  ])
})
