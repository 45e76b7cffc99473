import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { bqc as runBqc } from '../fixtures/bqc.ts'
import { embedded } from '../fixtures/embedded.ts'

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

  it.each([
    ['a file that is not there', ['ghost.csv', '--key', 'id'], 2, 'there is no such file'],
    ['a name that tells nothing', ['package-lock', '--key', 'id'], 2, 'there is no such file'],
    ['stdin of which nothing is told', ['-', '--key', 'id'], 2, 'sourceFormat'],
    ['no key', ['package.json'], 2, 'keyColumns'],
    ['a file that does not fit', ['README.md', '--key', 'id', '-o', 'sourceFormat=CSV'], 1, 'Step load'],
  ])('of %s says so', async (_, args, wanted, said) => {
    const { code, stderr } = await bqc(['upsert', 'shop.orders', ...args])

    expect(stderr).toContain(said)
    expect(code).toBe(wanted)
  })
})
