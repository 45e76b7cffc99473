// How a person lets the connector work in their name: one address to open, and what comes back from there.
import type { ConnectionConfig } from './connection.ts'

export interface ConsentOptions {
  /** Where the issuer sends the person afterwards: a registered https URL, or an http URL on this machine. */
  readonly redirectUri: string
  /** E-mail address of the account that the page proposes. */
  readonly loginHint?: string
}

/** A consent that is asked for. It is good for one answer, within 15 minutes. */
export interface Consent {
  /** What the person opens. It tells the issuer what is asked for, and holds no secret of the connection. */
  readonly url: string
  /** Milliseconds since 1970. */
  readonly expiresAt: number
  /**
   * Takes the answer and trades it for a refresh token.
   * @param callbackUrl where the person was sent, or its path and query: all that came to `redirectUri`.
   * @throws ConnectorError `BQC_CONSENT_REFUSED` with the `reason` `access_denied` (the person said no) or another one
   *   of the issuer's; `state_mismatch` (the answer belongs to something else: the right one may still come);
   *   `consent_expired`; `consent_used`; `no_code`; `no_refresh_token`.
   */
  complete(callbackUrl: string, options?: { readonly signal?: AbortSignal }): Promise<GivenConsent>
}

/** Put the refresh token into the connection, and keep it sealed. */
export interface GivenConsent {
  readonly refreshToken: string
  /** What was granted: OAuth scopes, parted by single spaces. */
  readonly scope: string
  /** What was asked for and not granted. */
  readonly missingScopes: readonly string[]
}

/** What became of a consent that is taken back. */
export interface ConsentReset {
  /** True when the issuer knows; false when `message` says what a person has to do there. */
  readonly revoked: boolean
  readonly message: string
  /** The connection without its tokens, to be kept. Absent for a stored one: clear its refreshToken. */
  readonly config?: ConnectionConfig
}
