import { gzipSync } from 'node:zlib'
import { afterEach, describe, expect, it } from 'vitest'
import { openHttp } from '../../../src/bigquery/transport.ts'
import { judgeAssertionRefusal } from '../../../src/connection/grants/assertion-refusal.ts'
import { requestToken, type TokenRequest } from '../../../src/connection/grants/token-request.ts'
import type { ConnectorError } from '../../../src/errors.ts'
import { type Answer, startTinyServer } from '../../bigquery/tiny-server.ts'

const noon = Date.parse('2026-11-21T12:00:00Z')
const form = { grant_type: 'refresh_token', refresh_token: 'r-secret+1', client_id: 'client-1' }

const open: { close(): Promise<void> }[] = []
afterEach(async () => {
  for (const one of open.splice(0)) await one.close()
})

async function ask(answer: Answer, more: Partial<TokenRequest> = {}) {
  const server = await startTinyServer(() => answer)
  const http = openHttp()
  open.push(http, server)
  const request = { url: `${server.url}/token`, form, as: 'client-1', ...more }
  const asking = requestToken(http, request, () => noon)
  return { server, asking }
}

async function refusalOf(answer: Answer, more: Partial<TokenRequest> = {}): Promise<ConnectorError> {
  const { asking } = await ask(answer, more)
  return asking.then(
    () => Promise.reject(new Error('nothing was refused')),
    (thrown) => thrown,
  )
}

describe('a token request', () => {
  it('is a form, sent once', async () => {
    const { server, asking } = await ask({ body: { access_token: 't' } })

    await asking

    expect(server.asked).toHaveLength(1)
    expect(Object.fromEntries(new URLSearchParams(server.asked[0]?.body))).toEqual(form)
    expect(server.asked[0]?.headers['content-type']).toBe('application/x-www-form-urlencoded')
  })

  it('gives the token, and all that was said beside it', async () => {
    const body = { access_token: 't', expires_in: 60, refresh_token: 'r2', scope: 'a b' }
    const { asking } = await ask({ body })

    expect(await asking).toEqual({ token: { value: 't', expiresAt: noon + 60_000 }, answer: body })
  })

  it.each([[undefined], ['soon'], [0], [-1], [null]])(
    'takes a token for an hour where its life is given as %s',
    async (expires_in) => {
      const { asking } = await ask({ body: { access_token: 't', expires_in } })

      expect((await asking).token.expiresAt).toBe(noon + 3_600_000)
    },
  )

  it.each<[string, Answer, string]>([
    ['is larger than any token', { body: 'a'.repeat(2_000_000) }, 'BQC_RESPONSE_UNREADABLE'],
    [
      'swells when it is unzipped',
      { headers: { 'content-encoding': 'gzip' }, body: gzipSync('a'.repeat(2_000_000)) },
      'BQC_NETWORK',
    ],
  ])('is given up where its answer %s', async (_, answer, code) => {
    expect((await refusalOf(answer)).code).toBe(code)
  })

  it('stops with its signal', async () => {
    const { asking } = await ask({ body: {} }, { signal: AbortSignal.abort() })

    await expect(asking).rejects.toMatchObject({ code: 'BQC_ABORTED' })
  })
})

describe('a refused token request', () => {
  it.each([
    ['disabled_client', /The client is disabled/],
    ['invalid_client', /Check the client id and the client secret/],
    ['invalid_scope', /Check the scopes/],
    ['admin_policy_enforced', /An administrator of the organisation/],
    ['something_new', /Check that the credentials/],
  ])('for %s says what to do', async (error, advice) => {
    const refusal = await refusalOf({ status: 400, body: { error, error_description: 'No.' } })

    expect(refusal).toMatchObject({ code: 'BQC_SIGN_IN_REFUSED', reason: error, httpStatus: 400 })
    expect(refusal.message).toMatch(/^Sign-in as client-1 was refused by http:\S+\/token \(\w+: No\)\. /)
    expect(refusal.message).toMatch(advice)
  })

  it('is judged by its grant first', async () => {
    const refusal = await refusalOf(
      { status: 400, body: { error: 'invalid_grant', error_subtype: 'invalid_rapt' } },
      {
        judge: ({ reason, subtype }) => ({
          code: 'BQC_UNAUTHENTICATED',
          advice: `Seen ${reason}/${subtype}.`,
        }),
      },
    )

    expect(refusal.code).toBe('BQC_UNAUTHENTICATED')
    expect(refusal.message).toMatch(/Seen invalid_grant\/invalid_rapt\.$/)
  })

  it.each([[408], [429], [500], [503]])(
    'with status %i is transient, whatever its grant thinks',
    async (status) => {
      const refusal = await refusalOf(
        { status, body: { error: 'invalid_grant' }, headers: { 'retry-after': '7' } },
        { judge: () => ({ code: 'BQC_SIGN_IN_REFUSED', advice: 'Never.' }) },
      )

      expect(refusal).toMatchObject({
        code: 'BQC_SERVICE_UNAVAILABLE',
        category: 'transient',
        retryAfterMs: 7000,
      })
    },
  )

  it('shows no secret of the form, even when the endpoint repeats it', async () => {
    const refusal = await refusalOf({
      status: 400,
      body: {
        error: 'r-secret+1',
        error_description: 'The token\n\u001b\u0007r-secret+1 of client-1 is bad',
      },
    })

    expect(refusal.message).toContain('(***: The token *** of client-1 is bad)')
    expect(refusal.reason).toBe('***')
  })

  it('shows the beginning of a long description only', async () => {
    const refusal = await refusalOf({
      status: 400,
      body: { error: 'x', error_description: 'y'.repeat(9000) },
    })

    expect(refusal.message.length).toBeLessThan(500)
  })
})

describe('a refused assertion', () => {
  const times =
    'Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe. Check your iat and exp values in the JWT claim.'
  const date = (offsetSeconds: number) => ({ date: new Date(noon + offsetSeconds * 1000).toUTCString() })

  const refused = (
    error: string,
    error_description: string,
    { headers = date(0), subject = undefined as string | undefined, keyId = 'key-1' } = {},
  ) =>
    refusalOf(
      { status: 400, body: { error, error_description }, headers },
      {
        judge: (refusal) => judgeAssertionRefusal({ issuer: 'loader@demo.example', keyId, subject }, refusal),
      },
    )

  it.each([
    [-3600, /clock is 3600 seconds ahead of that of the token endpoint\. Set the clock/],
    [3601, /clock is 3601 seconds behind that of the token endpoint\. Set the clock/],
  ])('whose endpoint lives %i seconds from here is a matter of the clock', async (offset, expected) => {
    const refusal = await refused('invalid_grant', times, { headers: date(offset) })

    expect([refusal.code, refusal.category]).toEqual(['BQC_CLOCK_SKEWED', 'config'])
    expect(refusal.message).toMatch(expected)
  })

  it('for its times is not put down to a clock that is right', async () => {
    const refusal = await refused('invalid_grant', times, { headers: date(4) })

    expect(refusal.code).toBe('BQC_SIGN_IN_REFUSED')
    expect(refusal.message).toMatch(/clock is right to 4 seconds.*assertionLifetime/)
  })

  it('for its times is a matter of the clock too when the endpoint tells no time', async () => {
    const refusal = await refused('invalid_grant', times, { headers: { date: 'unknown' } })

    expect(refusal.code).toBe('BQC_CLOCK_SKEWED')
    expect(refusal.message).toMatch(/It told no time to compare\. Set the clock/)
  })

  it.each([
    [
      'Invalid JWT Signature.',
      /The key key-1 is none of loader@demo\.example, or it was deleted or disabled/,
    ],
    ['Invalid grant: account not found', /there is no account loader@demo\.example/],
    ['Invalid JWT: Failed audience check.', /Check the audience/],
    ['Bad Request', /Check the issuer\. The key key-1/],
  ])('with "%s" is a matter of the key or the account, whatever the clock', async (description, advice) => {
    const refusal = await refused('invalid_grant', description, { headers: date(9000) })

    expect(refusal.code).toBe('BQC_SIGN_IN_REFUSED')
    expect(refusal.message).toMatch(advice)
  })

  it('for a user whom nobody knows names the user', async () => {
    const refusal = await refused('invalid_grant', 'Invalid email or User ID', {
      subject: 'ann@demo.example',
    })

    expect(refusal.message).toMatch(/Check the subject ann@demo\.example/)
  })

  it('for lack of delegation says who must delegate what', async () => {
    const refusal = await refused('unauthorized_client', 'Client is unauthorized.', {
      subject: 'ann@demo.example',
    })

    expect(refusal.code).toBe('BQC_SIGN_IN_REFUSED')
    expect(refusal.message).toMatch(/administrator of the domain.*loader@demo.*for ann@demo\.example/)
  })
})
