// The access tokens this server has issued, until when they are good, and which consent each stands on.
import { randomBytes } from 'node:crypto'

/** Google reports one second less than the hour a token lives. */
const EXPIRES_IN_S = 3_599
const LIFETIME_MS = 3_600_000

interface Issued {
  readonly expiresAt: number
  /** Id of the consent; undefined for a service account. */
  readonly consent: string | undefined
  /** E-mail address of the service account; undefined for a consent. */
  readonly account: string | undefined
}

export interface AccessTokens {
  /** A new token, as the token endpoint answers it. */
  issue(by: { readonly consent?: string; readonly account?: string }): Readonly<Record<string, unknown>>
  isValid(token: string): boolean
  consentOf(token: string): string | undefined
  accountOf(token: string): string | undefined
  revoke(token: string): void
  /** No token that stands on this consent is valid any more. */
  endConsent(consent: string): void
  /** No token issued so far is valid any more. */
  expireAll(): void
}

export function createAccessTokens(now: () => number): AccessTokens {
  const issued = new Map<string, Issued>()
  return {
    issue({ consent, account }) {
      // Without a readable part: a client that masks parts of its token would find that in ordinary answers.
      const token = `ya29.${randomBytes(48).toString('base64url')}`
      const at = now()
      for (const [old, { expiresAt }] of issued) if (expiresAt <= at) issued.delete(old)
      issued.set(token, { expiresAt: at + LIFETIME_MS, consent, account })
      return { access_token: token, expires_in: EXPIRES_IN_S, token_type: 'Bearer' }
    },
    isValid: (token) => (issued.get(token)?.expiresAt ?? 0) > now(),
    consentOf: (token) => issued.get(token)?.consent,
    accountOf: (token) => issued.get(token)?.account,
    revoke: (token) => issued.delete(token),
    endConsent(consent) {
      for (const [token, { consent: its }] of issued) if (its === consent) issued.delete(token)
    },
    expireAll: () => issued.clear(),
  }
}
