import { describe, expect, test } from 'vitest'
import { apiOfFile, values } from './api.ts'

const api = await apiOfFile()

const NAN = "CAST('nan' AS FLOAT64)"

describe('a value is what BigQuery makes of it, where the engine below would say otherwise', () => {
  test.each([
    // Weeks are counted by their starts.
    ["DATE_DIFF('2025-06-08', '2025-06-07', WEEK)", '1'],
    ["DATE_DIFF('2025-06-07', '2025-06-08', WEEK)", '-1'],
    ["DATE_DIFF('2025-06-09', '2025-06-08', ISOWEEK)", '1'],
    ["DATE_DIFF('2025-06-09', '2025-06-08', WEEK(MONDAY))", '1'],
    ["DATETIME_DIFF('2025-06-08 00:00:00', '2025-06-07 23:59:59', WEEK)", '1'],
    // NaN equals nothing, NULL leaves a struct open.
    [`${NAN} IN (${NAN})`, 'false'],
    [`${NAN} IN UNNEST([${NAN}])`, 'false'],
    [`${NAN} IN (SELECT ${NAN})`, 'false'],
    ['2.5 IN UNNEST([1.5, NULL])', null],
    [`IS_NAN(NULLIF(${NAN}, ${NAN}))`, 'true'],
    ["(1, CAST(NULL AS STRING)) = (1, 'a')", null],
    ["(1, CAST(NULL AS STRING)) = (2, 'a')", 'false'],
    [`STRUCT(${NAN} AS a) = STRUCT(${NAN} AS a)`, 'false'],
    ["(3, 'c') IN ((3, 'c'), (4, 'd'))", 'true'],
    ["(3, CAST(NULL AS STRING)) IN (SELECT STRUCT(3, 'c'))", null],
    // Only what was infinite stays so.
    ["CAST('inf' AS FLOAT64) - 1", 'Infinity'],
    ["(SELECT SUM(x) FROM UNNEST([CAST('inf' AS FLOAT64), 1.0]) AS x)", 'Infinity'],
    ['SAFE_MULTIPLY(1e308, 20)', null],
    ["SAFE_CAST('1e999' AS FLOAT64)", null],
    ["FORMAT('%t|%t', 2.0, 2.5)", '2.0|2.5'],
    [String.raw`FORMAT('%T', b'x\x01\xff\n')`, String.raw`b"x\x01\xff\n"`],
    [String.raw`FORMAT('%T', 'é\x01')`, String.raw`"é\x01"`],
    ["FORMAT('%11.3e|%.0f|%.2f', 1012.5, 2.5, 0.375)", '  1.012e+03|2|0.38'],
    ["FORMAT('%.1f|%.3e|%g', 0.05, 0.0, 1e15)", '0.1|0.000e+00|1e+15'],
    ["FORMAT('%t|%T', [1, NULL], ['a', 'b'])", '[1, NULL]|["a", "b"]'],
    [
      "FORMAT('%t|%T|%T', (1, 'x'), STRUCT(2.0), [(DATE '2024-01-02', [b'x'])])",
      '(1, x)|STRUCT(2.0)|[(DATE "2024-01-02", [b"x"])]',
    ],
    [
      "FORMAT('%t|%T', CAST(NULL AS ARRAY<INT64>), INTERVAL 1 DAY)",
      'NULL|INTERVAL "0-0 1 0:0:0" YEAR TO SECOND',
    ],
    [
      "TO_JSON_STRING(STRUCT('x:{' AS a, [1, 2] AS l, CAST([] AS ARRAY<INT64>) AS e), TRUE)",
      '{\n  "a": "x:{",\n  "l": [\n    1,\n    2\n  ],\n  "e": []\n}',
    ],
    [
      "(SELECT STRING_AGG(REGEXP_EXTRACT('ab12', p), '|') FROM UNNEST([r'[a-z]+', r'[a-z](\\d)', NULL]) AS p)",
      'ab|1',
    ],
    ["ARRAY_LENGTH(REGEXP_EXTRACT_ALL('a1b2', CONCAT('[a-z]', '')))", '2'],
    // A bucket is counted from its origin, also backwards and by months of different length.
    ["CAST(DATE_BUCKET('1949-12-31', INTERVAL 2 DAY) AS STRING)", '1949-12-30'],
    ["CAST(DATE_BUCKET(DATE '2024-02-14', INTERVAL 1 MONTH, DATE '2000-01-15') AS STRING)", '2024-01-15'],
    ["CAST(DATE_BUCKET(DATE '2024-02-14', INTERVAL 1 WEEK, DATE '2000-12-24') AS STRING)", '2024-02-11'],
    [
      "CAST(DATETIME_BUCKET(DATETIME '2024-03-31 10:00:00', INTERVAL 1 MONTH, DATETIME '2024-01-31 12:00:00') AS STRING)",
      '2024-02-29 12:00:00',
    ],
    [
      "STRING(TIMESTAMP_BUCKET(TIMESTAMP '1949-12-30 13:00:00+00', INTERVAL 12 HOUR))",
      '1949-12-30 12:00:00+00',
    ],
    ["CAST('1-2 3 -4:5:6.5' AS INTERVAL) = INTERVAL '1-2 3 -4:5:6.5' YEAR TO SECOND", 'true'],
    ["CAST('P1Y2M1WT-5M' AS INTERVAL) = INTERVAL '1-2 7 -0:5:0' YEAR TO SECOND", 'true'],
    ["SAFE_CAST('4:5' AS INTERVAL)", null],
    // Decimals are exact, and rounded once.
    ["SQRT(NUMERIC '2')", '1.414213562'],
    ["SQRT(NUMERIC '99999999999999999999999999999')", '316227766016837.933199889'],
    ["POW(NUMERIC '1.05', 12)", '1.795856326'],
    ["POW(NUMERIC '-4', NUMERIC '-3')", '-0.015625'],
    ["UPPER('Maß ok')", 'MASS OK'],
    // An hour that comes twice is its first time.
    ["UNIX_SECONDS(TIMESTAMP '2025-11-02 01:15:00 America/New_York')", '1762060500'],
    ["UNIX_SECONDS(TIMESTAMP(DATETIME '2025-11-02 01:15:00', 'America/New_York'))", '1762060500'],
    [
      "STRING(TIMESTAMP_TRUNC(TIMESTAMP '2025-11-02 05:15:00+00', HOUR, 'America/New_York'))",
      '2025-11-02 05:00:00+00',
    ],
    ["STRING(TIMESTAMP '2025-01-02 03:04:05.5+00', 'America/New_York')", '2025-01-01 22:04:05.500-05'],
    ["STRING(TIMESTAMP '2025-01-02 03:04:05+00', 'Asia/Kolkata')", '2025-01-02 08:34:05+05:30'],
    [
      "ARRAY_TO_STRING(ARRAY(SELECT CAST(d AS STRING) FROM UNNEST(GENERATE_DATE_ARRAY('2023-12-31', '2024-03-31', INTERVAL 1 MONTH)) AS d), ' ')",
      '2023-12-31 2024-01-31 2024-02-29 2024-03-31',
    ],
  ])('%s is %s', async (expression, value) => {
    expect(values(await api.query(`SELECT ${expression}`))).toEqual([[value]])
  })
})

test('NaN comes before all numbers wherever rows are ordered', async () => {
  const rows = `UNNEST([2.5, ${NAN}, 0.5]) AS x`
  const sorted = ['NaN', '0.5', '2.5'].map((x, i) => [x, String(i + 1)])
  expect(values(await api.query(`SELECT x, ROW_NUMBER() OVER (ORDER BY x) FROM ${rows} ORDER BY 2`))).toEqual(
    sorted,
  )
  expect(values(await api.query(`SELECT ARRAY_AGG(x ORDER BY x)[0] FROM ${rows}`))).toEqual([['NaN']])
  for (const key of ['x', '1'])
    expect(
      values(await api.query(`SELECT x FROM ${rows} UNION ALL SELECT 1.5 ORDER BY ${key} DESC LIMIT 4`)),
    ).toEqual([['2.5'], ['1.5'], ['0.5'], ['NaN']])
  for (const key of ['x', '1', 't.x'])
    expect(
      values(await api.query(`SELECT DISTINCT x FROM (SELECT x FROM ${rows}) AS t ORDER BY ${key} DESC`)),
    ).toEqual([['2.5'], ['0.5'], ['NaN']])
  const all = `UNNEST([2.5, ${NAN}, NULL, 0.5, 2.5, ${NAN}]) AS x`
  for (const [order, first, last] of [
    ['', null, '2.5'],
    [' NULLS LAST', 'NaN', null],
    [' DESC', '2.5', null],
    [' DESC NULLS FIRST', null, 'NaN'],
  ]) {
    const list = `ARRAY_AGG(DISTINCT x ORDER BY x${order})`
    const ends = await api.query(`SELECT l[0], l[3] FROM (SELECT ${list} AS l FROM ${all})`)
    expect(values(ends)).toEqual([[first, last]])
  }
  const near = 'SUM(x) OVER (ORDER BY x RANGE BETWEEN 1 PRECEDING AND CURRENT ROW)'
  expect(values(await api.query(`SELECT ${near} AS n FROM UNNEST([1.5, 2.0, 9.0]) AS x ORDER BY n`))).toEqual(
    [['1.5'], ['3.5'], ['9.0']],
  )
  expect((await api.query(`SELECT ${near} FROM ${rows}`)).body.error.message).toContain(
    'NaN under a RANGE frame',
  )
})

test('USING does not join NaN with NaN', async () => {
  const side = `(SELECT ${NAN} AS x)`
  expect(values(await api.query(`SELECT COUNT(*) FROM ${side} JOIN ${side} USING (x)`))).toEqual([['0']])
})

test('UNPIVOT names columns by their aliases', async () => {
  const rows = '(SELECT 7 AS a, 8 AS b)'
  const texts = await api.query(
    `SELECT n, v FROM ${rows} UNPIVOT(v FOR n IN (a AS 'x', b AS 'y')) ORDER BY v`,
  )
  expect(values(texts)).toEqual([
    ['x', '7'],
    ['y', '8'],
  ])
  const numbers = await api.query(
    `SELECT n + 1, v FROM ${rows} UNPIVOT(v FOR n IN (a AS 1, b AS 2)) ORDER BY v`,
  )
  expect(values(numbers)).toEqual([
    ['2', '7'],
    ['3', '8'],
  ])
})

describe('what BigQuery refuses, or what is not there, is an error', () => {
  test.each([
    ['(1, 2) < (1, 3)', 'Operator < is not defined'],
    ["POW(NUMERIC '2', NUMERIC '0.5')", 'POW of NUMERIC with a fraction'],
    ["POW(NUMERIC '10', 30)", 'overflow'],
    ["REGEXP_EXTRACT('ab', CONCAT('(a)', '(b)'))", 'more than 1 capturing group'],
    ["DATE_BUCKET(DATE '2024-01-01', INTERVAL 0 DAY)", 'must be positive'],
    ['TIMESTAMP_BUCKET(CURRENT_TIMESTAMP(), INTERVAL 1 MONTH)', 'MONTH date part is not supported'],
    ["CAST('10001-0' AS INTERVAL)", 'Invalid INTERVAL value'],
    ["CAST('1' AS INTERVAL YEAR)", 'INTERVAL YEAR as a type'],
    ['TO_JSON(1, stringify => TRUE)', 'Named argument stringify not found'],
    ["JSON_SET(JSON '{}', '$.a', 1, create_if_missing => x > 1)", 'a computed value of create_if_missing'],
    ["FORMAT('%s', [1])", 'Invalid type for argument'],
    ['x * 10 * 1e308', 'overflow'],
    ['1e308 + 1e308 + x', 'overflow'],
    ['x * 1e10 / 1e-300', 'overflow'],
    ['SUM(x * 1e308) OVER () + SUM(1e308) OVER ()', 'overflow'],
    ['(SELECT AVG(y) FROM UNNEST([1.5e308, 1.5e308]) AS y)', 'overflow'],
    ["CAST('1e999' AS FLOAT64)", 'overflow'],
    ['1e999', 'Invalid floating point literal'],
    ["(SELECT SUM(y) FROM UNNEST([NUMERIC '99999999999999999999999999999', NUMERIC '2']) AS y)", 'overflow'],
    ['PERCENTILE_CONT(x, 0.5 RESPECT NULLS) OVER ()', 'RESPECT NULLS'],
  ])('%s', async (expression, message) => {
    const { status, body } = await api.query(`SELECT ${expression} FROM UNNEST([1.5, NULL]) AS x`)
    expect(status).toBe(400)
    expect(body.error.message).toContain(message)
  })
})

test.each([
  "IF(x = 2, ERROR('halt at two'), x)",
  "CASE WHEN x = 2 THEN ERROR('halt at two') ELSE 1.5 END",
  "IF(x = 2, CAST(ERROR('halt at two') AS FLOAT64), 1)",
  "IF(x = 2, ERROR('halt at two'), STRUCT(x AS a, 'b' AS b))",
  "COALESCE(IF(x = 2, ERROR('halt at two'), x), 1)",
])('%s fails where ERROR is evaluated, and only there', async (expression) => {
  const ask = (list: string) => api.query(`SELECT ${expression} AS y FROM UNNEST(${list}) AS x`)
  expect(await ask('[1, 2]')).toMatchObject({
    status: 400,
    body: { error: { message: expect.stringContaining('halt at two') } },
  })
  expect((await ask('[1, 3]')).status).toBe(200)
})
