import { describe, expect, it } from 'vitest'
import type { HttpReply, HttpRequest } from '../../src/bigquery/http-message.ts'
import { createReadPage, type ResultPage, type ResultQuery } from '../../src/bigquery/query-results.ts'
import { createRetry } from '../../src/bigquery/retry.ts'
import { InstantClock } from '../fixtures/clocks.ts'
import { errorReply, jsonReply, scriptedTransport } from './scripted-transport.ts'

const query: ResultQuery = { projectId: 'p', jobId: 'j', maxResults: 2, timeoutMs: 500 }
const row = (v: string) => ({ f: [{ v }] })
const fields = [{ name: 'a', type: 'STRING' }]

function openScripted(answer: (request: HttpRequest, count: number) => HttpReply) {
  const { transport, asked } = scriptedTransport(answer)
  const retry = createRetry(new InstantClock(), () => 0)
  return { readPage: createReadPage(transport, 'https://bigquery.example', retry, { gzip: true }), asked }
}

const rowsOf = ({ rows }: ResultPage) => [...rows].flatMap((piece) => JSON.parse(`[${piece}]`))

const parametersOf = ({ url }: HttpRequest) => Object.fromEntries(new URL(url).searchParams)

describe('a page of results', () => {
  it('is asked for by job, with exact timestamps', async () => {
    const { readPage, asked } = openScripted(() => jsonReply({ jobComplete: true }))

    await readPage({ ...query, projectId: 'example.com:p', jobId: 'a-b_c' })

    const [request] = asked
    expect(request?.method).toBe('GET')
    expect(new URL(request?.url ?? '').pathname).toBe('/bigquery/v2/projects/example.com%3Ap/queries/a-b_c')
    expect(asked.map(parametersOf)).toEqual([
      { prettyPrint: 'false', 'formatOptions.useInt64Timestamp': 'true', maxResults: '2', timeoutMs: '500' },
    ])
  })

  it('is asked for where the job ran', async () => {
    const { readPage, asked } = openScripted(() => jsonReply({ jobComplete: true }))

    await readPage({ ...query, location: 'EU' })

    expect(asked.map(parametersOf)).toMatchObject([{ location: 'EU' }])
  })

  it('that is not found says so where it was asked for without a location', async () => {
    const { readPage } = openScripted(() => errorReply(404, 'notFound', 'Not found: Job p:j'))
    const refused = 'BigQuery refused the request for results of job p.j'

    await expect(readPage(query)).rejects.toThrow(
      `${refused}, asked for without a location: Not found: Job p:j.`,
    )
    await expect(readPage({ ...query, location: 'EU' })).rejects.toThrow(`${refused}: Not found: Job p:j.`)
  })

  it('has longer to come than the service may wait for the query', async () => {
    const { readPage, asked } = openScripted(() => jsonReply({ jobComplete: true }))

    await readPage({ ...query, timeoutMs: 200_000 })

    expect(asked[0]?.timeoutMs).toBeGreaterThan(200_000)
  })

  it('leads to the next one by its token, until there is none', async () => {
    const { readPage, asked } = openScripted((request) =>
      parametersOf(request)['pageToken'] === 'p2'
        ? jsonReply({ jobComplete: true, schema: { fields }, rows: [row('3')] })
        : jsonReply({ jobComplete: true, schema: { fields }, rows: [row('1'), row('2')], pageToken: 'p2' }),
    )

    const first = await readPage(query)
    const second = await readPage({ ...query, pageToken: first.pageToken })

    expect(first).toMatchObject({ jobComplete: true, fields, pageToken: 'p2' })
    expect(rowsOf(first)).toEqual([row('1'), row('2')])
    expect(second).toMatchObject({ jobComplete: true, fields, pageToken: undefined })
    expect(rowsOf(second)).toEqual([row('3')])
    expect(asked.map((request) => parametersOf(request)['pageToken'])).toEqual([undefined, 'p2'])
  })

  it('of a query that is not done says so, and holds nothing', async () => {
    const { readPage } = openScripted(() => jsonReply({ jobComplete: false, jobReference: { jobId: 'j' } }))

    const page = await readPage(query)

    expect(page).toMatchObject({ jobComplete: false, fields: [], pageToken: undefined, warnings: [] })
    expect(rowsOf(page)).toEqual([])
  })

  it('is asked for again after a 503', async () => {
    const { readPage, asked } = openScripted((_, count) =>
      count === 1 ? errorReply(503, 'backendError', 'Later.') : jsonReply({ jobComplete: true }),
    )

    const page = await readPage(query)

    expect(page.jobComplete).toBe(true)
    expect(asked.length).toBe(2)
  })

  it('of a query that failed is the query\u2019s error, told at once', async () => {
    const { readPage, asked } = openScripted(() => errorReply(400, 'invalidQuery', 'Division by zero: 1 / 0'))

    const [result] = await Promise.allSettled([readPage(query)])

    expect(result).toMatchObject({
      status: 'rejected',
      reason: { code: 'BQC_REQUEST_REFUSED', reason: 'invalidQuery', httpStatus: 400 },
    })
    expect(asked.length).toBe(1)
  })

  it.each(['<html>', '', 'null'])('that is no JSON object is unreadable: "%s"', async (text) => {
    const { readPage } = openScripted(() => ({ status: 200, headers: {}, text }))

    const [result] = await Promise.allSettled([readPage(query)])

    expect(result).toMatchObject({ status: 'rejected', reason: { code: 'BQC_RESPONSE_UNREADABLE' } })
  })
})
