// OAuth clients this server knows: applications that ask people for their consent.
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import type { Pool } from '../storage/pool.ts'

/** How an OAuth client is registered; every field is optional. */
export interface OAuthClientOptions {
  /** What the consent page calls it. Default 'BigQuery connector'. */
  name?: string
  /**
   * Where codes may be sent: https URLs, or http URLs on this machine; each must be asked for exactly as it stands
   * here. Absent or empty: a desktop client, which may be sent codes at any port and path of this machine.
   */
  redirectUris?: readonly string[]
}

/** What Google's console shows of an OAuth client. */
export interface OAuthClient {
  client_id: string
  client_secret: string
  project_id: string
  auth_uri: string
  token_uri: string
  redirect_uris: string[]
}

export interface KnownClient {
  readonly id: string
  readonly name: string
  readonly redirectUris: readonly string[]
  /** Whether codes for this client may be sent there. */
  mayRedirectTo(uri: string): boolean
  hasSecret(secret: string): boolean
}

export interface OAuthClients {
  create(options: OAuthClientOptions, projectId: string, baseUrl: string): Promise<OAuthClient>
  find(id: string): KnownClient | undefined
}

interface StoredClient {
  readonly name: string
  readonly redirectUris: readonly string[]
  /** SHA-256 of the secret, base64. */
  readonly secret: string
}

export async function openOAuthClients(pool: Pool): Promise<OAuthClients> {
  const clients = new Map<string, KnownClient>()
  await pool.use(async (connection) => {
    for (const row of (await connection.runAndReadAll('SELECT * FROM store."_meta".clients')).getRows()) {
      const id = String(row[0])
      clients.set(id, known(id, JSON.parse(String(row[1]))))
    }
  })
  return {
    find: (id) => clients.get(id),
    async create({ name = 'BigQuery connector', redirectUris = [] }, projectId, baseUrl) {
      const bad = redirectUris.find((uri) => !isRegistrable(uri))
      if (bad !== undefined)
        throw new Error(
          `The redirect URI ${bad} cannot be registered: it must be an https URL, or an http URL on this machine, without a fragment.`,
        )
      const id = `${randomBytes(6).readUIntBE(0, 6)}-${randomBytes(16).toString('hex')}.apps.googleusercontent.com`
      const secret = `GOCSPX-${randomBytes(21).toString('base64url')}`
      const stored: StoredClient = { name, redirectUris, secret: digest(secret).toString('base64') }
      await pool.use((connection) =>
        connection.run('INSERT INTO store."_meta".clients VALUES ($1, $2)', [id, JSON.stringify(stored)]),
      )
      clients.set(id, known(id, stored))
      return {
        client_id: id,
        client_secret: secret,
        project_id: projectId,
        auth_uri: `${baseUrl}/o/oauth2/v2/auth`,
        token_uri: `${baseUrl}/token`,
        redirect_uris: redirectUris.length === 0 ? ['http://localhost'] : [...redirectUris],
      }
    },
  }
}

function known(id: string, { name, redirectUris, secret }: StoredClient): KnownClient {
  const expected = Buffer.from(secret, 'base64')
  return {
    id,
    name,
    redirectUris,
    mayRedirectTo: (uri) => (redirectUris.length === 0 ? isLoopback(uri) : redirectUris.includes(uri)),
    hasSecret: (given) => timingSafeEqual(digest(given), expected),
  }
}

function isLoopback(uri: string): boolean {
  const url = URL.parse(uri)
  if (url === null || url.protocol !== 'http:' || url.hash !== '' || url.username !== '') return false
  return ['127.0.0.1', '[::1]', 'localhost'].includes(url.hostname)
}

function isRegistrable(uri: string): boolean {
  const url = URL.parse(uri)
  return url !== null && url.hash === '' && (url.protocol === 'https:' || isLoopback(uri))
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
