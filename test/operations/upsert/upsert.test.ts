import { openAsBlob } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import {
  type Connection,
  createConnector,
  type DeadLetter,
  type Document,
  type Outcome,
} from '../../../src/index.ts'
import type { FaultRule } from '../../../src/local/index.ts'
import { hurried } from '../../fixtures/clocks.ts'
import { embedded } from '../../fixtures/embedded.ts'

const bigquery = embedded()
let connection: Connection
let directory: string
const connect = (more = {}) =>
  createConnector({ clock: hurried }).connect({
    projectId: 'demo',
    endpoint: bigquery.local.url,
    grant: 'none',
    ...more,
  })
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'bqc-upsert-'))
  connection = await connect()
  await bigquery.run('CREATE SCHEMA shop', "CREATE SCHEMA far OPTIONS (location = 'europe-west1')")
})
afterEach(() => rules([]))
afterAll(async () => {
  await connection.close()
  await rm(directory, { recursive: true })
})

async function rules(list: readonly FaultRule[]): Promise<void> {
  const body = JSON.stringify(list)
  const reply = await fetch(`${bigquery.local.url}/_faults`, { method: 'PUT', body })
  expect(reply.status).toBe(200)
}

const json = { sourceFormat: 'NEWLINE_DELIMITED_JSON' }
const ofTable = (table: string) => `datasets/shop/tables/${table}`
const lines = (...rows: object[]) => rows.map((row) => `${JSON.stringify(row)}\n`).join('')

function upsert(options: object, ...documents: Document[]): Promise<Outcome[]> {
  const operation = connection.operation('upsert', { objectType: 'GENERIC', ...options })
  return Array.fromAsync(operation.execute(documents))
}

async function one(
  options: object,
  data: Document['data'],
  properties?: Record<string, string>,
): Promise<Outcome> {
  const [outcome] = await upsert(options, { data, ...(properties ? { properties } : {}) })
  return outcome as Outcome
}

/** One that must succeed. */
async function done(...given: Parameters<typeof one>): Promise<Outcome> {
  const outcome = await one(...given)
  if (outcome.status !== 'success') throw new Error(outcome.message)
  return outcome
}

let made = 0
/** A table of its own for a test, with two rows. */
async function newTable(key = ', PRIMARY KEY (id) NOT ENFORCED'): Promise<string> {
  made += 1
  const table = `orders${made}`
  await bigquery.run(
    `CREATE TABLE shop.${table} (id INT64 NOT NULL, item STRING, price NUMERIC${key})`,
    `INSERT INTO shop.${table} (id, item, price) VALUES (1, 'tea', 1.5), (2, 'salt', 2)`,
  )
  return table
}
const rowsOf = (table: string) => bigquery.rows(`SELECT * FROM shop.${table} ORDER BY id`)
const untouched = [
  { id: '1', item: 'tea', price: '1.5' },
  { id: '2', item: 'salt', price: '2' },
]

/** A file, and how often it was opened. */
function unread(): { readonly data: Document['data']; opened(): number } {
  let opened = 0
  const stream = () => {
    opened += 1
    return Readable.from([Buffer.from('1\n')])
  }
  return { data: { stream }, opened: () => opened }
}

const granule = 262_144
const ids = Array.from({ length: 40_000 }, (_, id) => ({ id, item: `item ${id}`, price: id }))
/** Some seconds of work for a load job, and more than a few granules. */
const text = lines(...ids)

interface TableResource {
  readonly expirationTime?: string
  readonly tableReference: { readonly tableId: string }
}
/** The staging tables of a target that are there. */
async function stagings(table: string): Promise<TableResource[]> {
  const tables = `${bigquery.local.url}/bigquery/v2/projects/demo/datasets/shop/tables`
  const list = (await (await fetch(`${tables}?maxResults=1000`)).json()) as { tables: TableResource[] }
  const found = list.tables.filter(({ tableReference }) =>
    tableReference.tableId.startsWith(`${table}_upsert_`),
  )
  return Promise.all(
    found.map(
      async ({ tableReference }) =>
        (await fetch(`${tables}/${tableReference.tableId}`)).json() as Promise<TableResource>,
    ),
  )
}

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
      attempts: 1,
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
    expect(await stagings(table)).toEqual([])
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

  it('matches by the columns that it is told, and takes a key once that stands in the file twice', async () => {
    const table = await newTable('')

    await done(
      { ...json, objectType: ofTable(table), keyColumns: ['item'], orderColumn: 'id' },
      lines(
        { id: 8, item: 'tea', price: 8 },
        { id: 9, item: 'tea', price: 9 },
        { id: 7, item: 'tea', price: 7 },
      ),
    )

    expect(await rowsOf(table)).toEqual([
      { id: '2', item: 'salt', price: '2' },
      { id: '9', item: 'tea', price: '9' },
    ])
  })

  it('lets an older file neither change nor remove a newer row, by the order column', async () => {
    const table = await newTable('')
    await bigquery.run(`UPDATE shop.${table} SET price = NULL WHERE id = 2`)
    const tableSchema = JSON.stringify([
      { name: 'id', type: 'INTEGER' },
      { name: 'item', type: 'STRING' },
      { name: 'price', type: 'NUMERIC' },
      { name: 'gone', type: 'BOOLEAN' },
    ])
    const options = { ...json, objectType: ofTable(table), tableSchema, keyColumns: 'id' }
    const ordered = { ...options, orderColumn: 'price', deleteColumn: 'gone' }

    await done(ordered, lines({ id: 1, price: 1, gone: true }, { id: 2, price: 0, item: 'newer than NULL' }))
    await done(ordered, lines({ id: 1, item: 'without an age' }, { id: 3, item: 'added' }))
    await done(ordered, lines({ id: 1, price: 1.4, item: 'older' }, { id: 2, price: 0, item: 'as old' }))

    expect(await rowsOf(table)).toEqual([
      { id: '1', item: 'tea', price: '1.5' },
      { id: '2', item: 'as old', price: '0' },
      { id: '3', item: 'added', price: null },
    ])
  })

  it('leaves columns as they are that the table schema does not name', async () => {
    const table = await newTable()
    const tableSchema = JSON.stringify({
      fields: [
        { name: 'id', type: 'INTEGER' },
        { name: 'price', type: 'NUMERIC' },
      ],
    })

    await done({ ...json, objectType: ofTable(table), tableSchema }, lines({ id: 1, price: 99 }))

    expect(await rowsOf(table)).toContainEqual({ id: '1', item: 'tea', price: '99' })
  })

  it('runs the SQL command in place of the MERGE, with the names of the tables for its words', async () => {
    const table = await newTable('')
    const sqlCommand =
      'INSERT INTO $QUERY_TARGET_TABLE (id, item) SELECT id + 100, UPPER(item) FROM $LOAD_TARGET_TABLE'

    await done({ ...json, objectType: ofTable(table), sqlCommand }, lines({ id: 1, item: 'tea' }))

    expect(await rowsOf(table)).toEqual([...untouched, { id: '101', item: 'TEA', price: null }])
  })

  it('finds its tables by the options where the object is generic, and by the document where that says so', async () => {
    const [table, other] = [await newTable(), await newTable()]
    const options = { ...json, objectType: 'GENERIC', datasetId: 'shop', targetTableForQuery: table }

    const outcomes = await upsert(
      options,
      { data: lines({ id: 1, item: 'here' }) },
      {
        data: '5,there,\n',
        properties: {
          targetTableForQuery: other,
          sourceFormat: 'CSV',
          keyColumns: 'id',
          skipLeadingRows: '0',
        },
      },
      { data: '', properties: { sourceFormat: 'PDF' } },
    )

    expect(outcomes).toMatchObject([
      { status: 'success' },
      { status: 'success' },
      { status: 'application-error', code: '400', errorCode: 'BQC_PROPERTY_INVALID' },
    ])
    expect(await rowsOf(table)).toContainEqual({ id: '1', item: 'here', price: null })
    expect(await rowsOf(other)).toContainEqual({ id: '5', item: 'there', price: null })
  })

  it('takes every step to the dataset that the document names, removing the temporary table included', async () => {
    const table = await newTable()
    await bigquery.run(
      'CREATE SCHEMA IF NOT EXISTS branch',
      `CREATE TABLE branch.${table} (id INT64, item STRING, PRIMARY KEY (id) NOT ENFORCED)`,
    )

    const { payload } = await done({ ...json, objectType: ofTable(table) }, lines({ id: 1, item: 'there' }), {
      datasetId: 'branch',
    })

    expect(payload).toMatchObject({
      load: { configuration: { load: { destinationTable: { datasetId: 'branch' } } } },
      delete: { status: 'deleted' },
    })
    expect(await bigquery.rows(`SELECT * FROM branch.${table}`)).toEqual([{ id: '1', item: 'there' }])
    expect(await rowsOf(table)).toEqual(untouched)
    expect(await bigquery.rows('SELECT table_name FROM branch.INFORMATION_SCHEMA.TABLES')).toEqual([
      { table_name: table },
    ])
  })

  it('begins the name of the temporary table as it is asked to', async () => {
    const table = await newTable()

    const { payload } = await done(
      { ...json, objectType: ofTable(table), temporaryTableForLoad: 'mine' },
      lines({ id: 1 }),
    )

    expect(payload).toMatchObject({ delete: { name: expect.stringMatching(/^mine_upsert_/) } })
  })

  it('shows the MERGE that it generated, in the job of its outcome', async () => {
    const table = await newTable()

    const { payload } = await done({ ...json, objectType: ofTable(table) }, lines({ id: 1 }))

    const sql = expect.stringContaining(`MERGE \`demo.shop.${table}\` AS T`)
    expect(payload).toMatchObject({ query: { configuration: { query: { query: sql } } } })
  })

  it('takes useLegacySql for the SQL command alone: its own MERGE is GoogleSQL', async () => {
    const options = { ...json, objectType: ofTable(await newTable()), useLegacySql: true }

    const merged = await done(options, lines({ id: 1 }))
    const commanded = await one({ ...options, sqlCommand: 'SELECT 1' }, lines({ id: 1 }))

    expect(merged.payload).toMatchObject({ query: { configuration: { query: { useLegacySql: false } } } })
    expect(commanded).toMatchObject({
      status: 'application-error',
      message: expect.stringContaining('Legacy SQL is not supported by the local BigQuery'),
    })
  })

  it('runs where locationId says, and tells when the dataset is elsewhere', async () => {
    const options = { ...json, objectType: ofTable(await newTable()) }

    const there = await done({ ...options, locationId: 'US' }, lines({ id: 1 }))
    const elsewhere = await one({ ...options, locationId: 'EU' }, lines({ id: 1 }))

    expect(there.payload).toMatchObject({ load: { jobReference: { location: 'US' } } })
    expect(elsewhere).toMatchObject({
      status: 'failure',
      code: '404',
      errorCode: 'BQC_NOT_FOUND',
      message: expect.stringContaining('was not found in location EU'),
    })
  })

  it('refuses a time-out below -1', () => {
    expect(() => connection.operation('upsert', { objectType: 'GENERIC', requestTimeout: -2 })).toThrow(
      'requestTimeout must be at least -1, not -2',
    )
  })

  it('names each temporary table for its run and document, and BigQuery is told when to remove it', async () => {
    const table = await newTable()
    const options = { ...json, objectType: ofTable(table), deleteTempTableAfterQuery: 'NO_DELETE_VALUE' }
    const begun = Date.now()

    await upsert(options, { data: lines({ id: 1 }) }, { data: lines({ id: 2 }) })
    await upsert({ ...options, temporaryTableHours: 2 }, { data: lines({ id: 3 }) })

    const left = await stagings(table)
    const hours = left.map(({ expirationTime }) => Math.round((Number(expirationTime) - begun) / 3_600_000))
    expect(new Set(left.map(({ tableReference }) => tableReference.tableId)).size).toBe(3)
    expect(hours.sort((a, b) => a - b)).toEqual([2, 24, 24])
  })

  it('lets two upserts into one table at the same time both succeed', async () => {
    const table = await newTable()
    const options = { ...json, objectType: ofTable(table) }

    const outcomes = await Promise.all([
      one(options, lines({ id: 1, item: 'left' }, { id: 10, item: 'left' })),
      one(options, lines({ id: 2, item: 'right' }, { id: 11, item: 'right' })),
    ])

    expect(outcomes.map(({ status }) => status)).toEqual(['success', 'success'])
    expect(await rowsOf(table)).toMatchObject(['left', 'right', 'left', 'right'].map((item) => ({ item })))
  })

  it('works on several files at once where that is asked for, and hands on their outcomes in order', async () => {
    const table = await newTable()
    const options = { ...json, objectType: ofTable(table), maxConcurrentJobs: 3 }
    const files = Array.from({ length: 6 }, (_, n) => ({ data: lines({ id: 100 + n }), id: `file ${n}` }))

    const outcomes = await upsert(options, ...files)

    expect(outcomes.map(({ id, status }) => [id, status])).toEqual(files.map(({ id }) => [id, 'success']))
    expect(outcomes[0]).toMatchObject({ statistics: { rows: 1 } })
    expect(await rowsOf(table)).toHaveLength(8)
    expect(await stagings(table)).toEqual([])
  })

  it('runs where the dataset is, with the labels of the connection', async () => {
    await bigquery.run('CREATE TABLE far.t (id INT64, PRIMARY KEY (id) NOT ENFORCED)')
    const labelled = await connect({ jobLabels: { team: 'shop' } })
    const operation = labelled.operation('upsert', { ...json, objectType: 'datasets/far/tables/t' })

    const outcomes = await Array.fromAsync(operation.execute([{ data: lines({ id: 1 }) }]))

    await labelled.close()
    const where = { jobReference: { location: 'europe-west1' }, configuration: { labels: { team: 'shop' } } }
    expect(outcomes).toMatchObject([{ status: 'success', payload: { load: where, query: where } }])
  })
})

describe('Upsert without SQL', () => {
  const straight = { ...json, runSqlAfterLoad: false }

  it('loads into the destination itself, as the write disposition says', async () => {
    const table = await newTable()
    const options = { ...straight, objectType: ofTable(table) }

    const appended = await done(options, lines({ id: 3, item: 'oil' }))
    expect(await rowsOf(table)).toEqual([...untouched, { id: '3', item: 'oil', price: null }])
    expect(Object.keys(appended.payload as object)).toEqual(['load'])

    await done({ ...options, writeDisposition: 'WRITE_TRUNCATE' }, lines({ id: 4, item: 'all' }))
    expect(await rowsOf(table)).toEqual([{ id: '4', item: 'all', price: null }])

    const refused = await one({ ...options, writeDisposition: 'WRITE_EMPTY' }, lines({ id: 5 }))
    expect(refused).toMatchObject({
      status: 'application-error',
      code: '400',
      errorCode: 'BQC_JOB_FAILED',
      reason: 'duplicate',
    })
  })

  it('creates the destination where that is asked for, and does not where it is not', async () => {
    const options = { ...straight, datasetId: 'shop', destinationTableForLoad: 'fresh', autodetectJSON: true }

    const never = await one({ ...options, createDisposition: 'CREATE_NEVER' }, lines({ n: 1 }))
    expect(never).toMatchObject({
      status: 'application-error',
      errorCode: 'BQC_JOB_FAILED',
      reason: 'notFound',
    })

    await done(options, lines({ n: 1 }))
    expect(await bigquery.rows('SELECT * FROM shop.fresh')).toEqual([{ n: '1' }])
  })
})

describe('the options of the file', () => {
  it('of CSV mean what they say', async () => {
    const table = await newTable()
    const csv = {
      objectType: ofTable(table),
      sourceFormat: 'CSV',
      encoding: 'ISO-8859-1',
      fieldDelimiter: ';',
      skipLeadingRows: 1,
      quote: "'",
      nullMarker: '-',
      allowQuotedNewlines: true,
      allowJaggedRows: true,
    }

    await done(csv, Buffer.from("id;item;price\n1;'caf\u00e9;\nnoir';-\n3;half\n", 'latin1'))

    expect(await rowsOf(table)).toEqual([
      { id: '1', item: 'caf\u00e9;\nnoir', price: null },
      { id: '2', item: 'salt', price: '2' },
      { id: '3', item: 'half', price: null },
    ])
  })

  it('let quotes be empty: then nothing is quoted', async () => {
    const table = await newTable()

    await done({ objectType: ofTable(table), quote: '' }, '1,6" nail,2\n')

    expect(await rowsOf(table)).toContainEqual({ id: '1', item: '6" nail', price: '2' })
  })

  it.each([
    ['CSV', 'maxBadRecordsCSV', '1,good,1\nx,bad,2\n'],
    ['NEWLINE_DELIMITED_JSON', 'maxBadRecordsJSON', '{"id":1,"item":"good"}\n{"id":"x"}\n'],
  ])('of %s let bad records be left out, and the outcome tells which', async (sourceFormat, option, text) => {
    const table = await newTable()
    const options = { objectType: ofTable(table), sourceFormat }

    const outcome = await done({ ...options, [option]: 1 }, text)
    const strict = await one(options, text)

    expect(outcome).toMatchObject({
      message: expect.stringMatching(/^1 bad record was left out\. The first: Error while reading data/),
      warnings: [{ reason: 'invalid', message: expect.stringContaining('x') }],
    })
    expect(await rowsOf(table)).toMatchObject([{ item: 'good' }, { item: 'salt' }])
    expect(strict).toMatchObject({
      status: 'application-error',
      code: '400',
      errorCode: 'BQC_JOB_FAILED',
      message: expect.stringMatching(/details\. Error while reading .*\bx\b/),
    })
  })

  it('of text let BigQuery guess the columns', async () => {
    const table = await newTable()

    await done({ objectType: ofTable(table), autodetectCSV: true }, 'id,item,price\n7,guessed,1\n8,too,2\n')

    expect(await rowsOf(table)).toContainEqual({ id: '7', item: 'guessed', price: '1' })
  })
})

describe('a file that BigQuery wrote', () => {
  const columns =
    'id INT64 NOT NULL, item STRING, price NUMERIC, at TIMESTAMP, day DATE, ok BOOL, raw BYTES, weight FLOAT64'
  beforeAll(async () => {
    const bucket = { method: 'POST', body: JSON.stringify({ name: 'files' }) }
    await fetch(`${bigquery.local.url}/storage/v1/b`, bucket)
    await bigquery.run(
      `CREATE TABLE shop.written (${columns})`,
      `INSERT INTO shop.written (${columns.replaceAll(/ [A-Z0-9]+( NOT NULL)?/g, '')}) VALUES
         (9223372036854775807, 'caf\u00e9 \u2615', -0.000000001, TIMESTAMP '9999-12-31 23:59:59.999999+00', DATE '0001-01-01', TRUE, b'\\x00\\xff', 1.5),
         (-9223372036854775808, '', 99999999999999999999999999999.999999999, TIMESTAMP '0001-01-01 00:00:00+00', DATE '9999-12-31', FALSE, b'', -0.25),
         (0, NULL, NULL, NULL, NULL, NULL, NULL, NULL)`,
    )
  })

  it.each([
    ['CSV', 'CSV', { skipLeadingRows: 1, nullMarker: '' }],
    ['NEWLINE_DELIMITED_JSON', 'NEWLINE_DELIMITED_JSON', {}],
    ['AVRO', 'AVRO', {}],
    ['PARQUET', 'PARQUET', {}],
  ])(
    'as %s is taken back exactly, extremes and NULL included',
    async (destinationFormat, sourceFormat, more) => {
      const table = `back_${sourceFormat.toLowerCase()}`
      await bigquery.run(`CREATE TABLE shop.${table} (${columns}, PRIMARY KEY (id) NOT ENFORCED)`)
      const uri = `gs://files/${table}`
      const extract = {
        sourceTable: { projectId: 'demo', datasetId: 'shop', tableId: 'written' },
        destinationUri: uri,
        destinationFormat,
        useAvroLogicalTypes: true,
      }
      const job = connection.operation('run-job', { objectType: 'EXTRACT' })
      const [extracted] = await Array.fromAsync(job.execute([{ data: { configuration: { extract } } }]))
      expect(extracted?.message).toBe('')
      const reply = await fetch(`${bigquery.local.url}/storage/v1/b/files/o/${table}?alt=media`)

      await done({ objectType: ofTable(table), sourceFormat, ...more }, await reply.blob())

      const rows = (of: string) => bigquery.rows(`SELECT * FROM shop.${of} ORDER BY id`)
      const expected = (await rows('written')) as { id: string; item: string | null; raw: string | null }[]
      // An empty text and NULL look the same in CSV.
      const same =
        sourceFormat === 'CSV'
          ? ({ item, raw, ...row }: (typeof expected)[number]) => ({
              ...row,
              item: item || null,
              raw: raw || null,
            })
          : (row: object) => row
      expect(((await rows(table)) as typeof expected).map(same)).toEqual(expected.map(same))
    },
  )

  it('as ORC is asked for as such, which the embedded BigQuery says it cannot read', async () => {
    const outcome = await one(
      { datasetId: 'shop', runSqlAfterLoad: false, destinationTableForLoad: 'orc', sourceFormat: 'ORC' },
      'ORC',
    )

    expect(outcome).toMatchObject({
      status: 'application-error',
      message: expect.stringContaining('does not read ORC'),
    })
  })
})

describe('an upsert that fails', () => {
  it('at the load says so, and has removed its temporary table', async () => {
    const table = await newTable()

    const outcome = await one({ ...json, objectType: ofTable(table) }, '{"id":\n')

    expect(outcome).toMatchObject({
      status: 'application-error',
      code: '400',
      errorCode: 'BQC_JOB_FAILED',
      reason: 'invalid',
      message: expect.stringMatching(/^Step load: Job demo\.bqc_load_.* failed/),
      payload: {
        load: { status: { state: 'DONE', errorResult: { reason: 'invalid' } } },
        delete: { status: 'deleted' },
      },
    })
    expect(outcome.payload).not.toHaveProperty('query')
    expect(await stagings(table)).toEqual([])
    expect(await rowsOf(table)).toEqual(untouched)
  })

  it('at the SQL says so, with the job of both steps', async () => {
    const table = await newTable()

    const outcome = await one(
      { ...json, objectType: ofTable(table), sqlCommand: 'SELECT nope FROM $LOAD_TARGET_TABLE' },
      lines({ id: 1 }),
    )

    expect(outcome).toMatchObject({
      status: 'application-error',
      code: '400',
      errorCode: 'BQC_JOB_FAILED',
      message: expect.stringMatching(/^Step query: .*nope/),
      payload: {
        load: { status: { state: 'DONE' } },
        query: { status: { errorResult: { reason: 'invalidQuery' } } },
        delete: { status: 'deleted' },
      },
    })
  })

  it('keeps its temporary table where that is removed after a success only', async () => {
    const table = await newTable()
    const options = {
      ...json,
      objectType: ofTable(table),
      deleteTempTableAfterQuery: 'DELETE_IF_SUCCESS_VALUE',
    }

    const failed = await one({ ...options, sqlCommand: 'SELECT nope' }, lines({ id: 1 }))
    expect(failed.payload).not.toHaveProperty('delete')
    expect(await stagings(table)).toHaveLength(1)

    const outcome = await done(options, lines({ id: 1 }))
    expect(outcome.payload).toMatchObject({ delete: { status: 'deleted' } })
    expect(await stagings(table)).toHaveLength(1)
  })

  it('at removing the temporary table alone has done what was asked, and says what is left', async () => {
    const table = await newTable()
    await rules([
      { match: { method: 'DELETE' }, status: 403, reason: 'accessDenied', message: 'May not delete' },
    ])

    const outcome = await done({ ...json, objectType: ofTable(table) }, lines({ id: 1, item: 'new' }))

    expect(outcome).toMatchObject({
      code: '200',
      message: expect.stringMatching(/could not be removed.*May not delete/),
      payload: { delete: { error: { code: 403 } } },
    })
    expect(await rowsOf(table)).toContainEqual({ id: '1', item: 'new', price: null })
    expect(Number((await stagings(table))[0]?.expirationTime)).toBeGreaterThan(Date.now())
  })

  it.each([
    ['a table that is not there', { objectType: ofTable('ghost') }, 'failure', '404', 'BQC_NOT_FOUND'],
    [
      'a dataset that is not there',
      { objectType: 'datasets/ghost/tables/t' },
      'failure',
      '404',
      'BQC_NOT_FOUND',
    ],
    ['no dataset', {}, 'failure', 'BQC_CONFIG_INVALID', 'BQC_CONFIG_INVALID'],
    ['no target', { datasetId: 'shop' }, 'failure', 'BQC_CONFIG_INVALID', 'BQC_CONFIG_INVALID'],
    ['no key', { objectType: ofTable('keyless') }, 'failure', 'BQC_CONFIG_INVALID', 'BQC_CONFIG_INVALID'],
    [
      'a schema that is none',
      { datasetId: 'shop', tableSchema: '{' },
      'failure',
      'BQC_CONFIG_INVALID',
      'BQC_CONFIG_INVALID',
    ],
  ])('for %s fails before the file is sent', async (_, options, status, code, errorCode) => {
    await bigquery.run('CREATE TABLE IF NOT EXISTS shop.keyless (id INT64)')
    const { data, opened } = unread()

    expect(await one({ ...json, ...options }, data)).toMatchObject({ status, code, errorCode })
    expect(opened()).toBe(0)
  })

  const every =
    'id INT64, g GEOGRAPHY, j JSON, s STRUCT<a INT64>, l ARRAY<INT64>, f FLOAT64, r RANGE<DATE>, i INTERVAL'
  it.each([
    ['a key of type GEOGRAPHY', 'every', { keyColumns: 'g' }, '/keyColumns'],
    ['a key of type JSON', 'every', { keyColumns: 'J' }, '/keyColumns'],
    ['a key of type STRUCT', 'every', { keyColumns: 's' }, '/keyColumns'],
    ['a key of type FLOAT64', 'every', { keyColumns: 'f' }, '/keyColumns'],
    ['a key of type RANGE', 'every', { keyColumns: 'r' }, '/keyColumns'],
    ['a key of type INTERVAL', 'every', { keyColumns: 'i' }, '/keyColumns'],
    ['a key that is a list', 'every', { keyColumns: 'id,l' }, '/keyColumns'],
    ['an order of type JSON', 'every', { keyColumns: 'id', orderColumn: 'j' }, '/orderColumn'],
    ['a mark that is no BOOL', 'every', { keyColumns: 'id', deleteColumn: 'f' }, '/deleteColumn'],
    ['a view', 'seen', { keyColumns: 'id' }, '/objectType'],
  ])(
    'by %s fails before the file is sent, and says which option is wrong',
    async (_, table, options, path) => {
      await bigquery.run(
        `CREATE TABLE IF NOT EXISTS shop.every (${every})`,
        'CREATE OR REPLACE VIEW shop.seen AS SELECT id FROM shop.every',
      )
      const { data, opened } = unread()

      expect(await one({ ...json, objectType: ofTable(table), ...options }, data)).toMatchObject({
        status: 'failure',
        errorCode: 'BQC_CONFIG_INVALID',
        faults: [{ path }],
      })
      expect(opened()).toBe(0)
    },
  )

  it('for want of time has cancelled its job, and removed its temporary table', async () => {
    const table = await newTable()

    const outcome = await one({ ...json, objectType: ofTable(table), requestTimeout: 0 }, text)

    expect(outcome).toMatchObject({
      status: 'application-error',
      code: '408',
      errorCode: 'BQC_JOB_TIMEOUT',
      message: expect.stringMatching(/^Step load: .* is not done after 0 ms/),
      payload: { load: { jobReference: {} }, delete: { status: 'deleted' } },
    })
    const { jobId } = (outcome.payload as { load: { jobReference: { jobId: string } } }).load.jobReference
    const look = async () =>
      (await (await fetch(`${bigquery.local.url}/bigquery/v2/projects/demo/jobs/${jobId}`)).json()) as {
        status: { state: string; errorResult?: { reason: string } }
      }
    let job = await look()
    while (job.status.state !== 'DONE') job = await look()
    expect(job.status.errorResult).toMatchObject({ reason: 'stopped' })
    expect(await stagings(table)).toEqual([])
    expect(await rowsOf(table)).toEqual(untouched)
  })

  it('for a file that does not fit the target leaves that as it is', async () => {
    const table = await newTable()

    const outcome = await one(
      { ...json, objectType: ofTable(table), autodetectJSON: true },
      lines({ id: 1, colour: 'red' }),
    )

    expect(outcome).toMatchObject({
      status: 'application-error',
      code: '400',
      errorCode: 'BQC_DOCUMENT_INVALID',
      faults: [{ path: '/colour', message: 'is a column that the table lacks' }],
      payload: { query: { errorMessage: expect.stringContaining('colour') }, delete: { status: 'deleted' } },
    })
    expect(await rowsOf(table)).toEqual(untouched)
  })

  it('closes a stream that it has not read', async () => {
    const options = { objectType: ofTable('nowhere'), ...json, keyColumns: 'id' }
    let isCancelled = false
    const node = Readable.from([Buffer.from('{"id":1}')])
    const web = new ReadableStream<Uint8Array>({
      cancel() {
        isCancelled = true
      },
    })

    const outcomes = await upsert(options, { data: node }, { data: web })

    expect(outcomes).toMatchObject([{ errorCode: 'BQC_NOT_FOUND' }, { errorCode: 'BQC_NOT_FOUND' }])
    expect(node.destroyed).toBe(true)
    expect(isCancelled).toBe(true)
  })

  it('for a stream that broke before it was read is told as such, and does not end the process', async () => {
    const table = await newTable()
    const broken = new Readable({ read() {} })
    setImmediate(() => broken.destroy(new Error('There is no such file.')))

    const outcome = await one({ objectType: ofTable(table), ...json }, broken)

    expect(outcome).toMatchObject({
      status: 'failure',
      errorCode: 'BQC_INPUT_UNREADABLE',
      message: expect.stringContaining('There is no such file.'),
    })
  })

  it('harms no document after it, and its dead letter holds no file', async () => {
    const table = await newTable()
    const letters: DeadLetter[] = []
    const documents = [
      { data: { id: 1 } },
      { data: new Blob(['{"id":\n']), id: 'bad' },
      { data: lines({ id: 3 }), id: 'good' },
    ]

    const operation = connection.operation('upsert', { ...json, objectType: ofTable(table) })
    const outcomes = await Array.fromAsync(
      operation.execute(documents, { deadLetter: (letter) => void letters.push(letter) }),
    )

    expect(outcomes).toMatchObject([
      { index: 0, status: 'application-error', errorCode: 'BQC_DOCUMENT_INVALID', attempts: 0 },
      { index: 1, status: 'application-error', id: 'bad' },
      { index: 2, status: 'success', id: 'good' },
    ])
    expect(letters).toMatchObject([{ data: { id: 1 } }, { id: 'bad', data: null }])
  })
})

describe('an upsert that is stopped', () => {
  /** Aborts as soon as a request to this path has been made. */
  async function stopAt(path: string, stop: () => unknown): Promise<void> {
    await rules([{ match: { path }, delayMs: 200 }])
    for (;;) {
      const reply = await fetch(`${bigquery.local.url}/_faults`)
      const { rules: seen } = (await reply.json()) as { rules: { seen: number }[] }
      if (seen.some((rule) => rule.seen > 0)) break
    }
    await stop()
  }

  it.each([
    ['while the file is sent', '/upload/.*upload_id='],
    ['while a job is watched', '/jobs/bqc_load_'],
    ['while the SQL is started', '/projects/demo/jobs\\?'],
  ])('%s removes its temporary table', async (_, path) => {
    const table = await newTable()
    const stop = new AbortController()
    const operation = connection.operation('upsert', { ...json, objectType: ofTable(table) })

    const outcomes = Array.fromAsync(operation.execute([{ data: text }], { signal: stop.signal }))
    await stopAt(path, () => stop.abort())

    expect(await outcomes).toMatchObject([{ status: 'failure', errorCode: 'BQC_ABORTED' }])
    expect(await stagings(table)).toEqual([])
  })

  it('by closing its connection still removes its temporary table', async () => {
    const table = await newTable()
    const mine = await connect()
    const operation = mine.operation('upsert', { ...json, objectType: ofTable(table) })

    const outcomes = Array.fromAsync(operation.execute([{ data: text }]))
    await stopAt('/upload/.*upload_id=', () => mine.close())

    expect(await outcomes).toMatchObject([{ status: 'failure', errorCode: 'BQC_ABORTED' }])
    expect(await stagings(table)).toEqual([])
  })
})

describe('a file that is cut off', () => {
  const sum = async (table: string) =>
    bigquery.rows(`SELECT COUNT(*) AS n, SUM(id) AS ids, SUM(price) AS prices FROM shop.${table}`)
  const total = ids.reduce((all, { id }) => all + id, 0)
  const whole = [{ n: String(ids.length), ids: String(total), prices: String(total) }]

  it('three times in the middle goes on each time where it was, and ends right', async () => {
    const table = await newTable()
    const put = { method: 'PUT', path: 'upload_id=' }
    // Between two pieces the service is asked what it has.
    await rules([
      { match: { ...put, count: 1 }, cutBody: granule + 7 },
      { match: { ...put, skip: 1, count: 1 }, cutBody: 2 * granule },
      { match: { ...put, skip: 2, count: 1 }, cutBody: granule - 1 },
    ])

    const outcome = await done({ ...json, objectType: ofTable(table) }, Readable.from([Buffer.from(text)]))

    const reply = await fetch(`${bigquery.local.url}/_faults`)
    const { rules: seen } = (await reply.json()) as { rules: { applied: number }[] }
    expect(seen.map(({ applied }) => applied)).toEqual([1, 1, 1])
    expect(outcome.payload).toMatchObject({
      load: { statistics: { load: { inputFileBytes: String(text.length), outputRows: '40000' } } },
    })
    expect(await sum(table)).toEqual(whole)
  })

  it('after its last byte finds its job again', async () => {
    const table = await newTable()
    await rules([{ match: { method: 'PUT', path: 'upload_id=', count: 1 }, reset: 'after' }])

    await done({ ...json, objectType: ofTable(table) }, text)

    expect(await sum(table)).toEqual(whole)
  })

  it("for good is a failure that tells nobody the address, which takes anybody's bytes", async () => {
    const table = await newTable()
    await rules([{ match: { method: 'PUT', path: 'upload_id=' }, reset: 'before' }])

    const outcome = await one({ ...json, objectType: ofTable(table) }, lines({ id: 1 }))

    expect(outcome).toMatchObject({
      status: 'failure',
      errorCode: 'BQC_NETWORK',
      message: expect.stringContaining('/upload/'),
    })
    expect(JSON.stringify(outcome)).not.toContain('upload_id')
    expect(await stagings(table)).toEqual([])
  })

  it('by a session that is gone begins again, but a stream cannot', async () => {
    const table = await newTable()
    const gone: FaultRule[] = [{ match: { method: 'PUT', path: 'upload_id=', count: 1 }, status: 410 }]

    await rules(gone)
    await done({ ...json, objectType: ofTable(table) }, new Blob([text]))
    expect(await sum(table)).toEqual(whole)

    await rules(gone)
    const outcome = await one({ ...json, objectType: ofTable(table) }, Readable.from([Buffer.from(text)]))
    expect(outcome).toMatchObject({ status: 'failure', errorCode: 'BQC_UPLOAD_LOST', code: '410' })
  })
})

describe('what a host is shown', () => {
  it('is the generic table first, then the tables of the dataset', async () => {
    const table = await newTable()

    const types = await connection.browse('upsert', { datasetId: 'shop' })

    expect(types[0]).toEqual({ id: 'GENERIC', label: 'Generic Table', kind: 'generic' })
    expect(types).toContainEqual({ id: ofTable(table), label: table, kind: 'table' })
    expect(await connection.browse('upsert')).toEqual([types[0]])
  })

  it('is a file for the request, and the steps for the response', async () => {
    const { request, response } = await connection.profile('upsert', 'GENERIC')

    expect(request).toMatchObject({ type: 'string', format: 'binary' })
    expect(response).toMatchObject({ properties: { load: {}, query: {}, delete: {} } })
  })
})
