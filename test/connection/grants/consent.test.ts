// Consent between the connector and an issuer that a test plays: what is asked, what is taken, what is refused.
import { createHash } from 'node:crypto'
import { inspect } from 'node:util'
import { afterEach, describe, expect, it } from 'vitest'
import { type ConnectionConfig, type ConnectorError, createConnector } from '../../../src/index.ts'
import { type Answer, startTinyServer, type TinyServer } from '../../bigquery/tiny-server.ts'
import { FakeClock } from '../../fixtures/clocks.ts'

const scope = 'https://www.googleapis.com/auth/bigquery openid'
const redirectUri = 'https://flows.example/callback'
const granted: Answer = {
  body: { access_token: 'access-1', refresh_token: 'refresh-1', scope, expires_in: 3599 },
}

const open: TinyServer[] = []
afterEach(async () => {
  for (const one of open.splice(0)) await one.close()
})

interface Stage {
  readonly config: ConnectionConfig
  readonly clock: FakeClock
  readonly issuer: TinyServer
  readonly connector: ReturnType<typeof createConnector>
}

async function stage(
  answer: Answer | 'drop' = granted,
  more: Partial<ConnectionConfig> = {},
): Promise<Stage> {
  const issuer = await startTinyServer(() => answer)
  open.push(issuer)
  const clock = new FakeClock()
  const config: ConnectionConfig = {
    projectId: 'demo',
    grant: 'authorization-code',
    clientId: 'client-1',
    clientSecret: 'the-client-secret',
    authorizationUrl: `${issuer.url}/auth`,
    tokenUrl: `${issuer.url}/oauth/token`,
    scope,
    ...more,
  }
  return { config, clock, issuer, connector: createConnector({ clock }) }
}

const parametersOf = (url: string) => Object.fromEntries(new URL(url).searchParams)

/** What the issuer sends the person back with. */
const back = (url: string, fields: Record<string, string> = { code: 'the-code' }) =>
  `${redirectUri}?${new URLSearchParams({ state: parametersOf(url)['state'] ?? '', ...fields })}`

const refusal = (promise: Promise<unknown>): Promise<ConnectorError> =>
  promise.then(
    () => expect.fail('It was not refused.'),
    (error) => error,
  )

describe('generate', () => {
  it('asks for what the connection needs, with a state and a challenge that nobody can guess', async () => {
    const { connector, config, clock, issuer } = await stage()

    const consent = await connector.generate(config, { redirectUri, loginHint: 'ada@example.com' })
    const again = await connector.generate(config, { redirectUri })

    expect(consent.url.startsWith(`${issuer.url}/auth?`)).toBe(true)
    expect(parametersOf(consent.url)).toEqual({
      access_type: 'offline',
      prompt: 'consent',
      client_id: 'client-1',
      redirect_uri: redirectUri,
      response_type: 'code',
      scope,
      state: expect.stringMatching(/^[\w-]{43}$/),
      code_challenge: expect.stringMatching(/^[\w-]{43}$/),
      code_challenge_method: 'S256',
      login_hint: 'ada@example.com',
    })
    expect(parametersOf(again.url)['state']).not.toBe(parametersOf(consent.url)['state'])
    expect(parametersOf(again.url)['code_challenge']).not.toBe(parametersOf(consent.url)['code_challenge'])
    expect(consent.expiresAt).toBe(clock.now() + 900_000)
    expect(issuer.asked).toEqual([])
  })

  it('says what the connection says to its issuer besides', async () => {
    const { connector, config } = await stage(granted, {
      authorizationParameters: { access_type: 'offline', hd: 'example.com' },
    })

    const { url } = await connector.generate(config, { redirectUri })

    expect(parametersOf(url)).toMatchObject({ hd: 'example.com' })
    expect(parametersOf(url)).not.toHaveProperty('prompt')
  })

  it('asks for the right to impersonate where the connection works as a service account', async () => {
    const { connector, config } = await stage(granted, { impersonate: 'loader@demo.iam.gserviceaccount.com' })

    const { url } = await connector.generate(config, { redirectUri })

    expect(parametersOf(url)['scope']).toBe('https://www.googleapis.com/auth/iam')
  })

  it('asks at Google where the connection names no issuer', async () => {
    const { connector, config } = await stage()
    const { authorizationUrl: _, tokenUrl: __, scope: ___, ...google } = config

    const { url } = await connector.generate(google, { redirectUri })

    expect(url).toMatch(/^https:\/\/accounts\.google\.com\/o\/oauth2\/v2\/auth\?/)
    expect(parametersOf(url)['scope']).toBe('https://www.googleapis.com/auth/bigquery')
  })

  it.each([
    ['no client', { clientId: undefined }, /clientId is required/],
    ['no secret', { clientSecret: undefined }, /clientSecret is required/],
    ['another grant', { grant: 'none', endpoint: 'http://127.0.0.1' }, /grant must be authorization-code/],
    [
      'an unsafe issuer',
      { authorizationUrl: 'http://issuer.example/auth' },
      /authorizationUrl must be an https/,
    ],
    ['double blanks', { scope: 'a  b' }, /scope must be scopes, parted by single spaces/],
    [
      'a state of its own',
      { authorizationParameters: { state: 'x' } },
      /must not be a parameter that the grant/,
    ],
    ['a code of its own', { tokenParameters: { code: 'x' } }, /must not be a parameter that the grant/],
  ] as const)('refuses a connection with %s', async (_, more, message) => {
    const { connector, config } = await stage(granted, more as Partial<ConnectionConfig>)

    const { code, message: said } = await refusal(connector.generate(config, { redirectUri }))
    expect(code).toBe('BQC_CONFIG_INVALID')
    expect(said).toMatch(message)
  })

  it.each(['http://flows.example/callback', 'flows', 'https://user:word@flows.example/'])(
    'refuses to have the answer sent to %s',
    async (uri) => {
      const { connector, config } = await stage()

      const { code } = await refusal(connector.generate(config, { redirectUri: uri }))
      expect(code).toBe('BQC_CONFIG_INVALID')
    },
  )
})

describe('the answer to a consent', () => {
  it('is traded for a refresh token, with the verifier that fits the challenge', async () => {
    const { connector, config, issuer } = await stage(granted, { tokenParameters: { audience: 'x' } })
    const consent = await connector.generate(config, { redirectUri })

    const given = await consent.complete(back(consent.url))

    expect(given).toEqual({ refreshToken: 'refresh-1', scope, missingScopes: [] })
    const [exchange] = issuer.asked
    const form = Object.fromEntries(new URLSearchParams(exchange?.body))
    expect(exchange?.path).toBe('/oauth/token')
    expect(form).toEqual({
      audience: 'x',
      grant_type: 'authorization_code',
      code: 'the-code',
      redirect_uri: redirectUri,
      client_id: 'client-1',
      client_secret: 'the-client-secret',
      code_verifier: expect.stringMatching(/^[\w-]{43}$/),
    })
    const challenge = createHash('sha256')
      .update(form['code_verifier'] ?? '')
      .digest('base64url')
    expect(challenge).toBe(parametersOf(consent.url)['code_challenge'])
  })

  it('may be given as the path and query that a server was asked for', async () => {
    const { connector, config } = await stage()
    const consent = await connector.generate(config, { redirectUri })
    const { pathname, search } = new URL(back(consent.url))

    expect(await consent.complete(`${pathname}${search}`)).toMatchObject({ refreshToken: 'refresh-1' })
  })

  it('tells which scopes were asked for and not granted', async () => {
    const { connector, config } = await stage({
      body: { access_token: 'a', refresh_token: 'r', scope: 'openid' },
    })
    const consent = await connector.generate(config, { redirectUri })

    expect(await consent.complete(back(consent.url))).toEqual({
      refreshToken: 'r',
      scope: 'openid',
      missingScopes: ['https://www.googleapis.com/auth/bigquery'],
    })
  })

  it.each([
    ['forged', (url: string) => back(url, { state: 'guess', code: 'the-code' })],
    ['missing', () => `${redirectUri}?code=the-code`],
    ['there twice', (url: string) => `${back(url)}&state=guess`],
    ['empty', (url: string) => back(url, { state: '', code: 'the-code' })],
    ['forged, beside an error', (url: string) => back(url, { state: 'guess', error: 'access_denied' })],
  ])('whose state is %s is not used, and the right one still is', async (_, forge) => {
    const { connector, config, issuer } = await stage()
    const consent = await connector.generate(config, { redirectUri })

    const error = await refusal(consent.complete(forge(consent.url)))

    expect(error).toMatchObject({ code: 'BQC_CONSENT_REFUSED', reason: 'state_mismatch', category: 'config' })
    expect(error.message).toContain('forged')
    expect(issuer.asked).toEqual([])
    expect(await consent.complete(back(consent.url))).toMatchObject({ refreshToken: 'refresh-1' })
  })

  it.each([
    ['no', { error: 'access_denied' }, 'access_denied', /said no/],
    ['an error of the issuer', { error: 'org_internal' }, 'org_internal', /\(org_internal\)/],
    ['an error that is no code', { error: '<b>Hello' }, 'unknown_error', /\(unknown_error\)/],
    ['neither code nor error', {}, 'no_code', /without a code/],
  ])('that says %s is told as such, and nothing is sent', async (_, fields, reason, message) => {
    const { connector, config, issuer } = await stage()
    const consent = await connector.generate(config, { redirectUri })

    const error = await refusal(consent.complete(back(consent.url, fields as Record<string, string>)))

    expect(error).toMatchObject({ code: 'BQC_CONSENT_REFUSED', reason })
    expect(error.message).toMatch(message)
    expect(issuer.asked).toEqual([])
  })

  it('is taken once, also when two arrive together', async () => {
    const { connector, config, issuer } = await stage()
    const consent = await connector.generate(config, { redirectUri })

    const both = [consent.complete(back(consent.url)), consent.complete(back(consent.url))]

    const [first, second] = await Promise.allSettled(both)
    expect(first?.status).toBe('fulfilled')
    expect(second).toMatchObject({ status: 'rejected', reason: { reason: 'consent_used' } })
    expect(issuer.asked).toHaveLength(1)
  })

  it('is taken for 15 minutes', async () => {
    const { connector, config, clock, issuer } = await stage()
    const consent = await connector.generate(config, { redirectUri })

    await clock.advance(900_000)

    const error = await refusal(consent.complete(back(consent.url)))
    expect(error).toMatchObject({ code: 'BQC_CONSENT_REFUSED', reason: 'consent_expired' })
    expect(error.message).toContain('15 minutes')
    expect(issuer.asked).toEqual([])
  })

  it('without a refresh token says how to get one', async () => {
    const { connector, config } = await stage({ body: { access_token: 'access-1' } })
    const consent = await connector.generate(config, { redirectUri })

    const error = await refusal(consent.complete(back(consent.url)))

    expect(error).toMatchObject({ code: 'BQC_CONSENT_REFUSED', reason: 'no_refresh_token' })
    expect(error.message).toMatch(/access_type=offline.*prompt=consent.*remove the application/)
  })

  it.each([
    ['a code that is no good', 400, 'invalid_grant', 'BQC_CONSENT_REFUSED', /used, too old/],
    ['a wrong client secret', 401, 'invalid_client', 'BQC_SIGN_IN_REFUSED', /client secret/],
    ['trouble of its own', 503, 'backend', 'BQC_SERVICE_UNAVAILABLE', /503|backend/],
  ])('is refused where the issuer speaks of %s', async (_, status, error, code, message) => {
    const { connector, config } = await stage({ status, body: { error } })
    const consent = await connector.generate(config, { redirectUri })

    const thrown = await refusal(consent.complete(back(consent.url)))
    expect(thrown.code).toBe(code)
    expect(thrown.message).toMatch(message)
  })
})

describe('errors of a consent', () => {
  const echo: Answer = {
    status: 400,
    body: { error: 'invalid_grant', error_description: 'the-code, the-client-secret' },
  }

  it.each([
    ['a refused exchange', echo, {}],
    ['no answer', 'drop', {}],
    ['an answer that is none', { body: 'the-code the-client-secret' }, {}],
    ['no refresh token', { body: { access_token: 'the-access-token' } }, {}],
    ['a denied consent', granted, { error: 'access_denied', error_description: 'the-code' }],
    ['a forged state', granted, { state: 'the-forged-state', code: 'the-code' }],
  ] as const)('after %s hold neither code, verifier, state, token nor secret', async (_, answer, fields) => {
    const { connector, config, issuer } = await stage(answer)
    const consent = await connector.generate(config, { redirectUri })

    const error = await refusal(consent.complete(back(consent.url, { code: 'the-code', ...fields })))

    const verifier = new URLSearchParams(issuer.asked[0]?.body).get('code_verifier')
    const secrets = [
      ...['the-code', 'the-client-secret', 'the-access-token', 'the-forged-state'],
      ...[parametersOf(consent.url)['state'], parametersOf(consent.url)['code_challenge'], verifier],
    ].filter((secret) => typeof secret === 'string')
    const shown = [inspect(error, { depth: 9, showHidden: true }), JSON.stringify(error), String(error.stack)]
    for (const secret of secrets) for (const text of shown) expect(text).not.toContain(secret)
  })

  it('hold nothing that the consent itself keeps hidden', async () => {
    const { connector, config } = await stage()
    const consent = await connector.generate(config, { redirectUri })

    const { url: _, ...rest } = consent
    expect(inspect(rest, { depth: 9, showHidden: true })).not.toContain('the-client-secret')
  })
})

describe('reset', () => {
  it('takes the consent back at the issuer, beside the token URL, and gives the connection without tokens', async () => {
    const { connector, config, issuer } = await stage({ body: {} }, { refreshToken: 'refresh-1' })

    const reset = await connector.reset(config)

    const { refreshToken: _, ...rest } = config
    expect(reset).toEqual({ revoked: true, message: expect.stringContaining('taken back'), config: rest })
    expect(issuer.asked).toMatchObject([{ method: 'POST', path: '/oauth/revoke', body: 'token=refresh-1' }])
  })

  it('counts a token that the issuer no longer knows as taken back', async () => {
    const { connector, config } = await stage(
      { status: 400, body: { error: 'invalid_token' } },
      { refreshToken: 'refresh-1' },
    )

    expect(await connector.reset(config)).toMatchObject({ revoked: true })
  })

  it.each([
    ['does not answer', 'drop', /BQC_NETWORK/],
    ['knows no such address', { status: 404, body: {} }, /HTTP status 404/],
  ] as const)(
    'clears the tokens also where the issuer %s, and says what is left to do',
    async (_, answer, why) => {
      const { connector, config } = await stage(answer, { refreshToken: 'refresh-1' })

      const reset = await connector.reset(config)

      expect(reset.revoked).toBe(false)
      expect(reset.message).toMatch(why)
      expect(reset.message).toMatch(/settings of the account/)
      expect(JSON.stringify(reset)).not.toContain('refresh-1')
    },
  )

  it('has nothing to do where there was no consent', async () => {
    const { connector, config, issuer } = await stage()

    expect(await connector.reset(config)).toMatchObject({ revoked: false, config })
    expect(issuer.asked).toEqual([])
  })
})
