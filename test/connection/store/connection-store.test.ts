import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import { createConnector } from '../../../src/index.ts'
import { directories } from '../../fixtures/directories.ts'
import { filesBelow, openedStore, refusalOf, withToken } from './opened-store.ts'

const directory = directories()

describe('a stored connection', () => {
  it('is described with marks in place of its secrets', async () => {
    const store = openedStore(directory())

    const created = await store.create('toronto', withToken, {
      description: 'the shop',
      labels: { team: 'a' },
    })

    const { created: isNew, ...stored } = created
    expect(isNew).toBe(true)
    expect(stored).toMatchObject({
      name: 'toronto',
      kind: 'bigquery',
      revision: 1,
      description: 'the shop',
      labels: { team: 'a' },
      values: { projectId: 'demo', grant: 'access-token', accessToken: { set: true, source: 'sealed' } },
    })
    expect(await store.describe('toronto')).toEqual(stored)
    expect(await store.list()).toEqual([stored])
  })

  it('lies in files that hold no plaintext of a secret, and are for their owner alone', async () => {
    const store = openedStore(directory())

    await store.create('toronto', withToken)
    await store.patch('toronto', { accessToken: 'another-token-hush' })

    const files = filesBelow(store.directory)
    expect(files.filter(({ bytes }) => bytes.length > 0)).toHaveLength(1)
    for (const { mode, bytes, path } of files) {
      expect([path, mode]).toEqual([path, path.endsWith('.json') ? 0o600 : 0o700])
      expect(bytes.includes('hush')).toBe(false)
      expect(bytes.includes(Buffer.from('hush-hush').toString('base64').slice(0, 8))).toBe(false)
    }
  })

  it('can be opened by whoever has the key, also in another process', async () => {
    const path = directory()
    await openedStore(path).create('toronto', withToken)

    const connection = await createConnector().connect(await openedStore(path).resolve('toronto'))

    expect(connection.projectId).toBe('demo')
    await connection.close()
  })

  it('is changed field by field: absent keeps, null clears, a value sets', async () => {
    const store = openedStore(directory())
    await store.create('toronto', { ...withToken, location: 'EU' })

    const patched = await store.patch('toronto', { location: null, projectId: 'other' })

    expect(patched).toMatchObject({ revision: 2, values: { projectId: 'other' } })
    expect(patched.values).not.toHaveProperty('location')
    expect(patched.values['accessToken']).toEqual({ set: true, source: 'sealed' })
  })

  it('refuses a change that came too late for the revision that it names', async () => {
    const store = openedStore(directory())
    await store.create('toronto', withToken)
    await store.patch('toronto', { location: 'EU' }, { ifRevision: 1 })

    const refusal = await refusalOf(store.patch('toronto', { location: 'US' }, { ifRevision: 1 }))

    expect(refusal.code).toBe('BQC_CONNECTION_CHANGED')
    expect(await store.describe('toronto')).toMatchObject({ revision: 2, values: { location: 'EU' } })
  })

  it('refuses the marks that describe shows, so that nothing is overwritten with them', async () => {
    const store = openedStore(directory())
    const { values } = await store.create('toronto', withToken)

    const refusal = await refusalOf(store.patch('toronto', values))

    expect(refusal.faults).toMatchObject([{ path: '/accessToken' }])
    expect(refusal.message).toContain('leave the field out')
  })

  it('is refused with all its faults at once, and none is stored', async () => {
    const store = openedStore(directory())

    const refusal = await refusalOf(
      store.create(
        'toronto',
        { grant: 'password', colour: 1 },
        { environments: { prod: { projectId: '!' } } },
      ),
    )

    expect(refusal.faults.map(({ path }) => path)).toEqual(
      expect.arrayContaining(['/grant', '/projectId', '/colour', '/environments/prod/projectId']),
    )
    expect(await store.list()).toEqual([])
  })

  it('shows no secret when it is resolved', async () => {
    const store = openedStore(directory())
    await store.create('toronto', withToken)

    const resolved = await store.resolve('toronto')

    expect(JSON.stringify(resolved)).not.toContain('hush')
    expect(inspect(resolved, { depth: Number.POSITIVE_INFINITY, showHidden: true })).not.toContain('hush')
    expect({ ...resolved }).toEqual({
      name: 'toronto',
      kind: 'bigquery',
      revision: 1,
      environment: undefined,
    })
  })

  it('is gone when it is dropped, with everything that was kept of it', async () => {
    const store = openedStore(directory())
    await store.create('toronto', withToken)

    await store.drop('toronto')

    expect((await refusalOf(store.describe('toronto'))).code).toBe('BQC_CONNECTION_UNKNOWN')
    expect((await refusalOf(store.drop('toronto'))).code).toBe('BQC_CONNECTION_UNKNOWN')
    expect(await store.drop('toronto', { ifExists: true })).toMatchObject({ dropped: false })
    expect(filesBelow(store.directory).filter(({ bytes }) => bytes.length > 0)).toEqual([])
  })
})

describe('a name that is taken', () => {
  it('is refused, replaced, or left as it is, as its creator says', async () => {
    const store = openedStore(directory())
    const { createdAt } = await store.create('toronto', withToken)

    const refusal = await refusalOf(store.create('toronto', withToken))
    const left = await store.create('toronto', { projectId: '!' }, { mode: 'ifNotExists' })
    const replaced = await store.create('toronto', { ...withToken, projectId: 'b' }, { mode: 'replace' })

    expect(refusal.code).toBe('BQC_CONNECTION_EXISTS')
    expect(left).toMatchObject({ created: false, revision: 1, values: { projectId: 'demo' } })
    expect(replaced).toMatchObject({ created: true, revision: 2, createdAt, values: { projectId: 'b' } })
  })

  it('is taken in upper and in lower case', async () => {
    const store = openedStore(directory())
    await store.create('toronto', withToken)

    const refusal = await refusalOf(store.create('Toronto', withToken, { mode: 'replace' }))
    const unknown = await refusalOf(store.resolve('TORONTO'))

    expect(refusal).toMatchObject({ code: 'BQC_CONNECTION_EXISTS' })
    expect(refusal.message).toContain('upper and lower case')
    expect(unknown).toMatchObject({ code: 'BQC_CONNECTION_UNKNOWN' })
    expect(unknown.message).toContain('There is toronto')
  })

  it.each(['', '1st', 'a b', '../x', 'a/b', 'a.b', 'x'.repeat(129), '.'])('is refused: %o', async (name) => {
    const store = openedStore(directory())

    const attempts = [store.create(name, withToken), store.describe(name), store.drop(name)]
    const codes = (await Promise.all(attempts.map(refusalOf))).map(({ code }) => code)
    expect(new Set(codes)).toEqual(new Set(['BQC_CONFIG_INVALID']))
  })
})
