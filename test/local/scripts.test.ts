// Scripts: variables, branches, loops, handlers, transactions, procedures and functions.
import { beforeAll, describe, expect, test } from 'vitest'
import { apiOfFile, values } from './api.ts'

const api = await apiOfFile()
beforeAll(async () => {
  await api.query('CREATE SCHEMA d')
  await api.query('CREATE TABLE d.log (n INT64)')
})

describe('a script answers with the rows of its last statement', () => {
  test.each([
    ['SELECT 1; SELECT 2', [['2']]],
    ['DECLARE a, b INT64 DEFAULT 2; SET (a, b) = (SELECT AS STRUCT 7, 8); SELECT a * b', [['56']]],
    ["DECLARE x STRING; IF x IS NULL THEN SET x = 'none'; ELSE SET x = 'some'; END IF; SELECT x", [['none']]],
    [
      "DECLARE n INT64 DEFAULT 3; CASE n WHEN 1 THEN SELECT 'one'; WHEN 3 THEN SELECT 'three'; END CASE",
      [['three']],
    ],
    [
      'DECLARE i INT64 DEFAULT 0; WHILE TRUE DO SET i = i + 1; IF i < 4 THEN CONTINUE; END IF; BREAK; END WHILE; SELECT i',
      [['4']],
    ],
    ['DECLARE i INT64 DEFAULT 0; REPEAT SET i = i + 2; UNTIL i > 5 END REPEAT; SELECT i', [['6']]],
    [
      "DECLARE s STRING DEFAULT ''; FOR r IN (SELECT w FROM UNNEST(['a', 'b']) AS w ORDER BY w DESC) DO SET s = s || r.w; END FOR; SELECT s",
      [['ba']],
    ],
    ['DECLARE q INT64; EXECUTE IMMEDIATE "SELECT ? + @@row_count" INTO q USING 4; SELECT q', [['4']]],
    ["BEGIN RAISE USING MESSAGE = 'no'; EXCEPTION WHEN ERROR THEN SELECT @@error.message; END", [['no']]],
    ['CREATE TEMP TABLE t AS SELECT 5 AS v; UPDATE t SET v = 6 WHERE TRUE; SELECT v FROM t', [['6']]],
  ])('%s', async (sql, rows) => {
    expect(values(await api.query(sql))).toEqual(rows)
  })
})

test('a column hides a variable of the same name', async () => {
  const reply = await api.query('DECLARE n INT64 DEFAULT 9; SELECT n FROM UNNEST([1]) AS n')
  expect(values(reply)).toEqual([['1']])
})

test('what a rolled back transaction wrote is gone, what a committed one wrote is there', async () => {
  await api.query('BEGIN TRANSACTION; INSERT d.log VALUES (1); ROLLBACK TRANSACTION')
  await api.query('BEGIN TRANSACTION; INSERT d.log VALUES (2); INSERT d.log VALUES (3); COMMIT TRANSACTION')
  await api.query('BEGIN; INSERT d.log VALUES (4); SELECT 1 / 0; COMMIT')
  expect(values(await api.query('SELECT n FROM d.log ORDER BY n'))).toEqual([['2'], ['3']])
})

test('a handler inside a transaction still sees what was written before the error', async () => {
  const reply = await api.query(`
    BEGIN
      BEGIN TRANSACTION;
      INSERT d.log VALUES (50);
      SELECT ERROR('stop');
    EXCEPTION WHEN ERROR THEN
      SELECT COUNTIF(n = 50) FROM d.log;
    END`)
  expect(values(reply)).toEqual([['1']])
  expect(values(await api.query('SELECT COUNTIF(n = 50) FROM d.log'))).toEqual([['0']])
})

describe('an error inside a transaction that the script handles', () => {
  const script = (first: string): string =>
    `BEGIN TRANSACTION; ${first}; BEGIN SELECT ERROR('no'); EXCEPTION WHEN ERROR THEN INSERT d.kept VALUES (2, 'handled'); END; COMMIT TRANSACTION`

  test('leaves what was written before, whatever its text looks like', async () => {
    await api.query('CREATE TABLE d.kept (n INT64, s STRING)')
    await api.query('CREATE FUNCTION d.next(n INT64) AS (n + 1)')
    const { status } = await api.query(
      script("INSERT d.kept VALUES (d.next(0), 'uuid now( random current_')"),
    )
    expect(status).toBe(200)
    expect(values(await api.query('SELECT n, s FROM d.kept ORDER BY n'))).toEqual([
      ['1', 'uuid now( random current_'],
      ['2', 'handled'],
    ])
  })

  test.each([
    'INSERT d.kept VALUES (5, GENERATE_UUID())',
    'INSERT d.kept VALUES (5, CAST(CURRENT_DATE AS STRING))',
    'INSERT d.kept SELECT 5, CAST(r AS STRING) FROM d.chance',
    'EXECUTE IMMEDIATE "INSERT d.kept VALUES (5, GENERATE_UUID())"',
    'SET n = 5; INSERT d.kept VALUES (n, NULL)',
  ])('ends it where %s would not do the same again', async (first) => {
    await api.query('CREATE OR REPLACE VIEW d.chance AS SELECT RAND() AS r')
    const { body } = await api.query(`DECLARE n INT64; ${script(first)}`)
    expect(body.error.message).toContain('going on with this transaction')
    expect(values(await api.query('SELECT COUNT(*) FROM d.kept WHERE n = 5'))).toEqual([['0']])
  })
})

test('a script is one job, and its statements are jobs of their own', async () => {
  const sql = 'SELECT 1; SELECT 2'
  const job = await api.call('POST', 'projects/demo/jobs', {
    configuration: { query: { query: sql, useLegacySql: false } },
  })
  const { jobId } = job.body.jobReference
  await api.call('GET', `projects/demo/queries/${jobId}`)
  const done = (await api.call('GET', `projects/demo/jobs/${jobId}`)).body
  expect([done.statistics.query.statementType, done.statistics.numChildJobs]).toEqual(['SCRIPT', '2'])
})

test('a procedure reads its IN arguments and writes its OUT and INOUT arguments', async () => {
  await api.query(
    'CREATE PROCEDURE d.grow(IN by_ INT64, OUT was INT64, INOUT size INT64) BEGIN SET was = size; SET size = size + by_; END',
  )
  const reply = await api.query(
    'DECLARE was INT64; DECLARE size INT64 DEFAULT 4; CALL d.grow(3, was, size); SELECT was, size',
  )
  expect(values(reply)).toEqual([['4', '7']])
})

describe('functions', () => {
  test('a SQL function takes expressions, and its parameters do not meet columns of the caller', async () => {
    await api.query(
      'CREATE FUNCTION d.over(n INT64, list ARRAY<INT64>) AS ((SELECT COUNT(*) FROM UNNEST(list) AS v WHERE v > n))',
    )
    const reply = await api.query('SELECT d.over(v, [1, 2, 3]) FROM UNNEST([1, 3]) AS v ORDER BY v')
    expect(values(reply)).toEqual([['2'], ['0']])
  })

  test('ANY TYPE takes what it is given', async () => {
    const reply = await api.query(
      "CREATE TEMP FUNCTION twice(x ANY TYPE) AS ([x, x]); SELECT twice(1), twice('a')",
    )
    expect(values(reply)).toEqual([
      [
        [{ v: '1' }, { v: '1' }],
        [{ v: 'a' }, { v: 'a' }],
      ],
    ])
    expect(reply.body.schema.fields.map((field: { type: string }) => field.type)).toEqual([
      'INTEGER',
      'STRING',
    ])
  })

  test('a table function stands in FROM', async () => {
    await api.query(
      'CREATE TABLE FUNCTION d.upto(m INT64) AS SELECT i FROM UNNEST(GENERATE_ARRAY(1, m)) AS i',
    )
    expect(values(await api.query('SELECT SUM(u.i) FROM d.upto(4) AS u'))).toEqual([['10']])
  })

  test('a JavaScript function gets and returns structured values', async () => {
    const reply = await api.query(`
      CREATE TEMP FUNCTION parts(s STRING, k FLOAT64) RETURNS STRUCT<words ARRAY<STRING>, score FLOAT64> LANGUAGE js
      AS r"""return { words: s.split(/\\s+/), score: k === null ? null : k * 2 }""";
      SELECT parts('a  b', 1.5).words, parts('c', NULL).score`)
    expect(values(reply)).toEqual([[[{ v: 'a' }, { v: 'b' }], null]])
  })

  test('JavaScript cannot reach the process it runs in', async () => {
    const reply = await api.query(
      `CREATE TEMP FUNCTION f() RETURNS STRING LANGUAGE js AS 'return [typeof process, typeof require, typeof fetch].join()'; SELECT f()`,
    )
    expect(values(reply)).toEqual([['undefined,undefined,undefined']])
  })

  test('what + does with an INT64 in JavaScript is refused rather than guessed', async () => {
    const reply = await api.query(
      "CREATE TEMP FUNCTION f(n INT64) RETURNS INT64 LANGUAGE js AS 'return n + 1'; SELECT f(1)",
    )
    expect(reply.body.error.message).toMatch(/ambiguous/)
  })
})

test.each([
  ['SELEC 1', 'Syntax error: Unexpected identifier "SELEC" at [1:1]'],
  ['SELECT 1; FOO', 'Syntax error: Unexpected identifier "FOO" at [1:1]'],
  ['IF TRUE THEN SELECT 1; END', 'Syntax error: Expected keyword IF but got end of statement at [1:27]'],
  ["SELECT 'open", 'Syntax error: Unclosed string literal at [1:8]'],
  ['BREAK', 'Syntax error: BREAK is only allowed inside of a loop body'],
  ['SET x = 1', 'Undeclared variable: x'],
  [
    'SELECT * FROM d.log FOR SYSTEM_TIME AS OF CURRENT_TIMESTAMP()',
    'Unsupported by the local BigQuery: FOR SYSTEM_TIME AS OF',
  ],
])('%s is refused', async (sql, message) => {
  const { body } = await api.query(sql)
  expect([body.error?.errors[0].reason, body.error?.message]).toEqual(['invalidQuery', message])
})
