import { beforeAll, describe, expect, it } from 'vitest'
import { createConnector } from '../../src/index.ts'
import { startTinyServer } from '../bigquery/tiny-server.ts'
import { embedded } from '../fixtures/embedded.ts'

const bigquery = embedded()
beforeAll(() =>
  bigquery.run(
    'CREATE SCHEMA shop',
    'CREATE SCHEMA empty',
    'CREATE TABLE shop.orders (id INT64 NOT NULL OPTIONS(description="The number."), items ARRAY<STRUCT<sku STRING>>)',
    'CREATE TABLE shop.Customers (id INT64)',
    'CREATE TABLE shop.lines (id INT64)',
    'CREATE VIEW shop.recent AS SELECT * FROM shop.orders',
  ),
)
const browse = (...given: Parameters<typeof bigquery.connection.browse>) =>
  bigquery.connection.browse(...given)
const lookUp = (...given: Parameters<typeof bigquery.connection.lookUp>) =>
  bigquery.connection.lookUp(...given)
const ids = (items: readonly { readonly id: string }[]) => items.map(({ id }) => id)

describe('the object types of', () => {
  it('Streaming Insert are the tables of the dataset, sorted, and no views', async () => {
    expect(await browse('streaming-insert', { datasetId: 'shop' })).toEqual([
      { id: 'datasets/shop/tables/Customers', label: 'Customers', kind: 'table' },
      { id: 'datasets/shop/tables/lines', label: 'lines', kind: 'table' },
      { id: 'datasets/shop/tables/orders', label: 'orders', kind: 'table' },
    ])
  })

  it('Update begin with DYNAMIC, and hold views too', async () => {
    const types = await browse('update', { datasetId: 'shop' })

    expect(types.map(({ label, kind }) => [label, kind])).toEqual([
      ['Dynamic table or view', 'dynamic'],
      ['Customers', 'table'],
      ['lines', 'table'],
      ['orders', 'table'],
      ['recent', 'view'],
    ])
  })

  it('Update are of one resource type when that is asked for', async () => {
    const types = await browse('update', { datasetId: 'shop', resourceType: 'VIEW' })

    expect(ids(types)).toEqual(['DYNAMIC', 'datasets/shop/tables/recent'])
  })

  it('Update are tables of every type that BigQuery lists, and no entry without a name', async () => {
    const types = ['TABLE', 'VIEW', 'MATERIALIZED_VIEW', 'EXTERNAL', 'SNAPSHOT', 'MODEL']
    const named = types.map((type) => ({ type, tableReference: { tableId: `a_${type.toLowerCase()}` } }))
    const server = await startTinyServer(() => ({ body: { tables: [...named, { type: 'TABLE' }] } }))
    const connection = await createConnector().connect({
      projectId: 'demo',
      endpoint: server.url,
      grant: 'none',
    })

    const listed = await connection.browse('update', { datasetId: 'shop' })

    await connection.close()
    await server.close()
    expect(listed.map(({ label, kind }) => [label, kind])).toEqual([
      ['Dynamic table or view', 'dynamic'],
      ['a_external', 'external'],
      ['a_materialized_view', 'materialized-view'],
      ['a_snapshot', 'snapshot'],
      ['a_table', 'table'],
      ['a_view', 'view'],
    ])
  })

  it.each([
    ['update', 'DYNAMIC'],
    ['upsert', 'GENERIC'],
  ] as const)('%s are %s alone where no dataset is named, or nothing is in it', async (operation, id) => {
    expect(ids(await browse(operation))).toEqual([id])
    expect(ids(await browse(operation, { datasetId: 'empty' }))).toEqual([id])
  })

  it.each([
    ['run-job', ['QUERY', 'LOAD', 'EXTRACT', 'COPY']],
    ['get-query-results', ['QUERY']],
  ] as const)('%s are kinds of jobs, whatever the dataset', async (operation, expected) => {
    expect(ids(await browse(operation, { datasetId: 'ghost' }))).toEqual(expected)
  })
})

describe('browsing', () => {
  it('finds by a part of the label, upper and lower case alike', async () => {
    expect(ids(await browse('streaming-insert', { datasetId: 'shop', search: 'CUST' }))).toEqual([
      'datasets/shop/tables/Customers',
    ])
    expect(await browse('streaming-insert', { datasetId: 'shop', search: 'zzz' })).toEqual([])
    expect(ids(await browse('run-job', { search: 'load' }))).toEqual(['LOAD'])
  })

  it('gives the first few when a limit is set', async () => {
    expect(ids(await browse('update', { datasetId: 'shop', limit: 2 }))).toEqual([
      'DYNAMIC',
      'datasets/shop/tables/Customers',
    ])
  })

  it.each([0, -1, 1.5, Number.NaN])('refuses a limit of %d', async (limit) => {
    await expect(browse('run-job', { limit })).rejects.toMatchObject({
      code: 'BQC_CONFIG_INVALID',
      faults: [{ path: '/limit' }],
    })
  })

  it.each([
    ['a dataset is missing', {}, 'BQC_CONFIG_INVALID', /give a datasetId/],
    ['the dataset is not there', { datasetId: 'ghost' }, 'BQC_NOT_FOUND', /ghost/],
    ['nothing is in it', { datasetId: 'empty' }, 'BQC_NOT_FOUND', /There is no TABLE in demo\.empty/],
    [
      'the resource type is another',
      { datasetId: 'shop', resourceType: 'VIEW' as const },
      'BQC_CONFIG_INVALID',
      /resourceType of streaming-insert must be one of TABLE/,
    ],
  ])('says plainly when %s', async (_, scope, code, message) => {
    await expect(browse('streaming-insert', scope)).rejects.toMatchObject({
      code,
      message: expect.stringMatching(message),
    })
  })
})

describe('a look-up', () => {
  it('gives the datasets of the project, with their location', async () => {
    expect((await lookUp('datasets')).items).toEqual([
      { id: 'empty', label: 'empty', kind: 'US' },
      { id: 'shop', label: 'shop', kind: 'US' },
    ])
  })

  it('gives the projects that the account may see', async () => {
    expect(ids((await lookUp('projects')).items)).toContain('demo')
  })

  it('gives the tables and views of a dataset, page by page', async () => {
    const first = await lookUp('tables', { datasetId: 'shop', limit: 3 })
    const second = await lookUp('tables', { datasetId: 'shop', limit: 3, pageToken: first.nextPageToken })

    expect(first.items).toHaveLength(3)
    expect(second).toEqual({ items: [expect.objectContaining({ kind: expect.any(String) })] })
    expect(ids([...first.items, ...second.items]).sort()).toEqual(['Customers', 'lines', 'orders', 'recent'])
  })

  it('gives the columns of a table, nested ones by their path', async () => {
    const { items } = await lookUp('columns', { objectTypeId: 'datasets/shop/tables/orders' })

    expect(items).toEqual([
      { id: 'id', label: 'id', kind: 'INT64', help: 'The number.' },
      { id: 'items', label: 'items', kind: 'ARRAY<STRUCT>' },
      { id: 'items.sku', label: 'items.sku', kind: 'STRING' },
    ])
    expect((await lookUp('columns', { datasetId: 'shop', tableId: 'lines' })).items).toHaveLength(1)
  })

  it('gives object types as browse does, but a page at a time', async () => {
    const scope = { operationId: 'update', datasetId: 'shop', limit: 2 } as const
    const first = await lookUp('object-types', scope)
    const rest = await lookUp('object-types', { ...scope, limit: 10, pageToken: first.nextPageToken })

    const all = await browse('update', { datasetId: 'shop' })
    expect(ids([...first.items, ...rest.items]).sort()).toEqual([...ids(all)].sort())
    expect(first.items[0]?.id).toBe('DYNAMIC')
  })

  it('gives locations: the two that everybody has, and those in use', async () => {
    expect(ids((await lookUp('locations')).items)).toEqual(['US', 'EU'])
  })

  it('finds by a part of the label', async () => {
    expect(ids((await lookUp('tables', { datasetId: 'shop', search: 'ORD' })).items)).toEqual(['orders'])
  })

  it.each([
    ['tables', {}, '/datasetId'],
    ['columns', {}, '/objectTypeId'],
    ['object-types', { datasetId: 'shop' }, '/operationId'],
    ['object-types', { operationId: 'streaming-insert' as const }, '/datasetId'],
    ['datasets', { limit: 0 }, '/limit'],
    ['cities', {}, '/list'],
  ])('of %s says what it needs: %o', async (list, scope, path) => {
    await expect(lookUp(list as 'tables', scope)).rejects.toMatchObject({
      code: 'BQC_CONFIG_INVALID',
      faults: [{ path }],
    })
  })

  it('is over when its signal says so', async () => {
    await expect(lookUp('datasets', { signal: AbortSignal.abort() })).rejects.toMatchObject({
      code: 'BQC_ABORTED',
    })
  })
})
