import { importPKCS8, SignJWT } from 'jose'
import { beforeAll, describe, expect, it } from 'vitest'
import { ALL_RIGHTS, checkRoute } from '../../src/local/auth/rights.ts'
import { faultRoutes } from '../../src/local/faults/fault-routes.ts'
import { objectRoutes } from '../../src/local/objects/object-routes.ts'
import { datasetRoutes } from '../../src/local/routes/datasets.ts'
import { jobRoutes } from '../../src/local/routes/jobs.ts'
import { projectRoutes } from '../../src/local/routes/projects.ts'
import { routineRoutes } from '../../src/local/routes/routines.ts'
import { tableDataRoutes } from '../../src/local/routes/table-data.ts'
import { tableRoutes } from '../../src/local/routes/tables.ts'
import { uploadRoutes } from '../../src/local/routes/uploads.ts'
import { directories } from '../fixtures/directories.ts'
import { type Api, apiOfFile, type Reply, startApi } from './api.ts'

const api = await apiOfFile()
const newDirectory = directories()

async function tokenOf(at: Api, name: string, permissions?: readonly string[]): Promise<string> {
  const key = await at.local.createServiceAccount(name, permissions === undefined ? {} : { permissions })
  const now = Math.floor(Date.now() / 1000)
  const claims = { iss: key.client_email, scope: 'x', aud: key.token_uri, iat: now, exp: now + 600 }
  const assertion = await new SignJWT(claims)
    .setProtectedHeader({ alg: 'RS256' })
    .sign(await importPKCS8(key.private_key, 'RS256'))
  const body = new URLSearchParams({ grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer', assertion })
  const reply = await fetch(key.token_uri, { method: 'POST', body })
  return ((await reply.json()) as { access_token: string }).access_token
}

let count = 0
/** Calls as an account with these rights. */
async function as(permissions?: readonly string[], at = api) {
  count += 1
  const headers = { Authorization: `Bearer ${await tokenOf(at, `robot-${count}`, permissions)}` }
  return (method: string, path: string, body?: unknown): Promise<Reply> =>
    at.call(method, path, body, headers)
}

const orders = 'projects/demo/datasets/shop/tables/orders'
const row = { rows: [{ json: { id: 1 } }] }
const job = (query: string) => ({ query, useLegacySql: false })
const refusalOf = ({ status, body }: Reply) => [status, body.error.errors[0].reason, body.error.message]

beforeAll(async () => {
  await api.table('shop', 'orders', [{ name: 'id', type: 'INTEGER' }])
  await api.call('POST', 'projects/other/datasets', { datasetReference: { datasetId: 'd' } })
})

describe('an account without a right', () => {
  it.each([
    [
      'POST',
      `${orders}/insertAll`,
      row,
      'Access Denied: Table demo:shop.orders: Permission bigquery.tables.updateData denied on table demo:shop.orders (or it may not exist).',
    ],
    [
      'GET',
      'projects/demo/datasets/shop',
      undefined,
      'Access Denied: Dataset demo:shop: Permission bigquery.datasets.get denied on dataset demo:shop (or it may not exist).',
    ],
    [
      'POST',
      'projects/demo/queries',
      job('SELECT 1'),
      'Access Denied: Project demo: User does not have bigquery.jobs.create permission in project demo.',
    ],
    [
      'POST',
      '../../upload/bigquery/v2/projects/demo/jobs?uploadType=resumable',
      { configuration: { load: {} } },
      'Access Denied: Project demo: User does not have bigquery.jobs.create permission in project demo.',
    ],
  ])('is refused with its name: %s %s', async (method, path, body, message) => {
    const call = await as([])

    expect(refusalOf(await call(method, path, body))).toEqual([403, 'accessDenied', message])
  })

  it('does what its other rights allow', async () => {
    const call = await as(['bigquery.tables.updateData'])

    expect((await call('POST', `${orders}/insertAll`, row)).status).toBe(200)
    expect((await call('GET', `${orders}/data`)).status).toBe(403)
  })

  it('is refused by a query for the tables that it names, also dry', async () => {
    const call = await as(['roles/bigquery.jobUser'])
    const dry = { ...job('SELECT id FROM shop.orders'), dryRun: true }

    expect((await call('POST', 'projects/demo/queries', job('SELECT 1 AS one'))).status).toBe(200)
    for (const body of [job('SELECT id FROM shop.orders'), dry]) {
      const reply = await call('POST', 'projects/demo/queries', body)
      expect(refusalOf(reply)[0]).toBe(403)
      expect(reply.body.error.message).toContain('bigquery.tables.getData denied on table demo:shop.orders')
    }
  })

  it('may read and not write', async () => {
    const call = await as(['roles/bigquery.jobUser', 'roles/bigquery.dataViewer'])
    const run = (sql: string) => call('POST', 'projects/demo/queries', job(sql))

    expect((await run('SELECT id FROM shop.orders')).status).toBe(200)
    for (const [sql, permission] of [
      ['INSERT INTO shop.orders (id) VALUES (7)', 'bigquery.tables.updateData'],
      ['UPDATE shop.orders SET id = 7 WHERE TRUE', 'bigquery.tables.updateData'],
      ['CREATE TABLE shop.copies AS SELECT 1 AS id', 'bigquery.tables.create'],
      ['DROP TABLE shop.orders', 'bigquery.tables.delete'],
      ['CREATE SCHEMA more', 'bigquery.datasets.create'],
    ] as const) {
      const reply = await run(sql)
      expect([sql, reply.status]).toEqual([sql, 403])
      expect(reply.body.error.message).toContain(permission)
    }
    expect((await api.query('SELECT COUNTIF(id = 7) AS n FROM shop.orders')).body.rows[0].f[0].v).toBe('0')
  })

  it('moves no rows with a job either', async () => {
    const call = await as(['roles/bigquery.jobUser'])
    const copy = {
      sourceTable: { datasetId: 'shop', tableId: 'orders' },
      destinationTable: { datasetId: 'shop', tableId: 'copied' },
    }

    const reply = await call('POST', 'projects/demo/jobs', { configuration: { copy } })

    expect(refusalOf(reply)[2]).toContain('bigquery.tables.getData denied on table demo:shop.orders')
  })

  it('sees an empty list of datasets', async () => {
    const [blind, seeing] = [await as([]), await as(['roles/bigquery.metadataViewer'])]

    expect((await blind('GET', 'projects/demo/datasets')).body.datasets).toBeUndefined()
    expect((await seeing('GET', 'projects/demo/datasets')).body.datasets).toHaveLength(1)
  })
})

describe('an account', () => {
  it('may do everything when nothing is said, in its own project', async () => {
    const call = await as()

    expect((await call('GET', orders)).status).toBe(200)
    expect((await call('POST', 'projects/demo/queries', job('SELECT id FROM shop.orders'))).status).toBe(200)
  })

  it('has no rights in the project of another', async () => {
    const call = await as()

    expect(refusalOf(await call('POST', 'projects/other/queries', job('SELECT 1')))).toEqual([
      403,
      'accessDenied',
      'Access Denied: Project other: User does not have bigquery.jobs.create permission in project other.',
    ])
    expect((await call('GET', 'projects/other/datasets')).body).toEqual(
      expect.not.objectContaining({ datasets: expect.anything() }),
    )
  })

  it('is told that a project is none', async () => {
    const call = await as()

    for (const path of ['projects/nowhere/datasets', 'projects/nowhere/serviceAccount'])
      expect(refusalOf(await call('GET', path))).toEqual([404, 'notFound', 'Not found: Project nowhere'])
  })

  it('keeps its rights across a restart, and gets others with a further key', async () => {
    const dataDirectory = newDirectory()
    const first = await startApi({ dataDirectory })
    await tokenOf(first, 'robot', ['bigquery.datasets.get'])
    await first.local.close()
    const second = await startApi({ dataDirectory })
    const statusOf = async (permissions?: string[]) => {
      const headers = { Authorization: `Bearer ${await tokenOf(second, 'robot', permissions)}` }
      return (await second.call('POST', 'projects/demo/queries', job('SELECT 1 AS one'), headers)).status
    }

    const [kept, given] = [await statusOf(), await statusOf(['bigquery.jobs.create'])]
    await second.local.close()

    expect([kept, given]).toEqual([403, 200])
  })

  it('is not made with a right that there is not', async () => {
    await expect(
      api.local.createServiceAccount('typo', { permissions: ['bigquery.job.create'] }),
    ).rejects.toThrow(/Unknown permission bigquery\.job\.create\. Known are .*bigquery\.jobs\.create/)
  })
})

describe('whoever comes without a token of an account', () => {
  it('may do everything, as long as tokens are not required', async () => {
    expect((await api.call('GET', orders)).status).toBe(200)
    expect((await api.call('GET', orders, undefined, { Authorization: 'Bearer made-up' })).status).toBe(200)
  })
})

describe('every route', () => {
  it('has a right that it needs, or is known to need none', () => {
    const routes = [
      ...[...projectRoutes('demo'), ...datasetRoutes, ...tableRoutes, ...tableDataRoutes],
      ...[...routineRoutes, ...jobRoutes, ...uploadRoutes, ...objectRoutes, ...faultRoutes],
    ]
    const path = { project: 'demo', dataset: 'shop', table: 'orders' }

    for (const route of routes) expect(() => checkRoute(ALL_RIGHTS, { ...route, path })).not.toThrow()
  })
})
