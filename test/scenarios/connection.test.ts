// A connection as a host uses it: tested, browsed, described, closed.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type ConnectionConfig, createConnector } from '../../src/index.ts'
import { type LocalBigQuery, startLocalBigQuery } from '../../src/local/index.ts'
import { query } from '../fixtures/embedded.ts'

let local: LocalBigQuery
let config: ConnectionConfig
beforeAll(async () => {
  local = await startLocalBigQuery({ port: 0, projectId: 'demo', authentication: 'required' })
  const serviceAccountKey = { ...(await local.createServiceAccount()) }
  config = { projectId: 'demo', endpoint: local.url, grant: 'jwt-bearer', serviceAccountKey }
})
afterAll(() => local.close())

describe('a connection test', () => {
  it('passes step by step with a good key', async () => {
    const connection = await createConnector().connect(config)

    const report = await connection.test()
    await connection.close()

    expect(report).toMatchObject({
      ok: true,
      steps: ['key', 'clock', 'token', 'project', 'jobs'].map((step) => ({ step, ok: true })),
    })
  })

  it.each([
    ['a key of an account that is gone', { issuer: 'ghost@demo.example' }, 'BQC_SIGN_IN_REFUSED', 'token'],
    [
      'a token that is not good',
      { grant: 'access-token', accessToken: 'stale' },
      'BQC_UNAUTHENTICATED',
      'project',
    ],
  ] as const)('with %s stops at the step that fails, and says why', async (_, change, code, step) => {
    const connection = await createConnector().connect({ ...config, ...change })

    const { ok, steps } = await connection.test()
    await connection.close()

    expect(ok).toBe(false)
    expect(steps.at(-1)).toMatchObject({ step, ok: false, code })
    expect(JSON.stringify(steps)).not.toContain('PRIVATE KEY')
  })
})

describe('an import wizard', () => {
  it('sees the tables of a dataset, and the shape of their rows', async () => {
    const connection = await createConnector().connect(config)
    const statements = [
      'CREATE SCHEMA shop',
      'CREATE TABLE shop.orders (id INT64 NOT NULL, tags ARRAY<STRING>)',
    ]
    await Array.fromAsync(
      connection.operation('run-job', { objectType: 'QUERY' }).execute(statements.map(query)),
    )

    const types = await connection.browse('streaming-insert', { datasetId: 'shop' })
    const profile = await connection.profile('streaming-insert', 'datasets/shop/tables/orders')
    const jobs = await connection.browse('run-job')
    await connection.close()

    expect(types).toEqual([{ id: 'datasets/shop/tables/orders', label: 'orders', kind: 'table' }])
    expect(profile.request).toMatchObject({
      type: 'object',
      required: ['id'],
      properties: { id: { type: ['integer', 'string'] }, tags: { type: 'array' } },
    })
    expect(jobs.map(({ id, kind }) => [id, kind])).toEqual([
      ['QUERY', 'job'],
      ['LOAD', 'job'],
      ['EXTRACT', 'job'],
      ['COPY', 'job'],
    ])
  })

  it('is told what is missing', async () => {
    const connection = await createConnector().connect(config)

    await expect(connection.browse('streaming-insert')).rejects.toMatchObject({ code: 'BQC_CONFIG_INVALID' })
    await expect(connection.browse('streaming-insert', { datasetId: 'ghost' })).rejects.toMatchObject({
      code: 'BQC_NOT_FOUND',
    })
    await expect(connection.profile('streaming-insert', 'orders')).rejects.toMatchObject({
      code: 'BQC_CONFIG_INVALID',
    })
    await connection.close()
  })
})
