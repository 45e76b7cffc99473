// Sign-in as one part: who is known, what was issued, and the addresses where tokens are asked for and people are.
import { Reply } from '../routes/route.ts'
import type { Pool } from '../storage/pool.ts'
import { type AccessTokens, createAccessTokens } from './access-tokens.ts'
import {
  AUTHORIZATION_PATH,
  type AuthorizationEndpoint,
  createAuthorizationEndpoint,
} from './authorization-endpoint.ts'
import { type CodeGrants, createCodeGrants } from './code-grants.ts'
import { type Consents, openConsents } from './consents.ts'
import { type OAuthClients, openOAuthClients } from './oauth-clients.ts'
import { openServiceAccounts, type ServiceAccounts } from './service-accounts.ts'
import { bearerOf } from './service-jwt.ts'
import { createTokenEndpoint, type TokenEndpoint } from './token-endpoint.ts'

export interface SignIn {
  readonly accounts: ServiceAccounts
  readonly clients: OAuthClients
  readonly consents: Consents
  readonly tokens: AccessTokens
  readonly tokenEndpoint: TokenEndpoint
  readonly authorizations: AuthorizationEndpoint
  readonly codes: CodeGrants
}

export async function openSignIn(pool: Pool, now: () => number): Promise<SignIn> {
  const accounts = await openServiceAccounts(pool)
  const clients = await openOAuthClients(pool)
  const tokens = createAccessTokens(now)
  const consents = await openConsents(pool, tokens.endConsent)
  const authorizations = createAuthorizationEndpoint(clients, consents, now)
  const codes = createCodeGrants(clients, consents, tokens, authorizations)
  const tokenEndpoint = createTokenEndpoint(accounts, tokens, codes, now)
  const signerOf = (token: string) => bearerOf(token, accounts, now() / 1000)
  return {
    ...{ accounts, clients, consents, tokenEndpoint, authorizations, codes },
    tokens: {
      ...tokens,
      isValid: (token) => tokens.isValid(token) || signerOf(token) !== undefined,
      accountOf: (token) => tokens.accountOf(token) ?? signerOf(token),
    },
  }
}

export interface SignInRequest {
  readonly method: string | undefined
  readonly url: URL
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  /** What this server calls itself; an assertion is made out to it. */
  readonly baseUrls: readonly string[]
  readonly read: () => Promise<Buffer>
}

/** The answer, or undefined when the request is none of sign-in's. */
export async function answerSignIn(signIn: SignIn, asked: SignInRequest): Promise<Reply | undefined> {
  const { url, method, headers } = asked
  const form = async () => new URLSearchParams((await asked.read()).toString('utf8'))
  const cookies = String(headers['cookie'] ?? '')
  switch (`${method} ${url.pathname}`) {
    case 'POST /token': {
      const urls = asked.baseUrls.map((base) => `${base}/token`)
      return reply(
        await signIn.tokenEndpoint.grant(await form(), urls, String(headers['authorization'] ?? '')),
      )
    }
    case 'POST /revoke': {
      const token = (await form()).get('token') ?? url.searchParams.get('token') ?? ''
      return reply(await signIn.codes.revoke(token))
    }
    case `GET ${AUTHORIZATION_PATH}`:
      return signIn.authorizations.ask(url.searchParams, cookies)
    case `POST ${AUTHORIZATION_PATH}`:
      return signIn.authorizations.answer(await form(), cookies)
    default:
      return undefined
  }
}

function reply({ status, body }: { status: number; body: unknown }): Reply {
  return new Reply(status, body, { 'Cache-Control': 'no-store' })
}
