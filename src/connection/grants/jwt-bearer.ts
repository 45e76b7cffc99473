// The JWT bearer grant (RFC 7523): a signed assertion is exchanged for a token.
// https://developers.google.com/identity/protocols/oauth2/service-account#httprest
import { type CryptoKey, importPKCS8, SignJWT } from 'jose'
import type { Http } from '../../bigquery/transport.ts'
import type { ConnectionConfig } from '../../contract/connection.ts'
import { isSafeUrl } from '../../descriptor/resolve.ts'
import { ConnectorError } from '../../errors.ts'
import type { Token } from '../token-source.ts'
import { judgeAssertionRefusal } from './assertion-refusal.ts'
import { requestToken } from './token-request.ts'

const googleTokenUrl = 'https://oauth2.googleapis.com/token'

/** Seconds that an assertion is good for; Google accepts 3600 at most. */
const lifetimeSeconds = 3600
/** Seconds that the assertion is dated back, for clocks that run ahead. */
const skewSeconds = 30

/** What is needed to sign: from a JSON key file, or from issuer and PEM. */
export interface SigningKey {
  readonly issuer: string
  readonly privateKey: CryptoKey
  readonly keyId: string | undefined
  /** Where the token is asked for; also the assertion's audience. */
  readonly tokenUrl: string
}

/**
 * Reads the key of a connection. The key itself never appears in a message.
 * @throws ConnectorError `BQC_KEY_INVALID`
 */
export async function readSigningKey(config: ConnectionConfig): Promise<SigningKey> {
  const file = config.serviceAccountKey === undefined ? {} : parseKeyFile(config.serviceAccountKey)
  const pem = file.private_key ?? config.signatureKey ?? ''
  const tokenUrl = config.tokenUrl ?? file.token_uri ?? googleTokenUrl
  if (!isSafeUrl(tokenUrl)) {
    throw invalidKey('its token_uri is not an https URL without user and password')
  }
  return {
    issuer: config.issuer ?? file.client_email ?? '',
    privateKey: await importPrivateKey(pem),
    keyId: file.private_key_id,
    tokenUrl,
  }
}

/** Signs an assertion and exchanges it. `scope` travels as a claim, as Google wants it. */
export async function fetchJwtBearerToken(
  http: Http,
  key: SigningKey,
  claims: { readonly scope: string | undefined; readonly subject: string | undefined },
  now: () => number,
): Promise<Token> {
  const issuedAt = Math.floor(now() / 1000) - skewSeconds
  const assertion = await new SignJWT({
    scope: claims.scope,
    ...(claims.subject ? { sub: claims.subject } : {}),
  })
    .setProtectedHeader({ alg: 'RS256', typ: 'JWT', ...(key.keyId ? { kid: key.keyId } : {}) })
    .setIssuer(key.issuer)
    .setAudience(key.tokenUrl)
    .setIssuedAt(issuedAt)
    .setExpirationTime(issuedAt + lifetimeSeconds)
    .sign(key.privateKey)

  const { token } = await requestToken(
    http,
    {
      url: key.tokenUrl,
      form: { grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer', assertion },
      as: key.issuer,
      judge: (refusal) =>
        judgeAssertionRefusal({ issuer: key.issuer, keyId: key.keyId, subject: claims.subject }, refusal),
    },
    now,
  )
  return token
}

interface KeyFile {
  readonly private_key?: string
  readonly private_key_id?: string
  readonly client_email?: string
  readonly token_uri?: string
}

function parseKeyFile(key: NonNullable<ConnectionConfig['serviceAccountKey']>): KeyFile {
  const file: Record<string, unknown> = typeof key === 'string' ? parseObject(key) : key
  const missing = ['private_key', 'client_email'].filter((name) => typeof file[name] !== 'string')
  if (missing.length > 0) {
    throw invalidKey(
      `it is not the content of a service account's JSON key file: ${missing.join(' and ')} missing`,
    )
  }
  return file
}

async function importPrivateKey(pem: string): Promise<CryptoKey> {
  // Keys that came through an environment variable or a form often have their line breaks spelt out.
  const lines = pem.replaceAll('\\n', '\n').trim()
  const key = await importPKCS8(lines, 'RS256').catch(() => {
    // The cause is not kept: a parser's message may quote what it could not read.
    throw invalidKey('its private key is not an RSA key in PKCS#8 PEM form ("-----BEGIN PRIVATE KEY-----")')
  })
  // RS256 signs with no shorter key (RFC 7518, section 3.3).
  const { modulusLength } = key.algorithm as { modulusLength?: number }
  if ((modulusLength ?? 0) < 2048) throw invalidKey('its private key is shorter than 2048 bits')
  return key
}

function invalidKey(why: string): ConnectorError {
  return new ConnectorError(
    'BQC_KEY_INVALID',
    `The key of the connection cannot be used: ${why}. Download a new key of the service account.`,
  )
}

function parseObject(text: string): Record<string, unknown> {
  try {
    const value = JSON.parse(text)
    return typeof value === 'object' && value !== null ? value : {}
  } catch {
    return {}
  }
}
