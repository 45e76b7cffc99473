// The command line in a network whose only way out is a proxy.
import { writeFileSync } from 'node:fs'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { proxyOf } from '../../src/cli/proxy.ts'
import { createConnector } from '../../src/index.ts'
import { type LocalBigQuery, startLocalBigQuery } from '../../src/local/index.ts'
import { bqc } from '../fixtures/bqc.ts'
import { type OneWayOut, startOneWayOut } from '../fixtures/connect-proxy.ts'
import { directories } from '../fixtures/directories.ts'

const host = 'bigquery.faraway.example'
const credentials = `Basic ${Buffer.from('till:pa ss/word').toString('base64')}`
const newDirectory = directories()
const [certificateFile, connectionFile] = [`${newDirectory()}.pem`, `${newDirectory()}.json`]

let local: LocalBigQuery
let way: OneWayOut
/** The proxy's address with user and password. */
let proxy: string
beforeAll(async () => {
  local = await startLocalBigQuery({ port: 0, projectId: 'demo' })
  way = await startOneWayOut(host, local.url, credentials)
  proxy = way.proxyUrl.replace('://', '://till:pa%20ss%2Fword@')
  writeFileSync(certificateFile, way.certificate)
  const connection = { projectId: 'demo', grant: 'access-token', accessToken: 'open-sesame' }
  writeFileSync(connectionFile, JSON.stringify({ ...connection, endpoint: `https://${host}` }))
})
afterAll(async () => {
  await way.close()
  await local.close()
})
beforeEach(() => {
  ;(way.connected as unknown[]).length = 0
})

const none = { HTTPS_PROXY: '', HTTP_PROXY: '', NO_PROXY: '', https_proxy: '', http_proxy: '', no_proxy: '' }

const query = (variables: Record<string, string>, connection = connectionFile) =>
  bqc(['query', 'SELECT 1 AS one', '--connection', connection, '--json'], {
    env: { ...none, NODE_EXTRA_CA_CERTS: certificateFile, BIGQUERY_EMULATOR_HOST: '', ...variables },
  })

describe('bqc', () => {
  it.each(['HTTPS_PROXY', 'https_proxy', 'HTTP_PROXY'])(
    'goes through the proxy that %s names, with its user and password, on both planes',
    async (name) => {
      const { code, stdout } = await query({ [name]: proxy })

      expect([code, stdout]).toEqual([0, '{"one":"1"}\n'])
      expect(new Set(way.connected.map(({ to }) => to))).toEqual(new Set([`${host}:443`]))
      expect(new Set(way.connected.map(({ authorization }) => authorization))).toEqual(new Set([credentials]))
    },
  )

  it('says that the proxy refuses, once, and does not show the password', async () => {
    const { code, stdout, stderr } = await query({
      HTTPS_PROXY: proxy.replace('pa%20ss', 'wrong-password'),
    })

    expect(code).toBe(2)
    expect(JSON.parse(stdout)).toMatchObject({ error: { code: 'BQC_PROXY_REFUSED', category: 'config' } })
    expect(stdout + stderr).not.toMatch(/wrong-password|till/)
    expect(way.connected.length).toBe(1)
  })

  it('says that an address is none, and does not show it', async () => {
    const { code, stdout, stderr } = await query({ HTTPS_PROXY: 'socks5://till:hunter2@localhost:1' })

    expect(code).toBe(2)
    expect(JSON.parse(stdout)).toMatchObject({
      error: { code: 'BQC_CONFIG_INVALID', faults: [{ path: '/proxy/url' }] },
    })
    expect(stdout + stderr).not.toMatch(/hunter2|till/)
  })

  it('goes straight to this machine, whatever the variables say', async () => {
    const file = `${newDirectory()}.json`
    writeFileSync(file, JSON.stringify({ projectId: 'demo', grant: 'none', endpoint: local.url }))

    const { code, stdout } = await query({ HTTPS_PROXY: proxy, HTTP_PROXY: proxy }, file)

    expect([code, stdout]).toEqual([0, '{"one":"1"}\n'])
    expect(way.connected).toEqual([])
  })
})

describe('a host that is excepted', () => {
  const ask = async (except: string) => {
    const connector = createConnector({
      clock: { now: Date.now, wait: async () => {}, after: () => () => {} },
      proxy: { url: proxy, except },
    })
    const connection = await connector.connect({
      ...{ projectId: 'demo', grant: 'access-token', accessToken: 'x', endpoint: `https://${host}` },
    })
    const { ok } = await connection.test()
    await connection.close()
    return ok
  }

  it.each([host, '.faraway.example', 'a.example, faraway.example', '*'])(
    'is not asked through the proxy: %s',
    async (except) => {
      expect(await ask(except)).toBe(false)
      expect(way.connected).toEqual([])
    },
  )

  it('leaves the others to it', async () => {
    // The certificate is trusted by no more than the commands above; reaching the proxy is what counts.
    await ask('nearby.example')

    expect(way.connected[0]).toEqual({ to: `${host}:443`, authorization: credentials })
  })
})

describe('a proxy that is not there', () => {
  it('is named without its password, beside the reason', async () => {
    const gone = 'http://till:hunter2@127.0.0.1:1'
    const connector = createConnector({ proxy: { url: gone } })
    const connection = await connector.connect({
      ...{ projectId: 'demo', grant: 'access-token', accessToken: 'x', endpoint: `https://${host}` },
    })

    const { steps } = await connection.test()
    await connection.close()

    expect(steps.at(-1)).toMatchObject({
      code: 'BQC_NETWORK',
      message: expect.stringContaining('The proxy 127.0.0.1:1 cannot be reached (ECONNREFUSED)'),
    })
    expect(JSON.stringify(steps)).not.toMatch(/hunter2|till/)
  })
})

describe('the variables', () => {
  it.each([
    [{}, {}],
    [{ NO_PROXY: 'a.example' }, {}],
    [{ HTTPS_PROXY: 'proxy.example:3128' }, { proxy: { url: 'http://proxy.example:3128' } }],
    [{ https_proxy: 'http://small', HTTPS_PROXY: 'http://LARGE' }, { proxy: { url: 'http://small' } }],
    [{ HTTPS_PROXY: 'http://a', HTTP_PROXY: 'http://b' }, { proxy: { url: 'http://a' } }],
    [{ http_proxy: 'http://b', no_proxy: '*' }, { proxy: { url: 'http://b', except: '*' } }],
  ])('%o give %o', (environment, options) => {
    expect(proxyOf(environment)).toEqual(options)
  })

  it('are not looked at by the library', async () => {
    process.env['HTTPS_PROXY'] = proxy
    try {
      const connection = await createConnector().connect({
        ...{ projectId: 'demo', grant: 'access-token', accessToken: 'x', endpoint: `https://${host}` },
      })
      await connection.test()
      await connection.close()
    } finally {
      delete process.env['HTTPS_PROXY']
    }
    expect(way.connected).toEqual([])
  })
})
