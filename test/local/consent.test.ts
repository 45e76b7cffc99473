// Consent as an application sees it, over plain HTTP: the page, the code, the tokens, and how all of it ends.
import { createHash, randomBytes } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { OAuthClient } from '../../src/local/index.ts'
import { directories } from '../fixtures/directories.ts'
import { type Api, apiOfFile, startApi } from './api.ts'

const scope = 'https://www.googleapis.com/auth/bigquery'
const redirectUri = 'http://127.0.0.1:1/callback'
const start = Date.UTC(2026, 0, 1)

let clock = start
const api = await apiOfFile({ authentication: 'required', now: () => clock })
const directory = directories()
let client: OAuthClient
beforeEach(async () => {
  clock = start
  client = await api.local.createOAuthClient({ name: 'Flows <b>' })
})

type Fields = Record<string, string | undefined>

function authorizationUrl(fields: Fields = {}, of = client): string {
  const all = {
    client_id: of.client_id,
    redirect_uri: redirectUri,
    response_type: 'code',
    scope,
    state: 'the state',
    ...fields,
  }
  const given = Object.entries(all).filter((entry): entry is [string, string] => entry[1] !== undefined)
  return `${of.auth_uri}?${new URLSearchParams(given)}`
}

const open = (url: string) => fetch(url, { redirect: 'manual' })

/** Opens the page and presses a button, as a browser does. */
async function press(decision: 'allow' | 'deny', url: string): Promise<URL> {
  const page = await open(url)
  const ticket = /name="ticket" value="([^"]+)"/.exec(await page.text())?.[1] ?? ''
  const cookie = page.headers.get('set-cookie')?.split(';')[0] ?? ''
  return locationOf(await answer(url, { ticket, decision }, cookie))
}

const answer = (url: string, form: Record<string, string>, cookie: string) =>
  fetch(new URL('/o/oauth2/v2/auth', url), {
    method: 'POST',
    body: new URLSearchParams(form),
    headers: { cookie },
    redirect: 'manual',
  })

function locationOf(response: Response): URL {
  expect(response.status).toBe(303)
  return new URL(response.headers.get('location') ?? '')
}

interface Answered {
  readonly status: number
  // biome-ignore lint/suspicious/noExplicitAny: replies have several shapes
  readonly body: any
}

async function post(url: string, fields: Fields, headers = {}): Promise<Answered> {
  const given = Object.entries(fields).filter((entry): entry is [string, string] => entry[1] !== undefined)
  const response = await fetch(url, { method: 'POST', body: new URLSearchParams(given), headers })
  return { status: response.status, body: await response.json() }
}

const redeem = (code: string | null, fields: Fields = {}, of = client) =>
  post(of.token_uri, {
    grant_type: 'authorization_code',
    code: code ?? '',
    redirect_uri: redirectUri,
    client_id: of.client_id,
    client_secret: of.client_secret,
    ...fields,
  })

const refresh = (token: string, fields: Fields = {}, of = client) =>
  post(of.token_uri, {
    grant_type: 'refresh_token',
    refresh_token: token,
    client_id: of.client_id,
    client_secret: of.client_secret,
    ...fields,
  })

async function statusWith(token: string, on: Api = api): Promise<number> {
  return (await on.call('GET', 'projects', undefined, { Authorization: `Bearer ${token}` })).status
}

async function consent(fields: Fields = {}): Promise<Answered> {
  const back = await press('allow', authorizationUrl({ access_type: 'offline', ...fields }))
  return redeem(back.searchParams.get('code'))
}

const revoked = {
  status: 400,
  body: { error: 'invalid_grant', error_description: 'Token has been expired or revoked.' },
}
const badRequest = { status: 400, body: { error: 'invalid_grant', error_description: 'Bad Request' } }

describe('the consent page', () => {
  it('names the client, the account and the scopes in words, with nothing of them as markup', async () => {
    const page = await open(authorizationUrl({ login_hint: 'ada@example.com' }))
    const html = await page.text()

    expect(page.status).toBe(200)
    expect(html).toContain('Flows &lt;b&gt;')
    expect(html).toContain('ada@example.com')
    expect(html).toContain('View and manage your data in BigQuery')
    expect(html).not.toContain('<script')
    expect(page.headers.get('x-frame-options')).toBe('DENY')
    expect(page.headers.get('content-security-policy')).toContain("frame-ancestors 'none'")
    expect(page.headers.get('set-cookie')).toMatch(/HttpOnly; SameSite=Strict/)
  })

  it('sends a code, the scope and the state back when allowed', async () => {
    const back = await press('allow', authorizationUrl())

    expect(`${back.origin}${back.pathname}`).toBe(redirectUri)
    expect(Object.fromEntries(back.searchParams)).toEqual({
      state: 'the state',
      scope,
      code: expect.stringMatching(/^4\//),
    })
  })

  it('sends access_denied and the state back when denied', async () => {
    const back = await press('deny', authorizationUrl())

    expect(Object.fromEntries(back.searchParams)).toEqual({ state: 'the state', error: 'access_denied' })
  })

  it.each([
    ['an unknown client', { client_id: 'nobody' }, 401, 'invalid_client'],
    [
      'a redirect to another machine',
      { redirect_uri: 'https://evil.example/x' },
      400,
      'redirect_uri_mismatch',
    ],
    [
      'a redirect that looks like loopback',
      { redirect_uri: 'http://127.0.0.1.evil.example/' },
      400,
      'redirect_uri_mismatch',
    ],
    ['no client', { client_id: undefined }, 400, 'invalid_request'],
    ['no redirect', { redirect_uri: undefined }, 400, 'invalid_request'],
    ['no scope', { scope: undefined }, 400, 'invalid_request'],
    ['an unknown scope', { scope: `${scope} constructor` }, 400, 'invalid_scope'],
    ['no response type', { response_type: undefined }, 400, 'invalid_request'],
    ['another response type', { response_type: 'token' }, 400, 'unsupported_response_type'],
    ['a short challenge', { code_challenge: 'abc' }, 400, 'invalid_request'],
    [
      'an unknown challenge method',
      { code_challenge: 'a'.repeat(43), code_challenge_method: 'S512' },
      400,
      'invalid_request',
    ],
    ['an unknown prompt', { prompt: 'please' }, 400, 'invalid_request'],
    ['an unknown access type', { access_type: 'always' }, 400, 'invalid_request'],
  ])('is replaced by an error page, and not by a redirect, for %s', async (_, fields, status, code) => {
    const page = await open(authorizationUrl(fields))

    expect(page.status).toBe(status)
    expect(page.headers.get('location')).toBeNull()
    expect(await page.text()).toContain(`<code>${code}</code>`)
  })

  it('is replaced by an error page for a parameter given twice', async () => {
    const page = await open(`${authorizationUrl()}&scope=openid`)

    expect(await page.text()).toContain('can only have a single value: scope')
  })

  it('takes an answer only from the browser that was shown it', async () => {
    const url = authorizationUrl()
    const html = await (await open(url)).text()
    const ticket = /name="ticket" value="([^"]+)"/.exec(html)?.[1] ?? ''

    for (const cookie of ['', `bqc_consent=${randomBytes(32).toString('base64url')}`]) {
      const refused = await answer(url, { ticket, decision: 'allow' }, cookie)
      expect(refused.status).toBe(400)
      expect(refused.headers.get('location')).toBeNull()
    }
  })

  it('takes one answer, within ten minutes', async () => {
    const url = authorizationUrl()
    const page = await open(url)
    const cookie = page.headers.get('set-cookie')?.split(';')[0] ?? ''
    const ticket = /name="ticket" value="([^"]+)"/.exec(await page.text())?.[1] ?? ''

    clock += 600_000
    expect((await answer(url, { ticket, decision: 'allow' }, cookie)).status).toBe(400)
    clock -= 1
    expect((await answer(url, { ticket, decision: 'allow' }, cookie)).status).toBe(303)
    expect((await answer(url, { ticket, decision: 'allow' }, cookie)).status).toBe(400)
  })

  it('of a client with registered addresses redirects only there', async () => {
    const web = await api.local.createOAuthClient({ redirectUris: ['https://flows.example/callback?x=1'] })
    const redirect = 'https://flows.example/callback?x=1'

    const back = await press('allow', authorizationUrl({ redirect_uri: redirect }, web))
    expect(back.href.startsWith(redirect)).toBe(true)
    for (const uri of [
      redirectUri,
      'https://flows.example/callback',
      'https://flows.example/callback?x=1&y=2',
    ])
      expect(await (await open(authorizationUrl({ redirect_uri: uri }, web))).text()).toContain(
        'redirect_uri_mismatch',
      )
  })

  it.each(['http://flows.example/', 'https://flows.example/#x', 'flows'])(
    'cannot send people to %s: it is not registered',
    async (uri) => {
      await expect(api.local.createOAuthClient({ redirectUris: [uri] })).rejects.toThrow(
        /cannot be registered/,
      )
    },
  )
})

describe('a code', () => {
  it('buys an access token that opens the API, and a refresh token for access while away', async () => {
    const { status, body } = await consent()

    expect(status).toBe(200)
    expect(body).toEqual({
      access_token: expect.any(String),
      expires_in: 3599,
      refresh_token: expect.any(String),
      scope,
      token_type: 'Bearer',
    })
    expect(await statusWith(body.access_token)).toBe(200)
  })

  it('buys no refresh token without access_type=offline', async () => {
    expect((await consent({ access_type: undefined })).body).not.toHaveProperty('refresh_token')
  })

  it('buys a second refresh token only with prompt=consent, because nobody is asked again without it', async () => {
    await consent()

    const silent = locationOf(await open(authorizationUrl({ access_type: 'offline' })))
    const { body } = await redeem(silent.searchParams.get('code'))
    expect(body).not.toHaveProperty('refresh_token')
    expect(await statusWith(body.access_token)).toBe(200)
    expect((await consent({ prompt: 'consent' })).body).toHaveProperty('refresh_token')
  })

  it('is not to be had with prompt=none before a consent to all of the scopes', async () => {
    const silently = async (scopes: string) =>
      locationOf(await open(authorizationUrl({ prompt: 'none', scope: scopes }))).searchParams

    expect((await silently(scope)).get('error')).toBe('interaction_required')
    await consent()
    expect((await silently(scope)).get('code')).toMatch(/^4\//)
    expect((await silently(`${scope} openid`)).get('error')).toBe('interaction_required')
  })

  it('is good once: when it comes back, all that it bought is void', async () => {
    const code = (await press('allow', authorizationUrl({ access_type: 'offline' }))).searchParams.get('code')
    const { body } = await redeem(code)

    expect(await redeem(code)).toEqual(badRequest)
    expect(await statusWith(body.access_token)).toBe(401)
    expect(await refresh(body.refresh_token)).toEqual(revoked)
  })

  it('is good for ten minutes', async () => {
    const back = await press('allow', authorizationUrl())
    clock += 600_000
    expect(await redeem(back.searchParams.get('code'))).toEqual(badRequest)
  })

  it.each([
    ['another redirect', { redirect_uri: 'http://127.0.0.1:2/callback' }, 'redirect_uri_mismatch'],
    ['a wrong secret', { client_secret: 'guess' }, 'invalid_client'],
    ['no secret', { client_secret: undefined }, 'invalid_request'],
    ['an unknown client', { client_id: 'nobody' }, 'invalid_client'],
    ['another code', { code: '4/0Aguess' }, 'invalid_grant'],
    ['no code', { code: undefined }, 'invalid_request'],
  ])('buys nothing with %s', async (_, fields, error) => {
    const back = await press('allow', authorizationUrl())

    expect((await redeem(back.searchParams.get('code'), fields)).body.error).toBe(error)
  })

  it('buys nothing for another client', async () => {
    const other = await api.local.createOAuthClient()
    const back = await press('allow', authorizationUrl())

    expect(await redeem(back.searchParams.get('code'), {}, other)).toEqual(badRequest)
  })

  it('may be redeemed with name and secret in the Authorization header', async () => {
    const back = await press('allow', authorizationUrl())
    const basic = Buffer.from(`${client.client_id}:${client.client_secret}`).toString('base64')

    const { status } = await post(
      client.token_uri,
      {
        grant_type: 'authorization_code',
        code: back.searchParams.get('code') ?? '',
        redirect_uri: redirectUri,
      },
      { Authorization: `Basic ${basic}` },
    )
    expect(status).toBe(200)
  })

  it('asked for with a challenge is sold only to who knows the verifier', async () => {
    const verifier = randomBytes(32).toString('base64url')
    const challenge = createHash('sha256').update(verifier).digest('base64url')
    const url = authorizationUrl({ code_challenge: challenge, code_challenge_method: 'S256' })
    const tryWith = async (code_verifier: string | undefined) =>
      (
        await redeem((await press('allow', `${url}&prompt=consent`)).searchParams.get('code'), {
          code_verifier,
        })
      ).status

    expect(await tryWith(verifier)).toBe(200)
    expect(await tryWith(challenge)).toBe(400)
    expect(await tryWith(undefined)).toBe(400)
  })
})

describe('a refresh token', () => {
  it('buys access tokens again and again, for its own client', async () => {
    const token = (await consent()).body.refresh_token
    const other = await api.local.createOAuthClient()

    for (const _ of [1, 2]) {
      const { status, body } = await refresh(token)
      expect(status).toBe(200)
      expect(body).toEqual({
        access_token: expect.any(String),
        expires_in: 3599,
        scope,
        token_type: 'Bearer',
      })
      expect(await statusWith(body.access_token)).toBe(200)
    }
    expect((await refresh(token, {}, other)).body.error).toBe('unauthorized_client')
    expect((await refresh(token, { client_secret: 'guess' })).body.error).toBe('invalid_client')
  })

  it.each(['refresh_token', 'access_token'])('is void once the %s is revoked', async (name) => {
    const { body } = await consent()

    expect(await post(`${api.local.url}/revoke`, { token: body[name] })).toEqual({ status: 200, body: {} })
    expect(await refresh(body.refresh_token)).toEqual(revoked)
    expect(await statusWith(body.access_token)).toBe(401)
    expect((await post(`${api.local.url}/revoke`, { token: body[name] })).body.error).toBe('invalid_token')
  })

  it('is void once the person removes the application', async () => {
    const { body } = await consent()

    await api.local.revokeConsents(client.client_id)

    expect(await refresh(body.refresh_token)).toEqual(revoked)
  })

  it('is void when the account has a hundred newer ones of the client', async () => {
    const [oldest, second] = [await consent(), await consent({ prompt: 'consent' })]
    for (let count = 2; count <= 100; count += 1) await consent({ prompt: 'consent' })

    expect(await refresh(oldest.body.refresh_token)).toEqual(revoked)
    expect((await refresh(second.body.refresh_token)).status).toBe(200)
  })
})

describe('after a restart with a data directory', () => {
  let first: Api
  let second: Api
  const dataDirectory = directory()
  beforeAll(async () => {
    first = await startApi({ dataDirectory, authentication: 'required', now: () => clock })
  })
  afterAll(() => second.local.close())

  it('clients and refresh tokens are there, and what was revoked stays revoked', async () => {
    client = await first.local.createOAuthClient()
    const kept = (await consent()).body.refresh_token
    const ended = (await consent({ login_hint: 'ada@example.com' })).body.refresh_token
    await post(`${first.local.url}/revoke`, { token: ended })
    await first.local.close()

    second = await startApi({ dataDirectory, authentication: 'required', now: () => clock })
    const moved = { ...client, token_uri: `${second.local.url}/token` }
    const { body } = await refresh(kept, {}, moved)
    expect(await statusWith(body.access_token, second)).toBe(200)
    expect(await refresh(ended, {}, moved)).toEqual(revoked)
  })
})
