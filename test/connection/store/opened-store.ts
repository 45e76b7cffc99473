// A connection store on disk with a key in memory, and values to keep in it.
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import {
  type ConnectionStore,
  ConnectorError,
  createConnector,
  type KeyService,
  parseMasterKeys,
  type StoreOptions,
} from '../../../src/index.ts'
import { InstantClock } from '../../fixtures/clocks.ts'

/** A key of one repeated byte. */
export function keyText(kid: string, byte = 1): string {
  return `${kid}:${Buffer.alloc(32, byte).toString('base64')}`
}

export function keysOf(...texts: string[]): KeyService {
  return parseMasterKeys(texts.join(','))
}

export function openedStore(directory: string, options: Partial<StoreOptions> = {}): ConnectionStore {
  return createConnector({ clock: new InstantClock() }).openStore({
    directory,
    keys: keysOf(keyText('k1')),
    ...options,
  })
}

/** Values of a connection that can be opened without a network. */
export const withToken = {
  projectId: 'demo',
  grant: 'access-token',
  accessToken: 'ya29.hush-hush-hush',
} as const

export interface FoundFile {
  readonly path: string
  readonly mode: number
  readonly bytes: Buffer
}

/** Every file and directory below, directories without bytes. */
export function filesBelow(directory: string): FoundFile[] {
  return readdirSync(directory, { recursive: true, withFileTypes: true }).map((entry) => {
    const path = join(entry.parentPath, entry.name)
    return {
      path,
      mode: statSync(path).mode & 0o777,
      bytes: entry.isFile() ? readFileSync(path) : Buffer.alloc(0),
    }
  })
}

/** What a call that must fail fails with. */
export async function refusalOf(attempt: Promise<unknown>): Promise<ConnectorError> {
  const thrown = await attempt.then(
    () => undefined,
    (error: unknown) => error,
  )
  if (thrown instanceof ConnectorError) return thrown
  throw new Error(`it was not refused, but: ${String(thrown)}`)
}
