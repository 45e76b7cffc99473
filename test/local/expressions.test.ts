import { describe, expect, test } from 'vitest'
import { apiOfFile } from './api.ts'

const api = await apiOfFile()

/** Types and values of the one row an expression list gives. */
async function answer(list: string): Promise<{ types: string[]; values: unknown[] }> {
  const { status, body } = await api.query(`SELECT ${list}`)
  expect(body.error?.message).toBeUndefined()
  expect(status).toBe(200)
  const types = body.schema.fields.map(
    ({ type, mode }: { type: string; mode: string }) => `${type}${mode === 'REPEATED' ? '[]' : ''}`,
  )
  return { types, values: body.rows[0].f.map(({ v }: { v: unknown }) => plain(v)) }
}

function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(({ v }) => plain(v))
  if (typeof value === 'object' && value !== null)
    return (value as { f: { v: unknown }[] }).f.map(({ v }) => plain(v))
  return value
}

describe('an expression has the type and the value BigQuery gives it', () => {
  test.each([
    ['7 / 2', 'FLOAT', '3.5'],
    ["NUMERIC '10' / 3", 'NUMERIC', '3.333333333'],
    ["(SELECT AVG(x) FROM UNNEST([NUMERIC '0.1', NUMERIC '0.2']) AS x)", 'NUMERIC', '0.15'],
    ["NUMERIC '123456789012345678.5' * NUMERIC '1000000.5'", 'NUMERIC', '123456850740740184672839.25'],
    ["NUMERIC '1.5' * 2.0", 'NUMERIC', '3'],
    ['9007199254740993 + 0', 'INTEGER', '9007199254740993'],
    ["BIGNUMERIC '0.000000000000001' + 1", 'BIGNUMERIC', '1.000000000000001'],
    ['1 << 63', 'INTEGER', '-9223372036854775808'],
    ['ROUND(1.005, 2)', 'FLOAT', '1.0'],
    ["CAST('nan' AS FLOAT64) = CAST('nan' AS FLOAT64)", 'BOOLEAN', 'false'],
    ['CAST(1e15 AS STRING)', 'STRING', '1e+15'],
    ["CAST(TIMESTAMP '2024-05-06 07:08:09.5+00' AS STRING)", 'STRING', '2024-05-06 07:08:09.500+00'],
    ["DATE '2024-01-30' + 2", 'DATE', '2024-02-01'],
    ["DATE '2024-01-31' + INTERVAL 1 MONTH", 'DATETIME', '2024-02-29T00:00:00'],
    [
      "CAST(TIMESTAMP '2024-01-05 13:00:00+00' AS STRING FORMAT 'DD-Mon-YYYY HH12 AM')",
      'STRING',
      '05-Jan-2024 01 PM',
    ],
    ["INTERVAL '1-2 3 4:5:6' YEAR TO SECOND", 'INTERVAL', '1-2 3 4:5:6'],
    ["RANGE<DATE> '[2024-01-01, UNBOUNDED)'", 'RANGE', '[2024-01-01, UNBOUNDED)'],
    ["FORMAT_TIMESTAMP('%H:%M %Ez', TIMESTAMP '2024-01-01 00:00:00+00', '+05:30')", 'STRING', '05:30 +05:30'],
    ["PARSE_DATE('%d %b %y', '07 Mar 24')", 'DATE', '2024-03-07'],
    ["EXTRACT(WEEK(MONDAY) FROM DATE '2024-01-01')", 'INTEGER', '1'],
    [
      "TIMESTAMP_TRUNC(TIMESTAMP '2024-07-01 03:00:00+00', DAY, 'America/New_York')",
      'TIMESTAMP',
      '1.71972E9',
    ],
    [`PARSE_JSON('{"b": 1.0, "a": [9007199254740993]}')`, 'JSON', '{"a":[9007199254740993],"b":1.0}'],
    [`JSON_QUERY('{"b": {"z": 1, "a": 2}}', '$.b')`, 'STRING', '{"z":1,"a":2}'],
    ["TO_JSON_STRING(STRUCT(1 AS a, [1.5] AS b, b'x' AS c))", 'STRING', '{"a":1,"b":[1.5],"c":"eA=="}'],
    ["FORMAT('%05d %s %T', 42, 'x', DATE '2024-01-01')", 'STRING', '00042 x DATE "2024-01-01"'],
    ["REGEXP_EXTRACT('a1b22', '[0-9]+', 1, 2)", 'STRING', '22'],
    ['SAFE_ADD(9223372036854775807, 1)', 'INTEGER', null],
    ["SAFE.PARSE_DATE('%Y', 'soon')", 'DATE', null],
    ['[]', 'INTEGER[]', []],
    [
      'ARRAY(SELECT AS STRUCT x, x * 2 AS y FROM UNNEST([1, 2]) AS x)',
      'RECORD[]',
      [
        ['1', '2'],
        ['2', '4'],
      ],
    ],
  ])('%s', async (expression, type, value) => {
    expect(await answer(expression)).toEqual({ types: [type], values: [value] })
  })
})

describe('what BigQuery would not convert is refused', () => {
  test.each([
    "SELECT 'x' + 1",
    "SELECT CONCAT('a', 1)",
    "SELECT 1 = '1'",
    'SELECT SUM(x) FROM UNNEST([TRUE]) AS x',
    'SELECT IF(1, 2, 3)',
    "SELECT CASE WHEN TRUE THEN 1 ELSE 'a' END",
    'SELECT 1 AS a, a + 1 AS b',
    'SELECT SUM(x) FROM UNNEST([9223372036854775807, 1]) AS x',
    'SELECT [1, NULL]',
    "SELECT CAST('abcd' AS STRING(3))",
    'SELECT CAST(1000 AS NUMERIC(3, 1))',
    "SELECT NUMERIC '99999999999999999999999999999' * 10",
    'SELECT x FROM (SELECT 1 AS x) AS a, (SELECT 2 AS x) AS b',
    "SELECT DATE '2024-01-01' = TIMESTAMP '2024-01-01 00:00:00+00'",
    'SELECT 1 UNION ALL SELECT TRUE',
  ])('%s', async (sql) => {
    const { status, body } = await api.query(sql)
    expect(status).toBe(400)
    expect(body.error.errors[0].reason).toBe('invalidQuery')
  })
})

test('the error of an argument is not hidden by SAFE_CAST around it', async () => {
  const { status } = await api.query('SELECT SAFE_CAST(1 / x AS STRING) FROM UNNEST([0]) AS x')
  expect(status).toBe(400)
})

test('GROUP BY, HAVING and ORDER BY mean the name the SELECT list gives', async () => {
  const { body } = await api.query(`
    SELECT DATE(at) AS at, COUNT(*) AS n
    FROM UNNEST([TIMESTAMP '2024-01-01 01:00:00', TIMESTAMP '2024-01-01 02:00:00', TIMESTAMP '2024-01-02 03:00:00']) AS at
    GROUP BY at HAVING n > 1 ORDER BY at`)
  expect(body.rows.map((row: unknown) => plain(row))).toEqual([['2024-01-01', '2']])
})

test('HAVING takes arithmetic on NUMERIC and on dates', async () => {
  const { body } = await api.query(`
    SELECT x FROM UNNEST([NUMERIC '1', NUMERIC '2']) AS x
    GROUP BY x HAVING SUM(x) * 2 / 3 > 1 AND DATE '2024-01-01' + MAX(CAST(x AS INT64)) > DATE '2024-01-02'`)
  expect(body.rows.map((row: unknown) => plain(row))).toEqual([['2']])
})

test('USING shows its column once, and both tables still have it', async () => {
  const { body } = await api.query(`
    SELECT *, a.k AS left_k, b.k AS right_k
    FROM (SELECT 1 AS k, 'x' AS p) AS a FULL JOIN (SELECT 2 AS k, 'y' AS q) AS b USING (k) ORDER BY k`)
  expect(body.schema.fields.map(({ name }: { name: string }) => name)).toEqual([
    'k',
    'p',
    'q',
    'left_k',
    'right_k',
  ])
  expect(body.rows.map((row: unknown) => plain(row))).toEqual([
    ['1', 'x', null, '1', null],
    ['2', null, 'y', null, '2'],
  ])
})

test('PIVOT and UNPIVOT undo each other', async () => {
  const { body } = await api.query(`
    WITH sales AS (SELECT 'q1' AS quarter, 5 AS amount UNION ALL SELECT 'q2', 7),
      wide AS (SELECT * FROM sales PIVOT (SUM(amount) FOR quarter IN ('q1', 'q2')))
    SELECT quarter, amount FROM wide UNPIVOT (amount FOR quarter IN (q1, q2)) ORDER BY quarter`)
  expect(body.rows.map((row: unknown) => plain(row))).toEqual([
    ['q1', '5'],
    ['q2', '7'],
  ])
})

test('NULL sorts first, then NaN, then numbers', async () => {
  const { body } = await api.query(
    "SELECT x FROM UNNEST([1.0, CAST('nan' AS FLOAT64), NULL, -1.0]) AS x ORDER BY x",
  )
  expect(body.rows.map((row: unknown) => plain(row))).toEqual([[null], ['NaN'], ['-1.0'], ['1.0']])
})

test('STRUCTs of a UNION go by position, not by the names of their fields', async () => {
  const { body } = await api.query(
    'SELECT s.a, s.b FROM (SELECT STRUCT(1 AS a, 2 AS b) AS s UNION ALL SELECT STRUCT(3 AS b, 4 AS a)) ORDER BY s.a',
  )
  expect(body.rows.map((row: unknown) => plain(row))).toEqual([
    ['1', '2'],
    ['3', '4'],
  ])
})
