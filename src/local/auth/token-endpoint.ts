// The OAuth token endpoint: trades a signed assertion for an access token, and refuses in Google's words.
import { createVerify, randomBytes } from 'node:crypto'
import type { ServiceAccounts } from './service-accounts.ts'

const JWT_BEARER = 'urn:ietf:params:oauth:grant-type:jwt-bearer'
/** Google reports one second less than the hour a token lives. */
const EXPIRES_IN_S = 3_599
const LIFETIME_MS = 3_600_000
const LONGEST_ASSERTION_S = 3_600
/** How far a client's clock may be off. */
const SKEW_S = 300

interface TokenReply {
  readonly status: number
  readonly body: Readonly<Record<string, unknown>>
}

export interface TokenEndpoint {
  grant(form: URLSearchParams, tokenUrls: readonly string[]): TokenReply
  isValid(accessToken: string): boolean
  /** No token issued so far is valid any more. */
  expireAll(): void
}

export function createTokenEndpoint(accounts: ServiceAccounts, now: () => number): TokenEndpoint {
  const issued = new Map<string, number>()

  function issue(): TokenReply {
    const token = `ya29.local.${randomBytes(48).toString('base64url')}`
    const at = now()
    for (const [old, expiresAt] of issued) if (expiresAt <= at) issued.delete(old)
    issued.set(token, at + LIFETIME_MS)
    return { status: 200, body: { access_token: token, expires_in: EXPIRES_IN_S, token_type: 'Bearer' } }
  }

  return {
    expireAll: () => issued.clear(),
    isValid: (accessToken) => (issued.get(accessToken) ?? 0) > now(),
    grant(form, tokenUrls) {
      const grantType = form.get('grant_type')
      if (grantType === null || grantType === '')
        return refuse('invalid_request', 'Required parameter is missing: grant_type')
      if (grantType !== JWT_BEARER)
        return refuse('unsupported_grant_type', `Invalid grant_type: ${grantType}`)
      const assertion = form.get('assertion')
      if (assertion === null || assertion === '')
        return refuse('invalid_request', 'Required parameter is missing: assertion')
      return checkAssertion(assertion, accounts, tokenUrls, now() / 1000) ?? issue()
    },
  }
}

/** The refusal an assertion deserves, or undefined when it is good. */
function checkAssertion(
  assertion: string,
  accounts: ServiceAccounts,
  tokenUrls: readonly string[],
  nowSeconds: number,
): TokenReply | undefined {
  const [head = '', payload = '', signature = '', ...rest] = assertion.split('.')
  const header = decode(head)
  const claims = decode(payload)
  if (header === undefined || claims === undefined || rest.length > 0)
    return refuse('invalid_grant', 'Bad Request')
  const keys = accounts.keys(String(claims['iss']))
  if (keys === undefined) return refuse('invalid_grant', 'Invalid grant: account not found')
  const keyId = header['kid']
  const candidates = keyId === undefined ? [...keys.values()] : [keys.get(String(keyId))]
  const signed = `${head}.${payload}`
  const verified = candidates.some(
    (key) =>
      key !== undefined &&
      header['alg'] === 'RS256' &&
      createVerify('RSA-SHA256').update(signed).verify(key, signature, 'base64url'),
  )
  if (!verified) return refuse('invalid_grant', 'Invalid JWT Signature.')
  const { iat, exp } = claims
  if (
    typeof iat !== 'number' ||
    typeof exp !== 'number' ||
    exp - iat > LONGEST_ASSERTION_S ||
    iat > nowSeconds + SKEW_S ||
    exp <= nowSeconds
  )
    return refuse(
      'invalid_grant',
      'Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe. Check your iat and exp values in the JWT claim.',
    )
  if (!tokenUrls.includes(String(claims['aud'])))
    return refuse(
      'invalid_grant',
      'Invalid JWT: Failed audience check. The right audience is the token endpoint.',
    )
  if (typeof claims['scope'] !== 'string' || claims['scope'].trim() === '')
    return refuse('invalid_scope', 'Invalid OAuth scope or ID token audience provided.')
  const subject = claims['sub']
  if (subject !== undefined && subject !== claims['iss'])
    return {
      status: 401,
      body: {
        error: 'unauthorized_client',
        error_description:
          'Client is unauthorized to retrieve access tokens using this method, or client not authorized for any of the scopes requested.',
      },
    }
  return undefined
}

function decode(part: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString())
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined
  } catch {
    return undefined
  }
}

function refuse(error: string, description: string): TokenReply {
  return { status: 400, body: { error, error_description: description } }
}
