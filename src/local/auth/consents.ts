// What people have consented to, and the refresh tokens that stand on it. Of a token only its digest is kept.
import { createHash, randomBytes, randomUUID } from 'node:crypto'
import type { Pool } from '../storage/pool.ts'

interface Consent {
  readonly id: string
  readonly clientId: string
  readonly account: string
  /** OAuth scopes, parted by single spaces. */
  readonly scope: string
  /** SHA-256 of the refresh token, where there is one. */
  readonly refresh?: string
}

export interface Consents {
  add(consent: Omit<Consent, 'id' | 'refresh'>): Promise<Consent>
  find(id: string): Consent | undefined
  of(clientId: string, account?: string): readonly Consent[]
  ofRefreshToken(token: string): Consent | undefined
  addRefreshToken(consent: Consent): Promise<string>
  end(consents: readonly Consent[]): Promise<void>
}

/** As Google does, the oldest go without a word when an account has more of one client. */
const MOST_OF_ONE_CLIENT = 100

export async function openConsents(pool: Pool, onEnd: (id: string) => void): Promise<Consents> {
  const consents = new Map<string, Consent>()
  const byRefresh = new Map<string, string>()
  const keep = (consent: Consent): void => {
    consents.set(consent.id, consent)
    if (consent.refresh !== undefined) byRefresh.set(consent.refresh, consent.id)
  }
  await pool.use(async (connection) => {
    for (const row of (await connection.runAndReadAll('SELECT * FROM store."_meta".consents')).getRows())
      keep(JSON.parse(String(row[1])))
  })

  const of: Consents['of'] = (clientId, account) =>
    [...consents.values()].filter(
      (each) => each.clientId === clientId && (account === undefined || each.account === account),
    )

  async function end(ending: readonly Consent[]): Promise<void> {
    for (const { id, refresh } of ending) {
      consents.delete(id)
      if (refresh !== undefined) byRefresh.delete(refresh)
      onEnd(id)
      await pool.use((connection) => connection.run('DELETE FROM store."_meta".consents WHERE id = $1', [id]))
    }
  }

  return {
    of,
    end,
    find: (id) => consents.get(id),
    async add(given) {
      const consent = { id: randomUUID(), ...given }
      keep(consent)
      await pool.use((connection) =>
        connection.run('INSERT INTO store."_meta".consents VALUES ($1, $2)', [
          consent.id,
          JSON.stringify(consent),
        ]),
      )
      const all = of(given.clientId, given.account)
      await end(all.slice(0, Math.max(0, all.length - MOST_OF_ONE_CLIENT)))
      return consent
    },
    ofRefreshToken: (token) => consents.get(byRefresh.get(digest(token)) ?? ''),
    async addRefreshToken(consent) {
      const token = `1//0${randomBytes(48).toString('base64url')}`
      const withToken = { ...consent, refresh: digest(token) }
      keep(withToken)
      await pool.use((connection) =>
        connection.run('UPDATE store."_meta".consents SET entry = $2 WHERE id = $1', [
          consent.id,
          JSON.stringify(withToken),
        ]),
      )
      return token
    },
  }
}

function digest(token: string): string {
  return createHash('sha256').update(token).digest('base64')
}
