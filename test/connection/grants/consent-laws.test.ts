// What holds for any answer and any secret: only the right state is taken, and no error shows a part of a secret.
import { inspect } from 'node:util'
import { asyncProperty, assert as check, constantFrom, string, stringMatching, webUrl } from 'fast-check'
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import { type ConnectionConfig, type ConnectorError, createConnector } from '../../../src/index.ts'
import { type Answer, type Asked, startTinyServer, type TinyServer } from '../../bigquery/tiny-server.ts'

const redirectUri = 'https://flows.example/callback'
const connector = createConnector()
let issuer: TinyServer
let answer: (asked: Asked) => Answer
beforeAll(async () => {
  issuer = await startTinyServer((asked) => answer(asked))
})
afterAll(() => issuer.close())
beforeEach(() => {
  answer = () => ({ body: { access_token: 'access', refresh_token: 'refresh' } })
})

const configWith = (clientSecret: string, refreshToken: string): ConnectionConfig => ({
  projectId: 'demo',
  endpoint: issuer.url,
  grant: 'authorization-code',
  clientId: 'client-1',
  clientSecret,
  refreshToken,
  authorizationUrl: `${issuer.url}/auth`,
  tokenUrl: `${issuer.url}/token`,
})

const stateOf = (url: string) => new URL(url).searchParams.get('state') ?? ''
const back = (state: string, code: string) => `/callback?${new URLSearchParams({ state, code })}`
const refusal = (attempt: Promise<unknown>): Promise<ConnectorError> =>
  attempt.then(
    () => expect.fail('It was not refused.'),
    (error) => error,
  )

it('nothing but the state of a consent completes it, and nothing else uses it up', async () => {
  const consent = await connector.generate(configWith('secret', 'token'), { redirectUri })
  const before = issuer.asked.length
  const state = stateOf(consent.url)
  const callback = constantFrom(
    (text: string) => text,
    (text: string) => back(text, 'code'),
    (text: string) => back(`${state}${text}x`, 'code'),
    (text: string) => back(state.slice(1) + text, 'code'),
    (text: string) => `${back(state, 'code')}&state=${encodeURIComponent(text)}`,
  )

  await check(
    asyncProperty(callback, string(), async (make, text) => {
      expect(await refusal(consent.complete(make(text)))).toMatchObject({ reason: 'state_mismatch' })
    }),
  )
  await check(
    asyncProperty(webUrl({ withQueryParameters: true }), async (url) => {
      expect(await refusal(consent.complete(url))).toMatchObject({ reason: 'state_mismatch' })
    }),
  )

  expect(issuer.asked).toHaveLength(before)
  expect(await consent.complete(back(state, 'code'))).toMatchObject({ refreshToken: 'refresh' })
})

it('no error holds six characters of a secret, though the issuer repeats all that it was sent', async () => {
  const secret = stringMatching(/^[!-~]{24,60}$/)
  const echo = constantFrom(
    ({ body }: Asked) => body,
    ({ body }: Asked) => [...new URLSearchParams(body).values()].join(' '),
  )
  const error = constantFrom('invalid_grant', 'invalid_client', 'invalid_token', 'strange')

  await check(
    asyncProperty(
      secret,
      secret,
      secret,
      echo,
      error,
      async (clientSecret, refreshToken, code, repeat, word) => {
        answer = (asked) => ({ status: 400, body: { error: word, error_description: repeat(asked) } })
        const config = configWith(clientSecret, refreshToken)
        const before = issuer.asked.length
        const consent = await connector.generate(config, { redirectUri })
        const state = stateOf(consent.url)
        const connection = await connector.connect(config)

        const shown = inspect(
          [
            await refusal(consent.complete(back('forged', code))),
            await refusal(consent.complete(back(state, code))),
            await refusal(consent.complete(back(state, code))),
            await connection.test(),
            { ...(await connector.reset(config)), config: undefined },
          ],
          { depth: 9, showHidden: true, maxStringLength: null },
        )
        await connection.close()

        const sent = issuer.asked.slice(before).map(({ body }) => new URLSearchParams(body))
        const verifier = sent.find((form) => form.has('code_verifier'))?.get('code_verifier') ?? ''
        expect(sent.some((form) => form.get('grant_type') === 'refresh_token')).toBe(true)
        expect(verifier).toHaveLength(43)
        for (const each of [clientSecret, refreshToken, code, state, verifier]) {
          for (let at = 0; at + 6 <= each.length; at += 1) expect(shown).not.toContain(each.slice(at, at + 6))
        }
      },
    ),
    { numRuns: 40 },
  )
})
