// How often a connection signs in: counted where tokens are issued, by the embedded BigQuery.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import {
  type Clock,
  type Connection,
  type ConnectionConfig,
  createConnector,
  type Document,
} from '../../src/index.ts'
import {
  type FaultRule,
  type LocalBigQuery,
  type ServiceAccountKey,
  startLocalBigQuery,
} from '../../src/local/index.ts'
import { query } from '../fixtures/embedded.ts'
import { p12Of } from '../fixtures/keys.ts'

/** The system's clock, put forward by a test: on both sides, or on the client's alone. */
const time = { both: 0, client: 0 }
const clock: Clock = {
  now: () => Date.now() + time.both + time.client,
  wait: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
  after(ms, callback) {
    const timer = setTimeout(callback, ms)
    return () => clearTimeout(timer)
  },
}

let local: LocalBigQuery
let key: ServiceAccountKey
const opened: Connection[] = []
beforeAll(async () => {
  local = await startLocalBigQuery({
    port: 0,
    projectId: 'demo',
    authentication: 'required',
    now: () => Date.now() + time.both,
  })
  key = await local.createServiceAccount()
  const connection = await connect()
  await runAll(connection, ['CREATE SCHEMA shop', 'CREATE TABLE shop.orders (id INT64)'])
})
beforeEach(() => {
  time.client = 0
})
afterAll(async () => {
  await Promise.all(opened.map((connection) => connection.close()))
  await local.close()
})

async function connect(config: Partial<ConnectionConfig> = {}): Promise<Connection> {
  const connection = await createConnector({ clock }).connect({
    projectId: 'demo',
    endpoint: local.url,
    ...(config.signatureKey ? {} : { serviceAccountKey: { ...key } }),
    ...config,
  })
  opened.push(connection)
  return connection
}

async function runAll(connection: Connection, statements: readonly string[]): Promise<void> {
  const operation = connection.operation('run-job', { objectType: 'QUERY' })
  for await (const outcome of operation.execute(statements.map(query)))
    expect(outcome).toMatchObject({ status: 'success' })
}

const tables = '/datasets/shop/tables'
const browse = (connection: Connection) => connection.browse('streaming-insert', { datasetId: 'shop' })

/** Counts requests from now on; rules beside those that count do something to them. */
async function countRequests(...rules: FaultRule[]) {
  const counting = [
    { match: { path: '^/token' }, delayMs: 1 },
    { match: { path: tables }, delayMs: 1 },
  ]
  const put = await fetch(`${local.url}/_faults`, {
    method: 'PUT',
    body: JSON.stringify([...counting, ...rules]),
  })
  expect(put.status).toBe(200)
  return async () => {
    const { rules: met } = (await (await fetch(`${local.url}/_faults`)).json()) as {
      rules: { seen: number }[]
    }
    return { tokens: met[0]?.seen, tables: met[1]?.seen }
  }
}

const fifty = <T>(call: () => Promise<T>) => Promise.all(Array.from({ length: 50 }, call))

describe('a connection signs in', () => {
  it('once for two operations and any number of parallel calls', async () => {
    const connection = await connect()
    const counted = await countRequests()
    const insert = connection.operation('streaming-insert', { objectType: 'datasets/shop/tables/orders' })
    const run = connection.operation('run-job', { objectType: 'QUERY' })
    const rows: Document[] = Array.from({ length: 20 }, (_, id) => ({ data: { id } }))

    const outcomes = await Promise.all([
      ...Array.from({ length: 5 }, () => Array.fromAsync(insert.execute(rows))),
      ...Array.from({ length: 5 }, () => Array.fromAsync(run.execute([query('SELECT 1')]))),
      fifty(() => browse(connection)).then(() => []),
    ])

    expect(outcomes.flat().filter(({ status }) => status !== 'success')).toEqual([])
    expect(await counted()).toMatchObject({ tokens: 1 })
  })

  it('once more under fifty parallel calls when its token has expired', async () => {
    const connection = await connect()
    await browse(connection)
    const counted = await countRequests()

    time.both += 2 * 3_600_000
    await fifty(() => browse(connection))

    expect(await counted()).toEqual({ tokens: 1, tables: 50 })
  })

  it('once more when fifty parallel calls are answered with 401', async () => {
    const connection = await connect()
    await browse(connection)
    const counted = await countRequests({ match: { path: tables, count: 1 }, expireTokens: true })

    await fifty(() => browse(connection))

    const { tokens, tables: requests = 0 } = await counted()
    expect(tokens).toBe(1)
    expect(requests).toBeLessThanOrEqual(100)
  })

  it('once more, and tries no third time, when the new token is refused as well', async () => {
    const connection = await connect()
    await browse(connection)
    const counted = await countRequests({ match: { path: tables }, status: 401 })

    const codes = await fifty(() =>
      browse(connection).then(
        () => 'OK',
        ({ code }) => code,
      ),
    )

    expect(new Set(codes)).toEqual(new Set(['BQC_UNAUTHENTICATED']))
    expect(await counted()).toEqual({ tokens: 1, tables: 100 })
  })

  it('never with JWTs that are tokens themselves, not even when one expires', async () => {
    const connection = await connect({ selfSigned: true })
    const counted = await countRequests()

    await browse(connection)
    time.both += 2 * 3_600_000
    await fifty(() => browse(connection))

    expect(await counted()).toEqual({ tokens: 0, tables: 51 })
  })

  it('with a P12 file as with the JSON key file', async () => {
    const signatureKey = p12Of({ pem: key.private_key, publicPem: '' }, '3des', 'notasecret')
    const connection = await connect({
      signatureKey,
      issuer: key.client_email,
      keyId: key.private_key_id,
      tokenUrl: key.token_uri,
    })

    expect(await browse(connection)).toMatchObject([{ id: 'datasets/shop/tables/orders' }])
  })
})

describe('a connection that has signed in', () => {
  it('shows who a job that failed ran for in whole: nothing of that is taken for a part of its token', async () => {
    const server = await startLocalBigQuery({
      port: 0,
      projectId: 'local',
      authentication: 'required',
      now: () => Date.now() + time.both,
    })
    const serviceAccountKey = { ...(await server.createServiceAccount()) }
    const connection = await connect({ projectId: 'local', endpoint: server.url, serviceAccountKey })
    const operation = connection.operation('run-job', { objectType: 'QUERY' })

    const outcomes = await Array.fromAsync(operation.execute([query('SELECT nothing')]))

    await connection.close()
    await server.close()
    expect(outcomes).toMatchObject([
      { errorCode: 'BQC_JOB_FAILED', payload: { user_email: 'local@local.iam.gserviceaccount.com' } },
    ])
  })
})

describe('a sign-in is refused', () => {
  it.each([
    ['ahead of', 3_600],
    ['behind', -7_200],
  ])('to a clock that is %s the server\u2019s, and the message says by how much', async (side, seconds) => {
    const connection = await connect()
    time.client = seconds * 1000

    const refusal = await browse(connection).catch((thrown) => thrown)

    expect(refusal.code).toBe('BQC_CLOCK_SKEWED')
    const [, told = '0'] =
      new RegExp(`clock is (\\d+) seconds ${side} that of the token endpoint`).exec(refusal.message) ?? []
    expect(Math.abs(Number(told) - Math.abs(seconds))).toBeLessThanOrEqual(2)
  })

  it('to a key that is not the account\u2019s, whatever the clock', async () => {
    const other = await local.createServiceAccount('other')
    const connection = await connect({ serviceAccountKey: { ...key, private_key: other.private_key } })
    time.client = 5000_000

    const refusal = await browse(connection).catch((thrown) => thrown)

    expect(refusal.code).toBe('BQC_SIGN_IN_REFUSED')
    expect(refusal.message).toMatch(/deleted or disabled/)
  })
})
