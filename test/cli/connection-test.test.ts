// bqc connection test, as a person sees it: connections that are broken, each in its own way.
import { writeFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type ConnectionConfig, createConnector, type TestReport } from '../../src/index.ts'
import { type LocalBigQuery, startLocalBigQuery } from '../../src/local/index.ts'
import { bqc, until } from '../fixtures/bqc.ts'
import { directories } from '../fixtures/directories.ts'
import { query } from '../fixtures/embedded.ts'

const newDirectory = directories()
const store = newDirectory()
const env = { BQC_STORE: store, BQC_KEY_FILE: `${store}.keys`, BIGQUERY_EMULATOR_HOST: '' }

let local: LocalBigQuery
let good: ConnectionConfig
beforeAll(async () => {
  local = await startLocalBigQuery({ port: 0, projectId: 'demo', authentication: 'required' })
  good = await configOf('owner')
  const connection = await createConnector().connect(good)
  const statements = ['CREATE SCHEMA shop', 'CREATE TABLE shop.orders (id INT64)']
  await Array.fromAsync(
    connection.operation('run-job', { objectType: 'QUERY' }).execute(statements.map(query)),
  )
  await connection.close()
})
afterAll(() => local.close())

async function configOf(name: string, permissions?: readonly string[]): Promise<ConnectionConfig> {
  const key = await local.createServiceAccount(name, permissions === undefined ? {} : { permissions })
  return { projectId: 'demo', endpoint: local.url, grant: 'jwt-bearer', serviceAccountKey: { ...key } }
}

function fileOf(config: object): string {
  const file = `${newDirectory()}.json`
  writeFileSync(file, JSON.stringify(config))
  return file
}

const test = (connection: string, ...more: string[]) =>
  bqc(['connection', 'test', connection, ...more], { env })

describe('bqc connection test', () => {
  it('tells three broken connections apart, by code and by hint', async () => {
    const reader = await configOf('reader', ['roles/bigquery.jobUser', 'roles/bigquery.dataViewer'])
    const stranger = { ...good, issuer: 'ghost@demo.iam.gserviceaccount.com' }
    const broken = [stranger, { ...good, projectId: 'nowhere' }, reader]

    const runs = await Promise.all(
      broken.map((config) => test(fileOf(config), '--table', 'shop.orders', '--json')),
    )

    const failed = runs.map(({ stdout }) => (JSON.parse(stdout) as TestReport).steps.find(({ ok }) => !ok))
    expect(runs.map(({ code }) => code)).toEqual([1, 1, 1])
    expect(failed.map((step) => [step?.step, step?.code])).toEqual([
      ['token', 'BQC_SIGN_IN_REFUSED'],
      ['project', 'BQC_PROJECT_UNREACHABLE'],
      ['insert', 'BQC_INSERT_DENIED'],
    ])
    expect(new Set(failed.map((step) => step?.hint)).size).toBe(3)
  })

  it('shows a line for each step, and below a failed one what to do', async () => {
    const reader = await configOf('viewer', ['roles/bigquery.jobUser', 'roles/bigquery.dataViewer'])

    const { code, stdout } = await test(fileOf(reader), '--table', 'shop.orders')

    expect(code).toBe(1)
    expect(
      stdout
        .replaceAll(/\(\d+ ms\)/g, '(0 ms)')
        .split('\n')
        .slice(-5),
    ).toEqual([
      'ok     read: demo.shop.orders may be read. (0 ms)',
      'failed insert: This account may not insert into demo.shop.orders: Access Denied: Table demo:shop.orders: Permission bigquery.tables.updateData denied on table demo:shop.orders (or it may not exist). [BQC_INSERT_DENIED] (0 ms)',
      '       Grant it bigquery.tables.updateData on the table or its dataset, for example by the role roles/bigquery.dataEditor.',
      'The connection does not work.',
      '',
    ])
  })

  it('passes a stored connection that works, and says what was not tried', async () => {
    await bqc(['connection', 'create', 'shop', '--file', fileOf(good)], { env })

    const { code, stdout } = await test('shop', '--dataset', 'shop')

    expect(code).toBe(0)
    expect(stdout).toMatch(/^ok {5}key: /)
    expect(stdout).toMatch(/^- {6}insert: Not tried: /m)
    expect(stdout).toMatch(/The connection works\.\n$/)
  })

  it('names the step that a stored connection fails at', async () => {
    await bqc(['connection', 'create', 'lost', '--file', fileOf({ ...good, projectId: 'nowhere' })], { env })

    const { code, stdout } = await test('lost', '--json')

    expect(code).toBe(1)
    expect((JSON.parse(stdout) as TestReport).steps.at(-1)).toMatchObject({
      step: 'project',
      code: 'BQC_PROJECT_UNREACHABLE',
    })
  })

  it.each([
    ['--table', 'orders'],
    ['--table', 'a.b.c'],
    ['--dataset', 'shop', '--table', 'shop.orders'],
  ])('asks for DATASET.TABLE, and not for both: %s %s', async (...flags) => {
    const { code, stderr } = await test(fileOf(good), ...flags)

    expect([code, stderr]).toEqual([2, expect.stringMatching(/DATASET\.TABLE|cannot be used with/)])
  })
})

describe('bqc local --permissions', () => {
  it('writes a connection that may do no more than that', async () => {
    const connection = `${newDirectory()}.json`
    const codes: (string | undefined)[] = []

    const { code } = await bqc(
      [
        'local',
        '--port',
        '0',
        '--require-token',
        '--permissions',
        'roles/bigquery.dataEditor',
        '--connection',
        connection,
      ],
      {
        interrupt: async (said) => {
          await until(() => said().includes('\n'))
          const { stdout } = await test(connection, '--json')
          codes.push(...(JSON.parse(stdout) as TestReport).steps.map((step) => step.code))
        },
      },
    )

    expect(code).toBe(0)
    expect(codes.slice(-2)).toEqual(['OK', 'BQC_JOBS_DENIED'])
  })

  it.each([
    [['--permissions', 'bigquery.tables.get'], 'for the service account of --connection'],
    [
      ['--permissions', 'bigquery.tabels.get', '--connection', 'unused.json'],
      'Unknown permission bigquery.tabels.get',
    ],
  ])('is refused when it makes no sense: %o', async (flags, said) => {
    const { code, stderr } = await bqc(['local', '--port', '0', ...flags])

    expect([code, stderr]).toEqual([2, expect.stringContaining(said)])
  })
})
