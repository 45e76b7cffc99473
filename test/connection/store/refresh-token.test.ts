// A refresh token that the issuer replaces, in a stored connection.
import { afterEach, beforeEach, expect, it } from 'vitest'
import { type ConnectionStore, createConnector } from '../../../src/index.ts'
import { startTinyServer, type TinyServer } from '../../bigquery/tiny-server.ts'
import { directories } from '../../fixtures/directories.ts'
import { openedStore } from './opened-store.ts'

const directory = directories()
const connector = createConnector()
let issuer: TinyServer
let store: ConnectionStore
beforeEach(async () => {
  issuer = await startTinyServer((_, count) => ({
    body: { access_token: `access-${count}`, refresh_token: `next-${count}`, expires_in: 3600 },
  }))
  store = openedStore(directory())
})
afterEach(() => issuer.close())

/** Asks for a token, as any work of the connection does. */
async function useOnce(environment?: string): Promise<void> {
  const connection = await connector.connect(
    await store.resolve('ada', environment === undefined ? {} : { environment }),
  )
  await connection.test()
  await connection.close()
}

const sentTokens = () =>
  issuer.asked
    .filter(({ path }) => path === '/token')
    .map(({ body }) => new URLSearchParams(body).get('refresh_token'))

const values = () => ({
  projectId: 'demo',
  endpoint: issuer.url,
  grant: 'authorization-code',
  clientId: 'client-1',
  clientSecret: 'the-client-secret',
  tokenUrl: `${issuer.url}/token`,
  refreshToken: 'first',
})

it('is kept sealed, and used by whoever opens the connection next', async () => {
  await store.create('ada', values())

  await useOnce()
  await useOnce()

  const [first, second] = sentTokens()
  expect(first).toBe('first')
  expect(second).toMatch(/^next-/)
  expect((await store.describe('ada')).values['refreshToken']).toEqual({ set: true, source: 'sealed' })
})

it('is kept for the environment that it came from', async () => {
  await store.create('ada', values(), { environments: { prod: { refreshToken: 'first-of-prod' }, dev: {} } })

  await useOnce('prod')
  await useOnce('prod')
  await useOnce('dev')
  await useOnce('dev')

  const [prod, prodAgain, own, ownAgain] = sentTokens()
  expect([prod, own]).toEqual(['first-of-prod', 'first'])
  expect(prodAgain).toMatch(/^next-/)
  expect(ownAgain).toMatch(/^next-/)
  expect((await store.describe('ada')).environments).toMatchObject({ dev: {} })
  expect((await store.describe('ada')).environments?.['dev']).not.toHaveProperty('refreshToken')
})
