// The OAuth token endpoint: trades a signed assertion for an access token, and refuses in Google's words.
import { createVerify } from 'node:crypto'
import type { AccessTokens } from './access-tokens.ts'
import type { CodeGrants } from './code-grants.ts'
import type { ServiceAccounts } from './service-accounts.ts'
import { missing, refuse, type TokenReply } from './token-reply.ts'

const JWT_BEARER = 'urn:ietf:params:oauth:grant-type:jwt-bearer'
const LONGEST_ASSERTION_S = 3_600
/** How far a client's clock may be off. */
const SKEW_S = 300

export interface TokenEndpoint {
  grant(form: URLSearchParams, tokenUrls: readonly string[], authorization?: string): Promise<TokenReply>
}

export function createTokenEndpoint(
  accounts: ServiceAccounts,
  tokens: AccessTokens,
  codes: CodeGrants,
  now: () => number,
): TokenEndpoint {
  return {
    async grant(form, tokenUrls, authorization = '') {
      const grantType = form.get('grant_type')
      if (grantType === null || grantType === '') return missing('grant_type')
      if (grantType === 'authorization_code') return codes.redeem(form, authorization)
      if (grantType === 'refresh_token') return codes.refresh(form, authorization)
      if (grantType !== JWT_BEARER)
        return refuse('unsupported_grant_type', `Invalid grant_type: ${grantType}`)
      const assertion = form.get('assertion')
      if (assertion === null || assertion === '') return missing('assertion')
      const refusal = checkAssertion(assertion, accounts, tokenUrls, now() / 1000)
      return refusal ?? { status: 200, body: tokens.issue({ account: issuerOf(assertion) }) }
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
    return refuse(
      'unauthorized_client',
      'Client is unauthorized to retrieve access tokens using this method, or client not authorized for any of the scopes requested.',
      401,
    )
  return undefined
}

function issuerOf(assertion: string): string {
  return String(decode(assertion.split('.')[1] ?? '')?.['iss'])
}

function decode(part: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString())
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined
  } catch {
    return undefined
  }
}
