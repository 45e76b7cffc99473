import { gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { startLocalBigQuery } from '../../src/local/index.ts'
import { apiOfFile, startApi } from './api.ts'

const api = await apiOfFile()

describe('datasets', () => {
  test('a dataset is created, read, listed and deleted', async () => {
    const made = await api.call('POST', 'projects/demo/datasets', {
      datasetReference: { datasetId: 'one' },
      labels: { team: 'a' },
    })
    expect(made.status).toBe(200)
    expect(made.body).toMatchObject({
      kind: 'bigquery#dataset',
      id: 'demo:one',
      location: 'US',
      labels: { team: 'a' },
    })
    expect(made.body.creationTime).toMatch(/^\d{13}$/)
    expect((await api.call('GET', 'projects/demo/datasets/one')).body).toEqual(made.body)
    const list = await api.call('GET', 'projects/demo/datasets?filter=labels.team:a')
    expect(list.body.datasets).toHaveLength(1)
    expect((await api.call('DELETE', 'projects/demo/datasets/one')).status).toBe(204)
    expect((await api.call('GET', 'projects/demo/datasets/one')).body.error).toMatchObject({
      code: 404,
      message: 'Not found: Dataset demo:one',
      status: 'NOT_FOUND',
      errors: [{ reason: 'notFound', domain: 'global' }],
    })
  })

  test('an empty list has no datasets key', async () => {
    const { body } = await api.call('GET', 'projects/nobody/datasets')
    expect(body.kind).toBe('bigquery#datasetList')
    expect('datasets' in body).toBe(false)
    expect('nextPageToken' in body).toBe(false)
  })

  test('creating the same dataset twice is a duplicate', async () => {
    const body = { datasetReference: { datasetId: 'twice' } }
    await api.call('POST', 'projects/demo/datasets', body)
    const again = await api.call('POST', 'projects/demo/datasets', body)
    expect(again.status).toBe(409)
    expect(again.body.error.errors[0]).toMatchObject({
      reason: 'duplicate',
      message: 'Already Exists: Dataset demo:twice',
    })
  })

  test('a dataset with tables is deleted only with deleteContents', async () => {
    await api.table('full', 't', [{ name: 'a', type: 'STRING' }])
    const refused = await api.call('DELETE', 'projects/demo/datasets/full')
    expect(refused.status).toBe(400)
    expect(refused.body.error.errors[0].reason).toBe('resourceInUse')
    expect((await api.call('DELETE', 'projects/demo/datasets/full?deleteContents=true')).status).toBe(204)
  })

  test('a patch merges labels, and a stale etag is refused', async () => {
    const { body } = await api.call('POST', 'projects/demo/datasets', {
      datasetReference: { datasetId: 'patched' },
      labels: { keep: '1', drop: '2' },
    })
    const patched = await api.call('PATCH', 'projects/demo/datasets/patched', {
      labels: { drop: null, add: '3' },
    })
    expect(patched.body.labels).toEqual({ keep: '1', add: '3' })
    expect(patched.body.etag).not.toBe(body.etag)
    const stale = await api.call('PATCH', 'projects/demo/datasets/patched', {}, { 'If-Match': body.etag })
    expect(stale.status).toBe(412)
    expect(stale.body.error.message).toMatch(/precondition/i)
  })
})

describe('tables', () => {
  test('a nested schema comes back exactly as it was sent', async () => {
    const fields = [
      { name: 'id', type: 'INT64', mode: 'REQUIRED' },
      { name: 'who', type: 'RECORD', fields: [{ name: 'tags', type: 'STRING', mode: 'REPEATED' }] },
    ]
    const made = await api.table('shop', 'nested', fields)
    expect(made.status).toBe(200)
    expect(made.body.schema).toEqual({ fields })
    expect(made.body).toMatchObject({
      kind: 'bigquery#table',
      id: 'demo:shop.nested',
      type: 'TABLE',
      numRows: '0',
    })
    const basic = await api.call('GET', 'projects/demo/datasets/shop/tables/nested?view=BASIC')
    expect(basic.body.numBytes).toBeUndefined()
    expect(basic.body.lastModifiedTime).toBeUndefined()
  })

  test('table ids differ by case', async () => {
    await api.table('cased', 'orders', [{ name: 'a', type: 'STRING' }])
    expect((await api.table('cased', 'Orders', [{ name: 'a', type: 'STRING' }])).status).toBe(200)
    expect((await api.call('GET', 'projects/demo/datasets/cased/tables')).body.totalItems).toBe(2)
  })

  test('lists are paged', async () => {
    for (const name of ['a', 'b', 'c']) await api.table('paged', name, [{ name: 'x', type: 'STRING' }])
    const first = await api.call('GET', 'projects/demo/datasets/paged/tables?maxResults=2')
    expect(first.body.tables).toHaveLength(2)
    const second = await api.call(
      'GET',
      `projects/demo/datasets/paged/tables?maxResults=2&pageToken=${first.body.nextPageToken}`,
    )
    expect(second.body.tables).toHaveLength(1)
    expect(second.body.nextPageToken).toBeUndefined()
  })

  test('a patch may add a column and may not drop one', async () => {
    await api.table('shop', 'grown', [{ name: 'a', type: 'STRING' }])
    const path = 'projects/demo/datasets/shop/tables/grown'
    const fields = [
      { name: 'a', type: 'STRING' },
      { name: 'b', type: 'INTEGER' },
    ]
    expect((await api.call('PATCH', path, { schema: { fields } })).body.schema).toEqual({ fields })
    expect((await api.insert('shop.grown', [{ json: { a: 'x', b: 1 } }])).body.insertErrors).toBeUndefined()
    const dropped = await api.call('PATCH', path, { schema: { fields: [{ name: 'b', type: 'INTEGER' }] } })
    expect(dropped.body.error.message).toBe(
      'Provided Schema does not match Table demo:shop.grown. Field a is missing in new schema',
    )
  })
})

describe('the HTTP face', () => {
  test('every route is also reached without /bigquery/v2', async () => {
    const response = await fetch(`${api.local.url}/projects/demo/serviceAccount`)
    expect(((await response.json()) as { kind: string }).kind).toBe('bigquery#getServiceAccountResponse')
  })

  test('an unknown route is 404 in the service envelope', async () => {
    const reply = await api.call('GET', 'projects/demo/nonsense')
    expect(reply.status).toBe(404)
    expect(reply.body.error.errors[0].reason).toBe('notFound')
  })

  test('a body that is not JSON is 400', async () => {
    const reply = await api.call('POST', 'projects/demo/datasets', '{"datasetReference":')
    expect(reply.status).toBe(400)
    expect(reply.body.error.status).toBe('INVALID_ARGUMENT')
  })

  test('a gzip body is read', async () => {
    const body = gzipSync(JSON.stringify({ datasetReference: { datasetId: 'zipped' } }))
    const reply = await api.call('POST', 'projects/demo/datasets', body, { 'Content-Encoding': 'gzip' })
    expect(reply.body.id).toBe('demo:zipped')
  })

  test('a gzip body that unzips to more than a request may hold is refused, however small it is', async () => {
    const bomb = gzipSync(Buffer.alloc(64 * 1024 * 1024))
    const reply = await api.call('POST', 'projects/demo/datasets', bomb, { 'Content-Encoding': 'gzip' })
    expect(reply.status).toBe(400)
    expect(reply.body.error.message).toBe('Request payload size exceeds the limit: 10485760 bytes.')
  })

  test('a body that only says that it is gzip is refused', async () => {
    const reply = await api.call('POST', 'projects/demo/datasets', '{}', { 'Content-Encoding': 'gzip' })
    expect(reply.body.error.errors[0].reason).toBe('badRequest')
  })

  test('a taken port is refused with EADDRINUSE and one clear line', async () => {
    const port = Number(new URL(api.local.url).port)
    const error = await startLocalBigQuery({ port }).then(
      () => undefined,
      (reason: unknown) => reason as NodeJS.ErrnoException,
    )
    expect(error?.code).toBe('EADDRINUSE')
    expect(error?.message).toBe(`Port ${port} on 127.0.0.1 is already in use.`)
  })

  test('several servers live in one process and close more than once', async () => {
    const other = await startApi()
    await other.table('mine', 't', [{ name: 'a', type: 'STRING' }])
    expect((await api.call('GET', 'projects/demo/datasets/mine')).status).toBe(404)
    await Promise.all([other.local.close(), other.local.close()])
    await other.local.close()
  })
})

test('a table goes when its expiration time is over, and not before', async () => {
  let clock = Date.parse('2026-03-01T00:00:00Z')
  const timed = await startApi({ now: () => clock })
  await timed.table('d', 'kept', [{ name: 'a', type: 'INTEGER' }])
  await timed.table('d', 'staging', [{ name: 'a', type: 'INTEGER' }])
  const path = 'projects/demo/datasets/d/tables/staging'
  await timed.call('PATCH', path, { expirationTime: String(clock + 3_600_000) })

  clock += 3_599_000
  expect((await timed.call('GET', path)).status).toBe(200)
  clock += 1_000
  expect((await timed.call('GET', path)).status).toBe(404)
  expect((await timed.query('SELECT * FROM d.staging')).body.error.message).toContain('Not found')
  expect((await timed.query('SELECT * FROM d.kept')).status).toBe(200)
  await timed.local.close()
})
