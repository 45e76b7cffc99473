import { chmodSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { addMasterKey, createKeyFile, openKeyFile, parseMasterKeys } from '../../../src/index.ts'
import { directories } from '../../fixtures/directories.ts'
import { keyText, refusalOf } from './opened-store.ts'

const directory = directories()

describe('master keys', () => {
  it('are read from text: the first one seals, all of them open', async () => {
    const keys = parseMasterKeys(`${keyText('new', 2)}, ${keyText('old', 1)}`)

    expect(await keys.current()).toEqual({ kid: 'new', key: Buffer.alloc(32, 2) })
    expect(await keys.byKid('old')).toEqual(Buffer.alloc(32, 1))
    expect(await keys.byKid('other')).toBeUndefined()
  })

  it.each([
    ['nothing', ''],
    ['a key without id', Buffer.alloc(32, 7).toString('base64')],
    ['a key that is too short', `k:${Buffer.alloc(16, 7).toString('base64')}`],
    ['a key that is too long', `k:${Buffer.alloc(33, 7).toString('base64')}`],
    ['an id twice', `${keyText('k', 7)},${keyText('k', 8)}`],
    ['a passphrase', 'k:correct horse battery staple'],
  ])('are refused, and never quoted: %s', async (_, text) => {
    const refusal = await refusalOf(Promise.resolve().then(() => parseMasterKeys(text)))

    expect(refusal.code).toBe('BQC_STORE_KEY_INVALID')
    for (const part of text.split(/[:, ]/).filter(({ length }) => length > 5)) {
      expect(refusal.message).not.toContain(part)
    }
  })
})

describe('a key file', () => {
  it('is made once, for its owner alone, whoever else makes it at the same time', async () => {
    const path = join(directory(), 'store.keys')

    const made = await Promise.all(Array.from({ length: 5 }, () => createKeyFile(path)))

    expect(made.filter(Boolean)).toHaveLength(1)
    expect(statSync(path).mode & 0o777).toBe(0o600)
    expect((await openKeyFile(path).current()).key).toHaveLength(32)
  })

  it('takes a new key before the others, and is read anew at each use', async () => {
    const path = join(directory(), 'store.keys')
    await createKeyFile(path)
    const keys = openKeyFile(path)
    const former = await keys.current()

    await addMasterKey(path)

    expect((await keys.current()).kid).not.toBe(former.kid)
    expect(await keys.byKid(former.kid)).toEqual(former.key)
    expect(statSync(path).mode & 0o777).toBe(0o600)
  })

  it('loses no key of several that are added at the same time: one is added, or told to wait', async () => {
    const path = join(directory(), 'store.keys')
    await createKeyFile(path)

    const added = await Promise.allSettled(Array.from({ length: 6 }, () => addMasterKey(path)))

    const kept = readFileSync(path, 'utf8').trim().split('\n')
    expect(kept).toHaveLength(1 + added.filter(({ status }) => status === 'fulfilled').length)
    for (const each of added) {
      if (each.status === 'rejected') expect(each.reason.message).toContain(`${path}.next`)
    }
    await addMasterKey(path)
    expect(readdirSync(join(path, '..'))).toEqual(['store.keys'])
  })

  it('that cannot be written is told by its path', async () => {
    const file = directory()
    writeFileSync(file, '')
    const path = join(file, 'store.keys')

    for (const attempt of [createKeyFile, addMasterKey]) {
      expect(await refusalOf(attempt(path))).toMatchObject({
        code: 'BQC_OUTPUT_UNWRITABLE',
        message: expect.stringContaining(path),
      })
    }
  })

  it('is refused while others may read or write it, and where it is no file', async () => {
    const path = join(directory(), 'store.keys')
    await createKeyFile(path)
    for (const mode of [0o640, 0o604, 0o620, 0o660]) {
      chmodSync(path, mode)
      const refusal = await refusalOf(openKeyFile(path).current())
      expect(refusal).toMatchObject({ code: 'BQC_STORE_KEY_INVALID' })
      expect(refusal.message).toContain(`chmod 600 ${path}`)
      expect(refusal.message).not.toContain(readFileSync(path, 'utf8').slice(20, 40))
    }
    const folder = directory()
    mkdirSync(folder)

    expect((await refusalOf(openKeyFile(folder).current())).message).toContain('is no regular file')
  })

  it('that is missing or damaged is told by its path', async () => {
    const path = join(directory(), 'store.keys')

    const missing = await refusalOf(openKeyFile(path).byKid('k'))
    mkdirSync(join(path, '..'))
    writeFileSync(path, 'damaged-content', { mode: 0o600 })
    const damaged = await refusalOf(openKeyFile(path).current())

    expect(missing).toMatchObject({ code: 'BQC_STORE_KEY_MISSING', message: expect.stringContaining(path) })
    expect(damaged).toMatchObject({ code: 'BQC_STORE_KEY_INVALID', message: expect.stringContaining(path) })
    expect(damaged.message).not.toContain('damaged-content')
  })
})
