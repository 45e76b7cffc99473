import { mkdirSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openValuesOf } from '../../../src/connection/store/resolved-connection.ts'
import { createConnector } from '../../../src/index.ts'
import { directories } from '../../fixtures/directories.ts'
import { makeKey, p12Of } from '../../fixtures/keys.ts'
import { openedStore, refusalOf, withToken } from './opened-store.ts'

const directory = directories()
const connector = createConnector()
const form = connector.descriptor.connections[0]?.config ?? {}

const variable = 'BQC_TEST_TOKEN'
beforeAll(() => {
  process.env[variable] = 'token-of-the-environment'
})
afterAll(() => {
  delete process.env[variable]
})

function fileOf(content: string | Buffer): string {
  const folder = directory()
  mkdirSync(folder, { recursive: true })
  const path = join(folder, 'secret')
  writeFileSync(path, content)
  return path
}

/** What the field has once it is looked up. */
async function lookedUp(accessToken: string, start = '/nowhere'): Promise<unknown> {
  const values = (await openValuesOf({ ...withToken, accessToken }, form, start)) as Record<string, unknown>
  return values['accessToken']
}

describe('a secret that stands elsewhere', () => {
  it('is looked up at use, and its reference alone is stored', async () => {
    const store = openedStore(directory())
    const { values } = await store.create('toronto', { ...withToken, accessToken: `env:${variable}` })

    const connection = await connector.connect(await store.resolve('toronto'))
    await connection.close()

    expect(values['accessToken']).toEqual({ set: true, source: `env:${variable}` })
    expect(await lookedUp(`env:${variable}`)).toBe('token-of-the-environment')
  })

  it.each([
    ['without its last line break', 'a\nb\n', 'a\nb'],
    ['without that of Windows', 'a\r\n', 'a'],
    ['without a byte order mark', '\uFEFF{"a":1}', '{"a":1}'],
    ['with all other blanks', ' a \n\n', ' a \n'],
  ])('is the text of a file %s', async (_, content, text) => {
    expect(await lookedUp(`file:${fileOf(content)}`)).toBe(text)
  })

  it('is base64 where the file is no text, so that a P12 file can be named', async () => {
    const key = p12Of(makeKey(), '3des', 'notasecret')
    const signatureKey = `file:${fileOf(Buffer.from(key, 'base64'))}`

    const connection = await connector.connect({ projectId: 'demo', issuer: 'a@b.example', signatureKey })
    await connection.close()

    expect(await lookedUp(signatureKey)).toBe(key)
  })

  it('is relative to the working directory, or to the one that is named, and stored with its whole path', async () => {
    const path = fileOf('found')
    const folder = join(path, '..')
    const store = openedStore(directory())

    const { values } = await store.create(
      'a',
      { ...withToken, accessToken: 'file:secret' },
      { directory: folder },
    )

    expect(await lookedUp('file:secret', folder)).toBe('found')
    expect(await lookedUp(`file:${relative(process.cwd(), path)}`, process.cwd())).toBe('found')
    expect(values['accessToken']).toEqual({ set: true, source: `file:${path}` })
  })

  it.each([
    [
      'a variable that is not there',
      () => 'env:BQC_NO_SUCH_VARIABLE',
      'the environment has no such variable',
    ],
    ['a file that is not there', () => 'file:/nowhere/secret', 'cannot be read (ENOENT)'],
    ['a directory', () => 'file:/', 'cannot be read (EISDIR)'],
    ['an empty file', () => `file:${fileOf('\n')}`, 'the file is empty'],
    ['a file without end', () => 'file:/dev/zero', 'larger than any secret'],
  ])('is told by its reference where that leads to %s', async (_, reference, reason) => {
    const accessToken = reference()

    const refusal = await refusalOf(connector.connect({ ...withToken, accessToken }))

    expect(refusal.code).toBe('BQC_SECRET_UNAVAILABLE')
    expect(refusal.message).toContain(`accessToken refers to ${accessToken}, but `)
    expect(refusal.message).toContain(reason)
  })

  it.each(['env:', 'env:MY-TOKEN', 'env:TOKEN ', 'file:', 'file:/run/token\n'])(
    'is not taken for the secret itself where it is misspelt: %j',
    async (accessToken) => {
      const store = openedStore(directory())
      const fault = { path: '/accessToken', message: expect.stringContaining('env:NAME') }
      const faults = expect.arrayContaining([fault])

      const refusals = [
        await refusalOf(store.create('toronto', { ...withToken, accessToken })),
        await refusalOf(connector.connect({ ...withToken, accessToken })),
      ]

      expect(refusals).toMatchObject([
        { code: 'BQC_CONFIG_INVALID', faults },
        { code: 'BQC_CONFIG_INVALID', faults },
      ])
    },
  )

  it('may be text or JSON: a key file as signatureKey brings its issuer along', async () => {
    const store = openedStore(directory())

    const stored = await store.create('toronto', { projectId: 'demo', signatureKey: 'file:/run/key.json' })
    const refusal = await refusalOf(store.create('vienna', { projectId: 'demo', issuer: 'a@b.example' }))

    expect(stored.values).toHaveProperty('signatureKey')
    expect(refusal.faults).toMatchObject([{ path: '/signatureKey' }])
  })

  it('is none where the field is no secret', async () => {
    const values = { ...withToken, location: 'env:PATH' }

    expect(await openValuesOf(values, form, '/')).toEqual(values)
  })
})
