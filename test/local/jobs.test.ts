import { describe, expect, test } from 'vitest'
import { apiOfFile, startApi, values } from './api.ts'

const api = await apiOfFile()

const SLOW =
  'SELECT COUNT(*) FROM UNNEST(GENERATE_ARRAY(1, 100000)) a, UNNEST(GENERATE_ARRAY(1, 100000)) b WHERE MOD(a * b, 7) = 3'

function job(jobId: string, query: string, more: object = {}): object {
  return {
    jobReference: { projectId: 'demo', jobId, ...more },
    configuration: { query: { query, useLegacySql: false } },
  }
}

async function done(jobId: string): Promise<void> {
  await api.call('GET', `projects/demo/queries/${jobId}?maxResults=0`)
}

test('a query job is inserted, finished and read', async () => {
  const inserted = await api.call('POST', 'projects/demo/jobs', job('j1', 'SELECT 1 AS a'))
  expect(inserted.body).toMatchObject({
    kind: 'bigquery#job',
    id: 'demo:US.j1',
    jobReference: { projectId: 'demo', jobId: 'j1', location: 'US' },
  })
  await done('j1')
  const read = await api.call('GET', 'projects/demo/jobs/j1?location=US')
  expect(read.body.status).toEqual({ state: 'DONE' })
  expect(read.body.statistics.endTime).toMatch(/^\d{13}$/)
  expect(read.body.configuration.jobType).toBe('QUERY')
  const results = await api.call('GET', 'projects/demo/queries/j1')
  expect(results.body).toMatchObject({
    kind: 'bigquery#getQueryResultsResponse',
    totalRows: '1',
    jobComplete: true,
  })
  expect(values(results)).toEqual([['1']])
})

test('a job id is used once', async () => {
  await api.call('POST', 'projects/demo/jobs', job('once', 'SELECT 1'))
  const again = await api.call('POST', 'projects/demo/jobs', job('once', 'SELECT 1'))
  expect(again.status).toBe(409)
  expect(again.body.error.errors[0]).toMatchObject({
    reason: 'duplicate',
    message: 'Already Exists: Job demo:US.once',
  })
})

test('a job is not found at another location', async () => {
  await api.call('POST', 'projects/demo/jobs', job('far', 'SELECT 1', { location: 'europe-west1' }))
  expect((await api.call('GET', 'projects/demo/jobs/far?location=europe-west1')).status).toBe(200)
  expect((await api.call('GET', 'projects/demo/jobs/far?location=US')).status).toBe(404)
  expect((await api.call('GET', 'projects/demo/jobs/far')).status).toBe(404)
})

test('a query runs where its datasets are, and fails where they are not', async () => {
  await api.call('POST', 'projects/demo/datasets', { datasetReference: { datasetId: 'eu' }, location: 'EU' })
  await api.call('POST', 'projects/demo/datasets/eu/tables', {
    tableReference: { tableId: 't' },
    schema: { fields: [{ name: 'a', type: 'STRING' }] },
  })
  expect((await api.query('SELECT a FROM eu.t')).body.jobReference.location).toBe('EU')
  const elsewhere = await api.query('SELECT a FROM eu.t', { location: 'US' })
  expect(elsewhere.status).toBe(404)
  expect(elsewhere.body.error.errors[0]).toMatchObject({
    reason: 'notFound',
    message: 'Not found: Dataset demo:eu was not found in location US',
  })
})

test('a failed job is DONE with its error, and its results are an HTTP error', async () => {
  await api.call('POST', 'projects/demo/jobs', job('bad', 'SELECT nope'))
  await done('bad')
  const read = await api.call('GET', 'projects/demo/jobs/bad')
  expect(read.status).toBe(200)
  expect(read.body.status).toMatchObject({ state: 'DONE', errorResult: { reason: 'invalidQuery' } })
  expect((await api.call('GET', 'projects/demo/queries/bad')).status).toBe(400)
})

test('a dry run makes no job and reports the schema', async () => {
  const body = { configuration: { dryRun: true, query: { query: 'SELECT 1 AS a', useLegacySql: false } } }
  const reply = await api.call('POST', 'projects/demo/jobs', body)
  expect(reply.body.statistics.query.schema.fields[0].name).toBe('a')
  const { jobId } = reply.body.jobReference
  expect((await api.call('GET', `projects/demo/jobs/${jobId}`)).status).toBe(404)
})

describe('a long query', () => {
  test('answers jobComplete false at once, lets inserts through and can be cancelled', async () => {
    await api.table('d', 't', [{ name: 'a', type: 'INTEGER' }])
    const started = await api.query(SLOW, { timeoutMs: 0 })
    expect(started.body.jobComplete).toBe(false)
    expect(started.body.rows).toBeUndefined()
    expect((await api.insert('d.t', [{ json: { a: 1 } }])).body.insertErrors).toBeUndefined()
    const { jobId } = started.body.jobReference
    const cancelled = await api.call('POST', `projects/demo/jobs/${jobId}/cancel`)
    expect(cancelled.body.kind).toBe('bigquery#jobCancelResponse')
    await done(jobId)
    const read = await api.call('GET', `projects/demo/jobs/${jobId}`)
    expect(read.body.status).toMatchObject({ state: 'DONE', errorResult: { reason: 'stopped' } })
  })

  test('does not hold up close', async () => {
    const other = await startApi()
    await other.query(SLOW, { timeoutMs: 0 })
    await other.local.close()
  })
})

describe('pages', () => {
  const rows = 'SELECT x FROM UNNEST(GENERATE_ARRAY(1, 10)) AS x ORDER BY x'

  test('are followed by token to the last row', async () => {
    let page = await api.query(rows, { maxResults: 4 })
    expect(page.body.kind).toBe('bigquery#queryResponse')
    expect(page.body.totalRows).toBe('10')
    const seen = values(page).flat()
    const { jobId } = page.body.jobReference
    while (page.body.pageToken !== undefined) {
      page = await api.call(
        'GET',
        `projects/demo/queries/${jobId}?maxResults=4&pageToken=${page.body.pageToken}`,
      )
      seen.push(...values(page).flat())
    }
    expect(seen).toEqual(Array.from({ length: 10 }, (_, i) => String(i + 1)))
  })

  test('start where asked, and may be empty', async () => {
    const { jobId } = (await api.query(rows, { maxResults: 0 })).body.jobReference
    const from = await api.call('GET', `projects/demo/queries/${jobId}?startIndex=8`)
    expect(values(from).flat()).toEqual(['9', '10'])
    const none = await api.call('GET', `projects/demo/queries/${jobId}?maxResults=0`)
    expect(none.body.rows).toBeUndefined()
    expect(none.body.jobComplete).toBe(true)
  })

  test('of a table have totals and selected fields', async () => {
    await api.table('d', 'listed', [
      { name: 'a', type: 'INTEGER' },
      { name: 'b', type: 'STRING' },
    ])
    await api.insert(
      'd.listed',
      [1, 2, 3].map((a) => ({ json: { a, b: 'x' } })),
    )
    const list = await api.call(
      'GET',
      'projects/demo/datasets/d/tables/listed/data?maxResults=2&selectedFields=b',
    )
    expect(list.body).toMatchObject({
      kind: 'bigquery#tableDataList',
      totalRows: '3',
      rows: [{ f: [{ v: 'x' }] }, {}],
    })
    const rest = await api.call(
      'GET',
      `projects/demo/datasets/d/tables/listed/data?pageToken=${list.body.pageToken}`,
    )
    expect(values(rest)).toEqual([['3', 'x']])
    expect(rest.body.pageToken).toBeUndefined()
  })
})

test('timestamps come as microseconds when asked for and never in two formats', async () => {
  const sql = "SELECT TIMESTAMP '2026-01-01 00:00:00.5+00' AS t"
  expect(values(await api.query(sql))).toEqual([['1.7672256005E9']])
  expect(values(await api.query(sql, { formatOptions: { useInt64Timestamp: true } }))).toEqual([
    ['1767225600500000'],
  ])
  const both = await api.query(sql, {
    formatOptions: { useInt64Timestamp: true, timestampOutputFormat: 'ISO8601_STRING' },
  })
  expect(both.body.error.message).toBe('Cannot specify both use_int64_timestamp and timestamp_output_format.')
})
