import { describe, expect, it } from 'vitest'
import { type ControlPlane, openControlPlane } from '../../src/bigquery/control-plane.ts'
import type { HttpReply, HttpRequest } from '../../src/bigquery/http-message.ts'
import { createRetry } from '../../src/bigquery/retry.ts'
import type { Clock } from '../../src/contract/clock.ts'
import { ConnectorError } from '../../src/errors.ts'
import { FakeClock, InstantClock } from '../fixtures/clocks.ts'
import { errorReply, jsonReply, scriptedTransport } from './scripted-transport.ts'

const endpoint = 'https://bigquery.example'

function openScripted(
  answer: (request: HttpRequest, count: number) => HttpReply | Promise<HttpReply>,
  clock: Clock = new InstantClock(),
) {
  const { transport, asked } = scriptedTransport(answer)
  return {
    control: openControlPlane(
      transport,
      endpoint,
      createRetry(clock, () => 0),
    ),
    asked,
  }
}

async function refusalOf(work: Promise<unknown>): Promise<ConnectorError> {
  const [result] = await Promise.allSettled([work])
  if (result.status === 'rejected' && result.reason instanceof ConnectorError) return result.reason
  throw new Error('no ConnectorError', { cause: result })
}

const pathOf = ({ url }: HttpRequest) => url.slice(endpoint.length)
const later = new ConnectorError('BQC_NETWORK', 'No answer.')

describe('a request of the control plane', () => {
  it.each<[string, (control: ControlPlane) => Promise<unknown>, string, string]>([
    ['a table', (c) => c.getTable('p', 'd', 't'), 'GET', '/bigquery/v2/projects/p/datasets/d/tables/t'],
    ['a job', (c) => c.getJob('p', 'j', undefined), 'GET', '/bigquery/v2/projects/p/jobs/j'],
    ['a job elsewhere', (c) => c.getJob('p', 'j', 'EU'), 'GET', '/bigquery/v2/projects/p/jobs/j?location=EU'],
    [
      'a new job',
      (c) => c.insertJob('p', { jobReference: { jobId: 'j' } }, true),
      'POST',
      '/bigquery/v2/projects/p/jobs',
    ],
  ])('for %s goes through our transport to the endpoint', async (_, ask, method, path) => {
    const { control, asked } = openScripted(() => jsonReply({}))

    await ask(control)

    expect(asked.map((request) => [request.method, pathOf(request)])).toEqual([[method, path]])
  })

  it.each([
    ['a part', 'PATCH', false],
    ['the whole', 'PUT', true],
  ])('for %s of a table is a %s, on condition of its etag', async (_, method, isWhole) => {
    const { control, asked } = openScripted(() => jsonReply({}))

    await control.updateTable('p', 'd', 't', { sent: { description: 'x' }, isWhole, etag: 'e1' })

    expect(asked.map((request) => [request.method, pathOf(request), request.body])).toEqual([
      [method, '/bigquery/v2/projects/p/datasets/d/tables/t', '{"description":"x"}'],
    ])
    expect(asked[0]?.headers).toMatchObject({ 'if-match': 'e1' })
  })

  it('escapes what it is given', async () => {
    const { control, asked } = openScripted(() => jsonReply({}))

    await control.getTable('example.com:p', 'd', 'a?b#c')

    expect(asked.map(pathOf)).toEqual(['/bigquery/v2/projects/example.com%3Ap/datasets/d/tables/a%3Fb%23c'])
  })

  it.each([
    [400, 'invalid', 'BQC_REQUEST_REFUSED'],
    [401, 'authError', 'BQC_UNAUTHENTICATED'],
    [403, 'accessDenied', 'BQC_ACCESS_DENIED'],
    [404, 'notFound', 'BQC_NOT_FOUND'],
  ])('that is answered with %i %s fails at once with %s', async (status, reason, code) => {
    const { control, asked } = openScripted(() => errorReply(status, reason, 'BigQuery says no.'))

    const refusal = await refusalOf(control.getTable('p', 'd', 't'))

    expect([refusal.code, refusal.httpStatus, refusal.reason]).toEqual([code, status, reason])
    expect(refusal.message).toContain('BigQuery refused the request for table p.d.t: BigQuery says no.')
    expect(asked.length).toBe(1)
  })

  it.each<[string, () => HttpReply]>([
    ['503', () => errorReply(503, 'backendError', 'Later.')],
    ['a rate limit', () => errorReply(403, 'rateLimitExceeded', 'Slowly.')],
    [
      '502 and a page of HTML',
      () => ({ status: 502, headers: { 'content-type': 'text/html' }, text: '<html>' }),
    ],
    [
      'no answer at all',
      () => {
        throw later
      },
    ],
  ])('is sent again after %s', async (_, stumble) => {
    const { control, asked } = openScripted((__, count) =>
      count < 3
        ? stumble()
        : jsonReply({ type: 'VIEW', schema: { fields: [{ name: 'a', type: 'STRING' }] } }),
    )

    const table = await control.getTable('p', 'd', 't')

    expect(table).toEqual({ type: 'VIEW', fields: [{ name: 'a', type: 'STRING' }] })
    expect(asked.length).toBe(3)
  })

  it('is sent five times at most, and the last refusal is told', async () => {
    const { control, asked } = openScripted((_, count) => errorReply(503, 'backendError', `Refusal ${count}`))

    const refusal = await refusalOf(control.getTable('p', 'd', 't'))

    expect(asked.length).toBe(5)
    expect([refusal.code, refusal.httpStatus]).toEqual(['BQC_SERVICE_UNAVAILABLE', 503])
    expect(refusal.message).toContain('Refusal 5')
  })

  it('waits as long as the service asks before it is sent again', async () => {
    const clock = new FakeClock()
    const { control, asked } = openScripted((_, count) => {
      const busy = errorReply(503, 'backendError', 'Later.')
      return count === 1 ? { ...busy, headers: { ...busy.headers, 'retry-after': '20' } } : jsonReply({})
    }, clock)
    const work = control.getTable('p', 'd', 't')

    await clock.advance(19_999)
    const askedBefore = asked.length
    await clock.advance(1)
    await work

    expect([askedBefore, asked.length]).toEqual([1, 2])
  })

  it('keeps the error of our transport, its code and all', async () => {
    const failure = new ConnectorError('BQC_SIGN_IN_REFUSED', 'Sign-in was refused.', {
      reason: 'invalid_grant',
    })
    const { control } = openScripted(() => Promise.reject(failure))

    const refusal = await refusalOf(control.getTable('p', 'd', 't'))

    expect(refusal).toBe(failure)
  })

  it('stops waiting for its next attempt as soon as it is called off', async () => {
    const stop = new AbortController()
    const clock = new FakeClock()
    const { control, asked } = openScripted(() => errorReply(503, 'backendError', 'Later.'), clock)
    const refusal = refusalOf(control.getJob('p', 'j', undefined, stop.signal))
    await clock.advance(999)

    stop.abort()

    expect((await refusal).code).toBe('BQC_ABORTED')
    expect(asked.length).toBe(1)
  })

  it.each([
    ['a page of HTML', 'text/html', '<html>Please log in</html>'],
    ['JSON that breaks off', 'application/json', '{"schema":'],
    ['a list', 'application/json', '[]'],
    ['nothing', 'application/json', ''],
  ])('is not satisfied by %s with status 200', async (_, type, text) => {
    const { control } = openScripted(() => ({ status: 200, headers: { 'content-type': type }, text }))

    const refusal = await refusalOf(control.getTable('p', 'd', 't'))

    expect(refusal.code).toBe('BQC_RESPONSE_UNREADABLE')
    expect(refusal.message).toContain('request for table p.d.t')
  })
})

describe('a table', () => {
  it('without columns has none', async () => {
    const { control } = openScripted(() => jsonReply({ id: 'p:d.t' }))

    expect(await control.getTable('p', 'd', 't')).toEqual({ type: 'TABLE', fields: [] })
  })
})

describe('the tables of a dataset', () => {
  it('come as the page that is asked for, without entries that name no table', async () => {
    const { control, asked } = openScripted(() =>
      jsonReply({
        tables: [
          { tableReference: { tableId: 'b' }, type: 'view' },
          {},
          { tableReference: { tableId: 'c' } },
        ],
        nextPageToken: 'p3',
      }),
    )

    const page = await control.listTables('p', 'd', { pageToken: 'p2', maxResults: 7 })

    expect(page).toEqual({
      items: [
        { tableId: 'b', type: 'VIEW' },
        { tableId: 'c', type: 'TABLE' },
      ],
      nextPageToken: 'p3',
    })
    const { searchParams } = new URL(asked[0]?.url ?? '')
    expect([searchParams.get('pageToken'), searchParams.get('maxResults')]).toEqual(['p2', '7'])
  })

  it('may be none at all', async () => {
    const { control } = openScripted(() => jsonReply({}))

    expect(await control.listTables('p', 'd', {})).toEqual({ items: [], nextPageToken: undefined })
  })
})

describe('waiting for a query', () => {
  const job = { projectId: 'p', jobId: 'j', location: 'EU' }

  it('asks for no row, and gives the service the time that it was asked to take', async () => {
    const { control, asked } = openScripted(() => jsonReply({ jobComplete: true }))

    expect(await control.awaitQuery(job, 25_000)).toBe(true)
    expect(asked.map((request) => [request.method, pathOf(request), request.timeoutMs])).toEqual([
      ['GET', '/bigquery/v2/projects/p/queries/j?maxResults=0&timeoutMs=25000&location=EU', 85_000],
    ])
  })

  it('ends without the query where the service says so', async () => {
    const { control } = openScripted(() => jsonReply({ jobReference: job }))

    expect(await control.awaitQuery(job, 1)).toBe(false)
  })

  it.each([
    ['503', errorReply(503, 'backendError', 'Later.'), 'BQC_SERVICE_UNAVAILABLE'],
    ['nonsense', { status: 200, headers: {}, text: '<html>' }, 'BQC_RESPONSE_UNREADABLE'],
  ])('is not asked for again by itself after %s', async (_, reply, code) => {
    const { control, asked } = openScripted(() => reply)

    expect((await refusalOf(control.awaitQuery(job, 1))).code).toBe(code)
    expect(asked.length).toBe(1)
  })
})

describe('the order to stop a job', () => {
  it('is sent to where the job is, again after trouble, and gives the job', async () => {
    const { control, asked } = openScripted((_, count) =>
      count === 1 ? errorReply(503, 'backendError', 'Later.') : jsonReply({ job: { id: 'p:EU.j' } }),
    )

    const job = await control.cancelJob({ projectId: 'p', jobId: 'j', location: 'EU' })

    expect(job).toEqual({ id: 'p:EU.j' })
    expect(asked.map((request) => [request.method, pathOf(request)])).toEqual([
      ['POST', '/bigquery/v2/projects/p/jobs/j/cancel?location=EU'],
      ['POST', '/bigquery/v2/projects/p/jobs/j/cancel?location=EU'],
    ])
  })
})

describe('starting a job', () => {
  const job = {
    jobReference: { projectId: 'p', jobId: 'j', location: 'EU' },
    configuration: { query: { query: 'SELECT 1' } },
  }

  it('sends it as it is', async () => {
    const { control, asked } = openScripted(() => jsonReply({ ...job, status: { state: 'RUNNING' } }))

    const started = await control.insertJob('p', job, false)

    expect(started).toEqual({ origin: 'here', job: { ...job, status: { state: 'RUNNING' } } })
    expect(JSON.parse(String(asked[0]?.body))).toEqual(job)
  })

  it('adopts the job that runs already under its id: it is ours, its answer was lost', async () => {
    const { control, asked } = openScripted((request, count) => {
      if (count === 1) throw later
      return request.method === 'POST'
        ? errorReply(409, 'duplicate', 'Already Exists: Job p:j')
        : jsonReply({ ...job, status: { state: 'DONE' } })
    })

    const adopted = await control.insertJob('p', job, false)

    expect(adopted).toMatchObject({ origin: 'lost-answer', job: { status: { state: 'DONE' } } })
    expect(asked.map((request) => [request.method, pathOf(request)])).toEqual([
      ['POST', '/bigquery/v2/projects/p/jobs'],
      ['POST', '/bigquery/v2/projects/p/jobs'],
      ['GET', '/bigquery/v2/projects/p/jobs/j?location=EU'],
    ])
  })

  it('takes no job of somebody else for its own: an id that is taken from the start is refused', async () => {
    const { control } = openScripted(() => errorReply(409, 'duplicate', 'Already Exists: Job p:j'))

    const refusal = await refusalOf(control.insertJob('p', job, false))

    expect([refusal.code, refusal.httpStatus]).toEqual(['BQC_REQUEST_REFUSED', 409])
  })

  it('reports a duplicate when the job had no id of ours', async () => {
    const { control } = openScripted(() => errorReply(409, 'duplicate', 'Already Exists'))

    const refusal = await refusalOf(control.insertJob('p', { configuration: {} }, false))

    expect([refusal.code, refusal.httpStatus]).toEqual(['BQC_REQUEST_REFUSED', 409])
  })
})
