// The two grants that stand on a person's consent: a code is redeemed once, a refresh token as often as one likes.
import { createHash, timingSafeEqual } from 'node:crypto'
import type { AccessTokens } from './access-tokens.ts'
import type { AuthorizationEndpoint } from './authorization-endpoint.ts'
import type { AuthorizationRequest } from './authorization-request.ts'
import type { Consents } from './consents.ts'
import type { KnownClient, OAuthClients } from './oauth-clients.ts'
import { missing, refuse, type TokenReply } from './token-reply.ts'

export interface CodeGrants {
  redeem(form: URLSearchParams, authorization: string): Promise<TokenReply>
  refresh(form: URLSearchParams, authorization: string): Promise<TokenReply>
  /** Takes a token back and, where it stands on a consent, all that this account has consented to for its client. */
  revoke(token: string): Promise<TokenReply>
}

export function createCodeGrants(
  clients: OAuthClients,
  consents: Consents,
  tokens: AccessTokens,
  authorizations: AuthorizationEndpoint,
): CodeGrants {
  return {
    async redeem(form, authorization) {
      const client = authenticate(form, authorization, clients)
      if ('status' in client) return client
      const code = form.get('code')
      if (!code) return missing('code')
      const grant = await authorizations.redeem(code)
      const consent = consents.find(grant?.consent ?? '')
      if (grant === undefined || consent === undefined || grant.request.client.id !== client.id)
        return refuse('invalid_grant', 'Bad Request')
      if (form.get('redirect_uri') !== grant.request.redirectUri)
        return refuse('redirect_uri_mismatch', 'Bad Request')
      const refusal = checkVerifier(form.get('code_verifier'), grant.request.challenge)
      if (refusal !== undefined) return refusal
      const refresh = grant.withRefreshToken ? { refresh_token: await consents.addRefreshToken(consent) } : {}
      return {
        status: 200,
        body: { ...tokens.issue({ consent: consent.id }), ...refresh, scope: consent.scope },
      }
    },
    async refresh(form, authorization) {
      const client = authenticate(form, authorization, clients)
      if ('status' in client) return client
      const token = form.get('refresh_token')
      if (!token) return missing('refresh_token')
      const consent = consents.ofRefreshToken(token)
      if (consent === undefined) return refuse('invalid_grant', 'Token has been expired or revoked.')
      if (consent.clientId !== client.id) return refuse('unauthorized_client', 'Unauthorized', 401)
      return { status: 200, body: { ...tokens.issue({ consent: consent.id }), scope: consent.scope } }
    },
    async revoke(token) {
      if (token === '') return missing('token')
      const consent = consents.ofRefreshToken(token) ?? consents.find(tokens.consentOf(token) ?? '')
      if (consent !== undefined) await consents.end(consents.of(consent.clientId, consent.account))
      else if (tokens.isValid(token)) tokens.revoke(token)
      else return refuse('invalid_token', 'Token expired or revoked')
      return { status: 200, body: {} }
    },
  }
}

/** The client that the form or the Authorization header names and proves to be, or the refusal. */
function authenticate(
  form: URLSearchParams,
  authorization: string,
  clients: OAuthClients,
): KnownClient | TokenReply {
  const basic = /^Basic\s+(\S+)$/i.exec(authorization)?.[1]
  const [user, password] = Buffer.from(basic ?? '', 'base64')
    .toString('utf8')
    .split(':')
  const id = form.get('client_id') ?? decode(user)
  const secret = form.get('client_secret') ?? decode(password)
  if (id === '') return refuse('invalid_request', 'Could not determine client ID from request.')
  const client = clients.find(id)
  if (client === undefined) return refuse('invalid_client', 'The OAuth client was not found.', 401)
  if (secret === '') return refuse('invalid_request', 'client_secret is missing.')
  return client.hasSecret(secret)
    ? client
    : refuse('invalid_client', 'The provided client secret is invalid.', 401)
}

/** Name and password of a Basic header are form-encoded in it (RFC 6749, section 2.3.1). */
function decode(part = ''): string {
  return new URLSearchParams(`part=${part}`).get('part') ?? ''
}

function checkVerifier(
  verifier: string | null,
  challenge: AuthorizationRequest['challenge'],
): TokenReply | undefined {
  if (challenge === undefined)
    return verifier === null ? undefined : refuse('invalid_grant', 'code_challenge was not given.')
  if (!verifier) return refuse('invalid_grant', 'Missing code verifier.')
  const made = challenge.method === 'plain' ? verifier : digest(verifier).toString('base64url')
  return timingSafeEqual(digest(made), digest(challenge.value))
    ? undefined
    : refuse('invalid_grant', 'Invalid code verifier.')
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
