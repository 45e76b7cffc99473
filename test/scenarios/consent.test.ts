// The consent dance as a person walks it: in a browser, between the connector and the embedded BigQuery.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { authorize } from '../../src/cli/authorize.ts'
import { openLoopbackRedirect } from '../../src/cli/loopback-redirect.ts'
import {
  type Connection,
  type ConnectionConfig,
  type ConnectorError,
  createConnector,
  type GivenConsent,
} from '../../src/index.ts'
import { type LocalBigQuery, startLocalBigQuery } from '../../src/local/index.ts'
import { browserOfFile } from '../fixtures/browser.ts'
import { query } from '../fixtures/embedded.ts'

const connector = createConnector()
const newPage = browserOfFile()
let local: LocalBigQuery
let config: ConnectionConfig & { clientId: string; clientSecret: string }
beforeAll(async () => {
  local = await startLocalBigQuery({ port: 0, projectId: 'demo', authentication: 'required' })
})
afterAll(() => local.close())
beforeEach(async () => {
  const client = await local.createOAuthClient({ name: 'Order flows' })
  config = {
    projectId: 'demo',
    endpoint: local.url,
    grant: 'authorization-code',
    clientId: client.client_id,
    clientSecret: client.client_secret,
    authorizationUrl: client.auth_uri,
    tokenUrl: client.token_uri,
  }
})

const opened: { close(): Promise<void> }[] = []
afterEach(async () => {
  for (const one of opened.splice(0)) await one.close()
})
async function connect({ refreshToken }: GivenConsent): Promise<Connection> {
  const connection = await connector.connect({ ...config, refreshToken })
  opened.push(connection)
  return connection
}

interface Asked {
  /** The address to open. */
  readonly url: string
  readonly given: Promise<GivenConsent>
}

/** Asks for consent; the address comes when somebody listens for the answer. */
async function ask(loginHint?: string, signal = new AbortController().signal): Promise<Asked> {
  const { promise: url, resolve: announce } = Promise.withResolvers<string>()
  const hint = loginHint === undefined ? {} : { loginHint }
  const given = authorize(connector, config, { browser: false, announce, signal, ...hint })
  given.catch(() => undefined)
  return { url: await url, given }
}

const refusal = (promise: Promise<unknown>): Promise<ConnectorError> =>
  promise.then(
    () => expect.fail('It was not refused.'),
    (error) => error,
  )

async function runsQueries(connection: Connection): Promise<boolean> {
  const run = connection.operation('run-job', { objectType: 'QUERY' })
  const [outcome] = await Array.fromAsync(run.execute([query('SELECT 1')]))
  return outcome?.status === 'success'
}

describe('a person who is asked for consent', () => {
  it('sees who asks for what, allows it, and the connection works in their name', async () => {
    const { url, given } = await ask('ada@example.com')
    const page = await newPage()
    await page.goto(url)

    const text = await page.getByRole('main').textContent()
    for (const word of ['Order flows', 'ada@example.com', 'View and manage your data in BigQuery'])
      expect(text).toContain(word)
    await page.getByRole('button', { name: 'Allow' }).click()
    expect(await page.getByRole('heading').textContent()).toBe('Consent is given')

    const connection = await connect(await given)
    expect((await connection.test()).ok).toBe(true)
    expect(await runsQueries(connection)).toBe(true)
  })

  it('can do so with the keyboard alone', async () => {
    const { url, given } = await ask()
    const page = await newPage()
    await page.goto(url)
    const focused = () => page.evaluate('document.activeElement.textContent')

    await page.keyboard.press('Tab')
    expect(await focused()).toBe('Allow')
    await page.keyboard.press('Tab')
    expect(await focused()).toBe('Deny')
    await page.keyboard.press('Shift+Tab')
    await page.keyboard.press('Enter')

    expect(await given).toMatchObject({ refreshToken: expect.any(String), missingScopes: [] })
  })

  it('can say no, and is told so on both sides', async () => {
    const { url, given } = await ask()
    const page = await newPage()
    await page.goto(url)

    await page.getByRole('button', { name: 'Deny' }).click()

    expect(await page.getByRole('heading').textContent()).toBe('Consent is not given')
    expect(await refusal(given)).toMatchObject({ code: 'BQC_CONSENT_REFUSED', reason: 'access_denied' })
  })

  it('is asked again when the consent is asked for again, and both are good', async () => {
    const all: GivenConsent[] = []
    for (const _ of [1, 2]) {
      const { url, given } = await ask()
      const page = await newPage()
      await page.goto(url)
      await page.getByRole('button', { name: 'Allow' }).click()
      all.push(await given)
    }

    expect(all[0]?.refreshToken).not.toBe(all[1]?.refreshToken)
    for (const given of all) expect(await runsQueries(await connect(given))).toBe(true)
  })

  it('gets a page that says so, and nothing to press, when the client is unknown', async () => {
    config = { ...config, clientId: 'nobody' }
    const stop = new AbortController()
    const { url, given } = await ask(undefined, stop.signal)
    const page = await newPage()
    const answer = await page.goto(url)

    expect(answer?.status()).toBe(401)
    expect(await page.getByRole('main').textContent()).toContain('invalid_client')
    expect(await page.getByRole('button').count()).toBe(0)
    stop.abort()
    expect(await refusal(given)).toMatchObject({ code: 'BQC_ABORTED' })
  })
})

describe('an answer', () => {
  it('with a forged state is not used, and the right one still is', async () => {
    const { url, given } = await ask()
    const redirect = new URL(url).searchParams.get('redirect_uri')
    const [attacker, person] = [await newPage(), await newPage()]

    const forged = await attacker.goto(`${redirect}?code=4/0Astolen&state=guess`)
    expect(forged?.status()).toBe(400)
    expect(await attacker.getByRole('heading').textContent()).toContain('not the answer')
    await person.goto(url)
    await person.getByRole('button', { name: 'Allow' }).click()

    expect(await runsQueries(await connect(await given))).toBe(true)
  })

  it('whose code somebody else has redeemed first is of no use to anybody', async () => {
    const redirect = await openLoopbackRedirect()
    opened.push(redirect)
    const consent = await connector.generate(config, { redirectUri: redirect.uri })
    const page = await newPage()
    await page.goto(consent.url)
    await page.getByRole('button', { name: 'Allow' }).click()
    const code = new URL(page.url()).searchParams.get('code') ?? ''

    expect(await redeem(code)).toMatchObject({ error: 'redirect_uri_mismatch' })

    const error = await refusal(consent.complete(page.url()))
    expect(error).toMatchObject({ code: 'BQC_CONSENT_REFUSED', reason: 'invalid_grant' })
    expect(error.message).toMatch(/used, too old/)
    expect(error.message).not.toContain(code)
  })

  it('whose code comes back ends the consent, and the connection says that it is needed again', async () => {
    const { url, given } = await ask()
    const page = await newPage()
    await page.goto(url)
    await page.getByRole('button', { name: 'Allow' }).click()
    const connection = await connect(await given)
    expect((await connection.test()).ok).toBe(true)

    const reply = await redeem(new URL(page.url()).searchParams.get('code') ?? '')

    expect(reply).toMatchObject({ error: 'invalid_grant' })
    expect((await connection.test()).steps.at(-1)).toMatchObject({ ok: false, code: 'BQC_CONSENT_NEEDED' })
  })

  async function redeem(code: string): Promise<unknown> {
    const { clientId, clientSecret, tokenUrl = '' } = config
    const body = new URLSearchParams({
      grant_type: 'authorization_code',
      code,
      client_id: clientId,
      client_secret: clientSecret,
      redirect_uri: 'http://127.0.0.1:1/',
    })
    return (await fetch(tokenUrl, { method: 'POST', body })).json()
  }
})

describe('a consent', () => {
  async function consented(): Promise<{ connection: Connection; given: GivenConsent }> {
    const { url, given } = await ask()
    const page = await newPage()
    await page.goto(url)
    await page.getByRole('button', { name: 'Allow' }).click()
    return { given: await given, connection: await connect(await given) }
  }

  it('that the person takes back ends the work of a running connection with one clear word', async () => {
    const { connection } = await consented()
    expect(await runsQueries(connection)).toBe(true)

    await local.revokeConsents(config.clientId)

    const run = connection.operation('run-job', { objectType: 'QUERY' })
    const [outcome] = await Array.fromAsync(run.execute([query('SELECT 1')]))
    expect(outcome).toMatchObject({ status: 'failure', errorCode: 'BQC_CONSENT_NEEDED' })
    expect(outcome?.message).toMatch(/consent was withdrawn.*bqc connection authorize/)
  })

  it('that is reset is over at the issuer too', async () => {
    const { connection, given } = await consented()

    const reset = await connector.reset({ ...config, refreshToken: given.refreshToken })

    expect(reset).toMatchObject({ revoked: true, config })
    expect((await connection.test()).steps.at(-1)).toMatchObject({ ok: false, code: 'BQC_CONSENT_NEEDED' })
    await expect(connector.connect(reset.config ?? config)).rejects.toMatchObject({
      code: 'BQC_CONSENT_NEEDED',
    })
  })
})
