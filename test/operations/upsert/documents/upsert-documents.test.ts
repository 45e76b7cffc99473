import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import {
  type Connection,
  createConnector,
  type DeadLetter,
  type Document,
  type ExecuteOptions,
  type Outcome,
} from '../../../../src/index.ts'
import type { FaultRule } from '../../../../src/local/index.ts'
import { hurried } from '../../../fixtures/clocks.ts'
import { embedded } from '../../../fixtures/embedded.ts'

const bigquery = embedded()
let connection: Connection
const connect = () =>
  createConnector({ clock: hurried, random: () => 0 }).connect({
    projectId: 'demo',
    endpoint: bigquery.local.url,
    grant: 'none',
  })
beforeAll(async () => {
  connection = await connect()
  await bigquery.run('CREATE SCHEMA shop', 'CREATE VIEW shop.seen AS SELECT 1 AS id')
})
afterEach(() => rules([]))
afterAll(() => connection.close())

async function rules(list: readonly FaultRule[]): Promise<void> {
  const reply = await fetch(`${bigquery.local.url}/_faults`, { method: 'PUT', body: JSON.stringify(list) })
  expect(reply.status).toBe(200)
}

let made = 0
/** A table of its own for a test. */
async function newTable(columns: string, ...statements: string[]): Promise<string> {
  made += 1
  const table = `t${made}`
  await bigquery.run(
    `CREATE TABLE shop.${table} (${columns})`,
    ...statements.map((sql) => sql.replaceAll('$T', `shop.${table}`)),
  )
  return table
}
const orders = () =>
  newTable(
    'id INT64 NOT NULL, item STRING, price NUMERIC, PRIMARY KEY (id) NOT ENFORCED',
    "INSERT INTO $T (id, item, price) VALUES (1, 'tea', 1.5), (2, 'salt', 2)",
  )

function operationOn(table: string, options: object = {}, on = connection) {
  return on.operation('upsert', {
    objectType: `datasets/shop/tables/${table}`,
    input: 'documents',
    ...options,
  })
}
const of = (...rows: readonly object[]): Document[] =>
  rows.map((data) => ({ data: data as Document['data'] }))
const upsert = (
  table: string,
  options: object,
  documents: readonly Document[],
  execute: ExecuteOptions = {},
) => Array.fromAsync(operationOn(table, options).execute(documents, execute))

async function done(table: string, options: object, ...rows: object[]): Promise<Outcome[]> {
  const outcomes = await upsert(table, options, of(...rows))
  expect(outcomes.filter(({ status }) => status !== 'success')).toEqual([])
  return outcomes
}

const rowsOf = (table: string, order = 'id') => bigquery.rows(`SELECT * FROM shop.${table} ORDER BY ${order}`)
const stagings = async (table: string) => {
  const url = `${bigquery.local.url}/bigquery/v2/projects/demo/datasets/shop/tables?maxResults=1000`
  const { tables } = (await (await fetch(url)).json()) as { tables: { id: string }[] }
  return tables.filter(({ id }) => id.includes(`${table}_upsert_`)).length
}
/** Load jobs that were started so far. */
async function loads(): Promise<number> {
  const url = `${bigquery.local.url}/bigquery/v2/projects/demo/jobs?maxResults=10000&projection=full`
  const { jobs } = (await (await fetch(url)).json()) as { jobs: { configuration: { load?: object } }[] }
  return jobs.filter(({ configuration }) => configuration.load !== undefined).length
}

describe('Upsert of documents', () => {
  it('changes the columns that a document has, and adds rows that are not there', async () => {
    const table = await orders()

    const outcomes = await done(
      table,
      {},
      { id: 1, price: '3' },
      { ID: '3', item: 'rice' },
      { id: 2, item: null },
    )

    expect(await rowsOf(table)).toEqual([
      { id: '1', item: 'tea', price: '3' },
      { id: '2', item: null, price: '2' },
      { id: '3', item: 'rice', price: null },
    ])
    expect(outcomes).toHaveLength(3)
    expect(outcomes[0]).toMatchObject({
      code: '200',
      attempts: 1,
      destination: `demo.shop.${table}`,
      payload: {
        destination: `demo.shop.${table}`,
        documents: 3,
        load: { jobReference: { projectId: 'demo', jobId: expect.stringMatching(/^bqc_load_/) } },
        merge: {
          jobReference: { jobId: expect.stringMatching(/^bqc_merge_/) },
          inserted: 1,
          updated: 2,
          deleted: 0,
        },
        staging: { name: expect.stringContaining(`${table}_upsert_`), status: 'deleted' },
      },
    })
    expect(outcomes[0]).not.toHaveProperty('insertId')
    expect(await stagings(table)).toBe(0)
  })

  it('gathers small documents into one load', async () => {
    const table = await newTable('id INT64, item STRING')
    const before = await loads()

    const documents = Array.from({ length: 500 }, (_, id) => ({ data: { id, item: `item ${id}` } }))
    const outcomes = await upsert(table, { keyColumns: 'id' }, documents)

    expect(outcomes.map(({ index, status }) => [index, status])).toEqual(
      documents.map((_, index) => [index, 'success']),
    )
    expect((await loads()) - before).toBe(1)
    expect(await bigquery.rows(`SELECT COUNT(DISTINCT id) AS n FROM shop.${table}`)).toEqual([{ n: '500' }])
  })

  it('makes the row what the document says where that is the whole row: what it lacks is the default, or NULL', async () => {
    const table = await newTable(
      "id INT64, item STRING DEFAULT 'none', price NUMERIC, tags ARRAY<STRING>, PRIMARY KEY (id) NOT ENFORCED",
      "INSERT INTO $T (id, item, price, tags) VALUES (1, 'tea', 1.5, ['hot']), (2, 'salt', 2, ['dry'])",
    )

    await done(table, { columns: 'all' }, { id: 1, price: 3 }, { id: 2, item: null, tags: [] }, { id: 3 })

    expect(await rowsOf(table)).toEqual([
      { id: '1', item: 'none', price: '3', tags: [] },
      { id: '2', item: null, price: null, tags: [] },
      { id: '3', item: 'none', price: null, tags: [] },
    ])
  })

  it('applies documents of one key as if they came one after the other, also within one batch', async () => {
    const table = await orders()

    await done(
      table,
      { deleteColumn: 'gone' },
      { id: 1, item: 'coffee' },
      { id: 2, gone: true },
      { id: 1, price: 9 },
      { id: 2, price: 5, gone: false },
      { id: 3, item: 'oil', gone: null },
      { id: 3, gone: true },
      { id: 4, item: 'from before its removal' },
      { id: 4, gone: true },
      { id: 4, price: 4 },
    )

    expect(await rowsOf(table)).toEqual([
      { id: '1', item: 'coffee', price: '9' },
      { id: '2', item: null, price: '5' },
      { id: '4', item: null, price: '4' },
    ])
  })

  it('does not apply what is older than the row, by the ordering column, nor what is older than a document before it', async () => {
    const table = await newTable(
      'id INT64, at TIMESTAMP, item STRING, price INT64',
      "INSERT INTO $T (id, at, item, price) VALUES (1, '2026-01-05', 'tea', 1), (2, '2026-01-01', 'salt', 2), (3, '2026-01-02', 'oil', 3)",
    )
    const options = { keyColumns: 'id', orderColumn: 'at', deleteColumn: 'gone' }

    await done(
      table,
      options,
      { id: 1, at: '2026-01-04T00:00:00Z', item: 'late' },
      { id: 3, at: '2026-01-01T00:00:00Z', item: 'older than the row' },
      { id: 3, at: '2026-01-03T00:00:00Z', price: 33 },
      { id: 1, at: '2026-01-04T00:00:00Z', gone: true },
      { id: 2, at: '2026-01-03T00:00:00Z', item: 'pepper' },
      { id: 2, at: '2026-01-02T00:00:00Z', price: 99 },
      { id: 2, at: '2026-01-03T00:00:00Z', item: 'the last of two at the same time' },
    )

    expect(await rowsOf(table)).toEqual([
      { id: '1', at: '2026-01-05T00:00:00Z', item: 'tea', price: '1' },
      { id: '2', at: '2026-01-03T00:00:00Z', item: 'the last of two at the same time', price: '2' },
      { id: '3', at: '2026-01-03T00:00:00Z', item: 'oil', price: '33' },
    ])
  })

  it('leaves the table as it is where the same documents come again', async () => {
    const table = await orders()
    const documents = [
      { id: 1, item: 'coffee' },
      { id: 2, gone: true },
      { id: 3, price: 3 },
      { id: 1, price: 9 },
      { id: 4, item: 'rice' },
      { id: 4, gone: true },
    ]

    await done(table, { deleteColumn: 'gone' }, ...documents)
    const after = await rowsOf(table)
    await done(table, { deleteColumn: 'gone' }, ...documents)

    expect(after).toEqual([
      { id: '1', item: 'coffee', price: '9' },
      { id: '3', item: null, price: '3' },
    ])
    expect(await rowsOf(table)).toEqual(after)
  })

  it('keeps the order of documents over batches', async () => {
    const table = await orders()
    const documents = Array.from({ length: 40 }, (_, n) => ({ id: n % 3, item: `${n}` }))

    const outcomes = await done(table, { batchCount: 7 }, ...documents)

    expect(await rowsOf(table)).toMatchObject([
      { id: '0', item: '39' },
      { id: '1', item: '37' },
      { id: '2', item: '38' },
    ])
    const merges = outcomes.map(
      ({ payload }) => (payload as { merge: { jobReference: { jobId: string } } }).merge,
    )
    expect(new Set(merges.map(({ jobReference }) => jobReference.jobId)).size).toBe(6)
  })

  it('takes NULL for a key like any other value, and names that need quotes', async () => {
    made += 1
    const table = `odd-t${made}`
    await bigquery.run(
      `CREATE TABLE shop.\`${table}\` (\`select\` STRING, \`the key\` INT64, r STRUCT<\`from\` STRING>)`,
      `INSERT INTO shop.\`${table}\` VALUES ('a', NULL, NULL), ('a', 1, STRUCT('x'))`,
    )

    await done(
      table,
      { keyColumns: ['select', 'the key'] },
      { select: 'a', 'the key': null, r: { from: 'y' } },
      { select: null, 'the key': null },
      { select: null, 'the key': null, r: { from: "quo'te" } },
    )

    expect(await bigquery.rows(`SELECT * FROM shop.\`${table}\` ORDER BY 1, 2`)).toEqual([
      { select: null, 'the key': null, r: { from: "quo'te" } },
      { select: 'a', 'the key': null, r: { from: 'y' } },
      { select: 'a', 'the key': '1', r: { from: 'x' } },
    ])
  })

  it('stores JSON as inserts do: text is what is written in it, values are values, however deep', async () => {
    const table = await newTable(
      'id INT64, j JSON, l ARRAY<JSON>, s STRUCT<j JSON, r ARRAY<STRUCT<j JSON, n INT64>>>, PRIMARY KEY (id) NOT ENFORCED',
    )
    const row = (j: unknown) => ({ j, l: [j, '2'], s: { j, r: [{ j, n: 1 }, { n: 2 }] } })

    await done(
      table,
      {},
      { id: 1, ...row('{"b":1,"a":[12345678901234567]}') },
      { id: 2, ...row({ b: 1, a: ['x'] }) },
      { id: 3, ...row('"text"') },
      { id: 4, ...row('null') },
      { id: 5, j: null, l: [], s: null },
    )

    const stored = (j: string) => ({
      j,
      l: [j, '2'],
      s: {
        j,
        r: [
          { j, n: '1' },
          { j: null, n: '2' },
        ],
      },
    })
    expect(await rowsOf(table)).toEqual([
      { id: '1', ...stored('{"a":[12345678901234567],"b":1}') },
      { id: '2', ...stored('{"a":["x"],"b":1}') },
      { id: '3', ...stored('"text"') },
      { id: '4', ...stored('null') },
      { id: '5', j: null, l: [], s: null },
    ])
  })

  it('takes JSON text and bytes like objects, on one line or several', async () => {
    const table = await orders()
    const text = JSON.stringify({ id: 7, item: 'a\nb' }, null, 2)

    const outcomes = await upsert(table, {}, [
      { data: text },
      { data: Buffer.from(text.replace('7', '8')) },
      { data: '{"id":9,"item":"c","price":"1"}' },
    ])

    expect(outcomes.map(({ status }) => status)).toEqual(['success', 'success', 'success'])
    expect(await rowsOf(table)).toMatchObject([{}, {}, { item: 'a\nb' }, { item: 'a\nb' }, { item: 'c' }])
  })

  it('writes to the table that a document names, and refuses what must hold for all of them', async () => {
    const [table, other] = [await orders(), await orders()]
    const options = { objectType: 'GENERIC', datasetId: 'shop', targetTableForQuery: table }

    const outcomes = await upsert('', options, [
      { data: { id: 1, item: 'here' } },
      { data: { id: 1, item: 'there' }, properties: { targetTableForQuery: other, colour: 'red' } },
      { data: { id: 1, item: 'nowhere' }, properties: { keyColumns: 'item' } },
      { data: { id: 1, item: 'nowhere' }, properties: { targetTableForQuery: 'no/name' } },
    ])

    expect(outcomes).toMatchObject([
      { status: 'success', destination: `demo.shop.${table}` },
      { status: 'success', destination: `demo.shop.${other}` },
      { status: 'application-error', errorCode: 'BQC_PROPERTY_INVALID', faults: [{ path: '/keyColumns' }] },
      { status: 'application-error', errorCode: 'BQC_DESTINATION_INVALID' },
    ])
    expect(await rowsOf(table)).toMatchObject([{ item: 'here' }, { item: 'salt' }])
    expect(await rowsOf(other)).toMatchObject([{ item: 'there' }, { item: 'salt' }])
  })
})

describe('A document that cannot be upserted', () => {
  it.each([
    ['lacks a key', { item: 'x' }, {}, '/id'],
    ['has a field that the table lacks', { id: 1, colour: 'red' }, {}, '/colour'],
    ['has a value that does not fit', { id: 1, price: 'much' }, {}, '/price'],
    ['lacks the ordering column', { id: 1 }, { orderColumn: 'item' }, '/item'],
    ['has NULL for the ordering column', { id: 1, item: null }, { orderColumn: 'item' }, '/item'],
    ['has a mark that is no BOOL', { id: 1, gone: 'perhaps' }, { deleteColumn: 'gone' }, '/gone'],
  ])(
    'is refused before anything is sent where it %s, and its neighbours go in',
    async (_, bad, options, path) => {
      const table = await orders()

      const outcomes = await upsert(table, options, of(bad, { id: 3, item: 'rice' }))

      expect(outcomes).toMatchObject([
        { status: 'application-error', errorCode: 'BQC_DOCUMENT_INVALID', attempts: 0, faults: [{ path }] },
        { status: 'success' },
      ])
    },
  )

  it('may lack required columns only where it removes its row, or is not the whole of it', async () => {
    const table = await newTable(
      'id INT64, item STRING NOT NULL, n INT64',
      "INSERT INTO $T (id, item, n) VALUES (1, 'tea', 1), (2, 'salt', 2)",
    )
    const options = { keyColumns: 'id', deleteColumn: 'gone' }

    const whole = await upsert(
      table,
      { ...options, columns: 'all' },
      of({ id: 1, gone: true }, { id: 2, n: 9 }),
    )
    const part = await upsert(table, options, of({ id: 2, n: 10 }, { id: 2, item: null }))

    expect(whole).toMatchObject([
      { status: 'success' },
      { status: 'application-error', faults: [{ path: '/item' }] },
    ])
    expect(part).toMatchObject([
      { status: 'success' },
      { status: 'application-error', faults: [{ path: '/item' }] },
    ])
    expect(await rowsOf(table)).toEqual([{ id: '2', item: 'salt', n: '10' }])
  })

  it.each([
    ['the table is not there', 'ghost', {}, 'BQC_NOT_FOUND'],
    ['it is a view', 'seen', { keyColumns: 'id' }, 'BQC_CONFIG_INVALID'],
    ['nothing says what the key is', '', {}, 'BQC_CONFIG_INVALID'],
    ['the key is no column', '', { keyColumns: 'number' }, 'BQC_CONFIG_INVALID'],
    ['the key cannot be compared', '', { keyColumns: 'j' }, 'BQC_CONFIG_INVALID'],
    ['the key is no exact value', '', { keyColumns: 'f' }, 'BQC_CONFIG_INVALID'],
    ['the ordering column is no column', '', { keyColumns: 'id', orderColumn: 'when' }, 'BQC_CONFIG_INVALID'],
    [
      'the mark is a column of another type',
      '',
      { keyColumns: 'id', deleteColumn: 'item' },
      'BQC_CONFIG_INVALID',
    ],
  ])('is told so before anything is sent where %s', async (_, name, options, errorCode) => {
    const table = name || (await newTable('id INT64, item STRING, j JSON, f FLOAT64'))
    const before = await loads()

    const outcomes = await upsert(table, options, of({ id: 1 }, { id: 2 }))

    expect(outcomes).toMatchObject([
      { status: 'failure', errorCode },
      { status: 'failure', errorCode },
    ])
    expect(await loads()).toBe(before)
  })

  it('is found alone where only BigQuery sees what is wrong with it, and its dead letter is the document', async () => {
    const table = await newTable('id INT64, j JSON, PRIMARY KEY (id) NOT ENFORCED')
    const documents = Array.from({ length: 20 }, (_, id) => ({
      id: `d${id}`,
      data: { id, j: id === 13 ? '{"n":1.2345678901234567890123}' : '1' },
    }))
    const letters: DeadLetter[] = []

    const outcomes = await upsert(table, {}, documents, { deadLetter: (letter) => void letters.push(letter) })

    expect(outcomes.filter(({ status }) => status !== 'success')).toMatchObject([
      { index: 13, status: 'application-error', errorCode: 'BQC_JOB_FAILED' },
    ])
    expect(letters).toMatchObject([{ id: 'd13', data: { id: 13, j: '{"n":1.2345678901234567890123}' } }])
    expect(await rowsOf(table)).toHaveLength(19)
    expect(await stagings(table)).toBe(0)
  })

  it('does not cost a job for each where all of them fail', async () => {
    const table = await newTable('id INT64, item STRING NOT NULL')
    const documents = Array.from({ length: 300 }, (_, id) => ({ data: { id } }))
    const before = await loads()

    const outcomes = await upsert(table, { keyColumns: 'id' }, documents)

    expect(outcomes.every(({ errorCode }) => errorCode === 'BQC_JOB_FAILED')).toBe(true)
    expect((await loads()) - before).toBeLessThan(60)
    expect(await stagings(table)).toBe(0)
  })
})

describe('Trouble', () => {
  it.each<[string, FaultRule]>([
    ['the upload breaks', { match: { method: 'PUT', path: 'upload_id=', count: 1 }, reset: 'after' }],
    [
      'the answer to the MERGE is lost',
      { match: { method: 'POST', path: '/jobs$', count: 1 }, reset: 'after' },
    ],
    ['jobs cannot be looked at', { match: { method: 'GET', path: '/jobs/', count: 3 }, status: 503 }],
    ['the removal of the staging fails once', { match: { method: 'DELETE', count: 1 }, status: 503 }],
  ])('is overcome where %s', async (_, rule) => {
    const table = await orders()
    await rules([rule])

    await done(table, {}, { id: 1, item: 'coffee' }, { id: 3, item: 'rice' })

    expect(await rowsOf(table)).toMatchObject([{ item: 'coffee' }, { item: 'salt' }, { item: 'rice' }])
    expect(await stagings(table)).toBe(0)
  })

  it('with one batch holds up those after it: they are not applied first', async () => {
    const table = await orders()
    // As often as a request is tried: the first batch goes again as a whole.
    await rules([{ match: { method: 'POST', path: '/tables$', count: 5 }, status: 503 }])

    await done(table, { batchCount: 1 }, { id: 1, item: 'earlier' }, { id: 1, item: 'later' })

    expect(await rowsOf(table)).toMatchObject([{ item: 'later' }, { item: 'salt' }])
  })

  it('with the removal of a staging is told, and is no failure of the documents', async () => {
    const table = await orders()
    await rules([{ match: { method: 'DELETE' }, status: 403 }])

    const [outcome] = await done(table, {}, { id: 1, item: 'coffee' })

    expect(outcome).toMatchObject({
      payload: { staging: { status: 'left', errorMessage: expect.any(String) } },
    })
  })

  it.each(['two operations of one connection', 'two connections'])(
    'is none where %s upsert into one table at the same time',
    async (which) => {
      const table = await orders()
      const second = which === 'two connections' ? await connect() : connection
      const documents = (item: string) => Array.from({ length: 30 }, (_, id) => ({ data: { id, item } }))

      const outcomes = await Promise.all(
        [connection, second].map((on, at) =>
          Array.fromAsync(operationOn(table, { batchCount: 10 }, on).execute(documents(`${at}`))),
        ),
      )

      if (second !== connection) await second.close()
      expect(outcomes.flat().filter(({ status }) => status !== 'success')).toEqual([])
      expect(await rowsOf(table)).toHaveLength(30)
    },
  )
})

describe('A stop', () => {
  it('calls the batch on the wire off, removes its staging, and gives every document its outcome', async () => {
    const table = await orders()
    await rules([{ match: { method: 'POST', path: '/jobs$' }, delayMs: 60_000 }])
    const stopping = new AbortController()
    const documents = Array.from({ length: 10 }, (_, n) => ({ data: { id: n } }))
    const operation = operationOn(table, { batchCount: 4 })
    const outcomes = Array.fromAsync(operation.execute(documents, { signal: stopping.signal }))
    for (;;) if ((await stagings(table)) > 0) break
    stopping.abort()

    const stopped = await outcomes

    expect(stopped).toHaveLength(10)
    expect(new Set(stopped.map(({ errorCode }) => errorCode))).toEqual(new Set(['BQC_ABORTED']))
    expect(stopped[0]?.message).toContain('may have stored')
    expect(stopped[9]?.message).not.toContain('may have stored')
    expect(await stagings(table)).toBe(0)
  })

  it('by a connection that is closed removes the staging before that is closed', async () => {
    const table = await orders()
    await rules([{ match: { method: 'POST', path: '/jobs$' }, delayMs: 60_000 }])
    const closing = await connect()
    const outcomes = Array.fromAsync(operationOn(table, {}, closing).execute([{ data: { id: 1 } }]))
    for (;;) if ((await stagings(table)) > 0) break

    await closing.close()

    expect(await stagings(table)).toBe(0)
    expect(await outcomes).toMatchObject([{ status: 'failure', errorCode: 'BQC_ABORTED' }])
  })
})
