import { describe, expect, it } from 'vitest'
import { createConnector } from '../../src/index.ts'
import { embedded, query } from '../fixtures/embedded.ts'

const bigquery = embedded()
const runJob = (options: object = {}) =>
  bigquery.connection.operation('run-job', { objectType: 'QUERY', ...options })

describe('Run Job', () => {
  it('gives back the finished job, which carries an id of ours', async () => {
    const [outcome] = await Array.fromAsync(runJob().execute([query('SELECT 1 AS one')]))

    expect(outcome).toMatchObject({
      status: 'success',
      code: '200',
      payload: {
        jobReference: { projectId: 'demo', jobId: expect.stringMatching(/^bqc_/) },
        status: { state: 'DONE' },
      },
    })
  })

  it('reports a job that failed as the application error that it is, with the job beside it', async () => {
    const [outcome] = await Array.fromAsync(runJob().execute([query('SELECT nope FROM UNNEST([1]) AS one')]))

    expect(outcome).toMatchObject({
      status: 'application-error',
      code: '400',
      errorCode: 'BQC_JOB_FAILED',
      message: expect.stringContaining('nope'),
      payload: { status: { state: 'DONE', errorResult: { reason: 'invalidQuery' } } },
    })
  })

  it('refuses a job whose id is taken, and runs nothing twice', async () => {
    await bigquery.run('CREATE SCHEMA jobs', 'CREATE TABLE jobs.once (n INT64)')
    const document = {
      data: {
        configuration: { query: { query: 'INSERT INTO jobs.once (n) VALUES (1)', useLegacySql: false } },
        jobReference: { jobId: 'only-once' },
      },
    }

    const outcomes = await Array.fromAsync(runJob().execute([document, document]))

    expect(outcomes).toMatchObject([
      { status: 'success' },
      {
        status: 'application-error',
        errorCode: 'BQC_REQUEST_REFUSED',
        message: expect.stringContaining('Already Exists'),
      },
    ])
    expect(await bigquery.rows('SELECT COUNT(*) AS n FROM jobs.once')).toEqual([{ n: '1' }])
  })

  it.each([
    ['a document that is no job', { data: { query: 'SELECT 1' } }, 'BQC_DOCUMENT_INVALID'],
    ['a document that is not JSON', { data: 'SELECT 1' }, 'BQC_DOCUMENT_NOT_JSON'],
    ['a list', { data: '[]' }, 'BQC_DOCUMENT_NOT_OBJECT'],
  ])('refuses %s, and goes on with the next', async (_, document, errorCode) => {
    const outcomes = await Array.fromAsync(runJob().execute([document, query('SELECT 1 AS one')]))

    expect(outcomes).toMatchObject([
      { index: 0, status: 'application-error', errorCode },
      { index: 1, status: 'success' },
    ])
  })

  it('reports a service that is not there as a failure', async () => {
    const connection = await createConnector({
      clock: { now: Date.now, wait: async () => undefined, after: () => () => undefined },
    }).connect({ projectId: 'demo', endpoint: 'http://127.0.0.1:1', grant: 'none' })

    const outcomes = await Array.fromAsync(
      connection.operation('run-job', { objectType: 'QUERY' }).execute([query('SELECT 1')]),
    )
    await connection.close()

    expect(outcomes).toMatchObject([{ status: 'failure', code: 'BQC_NETWORK', errorCode: 'BQC_NETWORK' }])
  })

  it('takes no document when it is stopped before it begins', async () => {
    const outcomes = await Array.fromAsync(
      runJob().execute([query('SELECT 1')], { signal: AbortSignal.abort() }),
    )

    expect(outcomes).toEqual([])
  })
})
