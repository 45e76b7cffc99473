// What an upsert says that fails, and what it leaves behind.
import { Readable } from 'node:stream'
import { describe, expect, it } from 'vitest'
import type { DeadLetter, Document } from '../../../src/index.ts'
import { fileUpserts, json, lines, longText, ofTable, untouched } from '../../fixtures/file-upserts.ts'

const { bigquery, rules, operationOf, upsert, one, done, newTable, rowsOf, stagings } = fileUpserts()

/** A file, and how often it was opened. */
function unread(): { readonly data: Document['data']; opened(): number } {
  let opened = 0
  const stream = () => {
    opened += 1
    return Readable.from([Buffer.from('1\n')])
  }
  return { data: { stream }, opened: () => opened }
}

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

    const outcome = await one({ ...json, objectType: ofTable(table), requestTimeout: 0 }, longText)

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

    const operation = operationOf({ ...json, objectType: ofTable(table) })
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
