import { openAsBlob } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Document, Outcome } from '../../../src/index.ts'
import { embedded } from '../../fixtures/embedded.ts'

const bigquery = embedded()
const json = { sourceFormat: 'NEWLINE_DELIMITED_JSON' }
const ofTable = (table: string) => `datasets/shop/tables/${table}`

async function upsert(options: object, ...documents: Document[]): Promise<Outcome[]> {
  const operation = bigquery.connection.operation('upsert', { objectType: 'GENERIC', ...options })
  return Array.fromAsync(operation.execute(documents))
}

/** One that must succeed. */
async function done(options: object, data: Document['data'], properties = {}): Promise<Outcome> {
  const [outcome] = await upsert(options, { data, properties })
  if (outcome?.status !== 'success') throw new Error(outcome?.message)
  return outcome
}

const lines = (...rows: object[]) => rows.map((row) => `${JSON.stringify(row)}\n`).join('')
const tables = async (dataset = 'shop') =>
  (
    await bigquery.rows(`SELECT table_name FROM ${dataset}.INFORMATION_SCHEMA.TABLES ORDER BY table_name`)
  ).map((row) => (row as { table_name: string }).table_name)

let made = 0
/** A table of its own for a test, with two rows. */
async function newTable(key = 'PRIMARY KEY (id) NOT ENFORCED'): Promise<string> {
  made += 1
  const table = `orders${made}`
  await bigquery.run(
    `CREATE TABLE shop.${table} (id INT64 NOT NULL, item STRING, price NUMERIC${key ? `, ${key}` : ''})`,
    `INSERT INTO shop.${table} (id, item, price) VALUES (1, 'tea', 1.5), (2, 'salt', 2)`,
  )
  return table
}
const rowsOf = (table: string) => bigquery.rows(`SELECT * FROM shop.${table} ORDER BY id`)

let directory: string
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'bqc-upsert-'))
  await bigquery.run('CREATE SCHEMA shop')
})
afterAll(() => rm(directory, { recursive: true }))

describe('Upsert through a temporary table', () => {
  it('changes the rows that are there, adds the others, and gives the result of each step', async () => {
    const table = await newTable()

    const outcome = await done(
      { ...json, objectType: ofTable(table) },
      lines({ id: 2, item: 'pepper', price: '3.25' }, { id: 3, item: 'rice', price: 4 }),
    )

    expect(await rowsOf(table)).toEqual([
      { id: '1', item: 'tea', price: '1.5' },
      { id: '2', item: 'pepper', price: '3.25' },
      { id: '3', item: 'rice', price: '4' },
    ])
    expect(outcome).toMatchObject({
      code: '200',
      message: '',
      payload: {
        load: { status: { state: 'DONE' }, statistics: { load: { outputRows: '2' } } },
        query: {
          status: { state: 'DONE' },
          statistics: { query: { dmlStats: { insertedRowCount: '1', updatedRowCount: '1' } } },
        },
        delete: { name: expect.stringMatching(new RegExp(`^${table}_upsert_`)), status: 'deleted' },
      },
    })
    expect(Object.keys(outcome.payload as object)).toEqual(['load', 'query', 'delete'])
    expect(await tables()).not.toContainEqual(expect.stringContaining(`${table}_upsert`))
  })

  it.each([
    ['bytes', async (text: string) => Buffer.from(text)],
    ['text', async (text: string) => text],
    ['a stream', async (text: string) => Readable.from([Buffer.from(text)])],
    ['a Blob', async (text: string) => new Blob([text])],
    [
      'a file on the disk',
      async (text: string) => {
        const path = join(directory, 'rows.ndjson')
        await writeFile(path, text)
        return openAsBlob(path)
      },
    ],
  ])('takes %s', async (_, make) => {
    const table = await newTable()

    await done({ ...json, objectType: ofTable(table) }, await make(lines({ id: 1, item: 'coffee' })))

    expect(await rowsOf(table)).toContainEqual({ id: '1', item: 'coffee', price: null })
  })
})
