import { describe, expect, it } from 'vitest'
import { type ConnectionStore, createConnector } from '../../../src/index.ts'
import { directories } from '../../fixtures/directories.ts'
import { openedStore, refusalOf, withToken } from './opened-store.ts'

const directory = directories()

async function projectOf(store: ConnectionStore, environment?: string): Promise<string> {
  const resolved = await store.resolve('toronto', environment === undefined ? {} : { environment })
  const connection = await createConnector().connect(resolved)
  await connection.close()
  return `${connection.projectId} at ${connection.endpoint}`
}

describe('an environment', () => {
  it('overrides what it names; the connection and the descriptor say the rest', async () => {
    const store = openedStore(directory())
    await store.create(
      'toronto',
      { ...withToken, endpoint: 'http://localhost:1' },
      { environments: { prod: { projectId: 'of-prod' } } },
    )

    expect(await projectOf(store)).toBe('demo at http://localhost:1')
    expect(await projectOf(store, 'prod')).toBe('of-prod at http://localhost:1')
    await store.patch('toronto', { endpoint: null })
    expect(await projectOf(store, 'prod')).toBe('of-prod at https://bigquery.googleapis.com')
    expect(await projectOf(openedStore(store.directory, { environment: 'prod' }))).toMatch(/^of-prod /)
  })

  it('may have its own claims, and its own parameters of a consent and of a token request', async () => {
    const store = openedStore(directory())
    await store.create('toronto', withToken)
    const own = {
      extendedClaims: { scope: 'https://www.googleapis.com/auth/bigquery', region: 'eu' },
      authorizationParameters: { hd: 'example.com' },
      tokenParameters: { audience: 'prod' },
    }

    const { environments } = await store.patch('toronto', own, { environment: 'prod' })

    expect(environments).toEqual({ prod: own })
  })

  it('has secrets of its own, sealed and masked as the others', async () => {
    const store = openedStore(directory())
    await store.create('toronto', withToken)

    const { environments } = await store.patch(
      'toronto',
      { accessToken: 'token-of-prod' },
      { environment: 'prod' },
    )

    expect(environments).toEqual({ prod: { accessToken: { set: true, source: 'sealed' } } })
  })

  it('that a connection does not have is refused where it has others, and the same everywhere where it has none', async () => {
    const store = openedStore(directory())
    await store.create('toronto', withToken)
    expect(await projectOf(store, 'prdo')).toMatch(/^demo /)
    await store.patch('toronto', { projectId: 'of-prod' }, { environment: 'prod' })

    const refusal = await refusalOf(store.resolve('toronto', { environment: 'prdo' }))

    expect(refusal.message).toContain('has no environment prdo; it has prod')
    expect((await refusalOf(store.resolve('toronto', { environment: 'constructor' }))).code).toBe(
      'BQC_CONFIG_INVALID',
    )
  })

  it('may be without overrides, and can be removed', async () => {
    const store = openedStore(directory())
    await store.create('toronto', withToken, { environments: { prod: { projectId: 'p' }, dev: {} } })

    expect(await projectOf(store, 'dev')).toMatch(/^demo /)
    const removed = await store.patch('toronto', null, { environment: 'prod' })

    expect(removed.environments).toEqual({ dev: {} })
  })

  it.each(['constructor', '__proto__', 'toString'])('may be called %s', async (environment) => {
    const store = openedStore(directory(), { environment })
    await store.create('toronto', withToken)

    await store.patch('toronto', { location: 'EU' }, { environment })

    const { environments = {} } = await store.describe('toronto')
    expect(Object.entries(environments)).toEqual([[environment, { location: 'EU' }]])
    expect(await store.resolve('toronto')).toMatchObject({ environment })
  })

  it('overrides only what the descriptor marks', async () => {
    const store = openedStore(directory())
    await store.create('toronto', withToken)

    const refusal = await refusalOf(store.patch('toronto', { partner: 'x' }, { environment: 'prod' }))

    expect(refusal.faults).toMatchObject([{ path: '/environments/prod/partner' }])
    expect(refusal.message).toContain('cannot differ by environment; these can: accessToken,')
  })

  it('must leave a connection that can be opened', async () => {
    const store = openedStore(directory())
    await store.create('toronto', withToken)

    const refusal = await refusalOf(store.patch('toronto', { grant: 'none' }, { environment: 'dev' }))

    expect(refusal.faults.map(({ path }) => path)).toEqual(['/environments/dev/endpoint'])
  })
})
