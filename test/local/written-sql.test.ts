import { beforeAll, describe, expect, test } from 'vitest'
import { apiOfFile, values } from './api.ts'

const api = await apiOfFile()

describe('comments and literals do not change what is asked', () => {
  test('a comment may stand behind every part of a query', async () => {
    const sql = `SELECT COUNT(*) -- all
      , MAX(CASE WHEN n IN (1 -- one
        , 2 # two
        ) THEN 'b' /* yes */ END) -- last
      FROM UNNEST([1, 2]) AS n -- numbers
      WHERE n /* each */ > 0 -- end`
    expect(values(await api.query(sql))).toEqual([['2', 'b']])
  })

  test.each([
    [`'-- kept'`, '-- kept'],
    [`"/* kept */"`, '/* kept */'],
    [`'\\U0001F600'`, '😀'],
    [`'\\u00e9\\x41'`, 'éA'],
  ])('the literal %s is %s', async (literal, text) => {
    expect(values(await api.query(`SELECT${literal}`))).toEqual([[text]])
  })
})

test('text that looks like the SQL of an aggregate stays text', async () => {
  const sql = `SELECT COUNTIF(x = '{sum(a)}'), AVG(IF(x = ')}', 1, 0)), MAX(CONCAT(x, '$1{max($1)}'))
    FROM UNNEST([')}', '{sum(a)}']) AS x`
  expect(values(await api.query(sql))).toEqual([['1', '0.5', '{sum(a)}$1{max($1)}']])
})

test.each([
  ["INSTR('banana', 'an', 1, 2)", '4'],
  ["INSTR('banana', 'an', 3)", '4'],
  ["SAFE.INSTR('banana', 'an')", '2'],
])('%s is %s', async (text, place) => {
  expect(values(await api.query(`SELECT ${text}`))).toEqual([[place]])
})

describe('structs of different fields agree by position, under the names of the first', () => {
  test.each([
    [
      `SELECT * FROM UNNEST([STRUCT(1 AS id, 'a' AS g, 2 AS v), (2, 'b', NULL)])`,
      ['id', 'g', 'v'],
      ['2', 'b', null],
    ],
    [`SELECT * FROM UNNEST([STRUCT(1 AS id, 2.5 AS v), (2, 3)])`, ['id', 'v'], ['2', '3.0']],
    [`SELECT * FROM UNNEST([STRUCT(1 AS id, -2 AS v), (2, 3 + 1)])`, ['id', 'v'], ['2', '4']],
    [`SELECT * FROM UNNEST([STRUCT(1 AS id, [5] AS v), (2, [])])`, ['id', 'v'], ['2', []]],
    [
      `SELECT 0 AS z, IF(n = 1, STRUCT(n AS a), STRUCT(2.5 AS b)).a FROM UNNEST([1, 2]) AS n ORDER BY n`,
      ['z', 'a'],
      ['0', '2.5'],
    ],
  ])('%s', async (sql, names, second) => {
    const reply = await api.query(sql)
    expect(values(reply)[1]).toEqual(second)
    expect(reply.body.schema.fields.map(({ name }: { name: string }) => name)).toEqual(names)
  })
})

test.each([
  [`SELECT CAST((1, '2') AS STRUCT<a FLOAT64, b INT64>).b + 1`, '3'],
  [`SELECT (id, who) IN (SELECT (2, 'bob')) FROM UNNEST([STRUCT(2 AS id, 'bob' AS who)])`, 'true'],
  [`SELECT (1, 'a') IN UNNEST([STRUCT(1.0 AS f, 'a' AS g)])`, 'true'],
  [`SELECT * FROM (SELECT 'web' AS system, 1 AS v) PIVOT(SUM(v) FOR system IN ('web'))`, '1'],
])('%s is %s', async (sql, value) => {
  expect(values(await api.query(sql))).toEqual([[value]])
})

test('the parts of a literal array or struct take the types of the column, digit by digit', async () => {
  const columns =
    'f ARRAY<FLOAT64>, items ARRAY<STRUCT<sku STRING, price NUMERIC>>, s STRUCT<n NUMERIC, d DATE>, days ARRAY<DATE>'
  await api.query(`CREATE SCHEMA lit; CREATE TABLE lit.t (${columns})`)
  const row = `[1, 2], [('b', 7), STRUCT('c' AS x, 12345678901234567.123456789)], (3, '2024-01-01'), ['2024-01-02']`
  expect((await api.query(`INSERT lit.t VALUES (${row})`)).body.error).toBeUndefined()
  const stored =
    'SELECT f[1], items[1].sku, items[1].price, s.n, CAST(s.d AS STRING), CAST(days[0] AS STRING) FROM lit.t'
  expect(values(await api.query(stored))).toEqual([
    ['2.0', 'c', '12345678901234567.123456789', '3', '2024-01-01', '2024-01-02'],
  ])
  expect(values(await api.query('SELECT [1] || [2.5], COSINE_DISTANCE([1, 0], [0.0, 1])'))).toEqual([
    [[{ v: '1.0' }, { v: '2.5' }], '1.0'],
  ])
  const { body } = await api.query("INSERT lit.t (f) VALUES (['x'])")
  expect(body.error.message).toContain('cannot be inserted into column f')
})

describe('columns may have any name, the one-letter ones too', () => {
  test.each([
    ['(p, s) = (s, p)', 'true'],
    ['(p, s) IN (SELECT AS STRUCT a, b FROM UNNEST([STRUCT(1 AS a, 1 AS b)]) AS s)', 'true'],
    ['s IN (SELECT 1)', 'true'],
    ["ARRAY_LENGTH(GENERATE_DATE_ARRAY('2024-01-31', '2024-03-31', INTERVAL p MONTH))", '3'],
    ['SUM(x) OVER () + p', '3.5'],
    ["RANGE_CONTAINS(r, DATE '2024-01-02')", 'true'],
  ])('%s is %s', async (expression, value) => {
    const row = `SELECT 1 AS p, 1 AS s, 1 AS e, 1 AS v, 1 AS i, 1 AS d, 2.5 AS x, RANGE<DATE> '[2024-01-01, UNBOUNDED)' AS r`
    expect(values(await api.query(`SELECT ${expression} FROM (${row})`))).toEqual([[value]])
  })

  test('and a struct that looks like one of ours is not taken for it', async () => {
    const rows = 'SELECT STRUCT(7.0 AS r, TRUE AS free, 3 AS x, 4 AS y) AS p, 2.5 AS n, 1 AS k'
    const sql = `SELECT SUM(n), LOGICAL_AND((k, n) = (1, 2.5)) FROM (${rows}) GROUP BY p.r`
    expect(values(await api.query(sql))).toEqual([['2.5', 'true']])
  })
})

test('a word that is a keyword elsewhere is a name', async () => {
  const sql = `CREATE SCHEMA IF NOT EXISTS kw; CREATE TABLE kw.copy (top INT64, comment STRING);
    INSERT kw.copy (top) VALUES (1); UPDATE kw.copy SET comment = 'x' WHERE top = 1;
    SELECT top, copy.top + 1, comment FROM kw.copy`
  expect(values(await api.query(sql))).toEqual([['1', '2', 'x']])
})

test('APPROX_TOP_SUM adds up the weights of each value', async () => {
  const rows = "UNNEST([STRUCT('a' AS x, 2 AS w), ('b', 5), ('a', 1), ('c', 1)])"
  const sql = `SELECT t.value, t.sum FROM (SELECT APPROX_TOP_SUM(x, w, 2) AS top FROM ${rows}), UNNEST(top) AS t`
  expect(values(await api.query(sql))).toEqual([
    ['b', '5'],
    ['a', '3'],
  ])
})

test('a query of a table as it was is refused by its name', async () => {
  const { body } = await api.query('SELECT * FROM t FOR SYSTEM_TIME AS OF CURRENT_TIMESTAMP()')
  expect(body.error.message).toContain('FOR SYSTEM_TIME')
})

test('what a JavaScript function keeps is gone in the next job', async () => {
  const sql = `CREATE TEMP FUNCTION n() RETURNS FLOAT64 LANGUAGE js
    AS "globalThis.c = (globalThis.c || 0) + 1; return globalThis.c"; SELECT n()`
  expect(values(await api.query(sql))).toEqual([['1.0']])
  expect(values(await api.query(sql))).toEqual([['1.0']])
})

describe('what other dialects know and BigQuery does not is refused', () => {
  test.each(['1::INT64', '1 == 1', "POSITION('a' IN 'b')", "SUBSTRING('abc' FROM 2)"])(
    'SELECT %s',
    async (text) => {
      expect((await api.query(`SELECT ${text}`)).body.error?.message).toMatch(
        /Syntax error|not found|Unsupported/,
      )
    },
  )
})

describe('a query that BigQuery refuses is refused', () => {
  beforeAll(() => api.query('CREATE SCHEMA d'))

  test.each([
    ["SELECT ROUND(NUMERIC '2.5', 0, 'ROUND_HALF_EVEN')", /No matching signature/],
    ['CREATE TEMP TABLE t AS SELECT 1 AS a, 1 + 1', /column 2 has no name/],
    ['CREATE TEMP TABLE t AS WITH c AS (SELECT COUNT(*)) SELECT * FROM c', /column 1 has no name/],
    ['CREATE VIEW d.v AS SELECT 1 AS a, 2', /CREATE VIEW columns must be named, but column 2/],
    ['SELECT f0_ FROM (SELECT 1)', /Unrecognized name: f0_/],
    ['SELECT 1 WHERE TRUE', /without FROM clause/],
    [
      'SELECT x, y FROM (SELECT 1 AS x, 2 AS y) GROUP BY x',
      /column y which is neither grouped nor aggregated/,
    ],
    ['SELECT DISTINCT x FROM (SELECT 1 AS x, 2 AS y) ORDER BY y', /Unrecognized name: y/],
    ['SELECT 1 UNION ALL SELECT 1 UNION DISTINCT SELECT 1', /parentheses/],
    ['SELECT 1 EXCEPT DISTINCT SELECT 2 UNION ALL SELECT 1', /parentheses/],
    ['SELECT RANK() OVER () FROM UNNEST([1]) AS x', /ORDER BY is required/],
    ['SELECT LAG(x) OVER (PARTITION BY x) FROM UNNEST([1]) AS x', /ORDER BY is required/],
    ['SELECT SUM(DISTINCT x) OVER w FROM UNNEST([1]) AS x WINDOW w AS (ORDER BY x)', /DISTINCT/],
    ['SELECT 1; DECLARE x INT64; SELECT x', /start of a block/],
    ['IF TRUE THEN DECLARE x INT64; END IF', /start of a block/],
    ['LOOP DECLARE x INT64; BREAK; END LOOP', /start of a block/],
    ['BEGIN SELECT 1; EXCEPTION WHEN ERROR THEN DECLARE x INT64; END', /start of a block/],
  ])('%s', async (sql, message) => {
    expect((await api.query(sql)).body.error?.message).toMatch(message)
  })

  test('columns without a name are numbered through, those of a subquery too', async () => {
    const { body } = await api.query('SELECT 1, *, 4 FROM (SELECT 2, 3 AS b)')
    const names = body.schema.fields.map(({ name }: { name: string }) => name)
    expect(names).toEqual(['f0_', 'f1_', 'b', 'f2_'])
  })

  test('and one that only looks like it is not', async () => {
    const view = await api.query('CREATE VIEW d.v (a, b) AS SELECT 1, 2')
    expect(view.status).toBe(200)
    await api.query("CREATE VIEW d.s AS SELECT AS STRUCT 1 AS a, 'x' AS b")
    expect(values(await api.query('SELECT b, a FROM d.s'))).toEqual([['x', '1']])
    const declared = 'BEGIN DECLARE x INT64 DEFAULT 2; DECLARE y INT64 DEFAULT x; SELECT y; END'
    expect(values(await api.query(declared))).toEqual([['2']])
    const grouped = '(SELECT 1 UNION ALL SELECT 1) UNION DISTINCT SELECT 1'
    expect(values(await api.query(grouped))).toEqual([['1']])
    const sorted =
      'SELECT DISTINCT t.x, -t.x AS z FROM (SELECT 1 AS x UNION ALL SELECT 2) AS t ORDER BY z, t.x'
    expect(values(await api.query(sorted))).toEqual([
      ['2', '-2'],
      ['1', '-1'],
    ])
  })
})
