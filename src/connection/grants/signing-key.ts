// The key of a connection in any of its forms: a JSON key file, PEM text, or a P12 file with its password.
import type { KeyObject } from 'node:crypto'
import type { ConnectionConfig } from '../../contract/connection.ts'
import { invalidConfig, isSafeUrl } from '../../descriptor/resolve.ts'
import { invalidKey } from './invalid-key.ts'
import { readPrivateKey } from './private-key.ts'

const googleTokenUrl = 'https://oauth2.googleapis.com/token'

/** What is needed to sign. */
export interface SigningKey {
  readonly issuer: string
  readonly privateKey: KeyObject
  readonly keyId: string | undefined
  /** Where the token is asked for; also the assertion's audience, unless the connection names another. */
  readonly tokenUrl: string
}

/**
 * Reads the key of a connection; needs no network. The key itself never appears in a message.
 * @throws ConnectorError `BQC_KEY_INVALID`; `BQC_CONFIG_INVALID` when nobody says whose key it is.
 */
export async function readSigningKey(config: ConnectionConfig): Promise<SigningKey> {
  const { signatureKey = '', signatureKeyPassword = '' } = config
  const file = keyFileOf(config.serviceAccountKey ?? (isJson(signatureKey) ? signatureKey : undefined))
  const tokenUrl = config.tokenUrl ?? file.token_uri ?? googleTokenUrl
  if (!isSafeUrl(tokenUrl)) {
    throw invalidKey('its token_uri is not an https URL without user and password')
  }
  const issuer = config.issuer ?? file.client_email
  if (issuer === undefined) {
    throw invalidConfig('connection', [
      { path: '/issuer', message: 'is required: a P12 file and PEM text do not say whose key they hold' },
    ])
  }
  const privateKey = await readPrivateKey(file.private_key ?? signatureKey, signatureKeyPassword)
  return { issuer, privateKey, keyId: config.keyId ?? file.private_key_id, tokenUrl }
}

interface KeyFile {
  readonly private_key?: string
  readonly private_key_id?: string
  readonly client_email?: string
  readonly token_uri?: string
}

function keyFileOf(key: ConnectionConfig['serviceAccountKey']): KeyFile {
  if (key === undefined) return {}
  const file = typeof key === 'string' ? parse(key) : key
  const { type } = file
  if (typeof type === 'string' && type !== 'service_account' && /^[a-z_]{1,40}$/.test(type)) {
    throw invalidKey(
      `its JSON is of the type ${type}, and holds no service account's key`,
      'Use the grant application-default for it, with the JSON as credentials.',
    )
  }
  const missing = ['private_key', 'client_email'].filter((name) => typeof file[name] !== 'string')
  if (missing.length > 0) {
    throw invalidKey(
      `it is not the content of a service account's JSON key file: ${missing.join(' and ')} missing`,
    )
  }
  return file
}

function isJson(text: string): boolean {
  return text.trimStart().startsWith('{')
}

function parse(text: string): Record<string, unknown> {
  try {
    const value = JSON.parse(text)
    return typeof value === 'object' && value !== null ? value : {}
  } catch {
    return {}
  }
}
