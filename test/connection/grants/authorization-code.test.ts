// Access tokens for a refresh token: how often they are asked for, and what is said when there are none any more.
import { inspect } from 'node:util'
import { afterEach, describe, expect, it } from 'vitest'
import { type Http, openHttp, type TokenSource } from '../../../src/bigquery/transport.ts'
import { openTokenSource } from '../../../src/connection/grants/grants.ts'
import { type ConnectionConfig, type ConnectorError, createConnector } from '../../../src/index.ts'
import { type Answer, type Asked, startTinyServer, type TinyServer } from '../../bigquery/tiny-server.ts'
import { FakeClock } from '../../fixtures/clocks.ts'
import { resolvedConnection } from '../../fixtures/resolved-connection.ts'

const open: { close(): Promise<void> }[] = []
afterEach(async () => {
  for (const one of open.splice(0)) await one.close()
})

interface Stage {
  readonly issuer: TinyServer
  readonly tokens: TokenSource
  readonly clock: FakeClock
}

async function stage(
  answer: (count: number, asked: Asked) => Answer,
  keep?: (refreshToken: string) => void | Promise<void>,
): Promise<Stage> {
  const issuer = await startTinyServer((asked, count) => answer(count, asked))
  const http: Http = openHttp()
  open.push(http, issuer)
  const clock = new FakeClock()
  const tokens = await openTokenSource(resolvedConnection(configFor(issuer.url)), http, clock.now, keep)
  return { issuer, tokens, clock }
}

const configFor = (url: string): ConnectionConfig => ({
  projectId: 'demo',
  grant: 'authorization-code',
  clientId: 'client-1',
  clientSecret: 'the-client-secret',
  tokenUrl: `${url}/token`,
  tokenParameters: { audience: 'x' },
  refreshToken: 'the-refresh-token',
})

const issued = (count: number, more: object = {}): Answer => ({
  body: { access_token: `access-${count}`, expires_in: 3600, ...more },
})

const sent = (issuer: TinyServer) =>
  issuer.asked.map(({ body }) => new URLSearchParams(body).get('refresh_token'))

const refusal = (promise: Promise<unknown>): Promise<ConnectorError> =>
  promise.then(
    () => expect.fail('It was not refused.'),
    (error) => error,
  )

describe('an access token', () => {
  it('is had for the refresh token, once for any number of parallel calls', async () => {
    const { issuer, tokens } = await stage((count) => issued(count))

    const all = await Promise.all(Array.from({ length: 50 }, () => tokens.token()))

    expect(new Set(all)).toEqual(new Set(['access-1']))
    expect(issuer.asked.map(({ body }) => Object.fromEntries(new URLSearchParams(body)))).toEqual([
      {
        audience: 'x',
        grant_type: 'refresh_token',
        refresh_token: 'the-refresh-token',
        client_id: 'client-1',
        client_secret: 'the-client-secret',
      },
    ])
  })

  it('that has expired is asked for again, once', async () => {
    const { issuer, tokens, clock } = await stage((count) => issued(count))
    await tokens.token()

    await clock.advance(3_600_000)

    const all = await Promise.all(Array.from({ length: 50 }, () => tokens.token()))
    expect(new Set(all)).toEqual(new Set(['access-2']))
    expect(sent(issuer)).toEqual(['the-refresh-token', 'the-refresh-token'])
  })
})

describe('a refresh token that the issuer replaces', () => {
  it('is kept, and used from then on', async () => {
    const kept: string[] = []
    const { issuer, tokens } = await stage(
      (count) => issued(count, { refresh_token: `next-${count}` }),
      (refreshToken) => {
        kept.push(refreshToken)
      },
    )

    await tokens.renew((await tokens.token()) ?? '')

    expect(sent(issuer)).toEqual(['the-refresh-token', 'next-1'])
    expect(kept).toEqual(['next-1', 'next-2'])
  })

  it('is offered again until it could be kept, and until then nothing is done with it', async () => {
    const offered: string[] = []
    const { issuer, tokens } = await stage(
      (count) => issued(count, count === 1 ? { refresh_token: 'next-1' } : {}),
      async (refreshToken) => {
        offered.push(refreshToken)
        if (offered.length === 1) throw new Error('The disk is full.')
      },
    )

    await expect(tokens.token()).rejects.toThrow('The disk is full.')
    expect(await tokens.token()).toBe('access-2')
    await tokens.renew('access-2')

    expect(sent(issuer)).toEqual(['the-refresh-token', 'next-1', 'next-1'])
    expect(offered).toEqual(['next-1', 'next-1'])
  })

  it('is not offered where it is the one already there', async () => {
    const kept: string[] = []
    const { tokens } = await stage(
      (count) => issued(count, { refresh_token: 'the-refresh-token' }),
      (refreshToken) => {
        kept.push(refreshToken)
      },
    )

    await tokens.token()

    expect(kept).toEqual([])
  })
})

describe('a consent that is over', () => {
  it.each([
    [
      'withdrawn',
      { error: 'invalid_grant', error_description: 'Token has been expired or revoked.' },
      /withdrawn/,
    ],
    [
      'too old for the organisation',
      { error: 'invalid_grant', error_subtype: 'invalid_rapt', error_description: 'reauth related error' },
      /organisation wants people to sign in again/,
    ],
  ])('because it is %s is needed again, and the message says how', async (_, body, message) => {
    const { tokens } = await stage(() => ({ status: 400, body }))

    const error = await refusal(tokens.token())

    expect(error).toMatchObject({ code: 'BQC_CONSENT_NEEDED', category: 'config', reason: 'invalid_grant' })
    expect(error.message).toMatch(message)
    expect(error.message).toContain('bqc connection authorize')
    expect(error.message).toContain('Generate')
  })

  it.each([
    ['a client whose secret is wrong', 401, 'invalid_client', 'BQC_SIGN_IN_REFUSED'],
    ['trouble of the issuer', 503, 'backend', 'BQC_SERVICE_UNAVAILABLE'],
  ])('is not the word for %s', async (_, status, error, code) => {
    const { tokens } = await stage(() => ({ status, body: { error } }))

    expect(await refusal(tokens.token())).toMatchObject({ code })
  })

  it('is told without the token and the secret, though the issuer repeats them', async () => {
    const { tokens } = await stage((_, { body }) => ({
      status: 400,
      body: { error: 'invalid_grant', error_description: decodeURIComponent(body) },
    }))

    const shown = inspect(await refusal(tokens.token()), { depth: 9, showHidden: true })

    expect(shown).not.toContain('the-refresh-token')
    expect(shown).not.toContain('the-client-secret')
  })

  it('or was never given is told when the connection is opened', async () => {
    const { refreshToken: _, ...config } = configFor('http://127.0.0.1:1')

    const error = await refusal(createConnector().connect(config))

    expect(error).toMatchObject({ code: 'BQC_CONSENT_NEEDED' })
    expect(error.message).toContain('client-1')
  })
})
