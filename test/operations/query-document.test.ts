// Statements as documents of Get Query Results.
import { describe, expect, it } from 'vitest'
import { createConnector } from '../../src/index.ts'
import { parseQueryDocument, queryOfDocument } from '../../src/operations/query-document.ts'
import { embedded, query } from '../fixtures/embedded.ts'

const bigquery = embedded()
const execute = (documents: { data: object | string }[], options: object = {}) =>
  Array.fromAsync(
    bigquery.connection
      .operation('get-query-results', { objectType: 'QUERY', ...options })
      .execute(documents as { data: string }[]),
  )
const payloads = async (documents: { data: object | string }[], options: object = {}) =>
  (await execute(documents, options)).map(({ status, payload, message }) =>
    status === 'success' ? payload : message,
  )

describe('a document', () => {
  it.each([
    ['an object with a statement', { query: 'SELECT 1 AS n' }],
    ['JSON text with a statement', '{"query": "SELECT 1 AS n"}'],
    ['text that is a statement', 'SELECT 1 AS n'],
    ['text that begins with a comment', '-- one\nSELECT 1 AS n'],
    ['text in brackets', '(SELECT 1 AS n)'],
  ])('may be %s: its rows come back', async (_, data) => {
    expect(await payloads([{ data }])).toEqual([{ n: '1' }])
  })

  it('may be a Job resource as Run Job gives it', async () => {
    const runJob = bigquery.connection.operation('run-job', { objectType: 'QUERY' })
    const [job] = await Array.fromAsync(runJob.execute([query('SELECT 2 AS n')]))

    expect(await payloads([{ data: job?.payload as object }])).toEqual([{ n: '2' }])
  })

  it('may leave the statement to the operation, and give its parameters', async () => {
    const documents = [{ data: { parameters: { n: 5 } } }, { data: { parameters: { n: 6 } } }]

    expect(await payloads(documents, { query: 'SELECT @n * 2 AS n' })).toEqual([{ n: '10' }, { n: '12' }])
  })

  it('that names a job is read, whatever statement the operation has', async () => {
    const job = await bigquery.jobOf('SELECT 3 AS n')

    expect(await payloads([{ data: job.data as object }], { query: 'SELECT 4 AS n' })).toEqual([{ n: '3' }])
  })

  it('may give parameters by position and of every shape', async () => {
    const data = {
      query: 'SELECT ? AS d, ? AS list, ? AS s',
      parameters: [{ type: 'DATE', value: '2026-11-21' }, [1, 2], { a: 'x', b: true }],
    }

    expect(await payloads([{ data }])).toEqual([
      { d: '2026-11-21', list: ['1', '2'], s: { a: 'x', b: true } },
    ])
  })

  it('may name the dataset that its tables are in', async () => {
    await bigquery.run(
      'CREATE SCHEMA IF NOT EXISTS shop',
      'CREATE OR REPLACE TABLE shop.one AS SELECT 1 AS n',
    )
    const data = { query: 'SELECT n FROM one', defaultDataset: 'shop' }

    expect(await payloads([{ data }])).toEqual([{ n: '1' }])
  })

  it('may name the job that its statement runs as, so that its result can be read again', async () => {
    const [first] = await execute([{ data: { query: 'SELECT 7 AS n', jobId: 'seven' } }])

    expect(first).toMatchObject({ status: 'success', payload: { n: '7' } })
    expect(await payloads([{ data: { jobId: 'seven' } }])).toEqual([{ n: '7' }])
    expect(await execute([{ data: { query: 'SELECT 8 AS n', jobId: 'seven' } }])).toMatchObject([
      { status: 'application-error', sequence: 0, last: true },
    ])
  })

  it('that changes rows has one success without a row', async () => {
    await bigquery.run('CREATE SCHEMA IF NOT EXISTS shop', 'CREATE OR REPLACE TABLE shop.two (n INT64)')

    const outcomes = await execute([{ data: 'INSERT INTO shop.two VALUES (1), (2)' }])

    expect(outcomes).toMatchObject([{ status: 'success', payload: undefined, sequence: 0, last: true }])
    expect(await bigquery.rows('SELECT COUNT(*) AS n FROM shop.two')).toEqual([{ n: '2' }])
  })

  it('whose statement fails has the outcome that Run Job would give', async () => {
    expect(await execute([{ data: 'SELECT 1 / 0' }, { data: 'SELECT 1 AS n' }])).toMatchObject([
      { index: 0, status: 'application-error', errorCode: 'BQC_JOB_FAILED', attempts: 1, last: true },
      { index: 1, status: 'success', payload: { n: '1' } },
    ])
  })

  it('tells at its last row what its job took', async () => {
    const outcomes = await execute([{ data: 'SELECT n FROM UNNEST([1, 2, 3]) AS n' }])

    expect(outcomes.map(({ statistics }) => statistics !== undefined)).toEqual([false, false, true])
    expect(outcomes.at(-1)?.statistics).toMatchObject({ bytesProcessed: expect.any(Number) })
  })

  it('inherits the ceiling of the connection, and may lower it', async () => {
    const connection = await createConnector().connect({
      projectId: 'demo',
      endpoint: bigquery.local.url,
      grant: 'none',
      maximumBytesBilled: 1000,
    })
    const operation = connection.operation('get-query-results', { objectType: 'QUERY' })

    const outcomes = await Array.fromAsync(
      operation.execute([
        { data: { query: 'SELECT 1 AS n', maximumBytesBilled: 2000 } },
        { data: { query: 'SELECT 1 AS n', maximumBytesBilled: 500 } },
      ]),
    )
    await connection.close()

    expect(outcomes).toMatchObject([
      { status: 'application-error', errorCode: 'BQC_DOCUMENT_INVALID', attempts: 0 },
      { status: 'success', payload: { n: '1' } },
    ])
  })
})

describe('what a document says', () => {
  it('goes into the job', () => {
    const data = {
      query: 'SELECT 1',
      labels: { team: 'shop' },
      useQueryCache: false,
      priority: 'BATCH',
      location: 'EU',
      projectId: 'other',
      defaultDataset: 'acme.com:p.shop',
    }

    expect(queryOfDocument(data, '')).toEqual({
      location: 'EU',
      projectId: 'other',
      job: {
        configuration: {
          query: {
            query: 'SELECT 1',
            useLegacySql: false,
            useQueryCache: false,
            priority: 'BATCH',
            defaultDataset: { projectId: 'acme.com:p', datasetId: 'shop' },
          },
          labels: { team: 'shop' },
        },
      },
    })
  })

  it.each([
    ['neither a job nor a statement', {}, ['/query']],
    ['an empty statement', { query: ' ' }, ['/query']],
    ['a statement that is no text', { query: 5 }, ['/query']],
    ['an empty job id', { jobId: '' }, ['/query']],
    ['a misspelt ceiling', { query: 'SELECT 1', maximumBytesBiled: 5 }, ['/maximumBytesBiled']],
    ['parameters twice', { query: 'SELECT 1', parameters: {}, queryParameters: [] }, ['/parameters']],
  ])('is refused where it is %s', (_, data, paths) => {
    expect(() => queryOfDocument(data, '')).toThrow(
      expect.objectContaining({
        code: 'BQC_DOCUMENT_INVALID',
        faults: paths.map((path) => expect.objectContaining({ path })),
      }),
    )
  })

  it('may say more where it names a job: that comes from elsewhere', () => {
    expect(queryOfDocument({ jobId: 'j', status: { state: 'DONE' } }, '')).toEqual({ jobId: 'j' })
  })

  it.each(['5', '[1]', '"SELECT 1"', ''])('is no statement where it cannot be one: %s', (data) => {
    expect(() => parseQueryDocument({ data })).toThrow()
  })
})
