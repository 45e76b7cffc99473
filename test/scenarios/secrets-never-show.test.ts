// With random secrets in every field that the descriptor calls secret: nothing that anybody can see contains one,
// nor six characters of one. Secrets are of random characters, so that six of them do not stand elsewhere by
// chance: for the shortest alphabet, in ten million characters of output, the odds are below one in ten thousand.
import { spawn } from 'node:child_process'
import { metrics, trace } from '@opentelemetry/api'
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics'
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base'
import fc from 'fast-check'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { secretFields } from '../../src/connection/store/secret-reference.ts'
import {
  type Connection,
  type ConnectionConfig,
  type ConnectionStore,
  createConnector,
  type ErrorCode,
  ProgressFeed,
} from '../../src/index.ts'
import { type Answer, type Asked, startTinyServer, type TinyServer } from '../bigquery/tiny-server.ts'
import { keysOf, keyText, openedStore } from '../connection/store/opened-store.ts'
import { bqc } from '../fixtures/bqc.ts'
import { InstantClock } from '../fixtures/clocks.ts'
import { directories } from '../fixtures/directories.ts'
import { makeKey } from '../fixtures/keys.ts'
import { leaksIn, shownOf } from './shown-text.ts'

const directory = directories()
const { descriptor } = createConnector()
const form = descriptor.connections[0]?.config ?? {}

/** Says back all that it was asked, as every kind of trouble. */
let echo: TinyServer
let kindOfTrouble = 0
beforeAll(async () => {
  echo = await startTinyServer((asked) => troubleOf(asked))
})
afterAll(() => echo.close())

const schema = { fields: [{ name: 'n', type: 'INTEGER' }] }

function troubleOf({ headers, body, path, method }: Asked): Answer | 'drop' {
  const said = `You said ${headers.authorization} and ${JSON.stringify(headers)} with ${body} = ${decodeURIComponent(body.replaceAll('%', '%25'))} = ${new URLSearchParams(body)}`
  const envelope = {
    error: { code: 400, message: said, errors: [{ reason: 'invalid', message: said }], details: [headers] },
  }
  const header = { 'www-authenticate': `Bearer error="${headers.authorization}"` }
  if (path.startsWith('/token')) {
    return {
      status: 400,
      headers: header,
      body: { error: 'invalid_grant', error_description: said, detail: new URLSearchParams(body).toString() },
    }
  }
  if (method === 'GET' && path.includes('/tables/good')) {
    return { body: { schema, tableReference: { projectId: 'demo', datasetId: 'd', tableId: 'good' } } }
  }
  if (path.includes('/insertAll')) {
    return {
      body: { insertErrors: [{ index: 0, errors: [{ reason: 'invalid', location: 'n', message: said }] }] },
    }
  }
  const [, ofTable] = /\/tables\/bad(\d)/.exec(path) ?? []
  kindOfTrouble += 1
  const troubles: (Answer | 'drop')[] = [
    { status: 400, headers: header, body: envelope },
    { status: 401, headers: header, body: envelope },
    {
      status: 403,
      body: {
        ...envelope,
        error: { ...envelope.error, code: 403, errors: [{ reason: 'accessDenied', message: said }] },
      },
    },
    { status: 404, body: `<html>${said}</html>` },
    { status: 502, body: said },
    {
      status: 302,
      headers: {
        location: `https://elsewhere.example/?token=${encodeURIComponent(headers.authorization ?? '')}`,
      },
    },
    { status: 200, body: `no JSON: ${said}` },
    {
      status: 200,
      body: {
        status: { state: 'DONE', errorResult: { reason: 'invalidQuery', message: said } },
        jobReference: { projectId: 'demo', jobId: 'j', location: 'US' },
      },
    },
    'drop',
  ]
  return troubles[Number(ofTable ?? kindOfTrouble) % troubles.length] ?? 'drop'
}

/** The secrets of a run: as they are written, and as the texts that must not show. */
interface Secrets {
  readonly values: Readonly<Record<string, unknown>>
  readonly texts: readonly string[]
}

const realKey = makeKey()
const token = fc.string({
  unit: fc.integer({ min: 0x21, max: 0x7e }).map((code) => String.fromCharCode(code)),
  minLength: 6,
  maxLength: 200,
})
const words = fc.string({
  unit: fc.constantFrom(...'ĀāĂ𝄞ЖжЩщ€"\\\n\t%+& 日本語東京都渋谷區'),
  minLength: 6,
  maxLength: 80,
})
const base64Line = fc.string({
  unit: fc.constantFrom(...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'),
  minLength: 64,
  maxLength: 64,
})
const pemBody = fc.array(base64Line, { minLength: 2, maxLength: 6 }).map((lines) => lines.join('\n'))

const secrets: fc.Arbitrary<Secrets> = fc
  .record({
    accessToken: token,
    clientSecret: fc.oneof(words, token),
    refreshToken: token,
    password: fc.oneof(words, token),
    pem: pemBody,
    inKey: words,
    inCredentials: token,
  })
  .map(({ accessToken, clientSecret, refreshToken, password, pem, inKey, inCredentials }) => ({
    values: {
      accessToken,
      clientSecret,
      refreshToken,
      signatureKeyPassword: password,
      signatureKey: `-----BEGIN PRIVATE KEY-----\n${pem}\n-----END PRIVATE KEY-----\n`,
      serviceAccountKey: { type: 'service_account', client_email: 'a@b.example', private_key: inKey },
      credentials: {
        type: 'authorized_user',
        client_id: 'c',
        client_secret: 'x',
        refresh_token: inCredentials,
      },
    },
    texts: [accessToken, clientSecret, refreshToken, password, pem, ...pem.split('\n'), inKey, inCredentials],
  }))

/** Each grant with what it needs beside the secrets; the last one can sign. */
const grants = (): Record<string, unknown>[] => [
  { grant: 'access-token' },
  { grant: 'authorization-code', clientId: 'client-1', tokenUrl: `${echo.url}/token` },
  { grant: 'jwt-bearer', issuer: 'a@b.example', serviceAccountKey: undefined, tokenUrl: `${echo.url}/token` },
  { grant: 'jwt-bearer', tokenUrl: `${echo.url}/token` },
  { grant: 'application-default' },
  {
    grant: 'jwt-bearer',
    serviceAccountKey: {
      client_email: 'a@b.example',
      private_key: realKey.pem,
      token_uri: `${echo.url}/token`,
    },
  },
]

/** Something done, and whatever is seen of it: its result, or what it fails with. */
async function seen(act: () => unknown): Promise<string> {
  try {
    return shownOf(await act())
  } catch (thrown) {
    return shownOf(thrown)
  }
}

async function seenOfStore(store: ConnectionStore, values: Record<string, unknown>): Promise<string[]> {
  const faulty = Object.fromEntries(
    Object.entries(values).map(([name, value]) => [name, secretFields(form).has(name) ? [value] : value]),
  )
  const misspelt = Object.fromEntries(
    Object.entries(values).map(([name, value]) => [name.toLowerCase(), value]),
  )
  const shown = []
  for (const act of [
    () => store,
    () => store.create('toronto', values, { environments: { prod: { accessToken: values['accessToken'] } } }),
    () => store.create('toronto', values),
    () => store.create('faulty', faulty),
    () => store.create('misspelt', misspelt),
    () => store.create('text', JSON.stringify(values) as never),
    () => store.describe('toronto'),
    () => store.list(),
    () => store.export(),
    () => store.patch('toronto', faulty),
    () => store.patch('toronto', misspelt, { environment: 'prod' }),
    () => store.patch('toronto', { location: 'EU' }),
    () => store.bind('orders', { connection: 'toronto', as: 'copied' }),
    () => store.references(),
    () => store.resolve('toronto'),
    () => store.resolve('operation:orders', { environment: 'prod' }),
    () => store.test('toronto'),
    () => store.test(faulty),
    () => openedStore(store.directory, { keys: keysOf(keyText('k2')) }).resolve('toronto'),
  ])
    shown.push(await seen(act))
  return shown
}

async function seenOfConnection(connection: Connection): Promise<string[]> {
  const insert = (table: string) =>
    connection.operation('streaming-insert', { objectType: `datasets/d/tables/${table}`, batchCount: 1 })
  const query = { data: { configuration: { query: { query: 'SELECT 1' } } } }
  const feed = new ProgressFeed()
  const shown = []
  for (const act of [
    () => connection,
    () => insert('good'),
    () =>
      insert('good')
        .writable()
        .on('error', () => undefined),
    () => connection.test({ datasetId: 'd', tableId: 'good' }),
    () => connection.browse('streaming-insert', { datasetId: 'd' }),
    () => connection.profile('streaming-insert', 'datasets/d/tables/bad0'),
    () => Array.fromAsync(insert('good').execute([{ data: { n: 1 } }], { progress: feed })),
    ...Array.from(
      { length: 9 },
      (_, trouble) => () =>
        Array.fromAsync(insert(`bad${trouble}`).execute([{ data: { n: 1 } }], { progress: feed })),
    ),
    () => feed.now(),
    () => Array.fromAsync(connection.operation('run-job', { objectType: 'QUERY' }).execute([query])),
  ])
    shown.push(await seen(act))
  return shown
}

afterEach(() => {
  trace.disable()
  metrics.disable()
})

describe('secrets', () => {
  it('are drawn for every field that the descriptor calls secret', () => {
    const [sample] = fc.sample(secrets, 1)

    expect(Object.keys(sample?.values ?? {}).sort()).toEqual([...secretFields(form)].sort())
  })

  it('are found by this test where they do show', () => {
    expect(
      leaksIn(shownOf(new Error('x', { cause: { deep: [{ a: 'abcsecret' }] } })), ['Xsecret']),
    ).not.toEqual([])
    expect(leaksIn(shownOf({ toJSON: () => 'hidden', token: 'abcdef' }), ['abcdef'])).not.toEqual([])
    expect(leaksIn('abcde', ['abcdef'])).toEqual([])
  })

  it('show nowhere: not in the store, errors, reports, outcomes, spans or metrics', async () => {
    const spans = new InMemorySpanExporter()
    const points = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE)
    const reader = new PeriodicExportingMetricReader({ exporter: points, exportIntervalMillis: 3_600_000 })
    trace.setGlobalTracerProvider(
      new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(spans)] }),
    )
    metrics.setGlobalMeterProvider(new MeterProvider({ readers: [reader] }))
    const codes = new Set<string>()

    await fc.assert(
      fc.asyncProperty(secrets, fc.nat(5), async ({ values, texts }, at) => {
        spans.reset()
        points.reset()
        const given = { projectId: 'demo', endpoint: echo.url, ...values, ...grants()[at] }
        const config = JSON.parse(JSON.stringify(given))
        const store = openedStore(directory())
        const shown = await seenOfStore(store, config)
        const connector = createConnector({ clock: new InstantClock(), random: () => 0 })
        shown.push(await seen(() => connector.test(config as ConnectionConfig)))
        const connection = await connector.connect(config as ConnectionConfig).catch((thrown) => {
          shown.push(shownOf(thrown))
        })
        if (connection) {
          shown.push(...(await seenOfConnection(connection)))
          await connection.close()
        }
        await reader.forceFlush()
        shown.push(
          shownOf(
            spans
              .getFinishedSpans()
              .map(({ attributes, events, status }) => ({ attributes, events, status })),
          ),
        )
        shown.push(shownOf(points.getMetrics().flatMap(({ scopeMetrics }) => scopeMetrics)))

        const [key] = realKey.pem.split('-----').filter((part) => part.includes('\n'))
        expect(shown.flatMap((text) => leaksIn(text, [...texts, ...(key ?? '').split('\n')]))).toEqual([])
        for (const [code] of shown.join().matchAll(/BQC_[A-Z_]+/g)) codes.add(code)
      }),
      { numRuns: 40, examples: fc.sample(secrets, 6).map((each, at) => [each, at]) },
    )
    // The runs went where secrets could have shown.
    const reached: ErrorCode[] = [
      'BQC_CONFIG_INVALID',
      'BQC_KEY_INVALID',
      'BQC_SIGN_IN_REFUSED',
      'BQC_UNAUTHENTICATED',
      'BQC_ACCESS_DENIED',
      'BQC_ROW_REFUSED',
      'BQC_NETWORK',
      'BQC_STORE_KEY_MISSING',
    ]
    expect([...codes]).toEqual(expect.arrayContaining(reached))
  }, 240_000)

  it('show nowhere on the command line, and not in what a crash prints', async () => {
    const [{ values, texts } = { values: {}, texts: [] as string[] }] = fc.sample(secrets, 1)
    const given = { projectId: 'demo', endpoint: echo.url, ...values, grant: 'access-token' }
    const token = String(values['accessToken'])
    const env = { XDG_CONFIG_HOME: directory(), BQC_STORE: '', BQC_MASTER_KEYS: '' }
    const stdin = JSON.stringify(given)
    const shown: string[] = []
    for (const args of [
      ['connection', 'create', 'toronto', '--file', '-', '--json'],
      ['connection', 'create', 'toronto', '--file', '-'],
      ['connection', 'patch', 'toronto', '--file', '-', '--if-revision', '9'],
      ['connection', 'describe', 'toronto', '--json'],
      ['connection', 'list', '--json'],
      ['connection', 'export'],
      ['connection', 'test', 'toronto', '--json'],
      ['query', 'SELECT 1', '--connection', 'toronto', '--json'],
      ['connection', 'create', 'typed', '--set', `accessToken=${token}`],
      ['connection', 'create', 'typed', '--set', token.replaceAll('=', '')],
    ]) {
      const { stdout, stderr } = await bqc(args, { stdin, env })
      shown.push(stdout, stderr)
    }
    shown.push(await crashWith(JSON.stringify(given)))

    expect(shown.at(-1)).toContain('uncaught')
    expect(shown.flatMap((text) => leaksIn(text, texts))).toEqual([])
  }, 120_000)
})

/** What a program prints that ends with an error nobody catches, its connection beside it. */
function crashWith(config: string): Promise<string> {
  const program = `
    const { createConnector } = await import('./src/index.ts')
    const chunks = await Array.fromAsync(process.stdin)
    const connection = await createConnector().connect(JSON.parse(Buffer.concat(chunks).toString()))
    console.log(connection, connection.operation('run-job', { objectType: 'QUERY' }))
    const cause = await connection.browse('streaming-insert', { datasetId: 'd' }).catch((thrown) => thrown)
    throw Object.assign(new Error('uncaught', { cause }), { connection })`
  const child = spawn(process.execPath, ['--input-type=module', '-e', program])
  let said = ''
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => {
      said += text
    })
  child.stdin.end(config)
  return new Promise((resolve) => child.on('close', () => resolve(said)))
}
