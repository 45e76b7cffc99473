// Master keys from text, such as an environment variable, and from a file that only its owner may read.
import { randomBytes, randomUUID } from 'node:crypto'
import { constants, link, mkdir, open, rename, rm } from 'node:fs/promises'
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
        `There is no key file ${path}. Put it back, or name its keys in BQC_MASTER_KEYS; a program makes a new one by createKeyFile.`,
      )
    }
    return parseMasterKeys(text, path)
  }
  return {
    current: async () => (await read()).current(),
    byKid: async (kid) => (await read()).byKid(kid),
  }
}

/**
 * Makes a key file with one new key, for its owner alone. False when there is a file already.
 * @throws ConnectorError `BQC_OUTPUT_UNWRITABLE`
 */
export async function createKeyFile(path: string): Promise<boolean> {
  const draft = `${path}.${process.pid}.${randomUUID()}.tmp`
  await mkdir(dirname(path), { recursive: true, mode: 0o700 }).catch((thrown) => {
    throw unwritable(path, thrown)
  })
  try {
    await writeKeys(draft, newKey())
    await link(draft, path)
    return true
  } catch (thrown) {
    if (isCode(thrown, 'EEXIST')) return false
    throw unwritable(path, thrown)
  } finally {
    await rm(draft, { force: true }).catch(() => undefined)
  }
}

/**
 * Puts a new key before the others. Everything that is sealed from now on is sealed with it.
 * @throws ConnectorError `BQC_OUTPUT_UNWRITABLE`, also while another process does the same: of two that begin with
 *   the same file, the second would take the key of the first away.
 */
export async function addMasterKey(path: string): Promise<void> {
  const draft = `${path}.next`
  const file = await open(draft, 'wx', 0o600).catch((thrown) => {
    throw isCode(thrown, 'EEXIST') ? keyIsBeingAdded(path, draft) : unwritable(path, thrown)
  })
  try {
    const former = (await readKeyFile(path)) ?? ''
    await file.writeFile(newKey() + former)
    await file.sync()
    await rename(draft, path)
  } catch (thrown) {
    await rm(draft, { force: true })
    throw thrown instanceof ConnectorError ? thrown : unwritable(path, thrown)
  } finally {
    await file.close()
  }
}

async function readKeyFile(path: string): Promise<string | undefined> {
  // A pipe in its place is not waited for.
  const flags = constants.O_RDONLY | constants.O_NONBLOCK
  const file = await open(path, flags).catch((thrown: NodeJS.ErrnoException) => {
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
      throw invalidKeys(`The key file ${path} is open to others`, `Run "chmod 600 ${path}".`)
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

function isCode(thrown: unknown, code: string): boolean {
  return (thrown as NodeJS.ErrnoException).code === code
}

function unwritable(path: string, cause: unknown): ConnectorError {
  const { code } = cause as NodeJS.ErrnoException
  const message = `The key file ${path} cannot be written (${code}). Check its directory and the space left, or choose another path.`
  return new ConnectorError('BQC_OUTPUT_UNWRITABLE', message, { cause })
}

function keyIsBeingAdded(path: string, draft: string): ConnectorError {
  return new ConnectorError(
    'BQC_OUTPUT_UNWRITABLE',
    `Another process is adding a key to ${path}, or was stopped while it did. Wait for it; where there is none, remove ${draft}.`,
  )
}

function newKey(): string {
  return `k${randomBytes(6).toString('hex')}:${randomBytes(keyBytes).toString('base64')}\n`
}

function invalidKeys(what: string, advice = 'Correct it.'): ConnectorError {
  return new ConnectorError('BQC_STORE_KEY_INVALID', `${what}, so none of its keys is used. ${advice}`)
}
