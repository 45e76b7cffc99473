// bqc connection authorize and reset, with a person in a browser and the embedded BigQuery as issuer.
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type LocalBigQuery, type OAuthClient, startLocalBigQuery } from '../../src/local/index.ts'
import { bqc, type RunOptions, until } from '../fixtures/bqc.ts'
import { browserOfFile } from '../fixtures/browser.ts'
import { directories } from '../fixtures/directories.ts'

const newPage = browserOfFile()
const directory = directories()
let local: LocalBigQuery
let client: OAuthClient
let env: Record<string, string>
beforeAll(async () => {
  local = await startLocalBigQuery({ port: 0, projectId: 'demo', authentication: 'required' })
})
afterAll(() => local.close())
beforeEach(async () => {
  const home = directory()
  mkdirSync(home)
  env = { BQC_STORE: join(home, 'store'), DISPLAY: '', WAYLAND_DISPLAY: '' }
  client = await local.createOAuthClient()
  const file = join(home, 'ada.json')
  const config = {
    projectId: 'demo',
    endpoint: local.url,
    grant: 'authorization-code',
    clientId: client.client_id,
    clientSecret: client.client_secret,
    authorizationUrl: client.auth_uri,
    tokenUrl: client.token_uri,
  }
  writeFileSync(file, JSON.stringify(config))
  expect(await run(['connection', 'create', 'ada', '--file', file])).toMatchObject({ code: 0 })
})

const run = (args: readonly string[], options: RunOptions = {}) =>
  bqc(args, { ...options, env: { ...env, ...options.env } })

const addressIn = (said: string): string | undefined => /^http:\S+$/m.exec(said)?.[0]

/** Opens the printed address and presses a button. */
const press = (button: 'Allow' | 'Deny') => async (said: () => string) => {
  await until(() => addressIn(said()) !== undefined)
  const page = await newPage()
  await page.goto(addressIn(said()) ?? '')
  await page.getByRole('button', { name: button }).click()
}

const authorize = (options: RunOptions, ...more: string[]) =>
  run(['connection', 'authorize', 'ada', ...more], options)

describe('bqc connection authorize', () => {
  it('prints the address, takes the answer of the browser, and keeps the refresh token sealed', async () => {
    const { code, stdout, stderr } = await authorize({ meanwhile: press('Allow') }, '--no-browser')

    expect({ code, stderr }).toEqual({ code: 0, stderr: expect.stringContaining('Ctrl-C stops') })
    expect(stdout).toContain('Granted: https://www.googleapis.com/auth/bigquery\n')
    expect(stdout + stderr).not.toMatch(/1\/\/0|ya29|GOCSPX/)
    const { stdout: shown } = await run(['connection', 'describe', 'ada'])
    expect(shown).toMatch(/refreshToken +\(sealed\)/)
    expect(await run(['query', 'SELECT 1 AS one', '--connection', 'ada', '--json'])).toMatchObject({
      code: 0,
      stdout: '{"one":"1"}\n',
    })
  })

  it('says that the person said no, and changes nothing', async () => {
    const { code, stderr } = await authorize({ meanwhile: press('Deny') }, '--no-browser')

    expect(code).toBe(2)
    expect(stderr).toContain('[BQC_CONSENT_REFUSED]')
    expect(stderr).toContain('said no')
    expect((await run(['connection', 'describe', 'ada'])).stdout).not.toContain('refreshToken')
  })

  it('ends on Ctrl-C, and listens no more', async () => {
    let redirect = ''
    const interrupt = async (said: () => string) => {
      await until(() => addressIn(said()) !== undefined)
      redirect = new URL(addressIn(said()) ?? '').searchParams.get('redirect_uri') ?? ''
      expect((await fetch(`${redirect}?state=guess&code=guess`)).status).toBe(400)
    }

    const { code, stderr } = await authorize({ interrupt }, '--no-browser')

    expect(code).toBe(2)
    expect(stderr).toContain('[BQC_ABORTED]')
    await expect(fetch(redirect)).rejects.toThrow()
  })

  it('keeps the consent for the environment that it is asked for', async () => {
    await run(['connection', 'patch', 'ada', '--environment', 'prod', '--set', 'projectId=demo'])

    const { code, stdout } = await authorize(
      { meanwhile: pressPrintedAsJson },
      '--environment',
      'prod',
      '--json',
    )

    expect(code).toBe(0)
    expect(JSON.parse(stdout.trim().split('\n')[1] ?? '')).toEqual({
      name: 'ada',
      revision: 3,
      environment: 'prod',
      scope: 'https://www.googleapis.com/auth/bigquery',
      missingScopes: [],
    })
    const { values, environments } = JSON.parse(
      (await run(['connection', 'describe', 'ada', '--json'])).stdout,
    )
    expect(values).not.toHaveProperty('refreshToken')
    expect(environments.prod.refreshToken).toMatchObject({ set: true, source: 'sealed' })
  })

  const pressPrintedAsJson = async (said: () => string) => {
    await until(() => said().includes('\n'))
    const { url } = JSON.parse(said())
    await press('Allow')(() => url)
  }

  it('gives an imported connection what the export has left out', async () => {
    const home = directory()
    mkdirSync(home)
    const [whole, exported] = [join(home, 'whole.json'), join(home, 'exported.json')]
    const { values } = JSON.parse((await run(['connection', 'describe', 'ada', '--json'])).stdout)
    const secrets = { clientSecret: client.client_secret, refreshToken: 'from-another-machine' }
    writeFileSync(whole, JSON.stringify({ ...values, ...secrets }))
    await run(['connection', 'create', 'ada', '--replace', '--file', whole])
    writeFileSync(exported, (await run(['connection', 'export', 'ada'])).stdout)
    await run(['connection', 'import', exported, '--replace'])
    await run(['connection', 'patch', 'ada', '--set', 'clientSecret=-'], { stdin: client.client_secret })

    expect(await authorize({ meanwhile: press('Allow') }, '--no-browser')).toMatchObject({ code: 0 })

    expect(await run(['query', 'SELECT 1', '--connection', 'ada'])).toMatchObject({ code: 0 })
  }, 60_000)

  it.skipIf(process.platform !== 'linux')(
    'opens a browser where there is a display, and tells it none of its own secrets',
    async () => {
      const bin = directory()
      const seen = join(bin, 'seen')
      mkdirSync(bin)
      writeFileSync(
        join(bin, 'xdg-open'),
        `#!/bin/sh\n{ env; echo "opened $1"; } > ${seen}.tmp\nmv ${seen}.tmp ${seen}\n`,
      )
      chmodSync(join(bin, 'xdg-open'), 0o755)
      let said = ''
      const interrupt = async (stdout: () => string) => {
        await until(() => addressIn(stdout()) !== undefined && existsSync(seen))
        said = stdout()
      }

      await authorize({ interrupt, env: { DISPLAY: ':1', PATH: `${bin}:${process.env['PATH']}` } })

      expect(said).toContain('A browser was opened.')
      expect(readFileSync(seen, 'utf8')).toContain(`opened ${addressIn(said)}`)
      expect(readFileSync(seen, 'utf8')).not.toContain('BQC_')
    },
  )

  it('prints the address where the browser cannot be started', async () => {
    let said = ''
    const interrupt = async (stdout: () => string) => {
      await until(() => addressIn(stdout()) !== undefined)
      said = stdout()
    }

    await authorize({ interrupt, env: { DISPLAY: ':1', PATH: '/nowhere' } })

    expect(said).toContain('Open this address in a browser')
  })

  it('refuses a connection with another grant', async () => {
    await run([
      'connection',
      'create',
      'robot',
      '--set',
      'projectId=demo',
      '--set',
      'grant=none',
      '--set',
      `endpoint=${local.url}`,
    ])

    const { code, stderr } = await run(['connection', 'authorize', 'robot'])

    expect(code).toBe(2)
    expect(stderr).toMatch(/grant must be authorization-code.*\[BQC_CONFIG_INVALID\]/)
  })
})

describe('bqc connection reset', () => {
  it('takes the consent back at the issuer, and work needs a new one', async () => {
    await authorize({ meanwhile: press('Allow') }, '--no-browser')

    const { code, stdout } = await run(['connection', 'reset', 'ada', '--json'])

    expect(code).toBe(0)
    expect(JSON.parse(stdout)).toMatchObject({ name: 'ada', revision: 3, revoked: true })
    expect((await run(['connection', 'describe', 'ada'])).stdout).not.toContain('refreshToken')
    const after = await run(['query', 'SELECT 1', '--connection', 'ada'])
    expect(after.code).toBe(2)
    expect(after.stderr).toContain('[BQC_CONSENT_NEEDED]')
  })
})

describe('bqc local', () => {
  it('writes a connection that a person can consent to', async () => {
    const file = join(directory(), '..', 'consent.json')
    const args = ['local', '--port', '0', '--connection', file, '--grant', 'authorization-code']

    await run(args, { interrupt: (said) => until(() => said().includes('\n')) })

    expect(JSON.parse(readFileSync(file, 'utf8'))).toMatchObject({
      grant: 'authorization-code',
      clientId: expect.stringContaining('.apps.googleusercontent.com'),
      authorizationUrl: expect.stringMatching(/\/o\/oauth2\/v2\/auth$/),
    })
  })
})
