import { beforeAll, describe, expect, it } from 'vitest'
import { createConnector, type JsonObject } from '../../src/index.ts'
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
        code: '409',
        errorCode: 'BQC_REQUEST_REFUSED',
        message: expect.stringContaining('Already Exists'),
        payload: { error: { code: 409 } },
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

  it('runs in the project and the location that the document says, else the option, else the connection', async () => {
    const documents = [
      { ...query('SELECT 1'), properties: { projectIdOverride: 'other' } },
      {
        data: {
          ...(query('SELECT 1').data as object),
          jobReference: { projectId: 'third', location: 'EU' },
        },
      },
      query('SELECT 1'),
    ]

    const outcomes = await Array.fromAsync(runJob().execute(documents))

    expect(outcomes.map(({ payload }) => (payload as { jobReference: object }).jobReference)).toMatchObject([
      { projectId: 'other', location: 'US' },
      { projectId: 'third', location: 'EU' },
      { projectId: 'demo', location: 'US' },
    ])
  })

  it('takes blanks and null in the reference of a job for what nobody has filled in', async () => {
    const { configuration } = query('SELECT 1').data as { configuration: JsonObject }
    const documents = ['', null].map((none) => ({
      data: { configuration, jobReference: { projectId: none, jobId: none, location: none } },
    }))
    const wrong = { data: { configuration, jobReference: { projectId: 5, location: {} } } }

    const outcomes = await Array.fromAsync(runJob().execute([...documents, wrong]))

    const reference = { projectId: 'demo', jobId: expect.stringMatching(/^bqc_/), location: 'US' }
    expect(outcomes).toMatchObject([
      { status: 'success', payload: { jobReference: reference } },
      { status: 'success', payload: { jobReference: reference } },
      {
        status: 'application-error',
        errorCode: 'BQC_DOCUMENT_INVALID',
        faults: [{ path: '/jobReference/projectId' }, { path: '/jobReference/location' }],
      },
    ])
  })

  it('tells the figures of a job beside it', async () => {
    await bigquery.run('CREATE SCHEMA figures', 'CREATE TABLE figures.t (n INT64)')

    const [outcome] = await Array.fromAsync(
      runJob().execute([query('INSERT INTO figures.t (n) SELECT n FROM UNNEST([1, 2, 3]) AS n')]),
    )

    expect(outcome?.statistics).toMatchObject({
      bytesBilled: 0,
      bytesProcessed: 0,
      costEstimate: 0,
      queuedMs: expect.any(Number),
      rows: 3,
      runMs: expect.any(Number),
    })
  })

  it('asks nothing of a document that does not fit, and counts no attempt', async () => {
    const [outcome] = await Array.fromAsync(runJob().execute([{ data: { configuration: { load: {} } } }]))

    expect(outcome).toMatchObject({ status: 'application-error', code: '400', attempts: 0 })
  })

  it('cancels what nobody could find again when it is stopped', async () => {
    const stop = new AbortController()
    const endless = query(
      'SELECT COUNT(*) FROM UNNEST(GENERATE_ARRAY(1, 300000)) a, UNNEST(GENERATE_ARRAY(1, 300000)) b WHERE MOD(a * b, 7) = 3',
    )
    const all = Array.fromAsync(
      runJob({ jobIdPrefix: 'stopped_' }).execute([endless], { signal: stop.signal }),
    )
    await until(async () => (await jobsOf('stopped_')).length === 1)

    stop.abort()
    const [outcome] = await all

    expect(outcome).toMatchObject({
      status: 'failure',
      errorCode: 'BQC_ABORTED',
      message: expect.stringContaining('told to cancel it'),
    })
    await until(async () => (await jobsOf('stopped_'))[0]?.status.errorResult?.reason === 'stopped')
  })

  it('cancels what is under way when its connection is closed', async () => {
    const connection = await createConnector().connect({
      projectId: 'demo',
      endpoint: bigquery.local.url,
      grant: 'none',
    })
    const endless = query(
      'SELECT COUNT(*) FROM UNNEST(GENERATE_ARRAY(1, 300000)) a, UNNEST(GENERATE_ARRAY(1, 300000)) b WHERE MOD(a * b, 7) = 4',
    )
    const options = { objectType: 'QUERY', jobIdPrefix: 'closed_' }
    const all = Array.fromAsync(connection.operation('run-job', options).execute([endless]))
    await until(async () => (await jobsOf('closed_')).length === 1)

    await connection.close()

    expect((await all)[0]?.message).toContain('told to cancel it')
    await until(async () => (await jobsOf('closed_'))[0]?.status.errorResult?.reason === 'stopped')
  })

  it('tells a job that is not done in time with 408 and the job, and cancels it where asked to', async () => {
    const endless = query(
      'SELECT COUNT(*) FROM UNNEST(GENERATE_ARRAY(1, 300000)) a, UNNEST(GENERATE_ARRAY(1, 300000)) b WHERE MOD(a * b, 7) = 5',
    )
    const options = { requestTimeout: 0, cancelOnTimeout: true, jobIdPrefix: 'late_' }

    const [outcome] = await Array.fromAsync(runJob(options).execute([endless]))

    expect(outcome).toMatchObject({
      status: 'application-error',
      code: '408',
      errorCode: 'BQC_JOB_TIMEOUT',
      payload: { jobReference: { jobId: expect.stringMatching(/^late_/) } },
    })
    await until(async () => (await jobsOf('late_'))[0]?.status.errorResult?.reason === 'stopped')
  })

  it('refuses a time-out below -1', () => {
    expect(() => runJob({ requestTimeout: -2 })).toThrow('requestTimeout must be at least -1, not -2')
  })
})

describe('a dry run', () => {
  it('runs nothing, and says which columns there are and what would be read', async () => {
    await bigquery.run('CREATE SCHEMA dry', 'CREATE TABLE dry.t (n INT64)')
    const documents = [query('SELECT n, n / 2 AS half FROM dry.t'), query('INSERT INTO dry.t (n) VALUES (1)')]

    const outcomes = await Array.fromAsync(runJob({ dryRun: true }).execute(documents))

    expect(outcomes).toMatchObject([
      {
        status: 'success',
        attempts: 1,
        payload: {
          configuration: { dryRun: true },
          statistics: { query: { schema: { fields: [{ name: 'n' }, { name: 'half', type: 'FLOAT' }] } } },
        },
        statistics: { bytesProcessed: 0, costEstimate: 0 },
      },
      { status: 'success' },
    ])
    expect(await bigquery.rows('SELECT COUNT(*) AS n FROM dry.t')).toEqual([{ n: '0' }])
  })

  it('can be asked for by a document alone', async () => {
    const data = { configuration: { dryRun: true, query: { query: 'CREATE SCHEMA never' } } }

    await Array.fromAsync(runJob().execute([{ data }]))

    expect(
      await bigquery.rows(
        "SELECT COUNT(*) AS n FROM INFORMATION_SCHEMA.SCHEMATA WHERE schema_name = 'never'",
      ),
    ).toEqual([{ n: '0' }])
  })

  it('can be asked for by a property of a document, which is checked', async () => {
    const documents = ['true', 'perhaps'].map((dryRun) => ({ ...query('SELECT 1'), properties: { dryRun } }))

    const [dry, refused] = await Array.fromAsync(runJob().execute(documents))

    expect(dry).toMatchObject({ status: 'success', payload: { configuration: { dryRun: true } } })
    expect(refused).toMatchObject({ errorCode: 'BQC_PROPERTY_INVALID', faults: [{ path: '/dryRun' }] })
  })

  it('refuses a statement that BigQuery would refuse', async () => {
    const [outcome] = await Array.fromAsync(runJob({ dryRun: true }).execute([query('SELECT nope')]))

    expect(outcome).toMatchObject({
      status: 'application-error',
      code: '400',
      message: expect.stringMatching(/^BigQuery refused the dry run in demo: .*nope/),
    })
  })

  it('is there for queries only', () => {
    expect(() => runJob({ objectType: 'COPY', dryRun: true })).toThrow('dryRun')
  })
})

describe('the id of a job', () => {
  const insert = (n: number) => query(`INSERT INTO ids.t (n) VALUES (${n})`)
  beforeAll(() => bigquery.run('CREATE SCHEMA ids'))
  const count = () => bigquery.rows('SELECT n, COUNT(*) AS times FROM ids.t GROUP BY n ORDER BY n')

  it('that is made from the document makes it run once, however often it is sent', async () => {
    await bigquery.run('CREATE OR REPLACE TABLE ids.t (n INT64)')
    const documents = [
      { ...insert(1), id: 'a' },
      { ...insert(2), id: 'b' },
      { ...insert(1), id: 'c' },
    ]

    const first = await Array.fromAsync(runJob({ jobIdFrom: 'id' }).execute(documents))
    const second = await Array.fromAsync(runJob({ jobIdFrom: 'id' }).execute(documents))

    expect(await count()).toEqual([
      { n: '1', times: '2' },
      { n: '2', times: '1' },
    ])
    expect(second.map(({ payload, statistics }) => [idOf(payload), statistics?.isFormer])).toEqual(
      first.map(({ payload }) => [idOf(payload), true]),
    )
    expect(first.some(({ statistics }) => statistics?.isFormer)).toBe(false)
  })

  it('makes one job of documents that say the same, also at once', async () => {
    await bigquery.run('CREATE OR REPLACE TABLE ids.t (n INT64)')
    const documents = Array.from({ length: 6 }, () => ({ ...insert(5), id: 'same' }))

    const outcomes = await Array.fromAsync(
      runJob({ jobIdFrom: 'id', maxConcurrentJobs: 6 }).execute(documents),
    )

    expect(outcomes.map(({ status }) => status)).toEqual(documents.map(() => 'success'))
    expect(await count()).toEqual([{ n: '5', times: '1' }])
  })

  it('is another when the statement has changed', async () => {
    await bigquery.run('CREATE OR REPLACE TABLE ids.t (n INT64)')
    await Array.fromAsync(runJob({ jobIdFrom: 'id' }).execute([{ ...insert(10), id: 'a' }]))

    const [outcome] = await Array.fromAsync(runJob({ jobIdFrom: 'id' }).execute([{ ...insert(11), id: 'a' }]))

    expect(outcome?.statistics?.isFormer).toBeUndefined()
    expect(await count()).toEqual([
      { n: '10', times: '1' },
      { n: '11', times: '1' },
    ])
  })

  it('may come from a field, which has to be there', async () => {
    const data = { order: 7, configuration: { query: { query: 'SELECT 1' } } }
    const run = () => Array.fromAsync(runJob({ jobIdFrom: '/order' }).execute([{ data }, query('SELECT 1')]))

    const [found, refused] = [await run(), await run()][1] ?? []

    expect(found).toMatchObject({ status: 'success', statistics: { isFormer: true } })
    expect(refused).toMatchObject({ errorCode: 'BQC_DOCUMENT_INVALID', faults: [{ path: '/order' }] })
  })

  it('that a failed job has used up is followed by the next: what was mended meanwhile runs', async () => {
    const document = { ...query('INSERT INTO ids.later (n) VALUES (1)'), id: 'a' }
    const [failed] = await Array.fromAsync(runJob({ jobIdFrom: 'id' }).execute([document]))
    await bigquery.run('CREATE TABLE ids.later (n INT64)')

    const [mended] = await Array.fromAsync(runJob({ jobIdFrom: 'id' }).execute([document]))

    expect([failed?.errorCode, mended?.status]).toEqual(['BQC_JOB_FAILED', 'success'])
    expect(idOf(mended?.payload)).toBe(`${idOf(failed?.payload)}_2`)
  })

  it('has the prefix that is asked for', async () => {
    const [outcome] = await Array.fromAsync(runJob({ jobIdPrefix: 'shop-' }).execute([query('SELECT 1')]))

    expect(idOf(outcome?.payload)).toMatch(/^shop-[0-9a-f-]{36}$/)
  })
})

describe('jobs of other types', () => {
  const storage = (method: string, path: string, body?: string) =>
    fetch(`${bigquery.local.url}/${path}`, { method, ...(body === undefined ? {} : { body }) })
  const table = (tableId: string) => ({ projectId: 'demo', datasetId: 'types', tableId })
  const execute = async (objectType: string, configuration: object) => {
    const [outcome] = await Array.fromAsync(runJob({ objectType }).execute([{ data: { configuration } }]))
    return outcome
  }

  it('load, copy and extract', async () => {
    await bigquery.run('CREATE SCHEMA types')
    await storage('POST', 'storage/v1/b', JSON.stringify({ name: 'files' }))
    await storage('POST', 'upload/storage/v1/b/files/o?uploadType=media&name=in.csv', '1,tea\n2,milk\n')

    const load = await execute('LOAD', {
      load: {
        sourceUris: ['gs://files/in.csv'],
        destinationTable: table('loaded'),
        schema: {
          fields: [
            { name: 'id', type: 'INTEGER' },
            { name: 'item', type: 'STRING' },
          ],
        },
      },
    })
    const copy = await execute('COPY', {
      copy: { sourceTable: table('loaded'), destinationTable: table('copied') },
    })
    const extract = await execute('EXTRACT', {
      extract: { sourceTable: table('copied'), destinationUris: ['gs://files/out.csv'] },
    })
    const out = await storage('GET', 'storage/v1/b/files/o/out.csv?alt=media')

    expect([load?.message, copy?.message, extract?.message]).toEqual(['', '', ''])
    expect([load?.statistics?.rows, copy?.statistics?.rows]).toEqual([2, 2])
    expect(await out.text()).toBe('id,item\n1,tea\n2,milk\n')
  })

  it('tell what they left out as a warning beside their success', async () => {
    await bigquery.run('CREATE SCHEMA IF NOT EXISTS types')
    await storage('POST', 'storage/v1/b', JSON.stringify({ name: 'bad' }))
    await storage('POST', 'upload/storage/v1/b/bad/o?uploadType=media&name=in.csv', '1\ntwo\n3\n')

    const outcome = await execute('LOAD', {
      load: {
        sourceUris: ['gs://bad/in.csv'],
        destinationTable: table('mended'),
        maxBadRecords: 1,
        schema: { fields: [{ name: 'id', type: 'INTEGER' }] },
      },
    })

    expect(outcome).toMatchObject({
      status: 'success',
      statistics: { rows: 2 },
      warnings: [{ reason: 'invalid', message: expect.stringContaining('two') }],
    })
  })

  it('that fail tell where', async () => {
    await bigquery.run('CREATE SCHEMA IF NOT EXISTS types')
    const outcome = await execute('LOAD', {
      load: { sourceUris: ['gs://files/nothing.csv'], destinationTable: table('never'), autodetect: true },
    })

    expect(outcome).toMatchObject({
      status: 'application-error',
      errorCode: 'BQC_JOB_FAILED',
      payload: { status: { state: 'DONE', errorResult: {} } },
    })
  })
})

describe('several jobs at once', () => {
  it('give their outcomes in document order', async () => {
    const documents = Array.from({ length: 20 }, (_, n) => query(`SELECT ${n} AS n`))

    const outcomes = await Array.fromAsync(runJob({ maxConcurrentJobs: 8 }).execute(documents))

    const statements = outcomes.map(
      ({ payload }) => (payload as { configuration: { query: { query: string } } }).configuration.query.query,
    )
    expect(outcomes.every(({ status }) => status === 'success')).toBe(true)
    expect(statements).toEqual(documents.map((_, n) => `SELECT ${n} AS n`))
  })
})

interface ListedJob {
  readonly jobReference: { readonly jobId: string }
  readonly status: { readonly errorResult?: { readonly reason: string } }
}

async function jobsOf(prefix: string): Promise<ListedJob[]> {
  const reply = await fetch(`${bigquery.local.url}/projects/demo/jobs`)
  const { jobs = [] } = (await reply.json()) as { jobs?: ListedJob[] }
  return jobs.filter(({ jobReference }) => jobReference.jobId.startsWith(prefix))
}

async function until(holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise(setImmediate)
}

function idOf(payload: unknown): string {
  return (payload as { jobReference: { jobId: string } }).jobReference.jobId
}
