import { mkdirSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { decodeJwt } from 'jose'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { type Http, openHttp } from '../../../src/bigquery/transport.ts'
import { openTokenSource } from '../../../src/connection/grants/grants.ts'
import type { ConnectionConfig } from '../../../src/contract/connection.ts'
import type { ConnectorError } from '../../../src/errors.ts'
import { type Answer, type Asked, startTinyServer } from '../../bigquery/tiny-server.ts'
import { directories } from '../../fixtures/directories.ts'
import { makeKey } from '../../fixtures/keys.ts'
import { resolvedConnection } from '../../fixtures/resolved-connection.ts'

const noon = Date.parse('2026-11-21T12:00:00Z')
const scope = 'https://www.googleapis.com/auth/bigquery'
const email = 'loader@demo.iam.gserviceaccount.com'
const key = makeKey()
const newPath = directories()
const newDirectory = (): string => {
  const path = newPath()
  mkdirSync(path)
  return path
}

let now = noon
const open: { close(): Promise<void> }[] = []
beforeEach(() => {
  now = noon
  vi.stubEnv('GOOGLE_APPLICATION_CREDENTIALS', '')
  vi.stubEnv('CLOUDSDK_CONFIG', '/nowhere')
  vi.stubEnv('METADATA_SERVER_DETECTION', 'none')
})
afterEach(async () => {
  vi.unstubAllEnvs()
  for (const one of open.splice(0)) await one.close()
})

/** A server in the place of all of Google, and a pool that knows no other. */
async function startGoogle(answer: (asked: Asked) => Answer | 'drop') {
  const server = await startTinyServer(answer)
  const pool = openHttp()
  open.push(pool, server)
  const sent: string[] = []
  const http: Http = {
    send(request) {
      sent.push(request.url)
      return pool.send({
        ...request,
        url: request.url.replace(/^https:\/\/[a-z0-9]+\.googleapis\.com/, server.url),
      })
    },
    close: async () => {},
  }
  const tokensOf = (config: Partial<ConnectionConfig>) =>
    openTokenSource(resolvedConnection({ grant: 'application-default', ...config }), http, () => now)
  return { server, sent, http, tokensOf }
}

async function refusalOf(attempt: Promise<unknown>): Promise<ConnectorError> {
  return attempt.then(
    () => Promise.reject(new Error('nothing was refused')),
    (thrown) => thrown,
  )
}

const formOf = (asked: Asked | undefined) => Object.fromEntries(new URLSearchParams(asked?.body))
const issued = { body: { access_token: 'token-1', expires_in: 3599, token_type: 'Bearer' } }

const user = {
  type: 'authorized_user',
  client_id: 'gcloud-client',
  client_secret: 'gcloud-secret',
  refresh_token: 'users-refresh-token',
}

function workload(url: string, more: object = {}) {
  return {
    type: 'external_account',
    audience: '//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/providers/q',
    subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
    token_url: `${url}/sts`,
    credential_source: { url: `${url}/subject?audience=x`, headers: { 'metadata-flavor': 'yes' } },
    ...more,
  }
}

describe('given credentials', () => {
  it('of a user buy a token by their refresh token', async () => {
    const { server, tokensOf } = await startGoogle(() => issued)
    const tokens = await tokensOf({ credentials: user })

    expect(await tokens.token()).toBe('token-1')
    expect(server.asked[0]?.path).toBe('/token')
    expect(formOf(server.asked[0])).toEqual({
      grant_type: 'refresh_token',
      refresh_token: 'users-refresh-token',
      client_id: 'gcloud-client',
      client_secret: 'gcloud-secret',
    })
  })

  it('of another platform are not read for ever: an answer without an end is refused', async () => {
    const { server, tokensOf } = await startGoogle(() => ({ body: 'x'.repeat(2_000_000) }))
    const tokens = await tokensOf({ credentials: workload(server.url) })

    expect(await refusalOf(tokens.token())).toMatchObject({
      code: 'BQC_RESPONSE_UNREADABLE',
      message: expect.stringContaining('The answer is larger than'),
    })
  })

  it('of a user who has to sign in again say so, and show no secret', async () => {
    const { tokensOf } = await startGoogle(() => ({
      status: 400,
      body: { error: 'invalid_grant', error_description: 'users-refresh-token has been revoked' },
    }))
    const tokens = await tokensOf({ credentials: JSON.stringify(user) })

    const refusal = await refusalOf(tokens.token())

    expect(refusal.code).toBe('BQC_SIGN_IN_REFUSED')
    expect(refusal.message).toMatch(/has to sign in again/)
    expect(refusal.message).not.toContain('users-refresh-token')
  })

  it('of a service account sign an assertion with the scopes of the connection', async () => {
    const { server, tokensOf } = await startGoogle(() => issued)
    const file = { type: 'service_account', private_key: key.pem, client_email: email }
    const tokens = await tokensOf({ credentials: file })

    expect(await tokens.token()).toBe('token-1')
    const claims = decodeJwt(formOf(server.asked[0])['assertion'] ?? '')
    expect(claims).toMatchObject({ iss: email, scope })
  })

  it('of a service account with a bad key are told at once', async () => {
    const { tokensOf } = await startGoogle(() => issued)
    const file = { type: 'service_account', private_key: 'none', client_email: email }

    expect((await refusalOf(tokensOf({ credentials: file }))).code).toBe('BQC_KEY_INVALID')
  })

  it.each<[string, object, RegExp]>([
    ['no known type', { type: 'api_key' }, /must have a type, one of authorized_user/],
    [
      'no refresh token',
      { ...user, refresh_token: '' },
      /of the type authorized_user, and lacks refresh_token/,
    ],
    ['a token URL without TLS', workload('http://sts.evil.example'), /must have an https URL as token_url/],
    [
      'a hidden password in a URL',
      workload('https://x.example', { token_url: 'https://a:hidden@x.example' }),
      /as token_url/,
    ],
    [
      'a subject token from anywhere in clear',
      workload('https://x.example', { credential_source: { url: 'http://x.example/' } }),
      /as credential_source\.url/,
    ],
    [
      'an address by another name',
      workload('https://x.example', { serviceAccountImpersonationUrl: 'http://evil.example' }),
      /a field with capital letters in its name/,
    ],
    [
      'an address by another name in its source',
      workload('https://x.example', {
        credential_source: { environment_id: 'aws1', regionUrl: 'http://evil.example' },
      }),
      /a field with capital letters in its name/,
    ],
    [
      'a program to run',
      workload('https://x.example', { credential_source: { executable: { command: '/bin/false' } } }),
      /names a program to run.*GOOGLE_EXTERNAL_ACCOUNT_ALLOW_EXECUTABLES=1/,
    ],
    [
      'a bad source within',
      {
        type: 'impersonated_service_account',
        service_account_impersonation_url: 'https://iamcredentials.googleapis.com/v1/x',
        source_credentials: workload('http://x.example'),
      },
      /must have an https URL as token_url/,
    ],
  ])('are refused for %s, before anything is sent', async (_, credentials, expected) => {
    const { sent, tokensOf } = await startGoogle(() => issued)

    const refusal = await refusalOf(tokensOf({ credentials: { ...credentials } }))

    expect(refusal.code).toBe('BQC_CONFIG_INVALID')
    expect(refusal.message).toMatch(expected)
    expect(refusal.message).not.toMatch(/hidden|evil/)
    expect(sent).toEqual([])
  })

  it.each([
    ['Azure', { url: 'http://169.254.169.254/metadata/identity/oauth2/token?api-version=2018-02-01' }],
    [
      'AWS',
      {
        environment_id: 'aws1',
        region_url: 'http://169.254.169.254/latest/meta-data/placement/availability-zone',
        url: 'http://169.254.169.254/latest/meta-data/iam/security-credentials',
        imdsv2_session_token_url: 'http://[fd00:ec2::254]/latest/api/token',
        regional_cred_verification_url:
          'https://sts.{region}.amazonaws.com?Action=GetCallerIdentity&Version=2011-06-15',
      },
    ],
  ])('may name the metadata server of %s', async (_, credential_source) => {
    const { tokensOf } = await startGoogle(() => issued)

    await expect(
      tokensOf({ credentials: workload('https://x.example', { credential_source }) }),
    ).resolves.toBeDefined()
  })
})

describe('the identity of another platform', () => {
  const answers = ({ path }: Asked): Answer => {
    if (path.startsWith('/subject')) return { body: 'subject-token' }
    if (path === '/sts')
      return { body: { access_token: 'federated', expires_in: 3000, issued_token_type: 'x' } }
    return {
      body: { accessToken: 'impersonated', expireTime: new Date(Date.now() + 3_600_000).toISOString() },
    }
  }

  it('is exchanged for a token, the subject token read from a URL, all over our pool', async () => {
    const { server, sent, tokensOf } = await startGoogle(answers)
    const tokens = await tokensOf({ credentials: workload(server.url) })

    expect(await tokens.token()).toBe('federated')
    expect(sent).toEqual([`${server.url}/subject?audience=x`, `${server.url}/sts`])
    expect(server.asked[0]?.headers['metadata-flavor']).toBe('yes')
    expect(formOf(server.asked[1])).toMatchObject({
      grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
      subject_token: 'subject-token',
      scope,
    })
  })

  it('is exchanged for a token, the subject token read from a file', async () => {
    const { server, tokensOf } = await startGoogle(answers)
    const file = join(newDirectory(), 'subject.json')
    await writeFile(file, JSON.stringify({ jwt: 'from-file' }))
    const credential_source = { file, format: { type: 'json', subject_token_field_name: 'jwt' } }
    const tokens = await tokensOf({ credentials: workload(server.url, { credential_source }) })

    await tokens.token()

    expect(formOf(server.asked[0])['subject_token']).toBe('from-file')
  })

  it('is exchanged for a token, the subject token given by a program, where this machine allows it', async () => {
    vi.stubEnv('GOOGLE_EXTERNAL_ACCOUNT_ALLOW_EXECUTABLES', '1')
    const { server, tokensOf } = await startGoogle(answers)
    const program = join(newDirectory(), 'subject.mjs')
    const said = {
      version: 1,
      success: true,
      token_type: 'urn:ietf:params:oauth:token-type:jwt',
      id_token: 'from-program',
      expiration_time: 4_000_000_000,
    }
    await writeFile(program, `console.log(${JSON.stringify(JSON.stringify(said))})`)
    const executable = { command: `${process.execPath} ${program}`, timeout_millis: 30_000 }
    const credentials = workload(server.url, {
      subject_token_type: said.token_type,
      credential_source: { executable },
    })

    await (await tokensOf({ credentials })).token()

    expect(formOf(server.asked[0])['subject_token']).toBe('from-program')
  })

  it('of a person is kept up by refresh tokens, of which the newest counts', async () => {
    let count = 0
    const { server, sent, tokensOf } = await startGoogle(() => {
      count += 1
      return { body: { access_token: `t${count}`, expires_in: 3000, refresh_token: `r${count}` } }
    })
    const credentials = {
      type: 'external_account_authorized_user',
      audience: '//iam.googleapis.com/locations/global/workforcePools/p/providers/q',
      client_id: 'workforce',
      client_secret: 'workforce-secret',
      refresh_token: 'r0',
      token_url: `${server.url}/oauthtoken`,
    }
    const tokens = await tokensOf({ credentials })

    const values = [await tokens.token(), await tokens.renew('t1')]
    now += 2_701_000
    values.push(await tokens.token())

    expect(values).toEqual(['t1', 't2', 't3'])
    expect(server.asked.map((asked) => formOf(asked)['refresh_token'])).toEqual(['r0', 'r1', 'r2'])
    expect(sent).toEqual(Array(3).fill(`${server.url}/oauthtoken`))
  })

  it('becomes a service account where the file says so', async () => {
    const { server, sent, tokensOf } = await startGoogle(answers)
    const path = `/v1/projects/-/serviceAccounts/${email}:generateAccessToken`
    const credentials = workload(server.url, { service_account_impersonation_url: `${server.url}${path}` })
    const tokens = await tokensOf({ credentials })

    expect(await tokens.token()).toBe('impersonated')
    expect(sent.at(-1)).toBe(`${server.url}${path}`)
    expect(server.asked[2]?.headers.authorization).toBe('Bearer federated')
  })

  it('is asked for once by fifty parallel calls, and again after a refusal', async () => {
    const { server, tokensOf } = await startGoogle(answers)
    const tokens = await tokensOf({ credentials: workload(server.url) })

    await Promise.all(Array.from({ length: 50 }, () => tokens.token()))
    const exchanges = () => server.asked.filter(({ path }) => path === '/sts').length
    const first = exchanges()
    await Promise.all(Array.from({ length: 50 }, () => tokens.renew('federated')))

    expect([first, exchanges()]).toEqual([1, 2])
  })

  it.each<[string, Answer | 'drop', string, RegExp]>([
    [
      'refused',
      {
        status: 400,
        body: { error: 'invalid_grant', error_description: 'Not for subject-token, sorry.' },
      },
      'BQC_SIGN_IN_REFUSED',
      /was refused by http:\S+\/sts \(invalid_grant: Not for \*\*\*, sorry\)\. Check the audience/,
    ],
    ['out of order', { status: 503 }, 'BQC_SERVICE_UNAVAILABLE', /HTTP status 503/],
    ['cut off', 'drop', 'BQC_NETWORK', /No answer to POST/],
  ])('is a clear error when the exchange is %s, after one try', async (_, answer, code, expected) => {
    const { server, tokensOf } = await startGoogle((asked) =>
      asked.path === '/sts' ? answer : answers(asked),
    )
    const tokens = await tokensOf({ credentials: workload(server.url) })

    const refusal = await refusalOf(tokens.token())

    expect(refusal.code).toBe(code)
    expect(refusal.message).toMatch(expected)
    expect(JSON.stringify(refusal)).not.toContain('subject-token')
    expect(server.asked.filter(({ path }) => path === '/sts')).toHaveLength(1)
  })

  it('is a clear error when the file of the subject token is none', async () => {
    const { server, tokensOf } = await startGoogle(answers)
    const file = join(newDirectory(), 'subject.json')
    await writeFile(file, 'half a secret-tok')
    const credential_source = { file, format: { type: 'json', subject_token_field_name: 'jwt' } }
    const tokens = await tokensOf({ credentials: workload(server.url, { credential_source }) })

    const refusal = await refusalOf(tokens.token())

    expect(refusal.code).toBe('BQC_SIGN_IN_REFUSED')
    expect(refusal.message).toMatch(/the subject token is not where the credentials say/)
    expect(refusal.message).not.toContain('secret')
  })
})

describe('this machine', () => {
  it('has the credentials of the file that a variable names', async () => {
    const { server, tokensOf } = await startGoogle(() => issued)
    const file = join(newDirectory(), 'adc.json')
    await writeFile(file, JSON.stringify(user))
    vi.stubEnv('GOOGLE_APPLICATION_CREDENTIALS', file)

    const tokens = await tokensOf({})

    expect(await tokens.token()).toBe('token-1')
    expect(formOf(server.asked[0])['refresh_token']).toBe('users-refresh-token')
  })

  it('has the credentials that gcloud has written, as they are when a token is needed', async () => {
    const { server, tokensOf } = await startGoogle(() => issued)
    const directory = newDirectory()
    vi.stubEnv('CLOUDSDK_CONFIG', directory)
    const tokens = await tokensOf({})
    const file = join(directory, 'application_default_credentials.json')
    await writeFile(file, JSON.stringify(user))
    await tokens.token()
    await writeFile(file, JSON.stringify({ ...user, refresh_token: 'newer' }))

    await tokens.renew('token-1')

    expect(server.asked.map((asked) => formOf(asked)['refresh_token'])).toEqual([
      'users-refresh-token',
      'newer',
    ])
  })

  it('has those of its metadata server when there is no file', async () => {
    const { server, tokensOf } = await startGoogle(() => ({
      ...issued,
      headers: { 'metadata-flavor': 'Google' },
    }))
    vi.stubEnv('METADATA_SERVER_DETECTION', 'assume-present')
    vi.stubEnv('GCE_METADATA_HOST', server.url)

    const tokens = await tokensOf({})

    expect(await tokens.token()).toBe('token-1')
    expect(server.asked[0]?.path).toMatch(
      /^\/computeMetadata\/v1\/instance\/service-accounts\/default\/token\?/,
    )
    expect(server.asked[0]?.headers['metadata-flavor']).toBe('Google')
  })

  it('has none: that is said, with what to do', async () => {
    const { tokensOf } = await startGoogle(() => issued)
    const tokens = await tokensOf({})

    const refusal = await refusalOf(tokens.token())

    expect(refusal.code).toBe('BQC_CONFIG_INVALID')
    expect(refusal.message).toMatch(/no application default credentials\. Run gcloud auth/)
  })

  it('has a variable that names no file: that is said', async () => {
    vi.stubEnv('GOOGLE_APPLICATION_CREDENTIALS', '/nowhere/adc.json')
    const { tokensOf } = await startGoogle(() => issued)

    const refusal = await refusalOf((await tokensOf({})).token())

    expect(refusal.message).toMatch(/credential file \/nowhere\/adc\.json cannot be read \(ENOENT\)/)
  })
})

describe('an impersonated account', () => {
  const target = 'target@demo.iam.gserviceaccount.com'
  const expireTime = new Date(noon + 3_600_000).toISOString()
  const answers = ({ path }: Asked): Answer =>
    path === '/token' ? issued : { body: { accessToken: 'impersonated', expireTime } }

  it.each<[string, Partial<ConnectionConfig>, string]>([
    ['a signed JWT', { grant: 'jwt-bearer', extendedClaims: { scope: 'a b' } }, 'token-1'],
    ['a ready token', { grant: 'access-token', accessToken: 'ready', scope: 'a b' }, 'ready'],
    ['application default credentials', { credentials: user, scope: 'a b' }, 'token-1'],
  ])('gets its token by %s, for the scopes of the connection', async (_, config, source) => {
    const { server, sent, tokensOf } = await startGoogle(answers)
    const signing = config.grant === 'jwt-bearer' ? { issuer: email, signatureKey: key.pem } : {}
    const tokens = await tokensOf({
      ...config,
      ...signing,
      impersonate: target,
      impersonationDelegates: ['first@demo.example', 'second@demo.example'],
    })

    expect(await tokens.token()).toBe('impersonated')
    expect(sent.at(-1)).toBe(
      `https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/${encodeURIComponent(target)}:generateAccessToken`,
    )
    const asked = server.asked.at(-1)
    expect(asked?.headers.authorization).toBe(`Bearer ${source}`)
    expect(JSON.parse(asked?.body ?? '')).toEqual({
      scope: ['a', 'b'],
      delegates: [
        'projects/-/serviceAccounts/first@demo.example',
        'projects/-/serviceAccounts/second@demo.example',
      ],
      lifetime: '3600s',
    })
  })

  it('asks its source for no more than the right to impersonate', async () => {
    const { server, tokensOf } = await startGoogle(answers)
    const config = { grant: 'jwt-bearer', issuer: email, signatureKey: key.pem, impersonate: target } as const

    await (await tokensOf(config)).token()

    const claims = decodeJwt(formOf(server.asked[0])['assertion'] ?? '')
    expect(claims['scope']).toBe('https://www.googleapis.com/auth/iam')
  })

  it('may stand in the credentials themselves', async () => {
    const { server, tokensOf } = await startGoogle(answers)
    const path = `/v1/projects/-/serviceAccounts/${target}:generateAccessToken`
    const tokens = await tokensOf({
      credentials: {
        type: 'impersonated_service_account',
        service_account_impersonation_url: `${server.url}${path}`,
        source_credentials: user,
        delegates: [],
      },
    })

    expect(await tokens.token()).toBe('impersonated')
    expect(server.asked.map((asked) => decodeURIComponent(asked.path))).toEqual(['/token', path])
  })

  it('gets its token once for fifty parallel calls, and the source renews a refused token once', async () => {
    let refusals = 1
    const { server, tokensOf } = await startGoogle((asked) => {
      if (asked.path === '/token') return { body: { access_token: `t${refusals}`, expires_in: 3599 } }
      if (refusals === 0) return answers(asked)
      refusals -= 1
      return { status: 401, body: {} }
    })
    const tokens = await tokensOf({ credentials: user, impersonate: target })

    const all = await Promise.all(Array.from({ length: 50 }, () => tokens.token()))

    expect(new Set(all)).toEqual(new Set(['impersonated']))
    expect(server.asked.map(({ path }) => path === '/token')).toEqual([true, false, true, false])
  })

  it.each<[string, number, RegExp, string?]>([
    ['the right is missing', 403, /role Service Account Token Creator on target@demo/],
    ['there is none of the name', 404, /There is no account target@demo/],
    ['the token of the source is none', 401, /needs a token for the scope/],
    ['the token of the source has no such scope', 403, /needs a token for the scope/, 'Insufficient scopes.'],
  ])('gets no token when %s, and the error says what to do', async (_, status, advice, message = 'No.') => {
    const { tokensOf } = await startGoogle((asked) =>
      asked.path === '/token'
        ? issued
        : { status, body: { error: { code: status, status: 'SOME_STATUS', message } } },
    )
    const tokens = await tokensOf({ credentials: user, impersonate: target })

    const refusal = await refusalOf(tokens.token())

    expect(refusal).toMatchObject({ code: 'BQC_SIGN_IN_REFUSED', reason: 'SOME_STATUS', httpStatus: status })
    expect(refusal.message).toMatch(advice)
  })

  it.each<[string, Partial<ConnectionConfig>, RegExp]>([
    [
      'nobody signs in',
      { grant: 'none', endpoint: 'http://localhost:1' },
      /impersonate must be empty for the g/,
    ],
    [
      'a JWT is the token',
      { grant: 'jwt-bearer', selfSigned: true },
      /impersonate must be empty with selfSigned/,
    ],
    ['it is no e-mail address', { impersonate: 'a/b' }, /impersonate must be an e-mail address/],
  ])('is refused where %s', (_, config, expected) => {
    const values = { grant: 'application-default', impersonate: target, ...config } as const
    expect(() => resolvedConnection(values)).toThrow(expected)
  })

  it('is required where there are delegates', () => {
    const values = { grant: 'application-default', impersonationDelegates: [target] } as const
    expect(() => resolvedConnection(values)).toThrow(/impersonate is required: delegates lead to it/)
  })
})
