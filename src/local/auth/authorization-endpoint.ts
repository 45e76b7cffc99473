// The authorization endpoint: shows the consent page, and sends the answer back to the application.
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import { Reply } from '../routes/route.ts'
import {
  AuthorizationError,
  type AuthorizationRequest,
  readAuthorizationRequest,
} from './authorization-request.ts'
import { consentPage, errorPage } from './consent-page.ts'
import type { Consents } from './consents.ts'
import type { OAuthClients } from './oauth-clients.ts'

export const AUTHORIZATION_PATH = '/o/oauth2/v2/auth'

const LIFETIME_MS = 600_000
/** Pages that wait for an answer, and codes that wait to be redeemed; the oldest go first. */
const MOST_WAITING = 1_000
const COOKIE = 'bqc_consent'

interface Code {
  readonly request: AuthorizationRequest
  readonly consent: string
  /** A person has consented to access while away. */
  readonly withRefreshToken: boolean
  readonly expiresAt: number
}

interface Waiting {
  readonly request: AuthorizationRequest
  /** Digest of the cookie of the browser that was shown the page. */
  readonly browser: Buffer
  readonly expiresAt: number
}

export interface AuthorizationEndpoint {
  ask(query: URLSearchParams, cookies: string): Promise<Reply>
  answer(form: URLSearchParams, cookies: string): Promise<Reply>
  /** Gives a code's grant: once. A code that comes back has leaked, and ends what was made of it. */
  redeem(code: string): Promise<Code | undefined>
}

export function createAuthorizationEndpoint(
  clients: OAuthClients,
  consents: Consents,
  now: () => number,
): AuthorizationEndpoint {
  const waiting = new Map<string, Waiting>()
  const codes = new Map<string, Code>()
  const redeemed = new Map<string, Code>()

  function keep<T extends { readonly expiresAt: number }>(map: Map<string, T>, key: string, value: T): void {
    for (const [old, { expiresAt }] of map)
      if (expiresAt <= now() || map.size >= MOST_WAITING) map.delete(old)
    map.set(key, value)
  }

  async function grant(request: AuthorizationRequest, asked: boolean): Promise<Reply> {
    const { client, account, offline, scopes } = request
    const scope = scopes.join(' ')
    const consent = await consents.add({ clientId: client.id, account, scope })
    const code = `4/0A${randomBytes(48).toString('base64url')}`
    keep(codes, code, {
      request,
      consent: consent.id,
      withRefreshToken: asked && offline,
      expiresAt: now() + LIFETIME_MS,
    })
    return redirect(request, { code, scope })
  }

  return {
    async ask(query, cookies) {
      try {
        const request = readAuthorizationRequest(query, clients)
        const mayPass = !request.prompt.some((word) => word !== 'none')
        if (mayPass && isCovered(request, consents)) return await grant(request, false)
        if (request.prompt.includes('none')) return redirect(request, { error: 'interaction_required' })
        const browser = readCookie(cookies) ?? randomBytes(32).toString('base64url')
        const ticket = randomBytes(32).toString('base64url')
        keep(waiting, ticket, { request, browser: digest(browser), expiresAt: now() + LIFETIME_MS })
        const cookie = `${COOKIE}=${browser}; Path=${AUTHORIZATION_PATH}; HttpOnly; SameSite=Strict`
        return consentPage(request, ticket, cookie)
      } catch (error) {
        if (error instanceof AuthorizationError) return errorPage(error)
        throw error
      }
    },
    async answer(form, cookies) {
      const ticket = form.get('ticket') ?? ''
      const found = waiting.get(ticket)
      const isSameBrowser =
        found !== undefined && timingSafeEqual(found.browser, digest(readCookie(cookies) ?? ''))
      if (!isSameBrowser || found.expiresAt <= now())
        return errorPage(
          new AuthorizationError(400, 'invalid_request', 'This page has expired, or was not shown to you.'),
        )
      waiting.delete(ticket)
      const isAllowed = form.get('decision') === 'allow'
      return isAllowed ? grant(found.request, true) : redirect(found.request, { error: 'access_denied' })
    },
    async redeem(code) {
      const found = codes.get(code)
      codes.delete(code)
      if (found !== undefined) {
        keep(redeemed, code, { ...found, expiresAt: Number.POSITIVE_INFINITY })
        return found.expiresAt > now() ? found : undefined
      }
      const leaked = consents.find(redeemed.get(code)?.consent ?? '')
      if (leaked !== undefined) await consents.end([leaked])
      return undefined
    },
  }
}

/** True when all that is asked for now was consented to before. */
function isCovered({ client, account, scopes }: AuthorizationRequest, consents: Consents): boolean {
  const given = new Set(consents.of(client.id, account).flatMap(({ scope }) => scope.split(' ')))
  return scopes.every((scope) => given.has(scope))
}

function redirect({ redirectUri, state }: AuthorizationRequest, answer: Record<string, string>): Reply {
  const url = new URL(redirectUri)
  for (const [name, value] of Object.entries({ ...(state === undefined ? {} : { state }), ...answer }))
    url.searchParams.append(name, value)
  const headers = { Location: url.href, 'Cache-Control': 'no-store', 'Referrer-Policy': 'no-referrer' }
  return new Reply(303, '', headers)
}

function readCookie(cookies: string): string | undefined {
  return new RegExp(`(?:^|;\\s*)${COOKIE}=([\\w-]{43})(?:;|$)`).exec(cookies)?.[1]
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
