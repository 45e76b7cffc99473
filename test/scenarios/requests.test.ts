// What every request of a connection carries, on both planes, and where it goes.
import { afterEach, describe, expect, it } from 'vitest'
import { openControlPlane } from '../../src/bigquery/control-plane.ts'
import type { HttpRequest } from '../../src/bigquery/http-message.ts'
import { createInsertRows } from '../../src/bigquery/insert-all.ts'
import { createReadPage } from '../../src/bigquery/query-results.ts'
import { createRetry } from '../../src/bigquery/retry.ts'
import { openTransport } from '../../src/bigquery/transport.ts'
import { createUploadJob } from '../../src/bigquery/upload.ts'
import { type ConnectionConfig, createConnector } from '../../src/index.ts'
import { startLocalBigQuery } from '../../src/local/index.ts'
import { jsonReply, scriptedTransport } from '../bigquery/scripted-transport.ts'
import { type Asked, startTinyServer, type TinyServer } from '../bigquery/tiny-server.ts'
import { InstantClock } from '../fixtures/clocks.ts'

const open: { close(): Promise<void> }[] = []
afterEach(async () => {
  for (const one of open.splice(0)) await one.close()
})

/** A service that knows one table and takes every row. */
const answers = ({ path }: Asked) => {
  if (path.startsWith('/token')) return { body: { access_token: 'issued', expires_in: 3600 } }
  return { body: { schema: { fields: [{ name: 'id', type: 'INTEGER' }] } } }
}

async function serviceKey(): Promise<object> {
  const local = await startLocalBigQuery({ port: 0 })
  const key = await local.createServiceAccount()
  await local.close()
  return key
}

/** One token request, one of the control plane, one of the data plane. */
async function insertOne(server: TinyServer, config: Partial<ConnectionConfig>): Promise<readonly Asked[]> {
  const connection = await createConnector({ clock: new InstantClock() }).connect({
    projectId: 'demo',
    endpoint: server.url,
    serviceAccountKey: { ...(await serviceKey()), token_uri: `${server.url}/token` },
    ...config,
  })
  open.push(connection)
  const insert = connection.operation('streaming-insert', { objectType: 'datasets/shop/tables/orders' })
  const [outcome] = await Array.fromAsync(insert.execute([{ data: { id: 1 } }]))
  expect(outcome?.status).toBe('success')
  return server.asked
}

describe('a request', () => {
  it('says who asks, on both planes and for tokens, with the version of the descriptor', async () => {
    const server = await startTinyServer(answers)
    open.push(server)

    const asked = await insertOne(server, {})

    const { version } = createConnector().descriptor
    expect(asked.map(({ path }) => path.split(/[?]/)[0])).toEqual([
      '/token',
      '/bigquery/v2/projects/demo/datasets/shop/tables/orders',
      '/bigquery/v2/projects/demo/datasets/shop/tables/orders/insertAll',
    ])
    expect(new Set(asked.map(({ headers }) => headers['user-agent']))).toEqual(
      new Set([`bigquery-connector/${version} (gzip)`]),
    )
  })

  it('names the partner whom it is counted for', async () => {
    const server = await startTinyServer(answers)
    open.push(server)

    const asked = await insertOne(server, { partner: 'Acme Flows' })

    const agents = new Set(asked.map(({ headers }) => headers['user-agent']))
    expect([...agents]).toEqual([
      expect.stringMatching(/^bigquery-connector\/\d+\.\d+\.\d+ \(GPN:Acme Flows;\) \(gzip\)$/),
    ])
  })

  it('names the quota project to the API, and not to the token endpoint', async () => {
    const server = await startTinyServer(answers)
    open.push(server)

    const asked = await insertOne(server, { quotaProject: 'payer' })

    expect(asked.map(({ headers }) => headers['x-goog-user-project'])).toEqual([undefined, 'payer', 'payer'])
  })

  it.each([
    ['partner', 'Acme;) evil'],
    ['quotaProject', 'Not An Id'],
    ['requestTimeoutMs', 10],
  ])('is not made by a connection whose %s is %o', async (field, value) => {
    const config = { projectId: 'demo', grant: 'access-token', accessToken: 'x', [field]: value } as const

    await expect(createConnector().connect(config)).rejects.toMatchObject({
      code: 'BQC_CONFIG_INVALID',
      faults: [{ path: `/${field}` }],
    })
  })
})

describe('the time that an insert has', () => {
  it.each([
    ['the operation\u2019s', { requestTimeout: 5000 }, 5000],
    ['the connection\u2019s, where the operation names none', {}, 7000],
  ])('is %s', async (_, own, timeoutMs) => {
    const sent: HttpRequest[] = []
    const http = {
      async send(request: HttpRequest) {
        sent.push(request)
        return jsonReply({})
      },
      close: async () => {},
    }
    const tokens = { token: async () => undefined, renew: async () => undefined }
    const transport = openTransport(http, tokens, { requestTimeoutMs: 7000 })
    const destination = { projectId: 'demo', datasetId: 'shop', tableId: 'orders', templateSuffix: '' }
    const options = { skipInvalidRows: false, ignoreUnknownValues: false, gzip: false, ...own }
    const insertRows = createInsertRows(transport, 'http://localhost:9050', options)

    await insertRows(
      { destination, body: Buffer.from('{}'), rowCount: 1, attempt: 1 },
      new AbortController().signal,
    )

    expect(sent.map((request) => request.timeoutMs)).toEqual([timeoutMs])
  })

  it('has no default of its own', async () => {
    const connection = await createConnector().connect({
      ...{ projectId: 'demo', grant: 'access-token', accessToken: 'x' },
    })
    open.push(connection)

    const insert = connection.operation('streaming-insert', { objectType: 'datasets/shop/tables/orders' })

    expect(insert.options).not.toHaveProperty('requestTimeout')
  })
})

const emptyFile = {
  isRepeatable: true,
  async *open() {
    yield Buffer.from('{}')
  },
}

describe('an endpoint', () => {
  const endpoints = [
    'https://bigquery.googleapis.com',
    'https://europe-west3-bigquery.googleapis.com',
    'https://bigquery.europe-west3.rep.googleapis.com',
    'https://bigquery-acme.p.googleapis.com',
    'http://localhost:9050',
  ]

  it.each(endpoints)('is where both planes go: %s', async (endpoint) => {
    const session = { location: `${endpoint}/upload/bigquery/v2/projects/demo/jobs?upload_id=1` }
    const { transport, asked } = scriptedTransport(() => {
      const reply = jsonReply({ jobComplete: true, jobReference: { jobId: 'u' } })
      return { ...reply, headers: { ...reply.headers, ...session } }
    })
    const retry = createRetry(new InstantClock(), () => 0)
    const destination = { projectId: 'demo', datasetId: 'shop', tableId: 'orders', templateSuffix: '' }
    const options = { skipInvalidRows: false, ignoreUnknownValues: false, gzip: false }

    await openControlPlane(transport, endpoint, retry).getJob('demo', 'j', undefined)
    await createReadPage(
      transport,
      endpoint,
      retry,
      options,
    )({ projectId: 'demo', jobId: 'j', maxResults: 1, timeoutMs: 0 })
    const control = openControlPlane(transport, endpoint, retry)
    const upload = createUploadJob({ transport, control, retry, endpoint })
    await upload('demo', { jobReference: { jobId: 'u' } }, emptyFile)
    const insertRows = createInsertRows(transport, endpoint, options)
    const body = Buffer.from('{}')
    await insertRows({ destination, body, rowCount: 1, attempt: 1 }, new AbortController().signal)

    expect(asked.map(({ url }) => url.split('?')[0])).toEqual([
      `${endpoint}/bigquery/v2/projects/demo/jobs/j`,
      `${endpoint}/bigquery/v2/projects/demo/queries/j`,
      `${endpoint}/upload/bigquery/v2/projects/demo/jobs`,
      `${endpoint}/upload/bigquery/v2/projects/demo/jobs`,
      `${endpoint}/bigquery/v2/projects/demo/datasets/shop/tables/orders/insertAll`,
    ])
  })

  it.each(endpoints.slice(0, 4))('may be %s', async (endpoint) => {
    const connection = await createConnector().connect({
      ...{ projectId: 'demo', grant: 'access-token', accessToken: 'x' },
      endpoint: `${endpoint}/`,
    })
    open.push(connection)

    expect(connection.endpoint).toBe(endpoint)
  })
})
