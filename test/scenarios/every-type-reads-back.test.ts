// A value of every type, with its extremes, goes in by Streaming Insert, comes back by Get Query Results, and what
// came back goes in and comes back again.
import { expect, it } from 'vitest'
import type { JsonObject } from '../../src/index.ts'
import { embedded } from '../fixtures/embedded.ts'

const bigquery = embedded()

/** The type of a column, and pairs of what goes in and what comes back; one value stands for both. */
const columns: Readonly<Record<string, readonly [type: string, ...values: readonly unknown[]]>> = {
  string: ['STRING', '', 'a', 'äöü€😀\u0000"\\\n</script>', ']},{"f":[{"v":"'],
  bytes: ['BYTES', '', 'AP+A', Buffer.alloc(1000, 255).toString('base64')],
  int64: ['INT64', '-9223372036854775808', '9223372036854775807', '0'],
  float64: ['FLOAT64', 5e-324, -1.7976931348623157e308, 'NaN', 'Infinity', '-Infinity', 0.1],
  numeric: [
    'NUMERIC',
    '99999999999999999999999999999.999999999',
    '-99999999999999999999999999999.999999999',
    '0.000000001',
  ],
  // As far as the embedded BigQuery goes; all 76 digits are shown in test/encoding/result-rows.test.ts.
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
  json: ['JSON', '{"a":[1,null,"x"]}', 'null', '"text"'],
  geography: ['GEOGRAPHY', 'POINT(1 2)'],
  interval: ['INTERVAL', '1-2 3 4:5:6', '-10000-0 -3660000 -87840000:0:0', '0-0 0 0:0:0.000001'],
  dates: ['RANGE<DATE>', { start: '0001-01-01', end: null }, { start: null, end: null }],
  timestamps: [
    'RANGE<TIMESTAMP>',
    { start: '2026-11-21T01:02:03.456789Z', end: '9999-12-31T23:59:59.999999Z' },
  ],
  datetimes: ['RANGE<DATETIME>', { start: null, end: '9999-12-31T23:59:59.999999' }],
}

async function insert(table: string, rows: readonly JsonObject[]): Promise<void> {
  const operation = bigquery.connection.operation('streaming-insert', {
    objectType: `datasets/types/tables/${table}`,
  })
  const outcomes = await Array.fromAsync(operation.execute(rows.map((data) => ({ data }))))
  expect(outcomes.filter(({ status }) => status !== 'success').map(({ message }) => message)).toEqual([])
}

it.each(Object.entries(columns))('%s', async (name, [type, ...values]) => {
  const { connection, run } = bigquery
  const definition = (table: string) =>
    `CREATE OR REPLACE TABLE types.${table} (id INT64, v ${type}, l ARRAY<${type}>, s STRUCT<v ${type}, l ARRAY<${type}>>, r ARRAY<STRUCT<v ${type}>>)`
  await run('CREATE SCHEMA IF NOT EXISTS types', definition(name), definition(`${name}_again`))
  const rows = [
    ...values.map((v) => ({ v, l: [v], s: { v, l: values }, r: [{ v }, { v: null }] })),
    { v: null, l: [], s: { v: null, l: [] }, r: [] },
    { v: null, l: [], s: null, r: [{ v: values[0] }] },
  ].map((row, id) => ({ id: `${id}`, ...row }))
  const read = async (table: string) => {
    const operation = connection.operation('get-query-results', { objectType: 'QUERY', maxResults: 2 })
    const outcomes = await Array.fromAsync(
      operation.execute([{ data: `SELECT * FROM types.${table} ORDER BY id` }]),
    )
    return outcomes.map(({ payload, message }) => payload ?? message)
  }

  await insert(name, rows)
  const first = await read(name)
  await insert(`${name}_again`, first as JsonObject[])

  expect(first).toEqual(rows)
  expect(await read(`${name}_again`)).toEqual(rows)
})
