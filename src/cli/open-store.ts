// The connection store of the command line: where it is, and its keys.
import { homedir } from 'node:os'
import { join } from 'node:path'
import {
  type ConnectionStore,
  createConnector,
  createKeyFile,
  type KeyService,
  openKeyFile,
  parseMasterKeys,
} from '../index.ts'
import { proxyOf } from './proxy.ts'

/** `$BQC_STORE`, else `store` in bqc's directory of the user's configuration. */
function storeDirectory(): string {
  const { BQC_STORE, XDG_CONFIG_HOME } = process.env
  return BQC_STORE || join(XDG_CONFIG_HOME || join(homedir(), '.config'), 'bqc', 'store')
}

/** The key file stands beside the store, so that a copy of the store alone opens nothing. */
export function keyFilePath(): string {
  return process.env['BQC_KEY_FILE'] || `${storeDirectory()}.keys`
}

/** `$BQC_ENVIRONMENT`. */
export function usualEnvironment(): string | undefined {
  return process.env['BQC_ENVIRONMENT'] || undefined
}

/** @param environment default `$BQC_ENVIRONMENT`. */
export function openStore(environment: string | undefined = usualEnvironment()): ConnectionStore {
  const directory = storeDirectory()
  return createConnector(proxyOf(process.env)).openStore({
    directory,
    keys: keysOf(),
    ...(environment ? { environment } : {}),
  })
}

/** Makes the key file where a first connection is about to be sealed, and says so. */
export async function prepareKeys(store: ConnectionStore): Promise<void> {
  if (process.env['BQC_MASTER_KEYS']) return
  // Where connections are sealed already, a key file that is not there was lost, and a new one opens nothing.
  if ((await store.list()).length > 0) return
  const path = keyFilePath()
  if (!(await createKeyFile(path))) return
  process.stderr.write(
    `A master key was made: ${path}. Without it the secrets of this store cannot be opened. Keep a copy apart from ${store.directory}.\n`,
  )
}

function keysOf(): KeyService {
  const text = process.env['BQC_MASTER_KEYS']
  return text ? parseMasterKeys(text) : openKeyFile(keyFilePath())
}
