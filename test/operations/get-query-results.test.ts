import { describe, expect, it } from 'vitest'
import { embedded } from '../fixtures/embedded.ts'

const bigquery = embedded()
const getResults = (options: object = {}) =>
  bigquery.connection.operation('get-query-results', { objectType: 'QUERY', ...options })

describe('Get Query Results', () => {
  it('yields the rows of every page in order, numbered, the final one marked', async () => {
    const job = await bigquery.jobOf('SELECT n FROM UNNEST(GENERATE_ARRAY(1, 7)) AS n ORDER BY n')

    const outcomes = await Array.fromAsync(getResults({ maxResults: 3 }).execute([job]))

    expect(outcomes.map(({ payload }) => payload)).toEqual([1, 2, 3, 4, 5, 6, 7].map((n) => ({ n: `${n}` })))
    expect(outcomes.map(({ sequence }) => sequence)).toEqual([0, 1, 2, 3, 4, 5, 6])
    expect(outcomes.filter(({ last }) => last)).toEqual([outcomes.at(-1)])
    expect(new Set(outcomes.map(({ index, id }) => `${index} ${id}`)).size).toBe(1)
  })

  it('yields one outcome without a row for a result that has none', async () => {
    const job = await bigquery.jobOf('SELECT n FROM UNNEST([1]) AS n WHERE n > 1')

    expect(await Array.fromAsync(getResults().execute([job]))).toMatchObject([
      { status: 'success', payload: undefined, sequence: 0, last: true },
    ])
  })

  it('does one job after another', async () => {
    const jobs = [await bigquery.jobOf('SELECT 1 AS n'), await bigquery.jobOf('SELECT 2 AS n')]

    const outcomes = await Array.fromAsync(getResults().execute(jobs))

    expect(outcomes.map(({ index, payload }) => [index, payload])).toEqual([
      [0, { n: '1' }],
      [1, { n: '2' }],
    ])
  })

  it('refuses a document that names a job that nobody knows', async () => {
    const outcomes = await Array.fromAsync(getResults().execute([{ data: { jobId: 'ghost' } }, { data: {} }]))

    expect(outcomes).toMatchObject([
      { index: 0, status: 'application-error', code: '404', errorCode: 'BQC_NAME_UNKNOWN' },
      { index: 1, status: 'application-error', errorCode: 'BQC_DOCUMENT_INVALID' },
    ])
  })
})
