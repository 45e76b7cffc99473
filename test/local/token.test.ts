import { importPKCS8, SignJWT } from 'jose'
import { beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { ServiceAccountKey } from '../../src/local/index.ts'
import { apiOfFile } from './api.ts'

let clock = Date.UTC(2026, 0, 1)
let key: ServiceAccountKey
const api = await apiOfFile({ authentication: 'required', now: () => clock })
beforeAll(async () => {
  key = await api.local.createServiceAccount('robot')
})
beforeEach(() => {
  clock = Date.UTC(2026, 0, 1)
})

async function assertion(claims: object = {}, signer = key): Promise<string> {
  const now = clock / 1000
  const payload = {
    iss: key.client_email,
    scope: 'https://www.googleapis.com/auth/bigquery',
    aud: key.token_uri,
    iat: now,
    exp: now + 3600,
    ...claims,
  }
  return new SignJWT(payload as Record<string, unknown>)
    .setProtectedHeader({ alg: 'RS256', typ: 'JWT', kid: key.private_key_id })
    .sign(await importPKCS8(signer.private_key, 'RS256'))
}

async function exchange(
  jwt: string,
  grant = 'urn:ietf:params:oauth:grant-type:jwt-bearer',
  // biome-ignore lint/suspicious/noExplicitAny: replies have several shapes
): Promise<{ status: number; body: any }> {
  const body = new URLSearchParams({ grant_type: grant, assertion: jwt })
  const response = await fetch(key.token_uri, { method: 'POST', body })
  return { status: response.status, body: await response.json() }
}

test('the key has the shape of a Google key file', () => {
  expect(key).toMatchObject({
    type: 'service_account',
    project_id: 'demo',
    client_email: 'robot@demo.iam.gserviceaccount.com',
    token_uri: `${api.local.url}/token`,
  })
  expect(key.private_key).toMatch(/^-----BEGIN PRIVATE KEY-----\n/)
})

test('a good assertion buys a token that opens the API until it expires', async () => {
  const { status, body } = await exchange(await assertion())
  expect(status).toBe(200)
  expect(body).toEqual({ access_token: expect.any(String), expires_in: 3599, token_type: 'Bearer' })
  const headers = { Authorization: `Bearer ${body.access_token}` }
  expect((await api.call('GET', 'projects', undefined, headers)).status).toBe(200)
  clock += 3_600_000
  expect((await api.call('GET', 'projects', undefined, headers)).status).toBe(401)
})

test('no token and a made-up token are 401 with a challenge', async () => {
  const none = await api.call('GET', 'projects')
  expect(none.status).toBe(401)
  expect(none.headers.get('www-authenticate')).toMatch(/^Bearer/)
  expect(none.body.error).toMatchObject({ status: 'UNAUTHENTICATED', errors: [{ reason: 'required' }] })
  const bad = await api.call('GET', 'projects', undefined, { Authorization: 'Bearer nonsense' })
  expect(bad.body.error).toMatchObject({
    code: 401,
    message: 'Invalid Credentials',
    errors: [{ reason: 'authError' }],
  })
})

test('a key this server does not know signs in vain', async () => {
  const other = await api.local.createServiceAccount('other')
  expect(await exchange(await assertion({}, other))).toEqual({
    status: 400,
    body: { error: 'invalid_grant', error_description: 'Invalid JWT Signature.' },
  })
})

test.each([
  [{ exp: Date.UTC(2026, 0, 1) / 1000 + 7200 }, 'invalid_grant', /short-lived token \(60 minutes\)/],
  [
    { iat: Date.UTC(2025, 0, 1) / 1000, exp: Date.UTC(2025, 0, 1) / 1000 + 60 },
    'invalid_grant',
    /short-lived/,
  ],
  [
    { iat: Date.UTC(2026, 0, 2) / 1000, exp: Date.UTC(2026, 0, 2) / 1000 + 60 },
    'invalid_grant',
    /short-lived/,
  ],
  [{ aud: 'https://elsewhere/token' }, 'invalid_grant', /audience/],
  [{ scope: '' }, 'invalid_scope', /scope/],
  [{ iss: 'nobody@demo.iam.gserviceaccount.com' }, 'invalid_grant', /account not found/],
  [{ sub: 'user@example.com' }, 'unauthorized_client', /^Client is unauthorized/],
])('an assertion with %j is refused as %s', async (claims, error, description) => {
  const { status, body } = await exchange(await assertion(claims))
  expect(status).toBeGreaterThanOrEqual(400)
  expect(body.error).toBe(error)
  expect(body.error_description).toMatch(description)
})

test('another grant type is unsupported', async () => {
  expect((await exchange('x', 'password')).body.error).toBe('unsupported_grant_type')
})

describe('a JWT instead of a token', () => {
  const bearer = (claims: object = {}, signer = key) =>
    assertion({ sub: key.client_email, aud: undefined, ...claims }, signer)
  const statusOf = async (jwt: string) =>
    (await api.call('GET', 'projects', undefined, { Authorization: `Bearer ${jwt}` })).status

  test.each([
    ['scopes', {}],
    ['the service', { scope: undefined, aud: 'https://bigquery.googleapis.com/' }],
  ])('opens the API when the account signed it for itself and %s', async (_, claims) => {
    expect(await statusOf(await bearer(claims))).toBe(200)
  })

  test.each([
    ['an hour after', { iat: Date.UTC(2026, 0, 1) / 1000 - 3601, exp: Date.UTC(2026, 0, 1) / 1000 - 1 }],
    ['for longer than an hour', { exp: Date.UTC(2026, 0, 1) / 1000 + 3601 }],
    ['for scopes and a service at once', { aud: 'https://bigquery.googleapis.com/' }],
    ['for another service', { scope: undefined, aud: 'https://storage.googleapis.com/' }],
    ['for nothing', { scope: undefined }],
    ['for another subject', { sub: 'ann@example.com' }],
    ['of an account that nobody made', { iss: 'x@example.com', sub: 'x@example.com' }],
  ])('is refused %s', async (_, claims) => {
    expect(await statusOf(await bearer(claims))).toBe(401)
  })

  test('is refused under a key of another account', async () => {
    const other = await api.local.createServiceAccount('other')
    expect(await statusOf(await bearer({}, other))).toBe(401)
  })

  test('is refused without the id of its key', async () => {
    const now = clock / 1000
    const claims = { iss: key.client_email, sub: key.client_email, scope: 'a', iat: now, exp: now + 60 }
    const unnamed = await new SignJWT(claims)
      .setProtectedHeader({ alg: 'RS256' })
      .sign(await importPKCS8(key.private_key, 'RS256'))
    expect(await statusOf(unnamed)).toBe(401)
  })
})

test('every answer is dated by the clock of the server', async () => {
  clock += 86_400_000
  const response = await fetch(`${api.local.url}/bigquery/v2/projects`)
  expect(response.headers.get('date')).toBe(new Date(clock).toUTCString())
})
