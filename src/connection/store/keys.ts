// Master keys from text, such as an environment variable, and from a file that only its owner may read.
import { randomBytes, randomUUID } from 'node:crypto'
import { link, mkdir, open, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { KeyService, MasterKey } from '../../contract/connection-store.ts'
import { ConnectorError } from '../../errors.ts'

/** Bytes of a key for A256GCMKW. */
const keyBytes = 32

/**
 * Keys written as `kid:base64,kid:base64`; line breaks part them too. The first one seals, all of them open.
 * @param of where the text stands, for messages.
 * @throws ConnectorError `BQC_STORE_KEY_INVALID`, which never quotes the text.
 */
export function parseMasterKeys(text: string, of = 'BQC_MASTER_KEYS'): KeyService {
  const keys = text
    .split(/[,\s]+/)
    .filter((part) => part !== '')
    .map((part, at): MasterKey => {
      const [, kid, base64 = ''] = /^([A-Za-z0-9_.-]{1,64}):([A-Za-z0-9+/_-]+={0,2})$/.exec(part) ?? []
      const key = Buffer.from(base64, 'base64')
      if (kid !== undefined && key.length === keyBytes) return { kid, key }
      throw invalidKeys(`Key ${at + 1} of ${of} is not of the form ID:BASE64 with ${keyBytes} bytes`)
    })
  const [primary] = keys
  if (primary === undefined) throw invalidKeys(`${of} holds no key`)
  if (new Set(keys.map(({ kid }) => kid)).size < keys.length) throw invalidKeys(`${of} has an id twice`)
  return {
    current: async () => primary,
    byKid: async (wanted) => keys.find(({ kid }) => kid === wanted)?.key,
  }
}

/**
 * Keys in a file of the same form. It is read at each use, so a change needs no restart, and is used only when
 * it is a regular file of this user without rights for anybody else.
 */
export function openKeyFile(path: string): KeyService {
  const read = async () => {
    const text = await readKeyFile(path)
    if (text === undefined) {
      throw new ConnectorError(
        'BQC_STORE_KEY_MISSING',
        `There is no key file ${path}. Put it back, or name the keys in BQC_MASTER_KEYS.`,
      )
    }
    return parseMasterKeys(text, path)
  }
  return {
    current: async () => (await read()).current(),
    byKid: async (kid) => (await read()).byKid(kid),
  }
}

/** Makes a key file with one new key, for its owner alone. False when there is a file already. */
export async function createKeyFile(path: string): Promise<boolean> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 })
  const draft = `${path}.${process.pid}.${randomUUID()}.tmp`
  try {
    await writeKeys(draft, newKey())
    await link(draft, path)
    return true
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw thrown
  } finally {
    await rm(draft, { force: true })
  }
}

/** Puts a new key before the others. Everything that is sealed from now on is sealed with it. */
export async function addMasterKey(path: string): Promise<void> {
  const former = (await readKeyFile(path)) ?? ''
  const draft = `${path}.${process.pid}.${randomUUID()}.tmp`
  try {
    await writeKeys(draft, newKey() + former)
    await rename(draft, path)
  } finally {
    await rm(draft, { force: true })
  }
}

async function readKeyFile(path: string): Promise<string | undefined> {
  const file = await open(path, 'r').catch((thrown: NodeJS.ErrnoException) => {
    if (thrown.code === 'ENOENT') return undefined
    throw invalidKeys(`The key file ${path} cannot be read (${thrown.code})`)
  })
  if (file === undefined) return undefined
  try {
    const found = await file.stat()
    const own = process.getuid?.()
    if (!found.isFile()) throw invalidKeys(`The key file ${path} is no regular file`)
    if (own !== undefined && found.uid !== own)
      throw invalidKeys(`The key file ${path} belongs to another user`)
    if (own !== undefined && (found.mode & 0o077) !== 0) {
      throw invalidKeys(`The key file ${path} is open to others: run "chmod 600 ${path}"`)
    }
    if (found.size > 65_536) throw invalidKeys(`The key file ${path} is too large to be one`)
    return await file.readFile('utf8')
  } finally {
    await file.close()
  }
}

async function writeKeys(path: string, text: string): Promise<void> {
  const file = await open(path, 'wx', 0o600)
  try {
    await file.writeFile(text)
    await file.sync()
  } finally {
    await file.close()
  }
}

function newKey(): string {
  return `k${randomBytes(6).toString('hex')}:${randomBytes(keyBytes).toString('base64')}\n`
}

function invalidKeys(what: string): ConnectorError {
  return new ConnectorError('BQC_STORE_KEY_INVALID', `${what}. No key of it is used.`)
}
