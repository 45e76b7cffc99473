import { writeFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { type ConnectionStore, createConnector } from '../../../src/index.ts'
import { directories } from '../../fixtures/directories.ts'
import { filesBelow, openedStore, refusalOf, withToken } from './opened-store.ts'

const directory = directories()

async function projectOf(store: ConnectionStore, name: string): Promise<string> {
  const connection = await createConnector().connect(await store.resolve(name))
  await connection.close()
  return connection.projectId
}

/** Three operations that are bound to revision 1 of toronto, which is at revision 2. */
async function threeOperations(): Promise<ConnectionStore> {
  const store = openedStore(directory())
  await store.create('toronto', withToken)
  await store.bind('orders/live', { connection: 'toronto' })
  await store.bind('orders/pinned', { connection: 'toronto', as: 'pinned' })
  await store.bind('orders/copied', { connection: 'toronto', as: 'copied' })
  await store.patch('toronto', { projectId: 'newer' })
  return store
}

describe('an operation', () => {
  it('follows its connection live, stays pinned to a revision, or keeps a copy', async () => {
    const store = await threeOperations()

    expect(await projectOf(store, 'operation:orders/live')).toBe('newer')
    expect(await projectOf(store, 'operation:orders/pinned')).toBe('demo')
    expect(await projectOf(store, 'operation:orders/copied')).toBe('demo')
    expect((await store.references()).map(({ summary }) => summary)).toEqual([
      'copied from toronto revision 1; its current revision is 2',
      'uses toronto; its current revision is 2',
      'pinned to toronto revision 1; its current revision is 2',
    ])
  })

  it('keeps the revision that it is pinned to for others as well, as long as it is pinned', async () => {
    const store = await threeOperations()

    expect(await projectOf(store, 'toronto@1')).toBe('demo')
    expect(await projectOf(store, 'toronto@2')).toBe('newer')
    await store.bind('orders/late', { connection: 'toronto', as: 'copied', revision: 1 })
    expect(await projectOf(store, 'operation:orders/late')).toBe('demo')
    await store.unbind('orders/pinned')

    const refusal = await refusalOf(store.resolve('toronto@1'))
    expect(refusal).toMatchObject({ code: 'BQC_CONNECTION_UNKNOWN' })
    expect(refusal.message).toContain('Revision 1 of the connection toronto is not kept')
  })

  it('holds its connection: drop refuses, and lists who refers to it', async () => {
    const store = await threeOperations()

    const refusal = await refusalOf(store.drop('toronto'))

    expect(refusal.code).toBe('BQC_CONNECTION_IN_USE')
    expect(refusal.message).toContain('orders/live (live), orders/pinned (pinned)')
    expect(refusal.message).not.toContain('orders/copied')
    expect(await projectOf(store, 'toronto')).toBe('newer')
  })

  it('is unbound by a forced drop; a copy outlives it', async () => {
    const store = await threeOperations()

    const { unbound } = await store.drop('toronto', { force: true })

    expect(unbound).toEqual(['orders/live', 'orders/pinned'])
    expect((await refusalOf(store.resolve('operation:orders/pinned'))).code).toBe('BQC_CONNECTION_UNKNOWN')
    expect(await projectOf(store, 'operation:orders/copied')).toBe('demo')
    expect((await store.references()).map(({ summary }) => summary)).toEqual([
      'copied from toronto revision 1, which is dropped',
    ])
  })

  it('is not bound to a connection that is not there, nor to a revision that is not kept', async () => {
    const store = openedStore(directory())
    await store.create('toronto', withToken)
    await store.patch('toronto', {})

    expect((await refusalOf(store.bind('a', { connection: 'vienna' }))).code).toBe('BQC_CONNECTION_UNKNOWN')
    expect(
      (await refusalOf(store.bind('a', { connection: 'toronto', as: 'pinned', revision: 1 }))).code,
    ).toBe('BQC_CONNECTION_UNKNOWN')
    expect((await refusalOf(store.bind('a', { connection: 'toronto', revision: 2 }))).code).toBe(
      'BQC_CONFIG_INVALID',
    )
    expect((await refusalOf(store.resolve('operation:a'))).code).toBe('BQC_CONNECTION_UNKNOWN')
    expect(await store.references()).toEqual([])
  })

  it('is never left with a connection that is dropped at the same moment', async () => {
    const store = openedStore(directory())
    const outcomes = new Set<string>()

    for (let round = 0; round < 30; round += 1) {
      await store.create('toronto', withToken, { mode: 'replace' })
      const [bound, dropped] = await Promise.allSettled([
        store.bind('orders', { connection: 'toronto' }),
        store.drop('toronto'),
      ])
      const isThere = (await store.list()).length === 1
      const isBound = (await store.references()).length === 1

      expect([bound.status, isBound && !isThere]).toEqual([isBound ? 'fulfilled' : 'rejected', false])
      expect(dropped.status).toBe(isThere ? 'rejected' : 'fulfilled')
      outcomes.add(`${bound.status} ${dropped.status}`)
      await store.unbind('orders')
    }

    expect(outcomes.size).toBeGreaterThan(0)
  })

  it('is bound anew in place of what it was bound to', async () => {
    const store = await threeOperations()
    await store.create('vienna', { ...withToken, projectId: 'austria' })

    await store.bind('orders/copied', { connection: 'vienna' })

    expect(await projectOf(store, 'operation:orders/copied')).toBe('austria')
    expect(await store.references('vienna')).toMatchObject([{ operation: 'orders/copied', as: 'live' }])
  })

  it('has a copy that no other operation can use, in files without plaintext', async () => {
    const store = await threeOperations()
    const files = filesBelow(store.directory)

    for (const { bytes, path, mode } of files) {
      expect(bytes.includes('hush')).toBe(false)
      expect([path, mode]).toEqual([path, path.endsWith('.json') ? 0o600 : 0o700])
    }
    const copied = files.find(({ bytes }) => bytes.includes('"copied"'))
    const pinned = files.find(({ bytes }) => bytes.includes('"pinned"'))
    const { copy } = JSON.parse(String(pinned?.bytes))
    writeFileSync(copied?.path ?? '', JSON.stringify({ ...JSON.parse(String(copied?.bytes)), copy }))

    expect((await refusalOf(store.resolve('operation:orders/copied'))).code).toBe('BQC_STORE_SEAL_BROKEN')
  })
})

const exportable = { name: 'vienna', kind: 'bigquery', values: { ...withToken, accessToken: 'env:TOKEN' } }

describe('an export', () => {
  it('carries no secret; an import tells which ones are to be entered again', async () => {
    const store = openedStore(directory())
    await store.create(
      'toronto',
      { ...withToken, location: 'EU' },
      {
        description: 'the shop',
        environments: { prod: { accessToken: 'of-prod-hush' }, dev: { accessToken: 'env:TOKEN' } },
      },
    )
    await store.create('vienna', { ...withToken, accessToken: 'file:/run/token' })

    const exported = JSON.parse(JSON.stringify(await store.export()))
    const other = openedStore(directory())
    const imported = await other.import(exported)

    expect(JSON.stringify(exported)).not.toContain('hush')
    expect(imported).toEqual([
      { name: 'toronto', created: true, missing: ['accessToken', 'prod: accessToken'] },
      { name: 'vienna', created: true, missing: [] },
    ])
    expect(await other.describe('toronto')).toMatchObject({
      description: 'the shop',
      values: { location: 'EU', accessToken: { set: false, source: 'missing' } },
      environments: { dev: { accessToken: { set: true, source: 'env:TOKEN' } } },
    })
    expect(await other.describe('vienna')).toMatchObject({
      values: { accessToken: { source: 'file:/run/token' } },
    })
  })

  it.each<[string, unknown]>([
    ['connections/1 must be a connection', null],
    ['connections/1/values must be an object', { name: 'x', kind: 'bigquery' }],
    ['connections/1/values must be an object', { ...exportable, values: [1] }],
    [
      'connections/1/environments must be an object of objects',
      { ...exportable, environments: { prod: null } },
    ],
    ['connections/1/description must be text', { ...exportable, description: 5 }],
    ['connections/1/labels must be an object of texts', { ...exportable, labels: { team: 5 } }],
    ['name must begin with a letter', { ...exportable, name: '../x' }],
  ])('that is none is refused, and nothing of it is kept: %s', async (told, damaged) => {
    const store = openedStore(directory())
    const format = 'bigquery-connector/connections/1'

    const refusal = await refusalOf(store.import({ format, connections: [exportable, damaged] as never }))

    expect(refusal.code).toBe('BQC_CONFIG_INVALID')
    expect(refusal.message).toContain(told)
    expect(await store.list()).toEqual([])
  })

  it('of one connection holds that one', async () => {
    const store = openedStore(directory())
    await store.create('toronto', withToken)
    await store.create('vienna', withToken)

    expect((await store.export(['vienna'])).connections.map(({ name }) => name)).toEqual(['vienna'])
  })

  it('gives a connection that is not used before its secrets are entered', async () => {
    const store = openedStore(directory())
    await store.create('toronto', withToken)
    const other = openedStore(directory())
    await other.import(await store.export())

    const refusal = await refusalOf(other.resolve('toronto'))
    await other.patch('toronto', { accessToken: 'entered-again' })

    expect(refusal).toMatchObject({ code: 'BQC_CONNECTION_INCOMPLETE' })
    expect(refusal.message).toContain('Enter again: accessToken')
    expect(await projectOf(other, 'toronto')).toBe('demo')
  })

  it.each([
    [null],
    [{}],
    [{ format: 'x', connections: [] }],
    [{ format: 'bigquery-connector/connections/1', connections: [{}] }],
  ])('that is none is refused: %o', async (document) => {
    expect((await refusalOf(openedStore(directory()).import(document as never))).code).toBe(
      'BQC_CONFIG_INVALID',
    )
  })
})
