import { BigQuery } from '@google-cloud/bigquery'
import { OAuth2Client } from 'google-auth-library'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type LocalBigQuery, startLocalBigQuery } from '../../src/local/index.ts'

let local: LocalBigQuery
let client: BigQuery
function clientOf(server: LocalBigQuery): BigQuery {
  const authClient = new OAuth2Client()
  authClient.setCredentials({ access_token: 'any', expiry_date: Number.MAX_SAFE_INTEGER })
  return new BigQuery({
    projectId: 'demo',
    apiEndpoint: server.url,
    authClient: authClient as never,
    autoRetry: false,
    maxRetries: 0,
  })
}

/** The rows of a query; the client's own types have a callback form that hides them. */
async function rowsOf(options: object): Promise<unknown[]> {
  const [rows] = (await client.query(options as never)) as unknown as [unknown[]]
  return rows
}

type Page = [rows: Record<string, unknown>[], next: object | null]

beforeAll(async () => {
  local = await startLocalBigQuery({ port: 0, projectId: 'demo' })
  client = clientOf(local)
})
afterAll(() => local.close())

const SCHEMA = {
  fields: [
    { name: 'id', type: 'INTEGER' },
    { name: 'name', type: 'STRING' },
    { name: 'at', type: 'TIMESTAMP' },
    {
      name: 'items',
      type: 'RECORD',
      mode: 'REPEATED',
      fields: [
        { name: 'sku', type: 'STRING' },
        { name: 'qty', type: 'INTEGER' },
      ],
    },
  ],
}

test('it creates a dataset and a nested table, and reads the schema back unchanged', async () => {
  await client.createDataset('shop', { labels: { a: 'b' } })
  const [table] = await client.dataset('shop').createTable('orders', { schema: SCHEMA })
  const [metadata] = await table.getMetadata()
  expect(metadata.schema).toEqual(SCHEMA)
  const [datasets] = await client.getDatasets()
  expect(datasets.map((dataset) => dataset.id)).toEqual(['shop'])
  expect((await table.exists())[0]).toBe(true)
})

test('one invalid row of three is a partial failure: invalid for it, stopped for the others', async () => {
  const rows = [
    { insertId: '1', json: { id: 1 } },
    { insertId: '2', json: { id: 2, name: true } },
    { insertId: '3', json: { id: 3 } },
  ]
  const failure = await client
    .dataset('shop')
    .table('orders')
    .insert(rows, { raw: true })
    .then(
      () => undefined,
      (error: unknown) =>
        error as { name: string; errors: { errors: { message: string; reason: string }[]; row: object }[] },
    )
  expect(failure?.name).toBe('PartialFailureError')
  expect(failure?.errors.map(({ errors }) => errors[0])).toEqual([
    { message: 'Conversion from bool to std::string is unsupported.', reason: 'invalid' },
    { message: '', reason: 'stopped' },
    { message: '', reason: 'stopped' },
  ])
})

test('rows it inserts come back from a query with their types', async () => {
  const at = client.timestamp('2026-01-01T00:00:00.123456Z')
  await client
    .dataset('shop')
    .table('orders')
    .insert([
      { id: 1, name: 'ann', at, items: [{ sku: 's', qty: 2 }] },
      { id: 2, name: 'bob', items: [] },
    ])
  const [rows] = await client.query('SELECT id, name, at, items FROM shop.orders ORDER BY id')
  expect(rows).toEqual([
    { id: 1, name: 'ann', at, items: [{ sku: 's', qty: 2 }] },
    { id: 2, name: 'bob', at: null, items: [] },
  ])
})

test('named parameters may be scalars, arrays and structs', async () => {
  const rows = await rowsOf({
    query:
      'SELECT id, @wanted.label AS label FROM shop.orders WHERE id IN UNNEST(@ids) AND name = @wanted.name',
    params: { ids: [1, 2], wanted: { name: 'bob', label: "it's" } },
  })
  expect(rows).toEqual([{ id: 2, label: "it's" }])
  const none = await rowsOf({
    query: 'SELECT COUNT(*) AS n FROM UNNEST(@none)',
    params: { none: [] },
    types: { none: ['INT64'] },
  })
  expect(none).toEqual([{ n: 0 }])
})

test('positional parameters are taken in text order', async () => {
  const rows = await rowsOf({
    query: "SELECT ? AS a, '?' AS q, (SELECT MAX(x) FROM UNNEST(?) AS x) AS b, ? AS c",
    params: ['first', [1, 5, 3], null],
    types: ['STRING', ['INT64'], 'DATE'],
  })
  expect(rows).toEqual([{ a: 'first', q: '?', b: 5, c: null }])
})

test('it follows the pages of a large result by itself', async () => {
  const rows = await rowsOf({
    query: "SELECT x, REPEAT('y', 1000000) AS y FROM UNNEST(GENERATE_ARRAY(1, 25)) AS x ORDER BY x",
  })
  expect(rows.map((row) => (row as { x: number }).x)).toEqual(Array.from({ length: 25 }, (_, i) => i + 1))
})

test('pages are followed by hand', async () => {
  const query = 'SELECT x FROM UNNEST(GENERATE_ARRAY(1, 25)) AS x ORDER BY x'
  const [job] = await client.createQueryJob({ query })
  const seen: number[] = []
  let next: object | null = { maxResults: 10, autoPaginate: false }
  while (next !== null) {
    const [rows, following]: [{ x: number }[], object | null | undefined, unknown?] =
      (await job.getQueryResults(next)) as never
    seen.push(...rows.map((row) => row.x))
    next = following ?? null
  }
  expect(seen).toEqual(Array.from({ length: 25 }, (_, i) => i + 1))
})

test('it reads a table page by page', async () => {
  const seen: unknown[] = []
  let next: object | null = { maxResults: 1, autoPaginate: false }
  while (next !== null) {
    const [rows, following] = (await client.dataset('shop').table('orders').getRows(next)) as unknown as Page
    seen.push(...rows.map((row) => row['id']))
    next = following
  }
  expect(seen.sort()).toEqual([1, 2])
})

test('a query that fails rejects with the reason', async () => {
  await expect(client.query('SELECT nope FROM shop.orders')).rejects.toMatchObject({
    errors: [{ reason: 'invalidQuery', message: 'Unrecognized name: nope' }],
  })
})

test('a token the server did not issue is refused where authentication is required', async () => {
  const strict = await startLocalBigQuery({ port: 0, projectId: 'demo', authentication: 'required' })
  try {
    await expect(clientOf(strict).getDatasets()).rejects.toMatchObject({ code: 401 })
  } finally {
    await strict.close()
  }
})
