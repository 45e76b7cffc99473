import { beforeAll, describe, expect, it } from 'vitest'
import { createConnector, type JsonObject, type Outcome } from '../../src/index.ts'
import { startTinyServer } from '../bigquery/tiny-server.ts'
import { InstantClock } from '../fixtures/clocks.ts'
import { embedded } from '../fixtures/embedded.ts'

const bigquery = embedded()

const columns = [
  { name: 'id', type: 'INTEGER', mode: 'REQUIRED' },
  { name: 'item', type: 'STRING' },
]

async function update(data: JsonObject, options: object = {}, properties = {}): Promise<Outcome> {
  const operation = bigquery.connection.operation('update', {
    objectType: 'datasets/shop/tables/orders',
    ...options,
  })
  const [outcome] = await Array.fromAsync(operation.execute([{ data, properties }]))
  return outcome as Outcome
}

async function table(name = 'shop.orders'): Promise<Record<string, unknown>> {
  const [datasetId, tableId] = name.split('.')
  const url = `${bigquery.local.url}/bigquery/v2/projects/demo/datasets/${datasetId}/tables/${tableId}`
  return (await (await fetch(url)).json()) as Record<string, unknown>
}

describe('Update', () => {
  beforeAll(() => bigquery.run('CREATE SCHEMA shop', 'CREATE SCHEMA other').then(() => undefined))
  // Each test begins with the same table.
  const renew = () =>
    bigquery.run(
      'CREATE OR REPLACE TABLE shop.orders (id INT64 NOT NULL, item STRING) OPTIONS (description = "old", labels = [("team", "a"), ("env", "dev")])',
    )

  it('changes what the document has, and leaves the rest alone', async () => {
    await renew()

    const outcome = await update({ description: 'new', labels: { team: 'b', cost: '7' } })

    expect(outcome).toMatchObject({
      status: 'success',
      code: '200',
      payload: { description: 'new', labels: { team: 'b', env: 'dev', cost: '7' } },
    })
    expect(await table()).toMatchObject({ description: 'new', schema: { fields: columns } })
  })

  it('removes what is null', async () => {
    await renew()

    await update({ description: null, labels: { env: null } })

    const { description, labels } = await table()
    expect({ description, labels }).toEqual({ description: undefined, labels: { team: 'a' } })
  })

  it('replaces the whole resource with Full Update, but for the columns, which cannot be taken away', async () => {
    await renew()

    const outcome = await update({ labels: { only: 'this' } }, { update: true })

    expect(outcome.status).toBe('success')
    const { description, labels, schema } = await table()
    expect({ description, labels, schema }).toEqual({
      description: undefined,
      labels: { only: 'this' },
      schema: { fields: columns.map((column) => expect.objectContaining(column)) },
    })
  })

  it('adds columns and relaxes them', async () => {
    await renew()

    const outcome = await update({
      schema: {
        fields: [
          { name: 'id', type: 'INT64', mode: 'NULLABLE' },
          { name: 'item', type: 'STRING' },
          { name: 'lines', type: 'RECORD', mode: 'REPEATED', fields: [{ name: 'n', type: 'INT64' }] },
        ],
      },
    })

    expect(outcome.status).toBe('success')
    await bigquery.run('INSERT INTO shop.orders (lines) VALUES ([STRUCT(1 AS n)])')
    expect(await bigquery.rows('SELECT id, lines FROM shop.orders')).toEqual([
      { id: null, lines: [{ n: '1' }] },
    ])
  })

  it('tells every column that cannot be changed so, with the reason, and sends nothing', async () => {
    await renew()

    const outcome = await update({
      description: 'never there',
      schema: {
        fields: [
          { name: 'id', type: 'NUMERIC' },
          { name: 'extra', type: 'DATE', mode: 'REQUIRED' },
        ],
      },
    })

    expect(outcome).toMatchObject({
      status: 'application-error',
      code: '400',
      errorCode: 'BQC_DOCUMENT_INVALID',
      faults: [
        { path: '/schema/fields', message: expect.stringContaining('item') },
        { path: '/schema/fields/0/type', message: expect.stringContaining('SET DATA TYPE NUMERIC') },
        { path: '/schema/fields/1/mode' },
      ],
    })
    expect(await table()).toMatchObject({ description: 'old' })
  })

  it.each([
    ['columns that are no list', { schema: { fields: 'all' } }],
    ['columns that are null', { schema: null }],
    ['a column without a name', { schema: { fields: [...columns, { type: 'STRING' }] } }],
  ])('refuses %s', async (_, data) => {
    await renew()

    expect(await update(data)).toMatchObject({
      status: 'application-error',
      errorCode: 'BQC_DOCUMENT_INVALID',
      faults: [{ path: expect.stringMatching(/^\/schema\/fields/) }],
    })
  })

  describe('with an etag in the document', () => {
    it('changes the table that is still so', async () => {
      await renew()
      const { etag } = await table()

      expect(await update({ etag, description: 'new' })).toMatchObject({ status: 'success' })
    })

    it('refuses to change one that somebody else has changed since', async () => {
      await renew()
      const { etag } = await table()
      await update({ description: "somebody else's" })

      const outcome = await update({ etag, description: 'mine' })

      expect(outcome).toMatchObject({
        status: 'application-error',
        code: '412',
        errorCode: 'BQC_CHANGED_MEANWHILE',
      })
      expect(await table()).toMatchObject({ description: "somebody else's" })
    })
  })

  describe('when something goes wrong between the look and the change', () => {
    const faulty = async (fault: object, data: object) => {
      await renew()
      const connection = await createConnector({ clock: new InstantClock() }).connect({
        projectId: 'demo',
        endpoint: bigquery.local.url,
        grant: 'none',
      })
      const rules = [{ match: { method: 'PATCH', count: 1 }, ...fault }]
      await fetch(`${bigquery.local.url}/_faults`, { method: 'PUT', body: JSON.stringify(rules) })
      try {
        const operation = connection.operation('update', { objectType: 'datasets/shop/tables/orders' })
        return (await Array.fromAsync(operation.execute([{ data: data as JsonObject }])))[0]
      } finally {
        await connection.close()
        await fetch(`${bigquery.local.url}/_faults`, { method: 'DELETE' })
      }
    }

    it('makes the change anew where somebody else was faster', async () => {
      const outcome = await faulty({ status: 412, reason: 'conditionNotMet' }, { description: 'new' })

      expect(outcome).toMatchObject({ status: 'success', payload: { description: 'new' } })
    })

    it('finds its own change where the answer was lost', async () => {
      const { etag } = await renew().then(() => table())

      expect(await faulty({ reset: 'after' }, { description: 'new' })).toMatchObject({
        status: 'success',
        payload: { description: 'new' },
      })
      expect((await table())['etag']).not.toBe(etag)
    })

    it('finds its own change also where the document insists on an etag', async () => {
      await renew()
      const { etag } = await table()
      const rules = [{ match: { method: 'PATCH', count: 1 }, reset: 'after' }]
      await fetch(`${bigquery.local.url}/_faults`, { method: 'PUT', body: JSON.stringify(rules) })

      const schema = { fields: [...columns, { name: 'lines', type: 'INT64' }] }
      const outcome = await update({ etag, description: 'new', schema })

      expect(outcome).toMatchObject({ status: 'success', payload: { description: 'new' } })
    })
  })

  describe('as a preview', () => {
    it('tells what would change, in the order of the names, and changes nothing', async () => {
      await renew()
      const { etag } = await table()

      const outcome = await update(
        { description: 'new', labels: { team: null, cost: '7' }, expirationTime: '4102444800000' },
        { preview: true },
      )

      expect(outcome).toMatchObject({ status: 'success', code: '200' })
      expect(outcome.payload).toEqual({
        tableReference: { projectId: 'demo', datasetId: 'shop', tableId: 'orders' },
        etag,
        changes: [
          { path: '/description', from: 'old', to: 'new' },
          { path: '/expirationTime', to: '4102444800000' },
          { path: '/labels/team', from: 'a' },
          { path: '/labels/cost', to: '7' },
        ],
      })
      expect((await table())['etag']).toBe(etag)
    })

    it('takes the two names of a type, and a mode that is not said, for no change', async () => {
      await renew()
      const fields = [
        { name: 'id', type: 'INT64', mode: 'REQUIRED' },
        { name: 'item', type: 'STRING', mode: 'NULLABLE' },
        { name: 'more', type: 'RECORD', fields: [{ name: 'n', type: 'INTEGER' }] },
      ]

      const { payload } = await update({ schema: { fields } }, { preview: true })

      expect(payload).toMatchObject({
        changes: [
          {
            path: '/schema/fields/2',
            to: { name: 'more', type: 'STRUCT', fields: [{ name: 'n', type: 'INT64' }] },
          },
        ],
      })
    })

    it('of a full update tells what would go', async () => {
      await renew()

      const { payload } = await update({ description: 'old' }, { preview: true, update: true })

      expect(payload).toMatchObject({ changes: [{ path: '/labels', from: { team: 'a', env: 'dev' } }] })
    })

    it('of an update that would be refused is the refusal', async () => {
      await renew()

      expect(await update({ schema: { fields: [columns[0]] } }, { preview: true })).toMatchObject({
        status: 'application-error',
        faults: [{ path: '/schema/fields', message: expect.stringContaining('item') }],
      })
      expect(await update({ etag: 'old', description: 'x' }, { preview: true })).toMatchObject({
        status: 'application-error',
        code: '412',
      })
    })
  })

  describe('of a view', () => {
    beforeAll(() => bigquery.run('CREATE VIEW shop.recent AS SELECT 1 AS one').then(() => undefined))

    it('that BigQuery refuses has its answer as payload', async () => {
      const outcome = await update(
        { view: { query: 'SELECT nope' } },
        { objectType: 'datasets/shop/tables/recent' },
      )

      expect(outcome).toMatchObject({
        status: 'application-error',
        code: '400',
        message: expect.stringContaining('nope'),
        payload: { error: { code: 400, message: expect.stringContaining('nope') } },
      })
    })

    it.each([
      ['legacy SQL, which the API need not say', {}, true],
      ['legacy SQL', { useLegacySql: true }, true],
      ['GoogleSQL', { useLegacySql: false }, false],
    ])('leaves it %s', async (_, dialect, expected) => {
      const tableReference = { projectId: 'demo', datasetId: 'shop', tableId: 'recent' }
      const view = { query: 'SELECT 1', ...dialect }
      const server = await startTinyServer(() => ({
        body: { tableReference, etag: 'a', type: 'VIEW', view },
      }))
      const connection = await createConnector().connect({
        projectId: 'demo',
        endpoint: server.url,
        grant: 'none',
      })
      const operation = connection.operation('update', { objectType: 'datasets/shop/tables/recent' })

      await Array.fromAsync(operation.execute([{ data: { view: { query: 'SELECT 2' } } }]))
      await connection.close()
      await server.close()

      expect(JSON.parse(server.asked.at(-1)?.body ?? '')).toMatchObject({
        view: { query: 'SELECT 2', useLegacySql: expected },
      })
    })

    it('takes GoogleSQL unless the document says otherwise', async () => {
      const outcome = await update(
        { view: { query: 'SELECT 2 AS two' } },
        { objectType: 'datasets/shop/tables/recent' },
      )

      expect(outcome).toMatchObject({ status: 'success', payload: { view: { useLegacySql: false } } })
      expect(await bigquery.rows('SELECT * FROM shop.recent')).toEqual([{ two: '2' }])
    })
  })

  describe('finds its table', () => {
    beforeAll(() => bigquery.run('CREATE TABLE other.orders (id INT64)').then(() => undefined))

    it('by the document, with DYNAMIC', async () => {
      const tableReference = { datasetId: 'other', tableId: 'orders' }

      const outcome = await update({ tableReference, description: 'found' }, { objectType: 'DYNAMIC' })

      expect(outcome.status).toBe('success')
      expect(await table('other.orders')).toMatchObject({ description: 'found' })
    })

    it('by the document, whose blanks are what nobody has filled in', async () => {
      const dynamic = { projectId: '', datasetId: 'other', tableId: 'orders' }
      const fixed = { projectId: '', datasetId: '', tableId: '' }

      expect(
        await update({ tableReference: dynamic, description: 'found' }, { objectType: 'DYNAMIC' }),
      ).toMatchObject({ status: 'success', payload: { id: 'demo:other.orders' } })
      expect(await update({ tableReference: fixed, description: 'found' })).toMatchObject({
        status: 'success',
        payload: { id: 'demo:shop.orders' },
      })
    })

    it('by the document, with DYNAMIC, in the project that it names, which both URL and body have', async () => {
      const tables = `${bigquery.local.url}/bigquery/v2/projects/second/datasets`
      const post = (url: string, body: object) => fetch(url, { method: 'POST', body: JSON.stringify(body) })
      const tableReference = { projectId: 'second', datasetId: 'shop', tableId: 'only-there' }
      await post(tables, { datasetReference: { projectId: 'second', datasetId: 'shop' } })
      await post(`${tables}/shop/tables`, { tableReference })

      const outcome = await update({ tableReference, description: 'there' }, { objectType: 'DYNAMIC' })

      expect(outcome).toMatchObject({
        status: 'success',
        payload: { id: 'second:shop.only-there', tableReference, description: 'there' },
      })
    })

    it.each([
      ['the option datasetId', { datasetId: 'other' }, {}],
      ['the property datasetId of the document', {}, { datasetId: 'other' }],
    ])('by %s, in another dataset', async (name, options, properties) => {
      expect(await update({ description: name }, options, properties)).toMatchObject({ status: 'success' })
      expect(await table('other.orders')).toMatchObject({ description: name })
    })

    it.each([
      [
        'DYNAMIC without a table',
        { objectType: 'DYNAMIC' },
        { datasetId: 'shop' },
        '/tableReference/tableId',
      ],
      [
        'DYNAMIC in a project that is overridden',
        { objectType: 'DYNAMIC', projectIdOverride: 'demo' },
        { projectId: 'else', datasetId: 'shop', tableId: 'orders' },
        '/tableReference/projectId',
      ],
      [
        'a reference to another table than the operation has',
        {},
        { tableId: 'sales' },
        '/tableReference/tableId',
      ],
    ])('or says why not: %s', async (_, options, tableReference, path) => {
      expect(await update({ tableReference, description: 'x' }, options)).toMatchObject({
        status: 'application-error',
        errorCode: 'BQC_DOCUMENT_INVALID',
        faults: [{ path }],
      })
    })

    it('or refuses the document that names one that is not there', async () => {
      const tableReference = { datasetId: 'shop', tableId: 'nope' }

      expect(await update({ tableReference, description: 'x' }, { objectType: 'DYNAMIC' })).toMatchObject({
        status: 'application-error',
        code: '404',
        errorCode: 'BQC_NAME_UNKNOWN',
      })
    })

    it('or reports that it is not there', async () => {
      expect(await update({ description: 'x' }, { objectType: 'datasets/shop/tables/nope' })).toMatchObject({
        status: 'failure',
        code: '404',
        errorCode: 'BQC_NOT_FOUND',
      })
    })
  })

  it('goes on with the next document after one that is refused', async () => {
    await renew()
    const operation = bigquery.connection.operation('update', { objectType: 'datasets/shop/tables/orders' })

    const outcomes = await Array.fromAsync(
      operation.execute([{ data: 'no JSON' }, { data: { description: 'second' } }]),
    )

    expect(outcomes).toMatchObject([
      { index: 0, status: 'application-error', code: '400', errorCode: 'BQC_DOCUMENT_NOT_JSON' },
      { index: 1, status: 'success' },
    ])
  })
})
