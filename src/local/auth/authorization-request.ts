// What an application asks of a person, read from the query of the authorization endpoint; a page says what is wrong.
import type { KnownClient, OAuthClients } from './oauth-clients.ts'
import { unknownScopes } from './scopes.ts'

export interface AuthorizationRequest {
  readonly client: KnownClient
  readonly redirectUri: string
  /** Without doubles, in the order asked for. */
  readonly scopes: readonly string[]
  readonly state: string | undefined
  readonly challenge: { readonly value: string; readonly method: 'S256' | 'plain' } | undefined
  readonly account: string
  readonly offline: boolean
  readonly prompt: readonly string[]
}

/** What a page says; never a redirect, because where it would lead is not to be trusted. */
export class AuthorizationError extends Error {
  readonly status: number
  /** Google's name for it. */
  readonly code: string

  constructor(status: number, code: string, message: string) {
    super(message)
    this.name = 'AuthorizationError'
    this.status = status
    this.code = code
  }
}

/** Whose consent is asked for when login_hint names nobody. */
const SOMEBODY = 'you@example.com'

/** @throws AuthorizationError */
export function readAuthorizationRequest(
  query: URLSearchParams,
  clients: OAuthClients,
): AuthorizationRequest {
  for (const name of new Set(query.keys()))
    if (query.getAll(name).length > 1)
      throw invalid(`OAuth 2 parameters can only have a single value: ${name}`)
  const need = (name: string): string => {
    const value = query.get(name)
    if (value === null || value === '') throw invalid(`Missing required parameter: ${name}`)
    return value
  }
  const client = clients.find(need('client_id'))
  if (client === undefined)
    throw new AuthorizationError(401, 'invalid_client', 'The OAuth client was not found.')
  const redirectUri = need('redirect_uri')
  if (!client.mayRedirectTo(redirectUri))
    throw new AuthorizationError(
      400,
      'redirect_uri_mismatch',
      `The redirect URI in the request, ${redirectUri}, does not match the ones authorized for the OAuth client.`,
    )
  const responseType = need('response_type')
  if (responseType !== 'code')
    throw new AuthorizationError(400, 'unsupported_response_type', `Invalid response_type: ${responseType}`)
  const scopes = [...new Set(need('scope').split(' ').filter(Boolean))]
  const unknown = unknownScopes(scopes)
  if (scopes.length === 0) throw invalid('Missing required parameter: scope')
  if (unknown.length > 0)
    throw new AuthorizationError(
      400,
      'invalid_scope',
      `Some requested scopes were invalid: ${unknown.join(' ')}`,
    )
  return {
    client,
    redirectUri,
    scopes,
    state: query.get('state') ?? undefined,
    challenge: readChallenge(query),
    account: query.get('login_hint') || SOMEBODY,
    offline: oneOf(query, 'access_type', ['online', 'offline']) === 'offline',
    prompt: readPrompt(query),
  }
}

function readChallenge(query: URLSearchParams): AuthorizationRequest['challenge'] {
  const value = query.get('code_challenge')
  const method = oneOf(query, 'code_challenge_method', ['plain', 'S256'])
  if (value === null) {
    if (query.has('code_challenge_method')) throw invalid('Missing required parameter: code_challenge')
    return undefined
  }
  if (!/^[A-Za-z0-9._~-]{43,128}$/.test(value)) throw invalid('Invalid parameter value for code_challenge')
  return { value, method: method === 'S256' ? 'S256' : 'plain' }
}

function readPrompt(query: URLSearchParams): readonly string[] {
  const prompt = (query.get('prompt') ?? '').split(' ').filter(Boolean)
  const known = prompt.every((word) => ['none', 'consent', 'select_account'].includes(word))
  if (!known || (prompt.includes('none') && prompt.length > 1))
    throw invalid(`Invalid parameter value for prompt: ${query.get('prompt')}`)
  return prompt
}

function oneOf(query: URLSearchParams, name: string, allowed: readonly string[]): string | undefined {
  const value = query.get(name) ?? allowed[0]
  if (value === undefined || !allowed.includes(value))
    throw invalid(`Invalid parameter value for ${name}: ${value}`)
  return value
}

function invalid(message: string): AuthorizationError {
  return new AuthorizationError(400, 'invalid_request', message)
}
