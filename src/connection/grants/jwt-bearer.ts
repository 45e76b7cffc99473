// Signed JWTs: exchanged for a token (RFC 7523), or sent as the token itself.
// https://developers.google.com/identity/protocols/oauth2/service-account#httprest
import { SignJWT } from 'jose'
import type { Http } from '../../bigquery/transport.ts'
import type { BigqueryConnection } from '../../contract/options/bigquery-connection.ts'
import type { Token } from '../token-source.ts'
import { judgeAssertionRefusal } from './assertion-refusal.ts'
import type { SigningKey } from './signing-key.ts'
import { requestToken } from './token-request.ts'

/** Seconds that a JWT is dated back, for clocks that run ahead. */
const skewSeconds = 30

/** What a connection says about its JWTs, beside the key. The scopes are the extended claim `scope`. */
export type Claims = Pick<BigqueryConnection, 'subject' | 'audience' | 'assertionLifetime' | 'extendedClaims'>

/** Signs an assertion and exchanges it. */
export async function fetchJwtBearerToken(
  http: Http,
  key: SigningKey,
  claims: Claims,
  now: () => number,
): Promise<Token> {
  const { issuer, keyId, tokenUrl } = key
  const { subject, audience = tokenUrl } = claims
  const { value: assertion } = await sign(
    key,
    { ...claims.extendedClaims, ...(subject ? { sub: subject } : {}), aud: audience },
    claims.assertionLifetime,
    now,
  )
  const { token } = await requestToken(
    http,
    {
      url: tokenUrl,
      form: { grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer', assertion },
      as: issuer,
      judge: (refusal) => judgeAssertionRefusal({ issuer, keyId, subject }, refusal),
    },
    now,
  )
  return token
}

/**
 * Signs a JWT that is itself the bearer token (https://google.aip.dev/auth/4111). It carries the scopes and
 * no audience, because those hold at every endpoint, regional or private, and limit what it may do.
 */
export function signBearerToken(key: SigningKey, claims: Claims, now: () => number): Promise<Token> {
  return sign(key, { ...claims.extendedClaims, sub: key.issuer }, claims.assertionLifetime, now)
}

async function sign(
  { issuer, keyId, privateKey }: SigningKey,
  claims: Readonly<Record<string, unknown>>,
  lifetime: number,
  now: () => number,
): Promise<Token> {
  const issuedAt = Math.floor(now() / 1000) - skewSeconds
  const expiresAt = issuedAt + lifetime
  const value = await new SignJWT(claims)
    .setProtectedHeader({ alg: 'RS256', typ: 'JWT', ...(keyId ? { kid: keyId } : {}) })
    .setIssuer(issuer)
    .setIssuedAt(issuedAt)
    .setExpirationTime(expiresAt)
    .sign(privateKey)
  return { value, expiresAt: expiresAt * 1000 }
}
