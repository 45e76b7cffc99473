import { generateKeyPairSync } from 'node:crypto'
import { decodeProtectedHeader, importSPKI, jwtVerify } from 'jose'
import { afterEach, describe, expect, it } from 'vitest'
import { type Http, openHttp } from '../../../src/bigquery/transport.ts'
import { openTokenSource } from '../../../src/connection/grants/grants.ts'
import { fetchJwtBearerToken, readSigningKey } from '../../../src/connection/grants/jwt-bearer.ts'
import type { ConnectionConfig } from '../../../src/contract/connection.ts'
import { ConnectorError } from '../../../src/errors.ts'
import { type Answer, startTinyServer, type TinyServer } from '../../bigquery/tiny-server.ts'

const pem = { type: 'pkcs8', format: 'pem' } as const
const spki = { type: 'spki', format: 'pem' } as const
const rsa = generateKeyPairSync('rsa', {
  modulusLength: 2048,
  privateKeyEncoding: pem,
  publicKeyEncoding: spki,
})
const weak = generateKeyPairSync('rsa', {
  modulusLength: 1024,
  privateKeyEncoding: pem,
  publicKeyEncoding: spki,
})
const ec = generateKeyPairSync('ec', {
  namedCurve: 'P-256',
  privateKeyEncoding: pem,
  publicKeyEncoding: spki,
})
const pkcs1 = generateKeyPairSync('rsa', {
  modulusLength: 2048,
  privateKeyEncoding: { type: 'pkcs1', format: 'pem' },
  publicKeyEncoding: spki,
})

const email = 'loader@demo.iam.gserviceaccount.com'
const scope = 'https://www.googleapis.com/auth/bigquery'
const noon = Date.parse('2026-11-21T12:00:00Z')

const open: { close(): Promise<void> }[] = []
afterEach(async () => {
  for (const one of open.splice(0)) await one.close()
})

async function startTokenServer(answer: Answer): Promise<{ server: TinyServer; http: Http }> {
  const server = await startTinyServer(() => answer)
  const http = openHttp()
  open.push(http, server)
  return { server, http }
}

const issued: Answer = { body: { access_token: 'secret-token', expires_in: 3599, token_type: 'Bearer' } }

function keyFile(tokenUrl: string, more: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    type: 'service_account',
    private_key: rsa.privateKey,
    private_key_id: 'key-1',
    client_email: email,
    token_uri: tokenUrl,
    ...more,
  }
}

async function refusalOf(attempt: Promise<unknown>): Promise<ConnectorError> {
  const thrown = await attempt.then(
    () => new Error('nothing was refused'),
    (error) => error,
  )
  if (thrown instanceof ConnectorError) return thrown
  throw thrown
}

/** What the token server was asked for, the signature checked against the public key. */
async function assertionAt(server: TinyServer) {
  const form = new URLSearchParams(server.asked[0]?.body)
  const assertion = form.get('assertion') ?? ''
  const { payload } = await jwtVerify(assertion, await importSPKI(rsa.publicKey, 'RS256'), {
    currentDate: new Date(noon),
  })
  return { form, header: decodeProtectedHeader(assertion), claims: payload }
}

describe('the assertion', () => {
  async function signIn(config: (tokenUrl: string) => Partial<ConnectionConfig>) {
    const { server, http } = await startTokenServer(issued)
    const tokenUrl = `${server.url}/token`
    const values = { projectId: 'demo', grant: 'jwt-bearer', scope, ...config(tokenUrl) } as const
    const tokens = await openTokenSource(values, http, () => noon)
    const token = await tokens.token()
    return { token, tokenUrl, server, ...(await assertionAt(server)) }
  }

  it('is signed with RS256 and carries the key\u2019s id', async () => {
    const { header } = await signIn((url) => ({ serviceAccountKey: keyFile(url) }))

    expect(header).toEqual({ alg: 'RS256', typ: 'JWT', kid: 'key-1' })
  })

  it('says who, to whom, and for what; the scope is a claim', async () => {
    const { claims, tokenUrl } = await signIn((url) => ({ serviceAccountKey: keyFile(url) }))

    expect(claims).toEqual({
      iss: email,
      aud: tokenUrl,
      scope,
      iat: expect.any(Number),
      exp: expect.any(Number),
    })
  })

  it('is good for an hour at most, and dated back for clocks that run ahead', async () => {
    const { claims } = await signIn((url) => ({ serviceAccountKey: keyFile(url) }))

    const { iat = 0, exp = 0 } = claims
    expect(exp - iat).toBeLessThanOrEqual(3600)
    expect(exp - iat).toBeGreaterThan(3000)
    expect(iat).toBe(noon / 1000 - 30)
  })

  it('is exchanged by a form, for the token that the server issues', async () => {
    const { token, form, server } = await signIn((url) => ({ serviceAccountKey: keyFile(url) }))

    expect(token).toBe('secret-token')
    expect(form.get('grant_type')).toBe('urn:ietf:params:oauth:grant-type:jwt-bearer')
    expect([...form.keys()].sort()).toEqual(['assertion', 'grant_type'])
    expect(server.asked[0]).toMatchObject({
      method: 'POST',
      path: '/token',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
    })
    expect(server.asked[0]?.headers.authorization).toBeUndefined()
  })

  it('is the same from a key file given as text', async () => {
    const { claims, header } = await signIn((url) => ({ serviceAccountKey: JSON.stringify(keyFile(url)) }))

    expect([claims.iss, header.kid]).toEqual([email, 'key-1'])
  })

  it('is the same from issuer and PEM, without a key id', async () => {
    const { claims, header, tokenUrl } = await signIn((url) => ({
      issuer: email,
      signatureKey: rsa.privateKey,
      tokenUrl: url,
    }))

    expect([claims.iss, claims.aud]).toEqual([email, tokenUrl])
    expect(header).toEqual({ alg: 'RS256', typ: 'JWT' })
  })

  it('names the user to act for as sub', async () => {
    const { claims } = await signIn((url) => ({
      serviceAccountKey: keyFile(url),
      subject: 'ann@example.com',
    }))

    expect(claims.sub).toBe('ann@example.com')
  })

  it('goes to the token URL of the connection rather than that of the key file', async () => {
    const { claims, tokenUrl } = await signIn((url) => ({
      serviceAccountKey: keyFile('http://127.0.0.1:1/wrong'),
      tokenUrl: url,
    }))

    expect(claims.aud).toBe(tokenUrl)
  })

  it('goes to Google when nobody says otherwise', async () => {
    const key = await readSigningKey({ projectId: 'demo', issuer: email, signatureKey: rsa.privateKey })

    expect(key.tokenUrl).toBe('https://oauth2.googleapis.com/token')
  })
})

describe('a token', () => {
  it.each([
    ['expires when the server says', { access_token: 't', expires_in: 1200 }, noon + 1_200_000],
    ['expires after an hour when the server says nothing', { access_token: 't' }, noon + 3_600_000],
  ])('%s', async (_, body, expiresAt) => {
    const { server, http } = await startTokenServer({ body })
    const key = await readSigningKey({ projectId: 'demo', serviceAccountKey: keyFile(server.url) })

    const token = await fetchJwtBearerToken(http, key, { scope, subject: undefined }, () => noon)

    expect(token).toEqual({ value: 't', expiresAt })
  })

  it('is fetched once for fifty parallel calls', async () => {
    const { server, http } = await startTokenServer(issued)
    const config = { projectId: 'demo', serviceAccountKey: keyFile(server.url), scope }
    const tokens = await openTokenSource(config, http, () => noon)

    await Promise.all(Array.from({ length: 50 }, () => tokens.token()))

    expect(server.asked.length).toBe(1)
  })

  it.each([
    ['none', { grant: 'none' } as const, undefined],
    ['access-token', { grant: 'access-token', accessToken: 'given' } as const, 'given'],
  ])('of the grant %s is there without a fetch, before and after a refusal', async (_, config, expected) => {
    const http: Http = { send: () => Promise.reject(new Error('sent')), close: async () => {} }
    const tokens = await openTokenSource({ projectId: 'demo', ...config }, http, () => noon)

    const both = [await tokens.token(), await tokens.renew('given')]

    expect(both).toEqual([expected, expected])
  })
})

describe('a key that is none', () => {
  const truncated = rsa.privateKey.slice(0, 800)
  const inner = (text: string) => text.replace(/-----[A-Z ]+-----|\s/g, '').slice(100, 140)

  it.each<[string, Partial<ConnectionConfig>, RegExp]>([
    ['text that is not JSON', { serviceAccountKey: rsa.privateKey }, /private_key and client_email missing/],
    ['a JSON list', { serviceAccountKey: '[]' }, /private_key and client_email missing/],
    ['JSON null', { serviceAccountKey: 'null' }, /private_key and client_email missing/],
    ['a user\u2019s credentials', { serviceAccountKey: { client_id: 'x', refresh_token: 'y' } }, /missing/],
    [
      'a key file without an e-mail address',
      { serviceAccountKey: { private_key: rsa.privateKey } },
      /: client_email missing/,
    ],
    [
      'a key file with an EC key',
      { serviceAccountKey: { private_key: ec.privateKey, client_email: email } },
      /not an RSA key in PKCS#8/,
    ],
    ['an EC key', { issuer: email, signatureKey: ec.privateKey }, /not an RSA key in PKCS#8/],
    ['a truncated PEM', { issuer: email, signatureKey: truncated }, /not an RSA key in PKCS#8/],
    [
      'a PEM truncated inside its frame',
      { issuer: email, signatureKey: `${truncated}\n-----END PRIVATE KEY-----\n` },
      /not an RSA key in PKCS#8/,
    ],
    ['a PKCS#1 key', { issuer: email, signatureKey: pkcs1.privateKey }, /not an RSA key in PKCS#8/],
    ['a public key', { issuer: email, signatureKey: rsa.publicKey }, /not an RSA key in PKCS#8/],
    ['a key too short for RS256', { issuer: email, signatureKey: weak.privateKey }, /shorter than 2048 bits/],
    ['no key at all', { issuer: email }, /not an RSA key in PKCS#8/],
    [
      'a key file that sends the assertion in clear over the network',
      { serviceAccountKey: keyFile('http://oauth2.googleapis.com/token') },
      /token_uri is not an https URL/,
    ],
  ])('is told in one clear line without key material: %s', async (_, config, expected) => {
    const refusal = await refusalOf(readSigningKey({ projectId: 'demo', ...config }))

    expect(refusal.code).toBe('BQC_KEY_INVALID')
    expect(refusal.message).toMatch(expected)
    expect(refusal.message).not.toContain('\n')
    expect(refusal.cause).toBeUndefined()
    for (const key of [rsa.privateKey, ec.privateKey, weak.privateKey, pkcs1.privateKey]) {
      const inside = inner(key)
      if (inside !== '') expect(refusal.message).not.toContain(inside)
    }
  })
})

describe('sign-in', () => {
  async function refusedBy(answer: Answer): Promise<ConnectorError> {
    const { server, http } = await startTokenServer(answer)
    const key = await readSigningKey({ projectId: 'demo', serviceAccountKey: keyFile(`${server.url}/token`) })
    return refusalOf(fetchJwtBearerToken(http, key, { scope, subject: undefined }, () => noon))
  }

  it('that is refused names account, server, reason and what to check', async () => {
    const refusal = await refusedBy({
      status: 400,
      body: { error: 'invalid_grant', error_description: 'Invalid JWT Signature.' },
    })

    expect(refusal).toMatchObject({
      code: 'BQC_SIGN_IN_REFUSED',
      category: 'config',
      reason: 'invalid_grant',
      httpStatus: 400,
    })
    expect(refusal.message).toMatch(
      /^Sign-in as loader@demo\S+ was refused by http:\S+\/token \(invalid_grant: Invalid JWT Signature\)\. The key key-1 is none of /,
    )
  })

  it.each<[string, Answer, string, string, string]>([
    [
      'without the right to act for a user',
      { status: 401, body: { error: 'unauthorized_client' } },
      'BQC_SIGN_IN_REFUSED',
      'config',
      'unauthorized_client',
    ],
    [
      'answered with a page',
      { status: 403, body: '<html>' },
      'BQC_SIGN_IN_REFUSED',
      'config',
      'HTTP status 403',
    ],
    [
      'answered without a token',
      { body: { id_token: 'x' } },
      'BQC_SIGN_IN_REFUSED',
      'config',
      'HTTP status 200',
    ],
    ['while the server is down', { status: 503 }, 'BQC_SERVICE_UNAVAILABLE', 'transient', 'HTTP status 503'],
    [
      'while a proxy is down',
      { status: 502, body: '<html>' },
      'BQC_SERVICE_UNAVAILABLE',
      'transient',
      'HTTP status 502',
    ],
    [
      'while the server is busy',
      { status: 429, body: { error: 'rate_limited' } },
      'BQC_SERVICE_UNAVAILABLE',
      'transient',
      'rate_limited',
    ],
    [
      'refused in the envelope of Google\u2019s front end',
      { status: 503, body: { error: { code: 503, message: 'Unavailable' } } },
      'BQC_SERVICE_UNAVAILABLE',
      'transient',
      'HTTP status 503',
    ],
  ])('%s: the error says so', async (_, answer, code, category, reason) => {
    const refusal = await refusedBy(answer)

    expect([refusal.code, refusal.category, refusal.reason]).toEqual([code, category, reason])
  })

  it('without an answer is a matter of the network', async () => {
    const server = await startTinyServer(() => 'drop')
    const http = openHttp()
    open.push(http, server)
    const key = await readSigningKey({ projectId: 'demo', serviceAccountKey: keyFile(server.url) })

    const refusal = await refusalOf(fetchJwtBearerToken(http, key, { scope, subject: undefined }, () => noon))

    expect([refusal.code, refusal.category]).toEqual(['BQC_NETWORK', 'transient'])
  })

  it('never shows the assertion', async () => {
    const refusal = await refusedBy({ status: 400, body: { error: 'invalid_grant' } })

    expect(refusal.message).not.toMatch(/eyJ/)
  })
})
