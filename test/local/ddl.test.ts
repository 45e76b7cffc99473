// Statements that change the catalog, and what they leave in the resources and in INFORMATION_SCHEMA.
import { beforeEach, describe, expect, test } from 'vitest'
import { apiOfFile, type Reply, values } from './api.ts'

const api = await apiOfFile()
beforeEach(async () => {
  await api.query('DROP SCHEMA IF EXISTS shop CASCADE')
  await api.query("CREATE SCHEMA shop OPTIONS (description = 'goods', default_table_expiration_days = 2)")
})

const table = (name: string): Promise<Reply> => api.call('GET', `projects/demo/datasets/shop/tables/${name}`)

/** The statistics of a query job that runs the statement. */
async function statistics(sql: string): Promise<Record<string, unknown>> {
  const { body } = await api.query(sql)
  const { jobId, location } = body.jobReference
  return (await api.call('GET', `projects/demo/jobs/${jobId}?location=${location}`)).body.statistics.query
}

describe('CREATE TABLE', () => {
  test('columns, options, partitioning and clustering stand in the resource', async () => {
    await api.query(`
      CREATE TABLE shop.sale (
        id INT64 NOT NULL OPTIONS (description = 'the key'),
        day DATE DEFAULT CURRENT_DATE(),
        lines ARRAY<STRUCT<sku STRING(20), price NUMERIC(10, 2)>>,
        PRIMARY KEY (id) NOT ENFORCED
      )
      PARTITION BY DATE_TRUNC(day, MONTH) CLUSTER BY id
      OPTIONS (description = 'sales', labels = [('team', 'till')], partition_expiration_days = 3, require_partition_filter = FALSE)`)
    const { body } = await table('sale')
    expect(body).toMatchObject({
      type: 'TABLE',
      description: 'sales',
      labels: { team: 'till' },
      timePartitioning: { type: 'MONTH', field: 'day', expirationMs: '259200000' },
      clustering: { fields: ['id'] },
      tableConstraints: { primaryKey: { columns: ['id'] } },
    })
    expect(body.schema.fields).toEqual([
      { name: 'id', type: 'INTEGER', mode: 'REQUIRED', description: 'the key' },
      { name: 'day', type: 'DATE', mode: 'NULLABLE', defaultValueExpression: 'CURRENT_DATE()' },
      {
        name: 'lines',
        type: 'RECORD',
        mode: 'REPEATED',
        fields: [
          { name: 'sku', type: 'STRING', mode: 'NULLABLE', maxLength: '20' },
          { name: 'price', type: 'NUMERIC', mode: 'NULLABLE', precision: '10', scale: '2' },
        ],
      },
    ])
  })

  test('AS SELECT takes the columns of the query, and its statistics say what was done', async () => {
    const made = await statistics("CREATE OR REPLACE TABLE shop.t AS SELECT 1 AS a, ['x'] AS b, NULL AS c")
    expect(made).toMatchObject({
      statementType: 'CREATE_TABLE_AS_SELECT',
      ddlOperationPerformed: 'CREATE',
      ddlTargetTable: { projectId: 'demo', datasetId: 'shop', tableId: 't' },
    })
    const again = await statistics('CREATE OR REPLACE TABLE shop.t AS SELECT a + 1 AS a FROM shop.t')
    expect(again['ddlOperationPerformed']).toBe('REPLACE')
    expect((await statistics('CREATE TABLE IF NOT EXISTS shop.t (z INT64)'))['ddlOperationPerformed']).toBe(
      'SKIP',
    )
    expect(values(await api.query('SELECT * FROM shop.t'))).toEqual([['2']])
  })

  test('a SELECT that fails leaves the table that it should replace', async () => {
    await api.query('CREATE TABLE shop.t AS SELECT 1 AS a')
    expect(
      (await api.query('CREATE OR REPLACE TABLE shop.t AS SELECT 1 / (a - 1) AS b FROM shop.t')).status,
    ).toBe(400)
    expect(values(await api.query('SELECT a FROM shop.t'))).toEqual([['1']])
  })

  test('CLONE and COPY take the rows, LIKE takes the columns, and a snapshot does not change', async () => {
    await api.query('CREATE TABLE shop.src AS SELECT 1 AS a')
    await api.query(
      'CREATE TABLE shop.c1 CLONE shop.src; CREATE TABLE shop.c2 COPY shop.src; CREATE TABLE shop.c3 LIKE shop.src; CREATE SNAPSHOT TABLE shop.c4 CLONE shop.src',
    )
    const counts =
      'SELECT (SELECT COUNT(*) FROM shop.c1), (SELECT COUNT(*) FROM shop.c2), (SELECT COUNT(*) FROM shop.c3), (SELECT COUNT(*) FROM shop.c4)'
    expect(values(await api.query(counts))).toEqual([['1', '1', '0', '1']])
    expect((await api.query('DELETE FROM shop.c4 WHERE TRUE')).status).toBe(400)
    expect((await table('c4')).body.type).toBe('SNAPSHOT')
  })

  test.each([
    ['CREATE TABLE shop.t (a INT64, A STRING)', 'Duplicate column name A'],
    ['CREATE TABLE shop.t (a INT66)', 'Type not found: INT66'],
    ['CREATE TABLE shop.t (a STRING) PARTITION BY a', 'Cannot partition by column a of type STRING'],
    ['CREATE TABLE shop.t (a STRING) OPTIONS (colour = 1)', 'Unknown option: colour'],
    ['CREATE TABLE shop.t (a INT64) AS SELECT "x"', 'Column a has type INT64 but the query gives STRING'],
  ])('%s is refused', async (sql, message) => {
    expect((await api.query(sql)).body.error?.message).toBe(message)
    expect((await table('t')).status).toBe(404)
  })
})

test('a table that asks for a partition filter is read only with one', async () => {
  await api.query(
    'CREATE TABLE shop.t (d DATE, n INT64) PARTITION BY d OPTIONS (require_partition_filter = TRUE)',
  )
  await api.query("INSERT shop.t VALUES (DATE '2024-01-01', 1)")
  const bare = await api.query('SELECT d FROM shop.t WHERE n = 1')
  expect(bare.body.error.message).toMatch(/without a filter over column\(s\) 'd'/)
  expect(values(await api.query("SELECT n FROM shop.t WHERE d = '2024-01-01'"))).toEqual([['1']])
})

describe('views', () => {
  test('a view shows what its tables hold now, under its own column names', async () => {
    await api.query('CREATE TABLE shop.t AS SELECT 1 AS a')
    await api.query("CREATE VIEW shop.v (first OPTIONS (description = 'one')) AS SELECT a FROM shop.t")
    await api.query('INSERT shop.t VALUES (2)')
    expect(values(await api.query('SELECT SUM(first) FROM shop.v'))).toEqual([['3']])
    const { body } = await table('v')
    expect([body.type, body.view.query]).toEqual(['VIEW', 'SELECT a FROM shop.t'])
  })

  test('nothing of the query around it has a meaning inside a view', async () => {
    await api.query('CREATE VIEW shop.v AS SELECT 1 AS a')
    expect(values(await api.query('WITH t AS (SELECT 5 AS a) SELECT v.a FROM shop.v, t'))).toEqual([['1']])
    expect((await api.query('DECLARE x INT64; CREATE VIEW shop.w AS SELECT x AS a')).status).toBe(400)
  })

  test('rows cannot be put into a view, and DROP TABLE does not drop it', async () => {
    await api.query('CREATE MATERIALIZED VIEW shop.v AS SELECT 1 AS a')
    expect((await table('v')).body.type).toBe('MATERIALIZED_VIEW')
    expect((await api.query('INSERT shop.v VALUES (1)')).status).toBe(400)
    expect((await api.query('DROP TABLE shop.v')).status).toBe(400)
    expect((await api.query('DROP MATERIALIZED VIEW shop.v')).status).toBe(200)
  })
})

test('ALTER TABLE adds, renames, drops, widens and describes, and the rows stay', async () => {
  await api.query('CREATE TABLE shop.t (a INT64 NOT NULL, b STRING)')
  await api.query("INSERT shop.t VALUES (1, 'x')")
  await api.query(
    'ALTER TABLE shop.t ADD COLUMN c ARRAY<STRING>, ADD COLUMN IF NOT EXISTS b STRING, DROP COLUMN IF EXISTS z',
  )
  await api.query('ALTER TABLE shop.t RENAME COLUMN b TO bb')
  await api.query('ALTER TABLE shop.t ALTER COLUMN a SET DATA TYPE NUMERIC, ALTER COLUMN a DROP NOT NULL')
  await api.query(
    "ALTER TABLE shop.t ALTER COLUMN bb SET OPTIONS (description = 'text'), ALTER COLUMN bb SET DEFAULT 'd'",
  )
  await api.query(
    "ALTER TABLE shop.t SET OPTIONS (friendly_name = 'T'); ALTER TABLE shop.t RENAME TO renamed",
  )
  await api.query('INSERT shop.renamed (a) VALUES (1.5)')
  expect(values(await api.query('SELECT a, bb, ARRAY_LENGTH(c) FROM shop.renamed ORDER BY a'))).toEqual([
    ['1', 'x', '0'],
    ['1.5', 'd', '0'],
  ])
  const { body } = await table('renamed')
  expect([body.friendlyName, body.schema.fields[1].description]).toEqual(['T', 'text'])
  expect((await api.query('ALTER TABLE shop.renamed ALTER COLUMN bb SET DATA TYPE INT64')).status).toBe(400)
})

test('schemas are made, altered and dropped with their options', async () => {
  await api.query("ALTER SCHEMA shop SET OPTIONS (description = NULL, labels = [('a', 'b')])")
  const { body } = await api.call('GET', 'projects/demo/datasets/shop')
  expect([body.description, body.labels, body.defaultTableExpirationMs]).toEqual([
    undefined,
    { a: 'b' },
    '172800000',
  ])
  await api.query("CREATE SCHEMA eu_shop OPTIONS (location = 'EU')")
  expect((await api.call('GET', 'projects/demo/datasets/eu_shop')).body.location).toBe('EU')
  await api.query('CREATE TABLE shop.t (a INT64)')
  expect((await api.query('DROP SCHEMA shop')).body.error.errors[0].reason).toBe('resourceInUse')
})

test('wildcard tables show the suffix only to those who ask for it', async () => {
  await api.query('CREATE TABLE shop.day_1 AS SELECT 1 AS n; CREATE TABLE shop.day_2 AS SELECT 2 AS n')
  expect(values(await api.query('SELECT * FROM `shop.day_*` ORDER BY n'))).toEqual([['1'], ['2']])
  const suffix = "SELECT n, _TABLE_SUFFIX FROM `demo.shop.day_*` WHERE _TABLE_SUFFIX = '2'"
  expect(values(await api.query(suffix))).toEqual([['2', '2']])
})

test('a table partitioned by arrival has _PARTITIONTIME and _PARTITIONDATE', async () => {
  await api.query('CREATE TABLE shop.t (a INT64) PARTITION BY _PARTITIONDATE')
  await api.query("INSERT shop.t (_PARTITIONTIME, a) VALUES (TIMESTAMP '2024-05-06', 1)")
  await api.insert('shop.t', [{ json: { a: 2 } }])
  const sql = "SELECT a, _PARTITIONDATE FROM shop.t WHERE _PARTITIONTIME < '2025-01-01'"
  expect(values(await api.query(sql))).toEqual([['1', '2024-05-06']])
  expect(values(await api.query('SELECT * FROM shop.t ORDER BY a'))).toEqual([['1'], ['2']])
})

describe('INFORMATION_SCHEMA', () => {
  test.each([
    [
      'SELECT table_name, table_type FROM shop.INFORMATION_SCHEMA.TABLES ORDER BY 1',
      [
        ['t', 'BASE TABLE'],
        ['v', 'VIEW'],
      ],
    ],
    [
      "SELECT column_name, is_nullable, data_type, is_partitioning_column FROM shop.INFORMATION_SCHEMA.COLUMNS WHERE table_name = 't'",
      [
        ['d', 'NO', 'DATE', 'YES'],
        ['s', 'YES', 'STRUCT<x INT64, y ARRAY<STRING>>', 'NO'],
      ],
    ],
    [
      "SELECT field_path FROM shop.INFORMATION_SCHEMA.COLUMN_FIELD_PATHS WHERE table_name = 't' ORDER BY 1",
      [['d'], ['s'], ['s.x'], ['s.y']],
    ],
    [
      'SELECT option_name, option_value FROM shop.INFORMATION_SCHEMA.TABLE_OPTIONS',
      [['description', '"it"']],
    ],
    [
      'SELECT partition_id, total_rows FROM shop.INFORMATION_SCHEMA.PARTITIONS WHERE table_name = "t"',
      [['20240102', '1']],
    ],
    ['SELECT routine_name, routine_type FROM shop.INFORMATION_SCHEMA.ROUTINES', [['f', 'FUNCTION']]],
    [
      'SELECT schema_name FROM `region-us`.INFORMATION_SCHEMA.SCHEMATA WHERE schema_name = "shop"',
      [['shop']],
    ],
  ])('%s', async (sql, rows) => {
    await api.query(`
      CREATE TABLE shop.t (d DATE NOT NULL, s STRUCT<x INT64, y ARRAY<STRING>>) PARTITION BY d OPTIONS (description = 'it');
      INSERT shop.t (d) VALUES (DATE '2024-01-02');
      CREATE VIEW shop.v AS SELECT d FROM shop.t;
      CREATE FUNCTION shop.f(x INT64) AS (x)`)
    expect(values(await api.query(sql))).toEqual(rows)
  })
})

describe('a destination table', () => {
  const into = (sql: string, more: object = {}): Promise<Reply> =>
    api.query(sql, { destinationTable: { projectId: 'demo', datasetId: 'shop', tableId: 'out' }, ...more })

  test('is made, replaced or appended to, as the dispositions say', async () => {
    await into('SELECT 1 AS a')
    expect((await into('SELECT 2 AS a')).body.error.errors[0].reason).toBe('duplicate')
    expect((await into('SELECT 2 AS a', { writeDisposition: 'WRITE_APPEND' })).body.totalRows).toBe('2')
    await into("SELECT 'x' AS b", { writeDisposition: 'WRITE_TRUNCATE' })
    expect(values(await api.query('SELECT * FROM shop.out'))).toEqual([['x']])
  })

  test('gets new columns only when that is allowed', async () => {
    await into('SELECT 1 AS a')
    const wider = { writeDisposition: 'WRITE_APPEND' }
    expect((await into('SELECT 2 AS a, 3 AS b', wider)).status).toBe(400)
    await into('SELECT 2 AS a, 3 AS b', { ...wider, schemaUpdateOptions: ['ALLOW_FIELD_ADDITION'] })
    expect(values(await api.query('SELECT a, b FROM shop.out ORDER BY a'))).toEqual([
      ['1', null],
      ['2', '3'],
    ])
  })
})

describe('the statement that would make a table again', () => {
  const made = [
    `CREATE TABLE \`demo.again.full\`
(
  id INT64 NOT NULL OPTIONS(description="it's the key"),
  \`order\` STRING(5) DEFAULT 'x',
  lines ARRAY<STRUCT<sku STRING OPTIONS(description="article"), price NUMERIC(10, 2)>>,
  \`at\` TIMESTAMP,
  PRIMARY KEY (id) NOT ENFORCED
)
PARTITION BY TIMESTAMP_TRUNC(\`at\`, HOUR)
CLUSTER BY id, \`order\`
OPTIONS(
  description="all of it",
  labels=[("team", "sales")]
);`,
    'CREATE TABLE `demo.again.ingested`\n(\n  n INT64\n)\nPARTITION BY DATE(_PARTITIONTIME);',
    'CREATE TABLE `demo.again.ranges`\n(\n  n INT64\n)\nPARTITION BY RANGE_BUCKET(n, GENERATE_ARRAY(0, 10, 5));',
    'CREATE VIEW `demo.again.renamed`\n(\n  a,\n  b OPTIONS(description="second")\n)\nAS SELECT 1 AS x, 2;',
    'CREATE VIEW `demo.again.v`\nAS SELECT table_name FROM again.INFORMATION_SCHEMA.TABLES;',
  ]

  test('stands in INFORMATION_SCHEMA.TABLES, and makes it again', async () => {
    await api.query('CREATE SCHEMA again')
    for (const round of [1, 2]) {
      for (const ddl of made) expect((await api.query(ddl)).body.error).toBeUndefined()
      const described = await api.query('SELECT ddl FROM again.INFORMATION_SCHEMA.TABLES ORDER BY table_name')
      expect(values(described).flat()).toEqual(made)
      if (round === 2) return
      for (const name of ['full', 'ingested', 'ranges']) await api.query(`DROP TABLE again.${name}`)
      for (const name of ['renamed', 'v']) await api.query(`DROP VIEW again.${name}`)
    }
  })

  test('__TABLES__ counts the rows of each', async () => {
    await api.query('INSERT again.ranges (n) VALUES (1), (2)')
    const counted = await api.query(
      "SELECT table_id, row_count, type FROM `again.__TABLES__` WHERE table_id IN ('ranges', 'v') ORDER BY 1",
    )
    expect(values(counted)).toEqual([
      ['ranges', '2', '1'],
      ['v', '0', '2'],
    ])
    const { body } = await api.query('SELECT * FROM nowhere.__TABLES__')
    expect(body.error.code).toBe(404)
  })
})
