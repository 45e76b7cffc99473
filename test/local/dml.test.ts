// Statements that change rows, as BigQuery runs them.
import { beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { apiOfFile, values } from './api.ts'

const api = await apiOfFile()
beforeAll(async () => {
  await api.query('CREATE SCHEMA shop')
})
beforeEach(async () => {
  await api.query(
    `CREATE OR REPLACE TABLE shop.stock (
       sku STRING NOT NULL, amount INT64 DEFAULT 1, place STRUCT<aisle INT64, shelf STRUCT<row INT64, tags ARRAY<STRING>>>)`,
  )
  await api.query("INSERT shop.stock (sku, amount) VALUES ('nut', 5), ('bolt', 7), ('gear', NULL)")
})

const stock = async (): Promise<unknown[][]> =>
  values(await api.query('SELECT sku, amount FROM shop.stock ORDER BY sku'))

describe('MERGE', () => {
  test('updates what matches, inserts what is new, deletes what is gone, and counts each', async () => {
    const reply = await api.query(
      `MERGE INTO shop.stock AS t
       USING (SELECT 'nut' AS sku, 2 AS more UNION ALL SELECT 'pin', 9 UNION ALL SELECT 'bolt', 0) AS s
       ON t.sku = s.sku
       WHEN MATCHED AND s.more = 0 THEN DELETE
       WHEN MATCHED THEN UPDATE SET amount = t.amount + s.more
       WHEN NOT MATCHED BY TARGET THEN INSERT (sku, amount) VALUES (s.sku, s.more)
       WHEN NOT MATCHED BY SOURCE AND t.amount IS NULL THEN UPDATE SET amount = DEFAULT`,
    )
    expect(reply.body.dmlStats).toEqual({ insertedRowCount: '1', updatedRowCount: '2', deletedRowCount: '1' })
    expect(reply.body.numDmlAffectedRows).toBe('4')
    expect(await stock()).toEqual([
      ['gear', '1'],
      ['nut', '7'],
      ['pin', '9'],
    ])
  })

  test('a target row that two source rows match is an error, and nothing changes', async () => {
    const reply = await api.query(
      `MERGE shop.stock t USING UNNEST(['nut', 'nut', 'new']) AS s ON t.sku = s
       WHEN MATCHED THEN DELETE WHEN NOT MATCHED THEN INSERT (sku) VALUES (s)`,
    )
    expect([reply.status, reply.body.error.message]).toEqual([
      400,
      'UPDATE/MERGE must match at most one source row for each target row',
    ])
    expect((await stock()).length).toBe(3)
  })

  test('two source rows may match when the condition of the clause leaves one', async () => {
    await api.query(
      `MERGE shop.stock t USING (SELECT 'nut' AS sku, 1 AS n UNION ALL SELECT 'nut', 2) AS s ON t.sku = s.sku
       WHEN MATCHED AND s.n = 2 THEN UPDATE SET amount = s.n`,
    )
    expect((await stock())[2]).toEqual(['nut', '2'])
  })

  test('a condition that takes NULL for equal finds NULL by NULL, and nothing else by it', async () => {
    await api.query('CREATE TABLE shop.nulls (id INT64, a STRING, hit STRING)')
    await api.query("INSERT shop.nulls (id, a) VALUES (1, 'x'), (2, 'y'), (3, NULL)")
    await api.query(
      `MERGE shop.nulls t USING (SELECT 'x' AS a UNION ALL SELECT NULL) s
       ON (t.a = s.a OR (t.a IS NULL AND s.a IS NULL)) AND t.id > 0
       WHEN MATCHED THEN UPDATE SET hit = IFNULL(s.a, 'null')`,
    )
    expect(values(await api.query('SELECT id, hit FROM shop.nulls ORDER BY id'))).toEqual([
      ['1', 'x'],
      ['2', null],
      ['3', 'null'],
    ])
  })

  test('INSERT ROW takes all columns of the source', async () => {
    await api.query('CREATE OR REPLACE TABLE shop.pairs (a INT64, b STRING)')
    await api.query(
      "MERGE shop.pairs USING (SELECT 1 AS x, 'one' AS y) ON FALSE WHEN NOT MATCHED THEN INSERT ROW",
    )
    expect(values(await api.query('SELECT * FROM shop.pairs'))).toEqual([['1', 'one']])
  })

  test('rows that the source does not have keep the columns that are not set', async () => {
    const tags = "[CONCAT('text too long to lie beside its length ', CAST(n AS STRING))]"
    await api.query(
      `CREATE OR REPLACE TABLE shop.wide AS
       SELECT n, 0 AS seen, ${tags} AS a, ${tags} AS b, ${tags} AS c FROM UNNEST(GENERATE_ARRAY(1, 2000)) AS n`,
    )
    for (const times of [1, 2, 3, 4]) {
      const reply = await api.query(
        `MERGE shop.wide t USING (SELECT 1 AS n) s ON t.n = s.n
         WHEN MATCHED THEN UPDATE SET seen = 5 WHEN NOT MATCHED BY SOURCE THEN UPDATE SET seen = t.seen + 1`,
      )
      expect([times, reply.status, reply.body.numDmlAffectedRows]).toEqual([times, 200, '2000'])
    }
    const rows = await api.query(
      `SELECT SUM(seen), COUNTIF(a[OFFSET(0)] = own AND b[OFFSET(0)] = own AND c[OFFSET(0)] = own)
       FROM (SELECT *, ${tags}[OFFSET(0)] AS own FROM shop.wide)`,
    )
    expect(values(rows)).toEqual([['8001', '2000']])
  })

  test('the partition times of rows that the source does not have stay', async () => {
    await api.query('CREATE OR REPLACE TABLE shop.daily (n INT64, seen INT64) PARTITION BY _PARTITIONDATE')
    await api.query(
      "INSERT shop.daily (_PARTITIONTIME, n) VALUES (TIMESTAMP '2024-02-03', 1), (TIMESTAMP '2024-02-04', 2)",
    )
    await api.query(
      `MERGE shop.daily t USING (SELECT 1 AS n) s ON t.n = s.n WHEN NOT MATCHED BY SOURCE THEN UPDATE SET seen = 7`,
    )
    const rows = await api.query('SELECT CAST(_PARTITIONDATE AS STRING), n, seen FROM shop.daily ORDER BY n')
    expect(values(rows)).toEqual([
      ['2024-02-03', '1', null],
      ['2024-02-04', '2', '7'],
    ])
  })
})

describe('INSERT', () => {
  test('a column that is left out gets its default', async () => {
    await api.query("INSERT INTO shop.stock (sku) SELECT 'cog'")
    expect((await stock())[1]).toEqual(['cog', '1'])
  })

  test('fields of a STRUCT go by position, not by name', async () => {
    await api.query("INSERT shop.stock VALUES ('axle', 1, STRUCT(4 AS shelf, STRUCT(2, ['x'])))")
    const reply = await api.query("SELECT place.aisle, place.shelf.row FROM shop.stock WHERE sku = 'axle'")
    expect(values(reply)).toEqual([['4', '2']])
  })

  test.each([
    ["INSERT shop.stock (sku) VALUES ('a', 1)", 'Inserted row has wrong column count; Has 2, expected 1'],
    [
      "INSERT shop.stock (sku, amount) VALUES ('a', 'b')",
      'Value has type STRING which cannot be inserted into column amount, which has type INT64',
    ],
    ['INSERT shop.stock (amount) VALUES (1)', 'Required field sku cannot be null'],
    ["INSERT shop.stock (nope) VALUES ('a')", 'Column nope is not present in table stock'],
  ])('%s is refused', async (sql, message) => {
    const { body } = await api.query(sql)
    expect([body.error?.errors[0].reason, body.error?.message]).toEqual(['invalidQuery', message])
  })
})

describe('UPDATE', () => {
  test('one field of a STRUCT changes and the others stay', async () => {
    await api.query("INSERT shop.stock VALUES ('axle', 1, (4, (2, ['x'])))")
    await api.query(
      "UPDATE shop.stock s SET s.place.shelf.row = 8, place.aisle = aisle_now FROM (SELECT 6 AS aisle_now) WHERE sku = 'axle'",
    )
    const reply = await api.query(
      "SELECT place.aisle, place.shelf.row, place.shelf.tags[OFFSET(0)] FROM shop.stock WHERE sku = 'axle'",
    )
    expect(values(reply)).toEqual([['6', '8', 'x']])
  })

  test('a row that two rows of FROM match is an error', async () => {
    const reply = await api.query(
      "UPDATE shop.stock s SET amount = n FROM UNNEST([1, 2]) AS n WHERE s.sku = 'nut'",
    )
    expect(reply.body.error.message).toMatch(/at most one source row/)
  })

  test.each(['UPDATE shop.stock SET amount = 1', 'DELETE FROM shop.stock'])(
    '%s needs a WHERE clause',
    async (sql) => {
      expect((await api.query(sql)).body.error.message).toMatch(/must have a WHERE clause/)
    },
  )
})

test('changes of one table take turns, so that none is lost', async () => {
  const add = (): Promise<unknown> => api.query("UPDATE shop.stock SET amount = amount + 1 WHERE sku = 'nut'")
  await Promise.all(Array.from({ length: 12 }, add))
  expect((await stock())[2]).toEqual(['nut', '17'])
})
