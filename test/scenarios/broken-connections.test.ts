// What a connection test says of connections that are broken, each in its own way.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type ConnectionConfig, createConnector, type TestReport, type TestScope } from '../../src/index.ts'
import { type LocalBigQuery, startLocalBigQuery } from '../../src/local/index.ts'
import { query } from '../fixtures/embedded.ts'

const orders = { datasetId: 'shop', tableId: 'orders' }

let local: LocalBigQuery
let owner: ConnectionConfig
beforeAll(async () => {
  local = await startLocalBigQuery({ port: 0, projectId: 'demo', authentication: 'required' })
  owner = await configOf('owner')
  await run(
    'CREATE SCHEMA shop',
    'CREATE TABLE shop.orders (id INT64)',
    'CREATE VIEW shop.recent AS SELECT id FROM shop.orders',
  )
})
afterAll(() => local.close())

async function configOf(name: string, permissions?: readonly string[]): Promise<ConnectionConfig> {
  const key = await local.createServiceAccount(name, permissions === undefined ? {} : { permissions })
  return { projectId: 'demo', endpoint: local.url, grant: 'jwt-bearer', serviceAccountKey: { ...key } }
}

async function run(...statements: string[]): Promise<unknown[]> {
  const connection = await createConnector().connect(owner)
  const runJob = connection.operation('run-job', { objectType: 'QUERY' })
  const getResults = connection.operation('get-query-results', { objectType: 'QUERY' })
  const outcomes = await Array.fromAsync(runJob.execute(statements.map(query)))
  expect(outcomes.filter(({ status }) => status !== 'success')).toEqual([])
  const [{ jobReference }] = outcomes.slice(-1).map(({ payload }) => payload) as [{ jobReference: object }]
  const rows = await Array.fromAsync(getResults.execute([{ data: { ...jobReference } }]))
  await connection.close()
  return rows.flatMap(({ payload }) => (payload === undefined ? [] : [payload]))
}

const test = (config: ConnectionConfig, scope?: TestScope) => createConnector().test(config, scope)
const codesOf = ({ steps }: TestReport) => steps.map(({ step, code }) => [step, code])

describe('a connection that works', () => {
  it('passes every step, and leaves no row behind', async () => {
    const [before] = await run('SELECT COUNT(*) AS n FROM shop.orders')

    const report = await test(owner, orders)

    expect(report.ok).toBe(true)
    expect(codesOf(report)).toEqual(
      ['key', 'clock', 'token', 'project', 'jobs', 'read', 'insert'].map((step) => [step, 'OK']),
    )
    expect(report.steps.filter(({ hint }) => hint !== undefined)).toEqual([])
    expect(await run('SELECT COUNT(*) AS n FROM shop.orders')).toEqual([before])
  })

  it('reads a view', async () => {
    const { steps } = await test(owner, { datasetId: 'shop', tableId: 'recent' })

    expect(steps.find(({ step }) => step === 'read')).toMatchObject({ ok: true })
  })
})

describe('a broken connection', () => {
  const failures = new Map<string, { code: string; hint: string | undefined }>()

  const failedOf = (name: string, report: TestReport) => {
    expect(report.ok).toBe(false)
    const failed = report.steps.filter(({ ok }) => !ok)
    const [first] = failed
    failures.set(name, { code: String(first?.code), hint: first?.hint })
    expect(JSON.stringify(report)).not.toContain('PRIVATE KEY')
    return failed
  }

  it('with a key that is none fails at the key', async () => {
    const report = await test({ ...owner, serviceAccountKey: { private_key: 'x', client_email: 'a@b' } })

    expect(failedOf('key', report)).toMatchObject([{ step: 'key', code: 'BQC_KEY_INVALID' }])
  })

  it('with the key of another fails at the token', async () => {
    const report = await test({ ...owner, issuer: 'ghost@demo.iam.gserviceaccount.com' })

    expect(failedOf('issuer', report)).toMatchObject([{ step: 'token', code: 'BQC_SIGN_IN_REFUSED' }])
  })

  it('with the wrong project fails at the project', async () => {
    const report = await test({ ...owner, projectId: 'nowhere' }, orders)

    expect(failedOf('project', report)).toMatchObject([
      {
        step: 'project',
        code: 'BQC_PROJECT_UNREACHABLE',
        message: 'Project nowhere cannot be reached with this connection: Not found: Project nowhere',
        hint: expect.stringContaining('project ID'),
      },
    ])
  })

  it('without the right to insert fails at that alone', async () => {
    const reader = await configOf('reader', ['roles/bigquery.jobUser', 'roles/bigquery.dataViewer'])

    const report = await test(reader, orders)

    expect(failedOf('insert', report)).toMatchObject([
      {
        step: 'insert',
        code: 'BQC_INSERT_DENIED',
        hint: expect.stringContaining('roles/bigquery.dataEditor'),
      },
    ])
    expect(report.steps).toHaveLength(7)
  })

  it('that may do nothing but insert says so, and that it may insert', async () => {
    const inserter = await configOf('inserter', ['bigquery.tables.updateData'])

    const report = await test(inserter, orders)

    expect(failedOf('jobs', report)).toMatchObject([
      { code: 'BQC_JOBS_DENIED', hint: expect.stringContaining('roles/bigquery.jobUser') },
      { code: 'BQC_READ_DENIED', hint: expect.stringContaining('roles/bigquery.dataViewer') },
    ])
    expect(report.steps.at(-1)).toMatchObject({
      step: 'insert',
      ok: true,
      message: expect.stringContaining('validation: service'),
    })
    const connection = await createConnector().connect(inserter)
    const insert = connection.operation('streaming-insert', {
      ...{ objectType: 'datasets/shop/tables/orders', validation: 'service' },
    })
    expect(await Array.fromAsync(insert.execute([{ data: { id: 1 } }]))).toMatchObject([
      { status: 'success' },
    ])
    await connection.close()
  })

  it('on a machine whose clock is off fails at the clock', async () => {
    const clock = {
      now: () => Date.now() + 600_000,
      wait: async () => undefined,
      after: () => () => undefined,
    }

    const report = await createConnector({ clock }).test(owner)

    expect(failedOf('clock', report)).toMatchObject([
      {
        step: 'clock',
        code: 'BQC_CLOCK_SKEWED',
        message: expect.stringMatching(/(599|600|601) seconds ahead/),
      },
    ])
  })

  it('whose values are none fails at the configuration, with every fault', async () => {
    const report = await test({ projectId: 'Not An Id', requestTimeoutMs: 1 } as ConnectionConfig)

    expect(failedOf('configuration', report)).toMatchObject([
      {
        step: 'configuration',
        code: 'BQC_CONFIG_INVALID',
        message: expect.stringContaining('requestTimeoutMs'),
      },
    ])
  })

  it('has, each of them, its own code and hint', () => {
    expect([...failures.keys()].sort()).toEqual(
      ['clock', 'configuration', 'insert', 'issuer', 'jobs', 'key', 'project'].sort(),
    )
    expect(new Set([...failures.values()].map(({ code }) => code)).size).toBe(failures.size)
    expect(new Set([...failures.values()].map(({ hint }) => hint)).size).toBe(failures.size)
  })
})

describe('a connection test', () => {
  it('of a dataset that is not there says that', async () => {
    expect(codesOf(await test(owner, { datasetId: 'ghost' })).slice(-2)).toEqual([
      ['read', 'BQC_NOT_FOUND'],
      ['insert', 'NOT_TRIED'],
    ])
  })

  it('that is stopped ends with that', async () => {
    const report = await test(owner, { signal: AbortSignal.abort() })

    expect(report.steps.at(-1)).toMatchObject({ step: 'clock', code: 'BQC_ABORTED' })
  })
})
