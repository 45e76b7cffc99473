import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { ConnectionStore, KeyService, MasterKey } from '../../../src/index.ts'
import { directories } from '../../fixtures/directories.ts'
import { keysOf, keyText, openedStore, refusalOf, withToken } from './opened-store.ts'

const directory = directories()

/** A store with `toronto` at revision 2 and `vienna` at revision 1. */
async function twoConnections(): Promise<ConnectionStore> {
  const store = openedStore(directory())
  await store.create('toronto', withToken, { environments: { prod: { accessToken: 'prod-token-hush' } } })
  await store.patch('toronto', { location: 'EU' })
  await store.create('vienna', { ...withToken, accessToken: 'of-vienna-hush' })
  return store
}

const fileOf = (store: ConnectionStore, name: string, revision: number) =>
  join(store.directory, 'connections', name, `${revision}.json`)

// biome-ignore lint/suspicious/noExplicitAny: tests change what they like in it.
type Loose = any

function edit(path: string, change: (record: Loose) => void): void {
  const record = JSON.parse(readFileSync(path, 'utf8'))
  change(record)
  writeFileSync(path, JSON.stringify(record))
}

const parts = (sealed: string) => sealed.split('.') as [string, string, string, string, string]
const flip = (text: string) => (text.startsWith('A') ? 'B' : 'A') + text.slice(1)

describe('a record that is not as it was written', () => {
  it.each<[string, (record: Loose, other: Loose) => void]>([
    [
      'with the ciphertext of another connection',
      (record, other) => {
        record.sealed = other.sealed
      },
    ],
    [
      'with a ciphertext that is cut off',
      (record) => {
        record.sealed = record.sealed.slice(0, -20)
      },
    ],
    [
      'with an empty ciphertext',
      (record) => {
        record.sealed = ''
      },
    ],
    [
      'with a bit of its header changed',
      (record) => {
        record.sealed = flip(record.sealed)
      },
    ],
    [
      'with a bit of its wrapped key changed',
      (record) => {
        const [a, b, ...rest] = parts(record.sealed)
        record.sealed = [a, flip(b), ...rest].join('.')
      },
    ],
    [
      'with a bit of its ciphertext changed',
      (record) => {
        const [a, b, c, d, e] = parts(record.sealed)
        record.sealed = [a, b, c, flip(d), e].join('.')
      },
    ],
    [
      'with a bit of its tag changed',
      (record) => {
        const [a, b, c, d, e] = parts(record.sealed)
        record.sealed = [a, b, c, d, flip(e)].join('.')
      },
    ],
    [
      'with another endpoint',
      (record) => {
        record.values.endpoint = 'https://evil.example'
      },
    ],
    [
      'with a plain field removed',
      (record) => {
        delete record.values.location
      },
    ],
    [
      'with the value of an environment added',
      (record) => {
        record.environments.prod.endpoint = 'https://evil.example'
      },
    ],
    [
      'with a secret turned into a reference',
      (record) => {
        record.values.accessToken.source = 'env:PATH'
      },
    ],
    [
      'with the id of another one',
      (record, other) => {
        record.id = other.id
      },
    ],
    [
      'with another description',
      (record) => {
        record.description = 'harmless'
      },
    ],
  ])('is refused with one clear code: %s', async (_, change) => {
    const store = await twoConnections()
    const other = JSON.parse(readFileSync(fileOf(store, 'vienna', 1), 'utf8'))
    edit(fileOf(store, 'toronto', 2), (record) => change(record, other))

    const refusals = await Promise.all(
      [
        store.resolve('toronto'),
        store.resolve('toronto', { environment: 'prod' }),
        store.patch('toronto', {}),
      ].map(refusalOf),
    )
    for (const refusal of refusals) {
      expect(refusal).toMatchObject({ code: 'BQC_STORE_SEAL_BROKEN', category: 'config' })
      expect(refusal.message).toContain('connection toronto')
    }
    expect(await store.test('toronto')).toMatchObject({
      ok: false,
      steps: [{ code: 'BQC_STORE_SEAL_BROKEN' }],
    })
  })

  it.each<[string, (store: ConnectionStore) => void]>([
    [
      'as the file of another connection',
      (store) => cpSync(fileOf(store, 'vienna', 1), fileOf(store, 'toronto', 3)),
    ],
    [
      'as a later revision of its own',
      (store) => cpSync(fileOf(store, 'toronto', 2), fileOf(store, 'toronto', 3)),
    ],
    ['that is no JSON', (store) => writeFileSync(fileOf(store, 'toronto', 2), '{"format":1,')],
    ['that is empty', (store) => writeFileSync(fileOf(store, 'toronto', 2), '')],
    ['that leads nowhere', (store) => symlinkSync('nowhere', fileOf(store, 'toronto', 3))],
    [
      'whose values are no object',
      (store) =>
        edit(fileOf(store, 'toronto', 2), (record) => {
          record.values = null
        }),
    ],
    [
      'whose environment is no object',
      (store) =>
        edit(fileOf(store, 'toronto', 2), (record) => {
          record.environments.prod = null
        }),
    ],
    [
      'of another format',
      (store) =>
        edit(fileOf(store, 'toronto', 2), (record) => {
          record.format = 2
        }),
    ],
  ])('is refused with the same code: %s', async (_, change) => {
    const store = await twoConnections()
    change(store)

    expect((await refusalOf(store.resolve('toronto'))).code).toBe('BQC_STORE_SEAL_BROKEN')
    expect(await store.resolve('vienna')).toMatchObject({ name: 'vienna' })
    expect(await store.list()).toMatchObject([
      { name: 'toronto', fault: expect.stringContaining('is not as the store wrote it') },
      { name: 'vienna', kind: 'bigquery' },
    ])
  })

  it('hides no other one in a list, nor does what is not of the store', async () => {
    const store = await twoConnections()
    mkdirSync(fileOf(store, 'toronto', 3))
    writeFileSync(join(store.directory, 'connections', 'README'), 'not a connection')
    mkdirSync(join(store.directory, 'connections', 'not a name'))

    expect(await store.list()).toMatchObject([
      { name: 'toronto', fault: expect.stringContaining('cannot be used') },
      { name: 'vienna', kind: 'bigquery' },
    ])
  })

  it('can be replaced and dropped', async () => {
    const store = await twoConnections()
    edit(fileOf(store, 'toronto', 2), (record) => {
      record.values.endpoint = 'https://evil.example'
    })
    writeFileSync(fileOf(store, 'vienna', 1), '')

    await store.create('toronto', withToken, { mode: 'replace' })
    await store.drop('vienna')

    expect(await store.resolve('toronto')).toMatchObject({ name: 'toronto', revision: 3 })
    expect((await store.list()).map(({ name }) => name)).toEqual(['toronto'])
  })
})

describe('a key', () => {
  it('that is missing is told apart from a broken seal', async () => {
    const { directory: path } = await twoConnections()

    const refusal = await refusalOf(openedStore(path, { keys: keysOf(keyText('k2')) }).resolve('toronto'))

    expect(refusal.code).toBe('BQC_STORE_KEY_MISSING')
    expect(refusal.message).toContain('the key k1, which is not among the keys given')
  })

  it('that is another one of the same id is told apart too', async () => {
    const { directory: path } = await twoConnections()

    const refusal = await refusalOf(openedStore(path, { keys: keysOf(keyText('k1', 9)) }).resolve('toronto'))

    expect(refusal.code).toBe('BQC_STORE_KEY_MISSING')
    expect(refusal.message).toContain('another key than the one that is given as k1')
  })

  it('is not needed to list and describe', async () => {
    const { directory: path } = await twoConnections()

    const store = openedStore(path, { keys: keysOf(keyText('k2')) })

    expect(await store.list()).toHaveLength(2)
    expect(await store.describe('toronto')).toMatchObject({ revision: 2 })
  })

  it('can be dropped once everything is sealed under the next one, copies and pins included', async () => {
    const { directory: path, ...store } = await twoConnections()
    await store.bind('flow 1', { connection: 'toronto', as: 'pinned' })
    await store.bind('flow 2', { connection: 'vienna', as: 'copied' })

    const both = openedStore(path, { keys: keysOf(keyText('k2', 2), keyText('k1')) })
    const rotated = await both.rotate()
    const again = await both.rotate()
    const after = openedStore(path, { keys: keysOf(keyText('k2', 2)) })

    expect(rotated).toEqual({ resealed: 4, kid: 'k2' })
    expect(again).toEqual({ resealed: 0, kid: 'k2' })
    for (const name of ['toronto', 'vienna', 'operation:flow 1', 'operation:flow 2', 'toronto@2']) {
      expect(await after.resolve(name)).toMatchObject({ kind: 'bigquery' })
    }
  })
})

describe('a key management service', () => {
  /** Wraps and unwraps keys, and lets none of its own out. */
  function keyManagement() {
    const own = Buffer.alloc(32, 77)
    const turn = (bytes: Uint8Array) => bytes.map((byte, at) => byte ^ (own[at % own.length] ?? 0))
    let unwraps = 0
    return {
      wrap: async (key: Uint8Array) => Buffer.from(turn(key)).toString('base64url'),
      unwrap: async (wrapped: string) => {
        unwraps += 1
        return turn(Buffer.from(wrapped, 'base64url'))
      },
      unwraps: () => unwraps,
    }
  }

  it('serves the store: the id of each key is the key, wrapped', async () => {
    const service = keyManagement()
    const keys: KeyService = {
      async current(): Promise<MasterKey> {
        const key = crypto.getRandomValues(new Uint8Array(32))
        return { kid: await service.wrap(key), key }
      },
      byKid: (kid) => service.unwrap(kid),
    }
    const store = openedStore(directory(), { keys })

    await store.create('toronto', withToken)
    await store.patch('toronto', { location: 'EU' })

    expect(await store.resolve('toronto')).toMatchObject({ revision: 2 })
    expect(service.unwraps()).toBe(2)
  })
})
