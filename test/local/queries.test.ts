import { beforeAll, describe, expect, test } from 'vitest'
import { apiOfFile, values } from './api.ts'

const api = await apiOfFile()
beforeAll(async () => {
  await api.table('shop', 'orders', [
    { name: 'id', type: 'INTEGER' },
    { name: 'name', type: 'STRING' },
    {
      name: 'items',
      type: 'RECORD',
      mode: 'REPEATED',
      fields: [
        { name: 'sku', type: 'STRING' },
        { name: 'qty', type: 'INTEGER' },
      ],
    },
  ])
  await api.insert('shop.orders', [
    {
      json: {
        id: 1,
        name: 'ann',
        items: [
          { sku: 's', qty: 2 },
          { sku: 't', qty: 3 },
        ],
      },
    },
    { json: { id: 2, name: 'bob' } },
    { json: { id: 3 } },
  ])
})

test.each([
  ['SELECT 1 / 2, 7 / 2.0, DIV(-7, 2), MOD(-7, 3), SAFE_DIVIDE(1, 0)', [['0.5', '3.5', '-3', '-1', null]]],
  ['SELECT 2147483647 + 1, -9223372036854775808', [['2147483648', '-9223372036854775808']]],
  ["SELECT CAST(2.5 AS INT64), SAFE_CAST('1.5' AS INT64), CAST(1.0 AS STRING)", [['3', null, '1']]],
  [
    "SELECT CONCAT('a', NULL), GREATEST(1, NULL), SUBSTR('hello', -3), SUBSTR('abc', 0, 2)",
    [[null, null, 'llo', 'ab']],
  ],
  [
    String.raw`SELECT REGEXP_CONTAINS('abc1', r'\d'), REGEXP_EXTRACT('k=v', r'=(.)'), REGEXP_REPLACE('a1b2', r'\d', 'x')`,
    [['true', 'v', 'axbx']],
  ],
  [
    'SELECT [10, 20][OFFSET(1)], [10, 20][ORDINAL(1)], [10][SAFE_OFFSET(5)], [10, 20][0]',
    [['20', '10', null, '10']],
  ],
  [
    "SELECT DATE_ADD(DATE '2024-01-31', INTERVAL 1 MONTH), DATE_TRUNC(DATE '2020-01-08', WEEK)",
    [['2024-02-29', '2020-01-05']],
  ],
  ["SELECT TIMESTAMP_DIFF(TIMESTAMP '2020-01-03', TIMESTAMP '2020-01-01 12:00:00', DAY)", [['1']]],
  ["SELECT 'a\\u00e9\\t', b'\\xff', r'\\d', \"it's\"", [['aé\t', '/w==', '\\d', "it's"]]],
  ['SELECT x FROM UNNEST([2, NULL, 1]) AS x ORDER BY x', [[null], ['1'], ['2']]],
  ['SELECT x FROM UNNEST([2, NULL, 1]) AS x ORDER BY x DESC', [['2'], ['1'], [null]]],
  [
    'WITH a AS (SELECT 1 AS x UNION ALL SELECT 2) SELECT SUM(x), COUNT(*), AVG(x) FROM a',
    [['3', '2', '1.5']],
  ],
  [
    'SELECT o.id, i.sku, at FROM shop.orders o, UNNEST(o.items) AS i WITH OFFSET at ORDER BY at',
    [
      ['1', 's', '0'],
      ['1', 't', '1'],
    ],
  ],
  [
    'SELECT id, (SELECT SUM(qty) FROM UNNEST(items)) FROM shop.orders ORDER BY id',
    [
      ['1', '5'],
      ['2', null],
      ['3', null],
    ],
  ],
  [
    'SELECT o.id, i.sku FROM shop.orders o LEFT JOIN o.items AS i ON i.qty > 2 ORDER BY 1',
    [
      ['1', 't'],
      ['2', null],
      ['3', null],
    ],
  ],
  ['SELECT id, ROW_NUMBER() OVER (ORDER BY id DESC) AS n FROM shop.orders QUALIFY n = 1', [['3', '1']]],
  [
    "SELECT COUNTIF(name IS NULL), STRING_AGG(name, '-' ORDER BY name DESC) FROM `demo.shop.orders`",
    [['1', 'bob-ann']],
  ],
  [
    'SELECT IF(id > 1, "many", "one") AS k, COUNT(*) AS c FROM shop.orders GROUP BY k HAVING c > 1',
    [['many', '2']],
  ],
])('%s', async (sql, expected) => {
  expect(values(await api.query(sql))).toEqual(expected)
})

test('columns without a name are numbered and types have their wire names', async () => {
  const { body } = await api.query(
    'SELECT 1, id, 1.5, TRUE AS t, [STRUCT(1 AS a)] AS s FROM shop.orders LIMIT 1',
  )
  expect(body.schema.fields).toEqual([
    { name: 'f0_', type: 'INTEGER', mode: 'NULLABLE' },
    { name: 'id', type: 'INTEGER', mode: 'NULLABLE' },
    { name: 'f1_', type: 'FLOAT', mode: 'NULLABLE' },
    { name: 't', type: 'BOOLEAN', mode: 'NULLABLE' },
    {
      name: 's',
      type: 'RECORD',
      mode: 'REPEATED',
      fields: [{ name: 'a', type: 'INTEGER', mode: 'NULLABLE' }],
    },
  ])
})

describe('what cannot be answered is refused', () => {
  test.each([
    ['SELECT list_sum([1])', 400, 'invalidQuery', 'Function not found: list_sum'],
    [
      "SELECT * FROM read_csv('/etc/passwd')",
      400,
      'invalidQuery',
      'Table-valued function not found: read_csv',
    ],
    [
      'SELECT * FROM shop.nope',
      404,
      'notFound',
      'Not found: Table demo:shop.nope was not found in location US',
    ],
    ['SELECT * FROM nope.t', 404, 'notFound', 'Not found: Dataset demo:nope was not found in location US'],
    ['SELECT nope FROM shop.orders', 400, 'invalidQuery', 'Unrecognized name: nope'],
    ['SELECT 1 / 0', 400, 'invalidQuery', 'division by zero: 1 / 0'],
    ['SELECT [1][OFFSET(1)]', 400, 'invalidQuery', 'Array index 1 is out of bounds'],
    [
      'SELECT * FROM shop.orders TABLESAMPLE SYSTEM (10 PERCENT)',
      400,
      'invalidQuery',
      /^Unsupported by the local BigQuery/,
    ],
    ['SELECT FROM', 400, 'invalidQuery', /^Syntax error: /],
    ['SELECT @missing', 400, 'invalidQuery', "Query parameter 'missing' not found"],
    ['DELETE FROM shop.orders', 400, 'invalidQuery', 'DELETE must have a WHERE clause'],
  ])('%s', async (sql, status, reason, message) => {
    const reply = await api.query(sql)
    expect(reply.status).toBe(status)
    expect(reply.body.error.errors[0].reason).toBe(reason)
    if (typeof message === 'string') expect(reply.body.error.message).toBe(message)
    else expect(reply.body.error.message).toMatch(message)
  })

  test('a query that does not say useLegacySql false is legacy SQL', async () => {
    const reply = await api.call('POST', 'projects/demo/queries', { query: 'SELECT 1' })
    expect(reply.body.error.message).toMatch(/Legacy SQL/)
  })

  test('an internal table of the server cannot be named', async () => {
    expect((await api.query('SELECT * FROM `_meta`.tables')).status).toBe(404)
    expect((await api.query('SELECT * FROM `_meta`.`jobs`')).status).toBe(404)
  })
})

test('rows are changed by INSERT, UPDATE and DELETE, with their counts', async () => {
  await api.table('shop', 'changed', [{ name: 'a', type: 'INTEGER' }])
  const inserted = await api.query('INSERT INTO shop.changed (a) VALUES (1), (2), (3)')
  expect(inserted.body).toMatchObject({
    numDmlAffectedRows: '3',
    dmlStats: { insertedRowCount: '3', updatedRowCount: '0', deletedRowCount: '0' },
  })
  expect((await api.query('UPDATE shop.changed SET a = a * 10 WHERE a > 1')).body.numDmlAffectedRows).toBe(
    '2',
  )
  expect((await api.query('DELETE FROM shop.changed WHERE a = 1')).body.numDmlAffectedRows).toBe('1')
  expect(values(await api.query('SELECT a FROM shop.changed ORDER BY a'))).toEqual([['20'], ['30']])
})

test('a table is made from a query and replaced by one that reads it', async () => {
  await api.query('CREATE TABLE shop.made AS SELECT id FROM shop.orders')
  await api.query('CREATE OR REPLACE TABLE shop.made AS SELECT id + 1 AS id FROM shop.made')
  expect(values(await api.query('SELECT id FROM shop.made ORDER BY id')).flat()).toEqual(['2', '3', '4'])
  expect((await api.call('GET', 'projects/demo/datasets/shop/tables/made')).body.schema.fields[0].name).toBe(
    'id',
  )
})
