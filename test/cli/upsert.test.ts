import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createConnector } from '../../src/index.ts'
import { startLocalBigQuery } from '../../src/local/index.ts'
import { bqc as runBqc } from '../fixtures/bqc.ts'
import { settled } from '../fixtures/clocks.ts'
import { embedded, query } from '../fixtures/embedded.ts'

const bigquery = embedded()
let directory: string
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'bqc-upsert-'))
  await bigquery.run(
    'CREATE SCHEMA shop',
    'CREATE TABLE shop.orders (id INT64, item STRING)',
    "INSERT INTO shop.orders (id, item) VALUES (1, 'tea')",
  )
})
afterAll(() => rm(directory, { recursive: true }))

const bqc = (args: readonly string[], stdin?: string) =>
  runBqc(args, {
    env: { BIGQUERY_EMULATOR_HOST: bigquery.local.url, GOOGLE_CLOUD_PROJECT: 'demo' },
    ...(stdin === undefined ? {} : { stdin }),
  })

describe('bqc upsert', () => {
  it('that is killed in the middle leaves a temporary table, which BigQuery removes when its time is over', async () => {
    let clock = Date.now()
    const faults = [{ match: { method: 'PUT', path: 'upload_id=' }, delayMs: 5000 }]
    const local = await startLocalBigQuery({ port: 0, projectId: 'demo', now: () => clock, faults })
    const connection = await createConnector().connect({
      projectId: 'demo',
      endpoint: local.url,
      grant: 'none',
    })
    const statements = ['CREATE SCHEMA shop', 'CREATE TABLE shop.orders (id INT64, item STRING)']
    for await (const { message } of connection
      .operation('run-job', { objectType: 'QUERY' })
      .execute(statements.map(query)))
      expect(message).toBe('')
    const tables = async () => {
      const types = await connection.browse('streaming-insert', { datasetId: 'shop' })
      return types.map(({ label }) => label)
    }
    const file = join(directory, 'killed.csv')
    await writeFile(file, '1,coffee\n')

    const { code } = await runBqc(
      ['upsert', 'shop.orders', file, '--key', 'id', '-o', 'temporaryTableHours=2'],
      {
        env: { BIGQUERY_EMULATOR_HOST: local.url, GOOGLE_CLOUD_PROJECT: 'demo' },
        signal: 'SIGKILL',
        interrupt: async () => {
          while ((await tables()).length < 2) await settled()
        },
      },
    )

    expect(code).toBeNull()
    expect(await tables()).toEqual(['orders', expect.stringMatching(/^orders_upsert_/)])
    clock += 3 * 3_600_000
    expect(await tables()).toEqual(['orders'])
    await connection.close()
    await local.close()
  })

  it('takes a file for what its name says, and tells what became of its rows', async () => {
    const file = join(directory, 'orders.csv')
    await writeFile(file, 'id,item\n1,coffee\n2,salt\n')

    const { code, stdout } = await bqc([
      'upsert',
      'shop.orders',
      file,
      '--key',
      'id',
      '-o',
      'skipLeadingRows=1',
    ])

    expect(stdout).toMatch(/^2 rows in [\d.]+ s: 1 added, 1 changed, 0 removed\n$/)
    expect(code).toBe(0)
    expect(await bigquery.rows('SELECT * FROM shop.orders ORDER BY id')).toEqual([
      { id: '1', item: 'coffee' },
      { id: '2', item: 'salt' },
    ])
  })

  it('takes stdin, as what it is told that it is, and gives the outcome as JSON', async () => {
    const format = ['-o', 'sourceFormat=NEWLINE_DELIMITED_JSON']

    const { code, stdout } = await bqc(
      ['upsert', 'shop.orders', '-', '--key', 'id', ...format, '--json'],
      '{"id":3,"item":"oil"}\n',
    )

    expect(JSON.parse(stdout)).toMatchObject({
      outcome: { status: 'success', payload: { load: {}, query: {}, delete: { status: 'deleted' } } },
    })
    expect(code).toBe(0)
  })

  it('takes the documents of a file by themselves, and tells which of them did not go in', async () => {
    const file = join(directory, 'changes.ndjson')
    await writeFile(file, '{"id":20,"item":"rice"}\n{"id":20}\n{"item":"nothing"}\n{"id":21}\n')

    const { code, stdout, stderr } = await bqc(['upsert', 'shop.orders', file, '--documents', '--key', 'id'])

    expect(stdout).toMatch(
      /^4 documents in .*: 3 success, 1 application-error, 0 failure; 1 batches, 0 retries\n$/,
    )
    expect(stderr).toContain('document 3: application-error')
    expect(code).toBe(1)
    expect(await bigquery.rows('SELECT * FROM shop.orders WHERE id >= 20 ORDER BY id')).toEqual([
      { id: '20', item: 'rice' },
      { id: '21', item: null },
    ])
  })

  it.each([
    ['no key', ['--documents'], 'keyColumns'],
    ['a key that is no column', ['--documents', '--key', 'number'], 'number'],
    ['an option for files', ['--documents', '--key', 'id', '-o', 'sqlCommand=SELECT 1'], 'sqlCommand'],
  ])('of documents with %s says so', async (_, args, said) => {
    const { code, stderr } = await bqc(['upsert', 'shop.orders', '-', ...args], '{"id":1}')

    expect(stderr).toContain(said)
    expect(code).toBe(2)
  })

  it.each([
    ['a file that is not there', ['ghost.csv', '--key', 'id'], 2, 'there is no such file'],
    ['a name that tells nothing', ['package-lock', '--key', 'id'], 2, 'there is no such file'],
    ['a directory', ['docs', '--key', 'id', '-o', 'sourceFormat=CSV'], 2, 'it is a directory'],
    [
      'stdin of which nothing is told',
      ['-', '--key', 'id'],
      2,
      'what stdin is. Say it with --option sourceFormat',
    ],
    ['no key', ['package.json'], 2, 'keyColumns'],
    ['a file that does not fit', ['README.md', '--key', 'id', '-o', 'sourceFormat=CSV'], 1, 'Step load'],
  ])('of %s says so', async (_, args, wanted, said) => {
    const { code, stderr } = await bqc(['upsert', 'shop.orders', ...args])

    expect(stderr).toContain(said)
    expect(code).toBe(wanted)
  })
})
