// Service accounts this server knows: it makes the key pair, hands out the private half and keeps the public one.
import { generateKeyPair, randomBytes, randomInt } from 'node:crypto'
import { promisify } from 'node:util'
import type { Pool } from '../storage/pool.ts'
import { permissionsOf } from './roles.ts'

/** The content of a Google service account key file. */
export interface ServiceAccountKey {
  type: 'service_account'
  project_id: string
  private_key_id: string
  /** PEM, PKCS #8. */
  private_key: string
  client_email: string
  client_id: string
  auth_uri: string
  token_uri: string
  auth_provider_x509_cert_url: string
  client_x509_cert_url: string
  universe_domain: string
}

interface KnownAccount {
  readonly projectId: string
  /** Undefined: everything. */
  readonly permissions: readonly string[] | undefined
}

export interface ServiceAccounts {
  /** @param permissions what the account may do in its project; absent: as before, and everything at first. */
  create(
    name: string,
    projectId: string,
    baseUrl: string,
    permissions?: readonly string[],
  ): Promise<ServiceAccountKey>
  /** Where an account belongs, and what it may do there; undefined for an account never made here. */
  find(email: string): KnownAccount | undefined
  /** Public keys (PEM) of an account by key id; undefined for an account never made here. */
  keys(email: string): ReadonlyMap<string, string> | undefined
}

export async function openServiceAccounts(pool: Pool): Promise<ServiceAccounts> {
  const accounts = new Map<string, Map<string, string>>()
  const add = (email: string, keyId: string, publicKey: string): void => {
    const keys = accounts.get(email) ?? new Map<string, string>()
    accounts.set(email, keys.set(keyId, publicKey))
  }
  const known = new Map<string, KnownAccount>()
  await pool.use(async (connection) => {
    for (const row of (
      await connection.runAndReadAll('SELECT * FROM store."_meta".account_rights')
    ).getRows())
      known.set(String(row[0]), JSON.parse(String(row[1])))
    for (const row of (await connection.runAndReadAll('SELECT * FROM store."_meta".accounts')).getRows())
      add(String(row[0]), String(row[1]), String(row[2]))
  })
  return {
    keys: (email) => accounts.get(email),
    find: (email) => known.get(email),
    async create(name, projectId, baseUrl, names) {
      const permissions = names && permissionsOf(names)
      const pair = await promisify(generateKeyPair)('rsa', {
        modulusLength: 2048,
        publicKeyEncoding: { type: 'spki', format: 'pem' },
        privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
      })
      const email = `${name}@${projectId}.iam.gserviceaccount.com`
      const keyId = randomBytes(20).toString('hex')
      await pool.use((connection) =>
        connection.run('INSERT INTO store."_meta".accounts VALUES ($1, $2, $3)', [
          email,
          keyId,
          pair.publicKey,
        ]),
      )
      add(email, keyId, pair.publicKey)
      if (permissions !== undefined || !known.has(email)) {
        const account: KnownAccount = { projectId, permissions }
        await pool.transaction(async (connection) => {
          await connection.run('DELETE FROM store."_meta".account_rights WHERE email = $1', [email])
          await connection.run('INSERT INTO store."_meta".account_rights VALUES ($1, $2)', [
            email,
            JSON.stringify(account),
          ])
        })
        known.set(email, account)
      }
      return {
        type: 'service_account',
        project_id: projectId,
        private_key_id: keyId,
        private_key: pair.privateKey,
        client_email: email,
        client_id: `1${Array.from({ length: 20 }, () => randomInt(10)).join('')}`,
        auth_uri: `${baseUrl}/auth`,
        token_uri: `${baseUrl}/token`,
        auth_provider_x509_cert_url: `${baseUrl}/oauth2/v1/certs`,
        client_x509_cert_url: `${baseUrl}/robot/v1/metadata/x509/${encodeURIComponent(email)}`,
        universe_domain: 'googleapis.com',
      }
    },
  }
}
