// The OAuth token endpoint: trades a signed assertion for an access token, and refuses in Google's words.
import type { AccessTokens } from './access-tokens.ts'
import type { CodeGrants } from './code-grants.ts'
import type { ServiceAccounts } from './service-accounts.ts'
import { readServiceJwt } from './service-jwt.ts'
import { missing, refuse, type TokenReply } from './token-reply.ts'

const JWT_BEARER = 'urn:ietf:params:oauth:grant-type:jwt-bearer'

const FAULTS = {
  form: 'Bad Request',
  account: 'Invalid grant: account not found',
  signature: 'Invalid JWT Signature.',
  times:
    'Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe. Check your iat and exp values in the JWT claim.',
} as const

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
      const jwt = readServiceJwt(assertion, accounts, now() / 1000)
      if ('fault' in jwt) return refuse('invalid_grant', FAULTS[jwt.fault])
      return (
        checkClaims(jwt.claims, tokenUrls) ?? {
          status: 200,
          body: tokens.issue({ account: String(jwt.claims['iss']) }),
        }
      )
    },
  }
}

/** The refusal that the claims of a signed assertion deserve, or undefined when they are good. */
function checkClaims(
  claims: Readonly<Record<string, unknown>>,
  tokenUrls: readonly string[],
): TokenReply | undefined {
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
