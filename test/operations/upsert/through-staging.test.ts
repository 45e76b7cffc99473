// A file on its way through a temporary table, against the embedded BigQuery: what becomes of the target.
import { openAsBlob } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { directories } from '../../fixtures/directories.ts'
import { fileUpserts, json, lines, ofTable, untouched } from '../../fixtures/file-upserts.ts'

const { bigquery, connect, operationOf, upsert, one, done, newTable, rowsOf, stagings } = fileUpserts()
const directory = directories()

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
        const path = directory()
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
    expect(() => operationOf({ requestTimeout: -2 })).toThrow('requestTimeout must be at least -1, not -2')
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
    await bigquery.run(
      "CREATE SCHEMA far OPTIONS (location = 'europe-west1')",
      'CREATE TABLE far.t (id INT64, PRIMARY KEY (id) NOT ENFORCED)',
    )
    const labelled = await connect({ jobLabels: { team: 'shop' } })
    const operation = labelled.operation('upsert', { ...json, objectType: 'datasets/far/tables/t' })

    const outcomes = await Array.fromAsync(operation.execute([{ data: lines({ id: 1 }) }]))

    await labelled.close()
    const where = { jobReference: { location: 'europe-west1' }, configuration: { labels: { team: 'shop' } } }
    expect(outcomes).toMatchObject([{ status: 'success', payload: { load: where, query: where } }])
  })
})
