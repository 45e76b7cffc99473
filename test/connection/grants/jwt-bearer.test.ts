import { generateKeyPairSync } from 'node:crypto'
import { decodeProtectedHeader, importSPKI, jwtVerify } from 'jose'
import { afterEach, describe, expect, it } from 'vitest'
import { type Http, openHttp } from '../../../src/bigquery/transport.ts'
import { openTokenSource } from '../../../src/connection/grants/grants.ts'
import { fetchJwtBearerToken } from '../../../src/connection/grants/jwt-bearer.ts'
import { readSigningKey } from '../../../src/connection/grants/signing-key.ts'
import type { ConnectionConfig } from '../../../src/contract/connection.ts'
import { ConnectorError } from '../../../src/errors.ts'
import { type Answer, startTinyServer, type TinyServer } from '../../bigquery/tiny-server.ts'
import { resolvedConnection } from '../../fixtures/resolved-connection.ts'

const pem = { type: 'pkcs8', format: 'pem' } as const
const spki = { type: 'spki', format: 'pem' } as const
const rsa = generateKeyPairSync('rsa', {
  modulusLength: 2048,
  privateKeyEncoding: pem,
  publicKeyEncoding: spki,
})
const email = 'loader@demo.iam.gserviceaccount.com'
const scope = 'https://www.googleapis.com/auth/bigquery'
const claims = { assertionLifetime: 3600, extendedClaims: { scope } }
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
    const values = resolvedConnection(config(tokenUrl))
    const tokens = await openTokenSource(values, http, () => noon)
    const token = await tokens.token()
    return { token, tokenUrl, server, ...(await assertionAt(server)) }
  }

  it('is signed with RS256 and carries the key\u2019s id', async () => {
    const { header } = await signIn((url) => ({ serviceAccountKey: keyFile(url) }))

    expect(header).toEqual({ alg: 'RS256', typ: 'JWT', kid: 'key-1' })
  })

  it('says who, to whom, and for what; the scope is a claim', async () => {
    const { claims, tokenUrl } = await signIn((url) => ({
      serviceAccountKey: keyFile(url),
      extendedClaims: { scope },
    }))

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

  it('carries the claims of the connection, whatever they are, and no id of its own', async () => {
    const { claims, header } = await signIn((url) => ({
      serviceAccountKey: keyFile(url),
      extendedClaims: { scope: 'a b', tenant: { id: 7 } },
      audience: 'https://elsewhere.example/token',
      keyId: 'key-2',
      assertionLifetime: 60,
    }))

    expect(claims).toEqual({
      iss: email,
      aud: 'https://elsewhere.example/token',
      scope: 'a b',
      tenant: { id: 7 },
      iat: noon / 1000 - 30,
      exp: noon / 1000 + 30,
    })
    expect(header.kid).toBe('key-2')
  })

  it('asks for the seven scopes of the connector when the connection names none', async () => {
    const { claims } = await signIn((url) => ({ serviceAccountKey: keyFile(url) }))

    const names = String(claims['scope']).split(' ')
    expect(names.map((name) => name.replace('https://www.googleapis.com/auth/', ''))).toEqual([
      'bigquery',
      'bigquery.insertdata',
      'cloud-platform',
      'cloud-platform.read-only',
      'devstorage.full_control',
      'devstorage.read_only',
      'devstorage.read_write',
    ])
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

describe('a self-signed JWT', () => {
  const unsent: Http = { send: () => Promise.reject(new Error('sent')), close: async () => {} }
  const open = (more: Partial<ConnectionConfig> = {}, clock = { now: noon }) =>
    openTokenSource(
      resolvedConnection({
        ...{ selfSigned: true, serviceAccountKey: keyFile('https://x.example') },
        ...more,
      }),
      unsent,
      () => clock.now,
    )

  it('is the token itself: it names the account twice, its key, its scopes, and no audience', async () => {
    const tokens = await open({ extendedClaims: { scope } })

    const jwt = (await tokens.token()) ?? ''

    const { payload, protectedHeader } = await jwtVerify(jwt, await importSPKI(rsa.publicKey, 'RS256'), {
      currentDate: new Date(noon),
    })
    expect(protectedHeader).toEqual({ alg: 'RS256', typ: 'JWT', kid: 'key-1' })
    expect(payload).toEqual({
      iss: email,
      sub: email,
      scope,
      iat: noon / 1000 - 30,
      exp: noon / 1000 + 3570,
    })
  })

  it('is signed anew before it expires, and after a refusal', async () => {
    const clock = { now: noon }
    const tokens = await open({}, clock)

    const first = await tokens.token()
    clock.now += 3_570_000 - 300_000 - 1
    const kept = await tokens.token()
    clock.now += 1
    const second = await tokens.token()
    clock.now += 1000
    const third = await tokens.renew(second ?? '')

    expect(kept).toBe(first)
    expect(new Set([first, second, third]).size).toBe(3)
  })

  it('needs the id of the key', async () => {
    const { private_key_id: _, ...anonymous } = keyFile('https://x.example')
    const refusal = await refusalOf(open({ serviceAccountKey: anonymous }))

    expect(refusal.code).toBe('BQC_CONFIG_INVALID')
    expect(refusal.message).toMatch(/keyId is required: a self-signed JWT/)
  })
})

describe('the values of a connection', () => {
  const given = { serviceAccountKey: keyFile('https://x.example') }
  it.each<[string, Partial<ConnectionConfig>, RegExp]>([
    ['scopes beside the claims', { scope: 'a' }, /scope must be empty .*: scopes go into extendedClaims/],
    [
      'a claim that the connection sets',
      { extendedClaims: { scope: 'a', exp: 1 } },
      /extendedClaims\/exp is set by/,
    ],
    ['claims without scopes', { extendedClaims: {} }, /extendedClaims\/scope is required\./],
    ['scopes parted by commas and blanks', { extendedClaims: { scope: 'a,  b' } }, /parted by single spaces/],
    ['a lifetime of two hours', { assertionLifetime: 7200 }, /assertionLifetime must be from 60 to 3600/],
    [
      'a subject for a self-signed JWT',
      { selfSigned: true, subject: 'a@b.c' },
      /subject must be empty with selfS/,
    ],
    [
      'an audience for a self-signed JWT',
      { selfSigned: true, audience: 'x' },
      /audience must be empty with selfS/,
    ],
  ])('are refused: %s', (_, values, expected) => {
    expect(() => resolvedConnection({ ...given, ...values })).toThrow(expected)
  })

  it.each([
    ['the text of a JSON key file', JSON.stringify(given.serviceAccountKey)],
    ['a reference to one', 'file:key.json'],
  ])('are all there when %s is the signature key', (_, signatureKey) => {
    expect(() => resolvedConnection({ signatureKey })).not.toThrow()
  })

  it('are not all there when a PEM comes without an issuer', () => {
    expect(() => resolvedConnection({ signatureKey: rsa.privateKey })).toThrow(/issuer is required/)
  })
})

describe('a token', () => {
  it.each([
    ['expires when the server says', { access_token: 't', expires_in: 1200 }, noon + 1_200_000],
    ['expires after an hour when the server says nothing', { access_token: 't' }, noon + 3_600_000],
  ])('%s', async (_, body, expiresAt) => {
    const { server, http } = await startTokenServer({ body })
    const key = await readSigningKey({ projectId: 'demo', serviceAccountKey: keyFile(server.url) })

    const token = await fetchJwtBearerToken(http, key, claims, () => noon)

    expect(token).toEqual({ value: 't', expiresAt })
  })

  it('is fetched once for fifty parallel calls', async () => {
    const { server, http } = await startTokenServer(issued)
    const config = resolvedConnection({ serviceAccountKey: keyFile(server.url) })
    const tokens = await openTokenSource(config, http, () => noon)

    await Promise.all(Array.from({ length: 50 }, () => tokens.token()))

    expect(server.asked.length).toBe(1)
  })

  it.each([
    ['none', { grant: 'none' } as const, undefined],
    ['access-token', { grant: 'access-token', accessToken: 'given' } as const, 'given'],
  ])('of the grant %s is there without a fetch, before and after a refusal', async (_, config, expected) => {
    const http: Http = { send: () => Promise.reject(new Error('sent')), close: async () => {} }
    const tokens = await openTokenSource(
      resolvedConnection({ endpoint: 'http://localhost:1', ...config }),
      http,
      () => noon,
    )

    const both = [await tokens.token(), await tokens.renew('given')]

    expect(both).toEqual([expected, expected])
  })
})

describe('sign-in', () => {
  async function refusedBy(answer: Answer): Promise<ConnectorError> {
    const { server, http } = await startTokenServer(answer)
    const key = await readSigningKey({ projectId: 'demo', serviceAccountKey: keyFile(`${server.url}/token`) })
    return refusalOf(fetchJwtBearerToken(http, key, claims, () => noon))
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

    const refusal = await refusalOf(fetchJwtBearerToken(http, key, claims, () => noon))

    expect([refusal.code, refusal.category]).toEqual(['BQC_NETWORK', 'transient'])
  })

  it('never shows the assertion', async () => {
    const refusal = await refusedBy({ status: 400, body: { error: 'invalid_grant' } })

    expect(refusal.message).not.toMatch(/eyJ/)
  })
})
