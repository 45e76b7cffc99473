import { describe, expect, it } from 'vitest'
import type { Clock } from '../../../src/contract/clock.ts'
import { ConnectorError } from '../../../src/errors.ts'
import { errorReply } from '../../bigquery/scripted-transport.ts'
import { FakeClock, InstantClock } from '../../fixtures/clocks.ts'
import { type JobResource, openJobService } from './job-service.ts'

const load: JobResource = {
  jobReference: { projectId: 'p', jobId: 'j', location: 'EU' },
  configuration: { load: {} },
  status: { state: 'PENDING' },
}
const query = { ...load, configuration: { query: { query: 'SELECT 1' } } }
const forEver = { timeoutMs: -1 }

function openWatching(job: JobResource = load) {
  const clock = new FakeClock()
  return { ...openInstant(job, clock), clock }
}

function openInstant(job: JobResource = load, clock: Clock = new InstantClock()) {
  const service = openJobService(clock)
  service.jobs.set('j', job)
  return service
}

async function errorOf(work: Promise<unknown>): Promise<ConnectorError> {
  const [result] = await Promise.allSettled([work])
  if (result.status === 'rejected' && result.reason instanceof ConnectorError) return result.reason
  throw new Error('no ConnectorError', { cause: result })
}

describe('a job that is watched', () => {
  it('is looked at at once, and then after 0, 1, 2, 5, 10, 15 and 20 seconds, and 20 again', async () => {
    const { watch, clock, asked, end } = openWatching()
    const watched = watch(load, forEver)

    await clock.advance(80_000)
    end('j')
    await clock.advance(20_000)

    expect((await watched).status).toEqual({ state: 'DONE' })
    expect(asked).toEqual([0, 0, 1, 3, 8, 18, 33, 53, 73, 93].map((second) => `get ${second}`))
  })

  it('is waited for by the service itself where it is a query', async () => {
    const { watch, clock, asked, end } = openWatching(query)
    const watched = watch(query, forEver)

    await clock.advance(30_000)
    end('j')
    await clock.advance(20_000)

    expect((await watched).status).toEqual({ state: 'DONE' })
    expect(asked).toEqual(['wait 0', 'get 25', 'wait 25', 'get 50'])
  })

  it('is looked at by the ladder where the service answers sooner than it was asked to', async () => {
    const { watch, clock, asked, fault, end } = openWatching(query)
    fault('wait', ...Array.from({ length: 4 }, () => ({ answer: errorReply(503, 'backendError', 'No.') })))
    const watched = watch(query, forEver)

    await clock.advance(3_000)
    end('j')
    await clock.advance(5_000)
    await watched

    expect(asked.filter((one) => one.startsWith('get'))).toEqual([
      'get 0',
      'get 0',
      'get 1',
      'get 3',
      'get 8',
    ])
  })

  it('that is done when it is handed over is not looked at', async () => {
    const { watch, asked } = openWatching()
    const done = { ...load, status: { state: 'DONE' } }

    expect(await watch(done, forEver)).toBe(done)
    expect(asked).toEqual([])
  })

  it.each([
    ['a 503', { answer: errorReply(503, 'backendError', 'Later.') }],
    ['a rate limit', { answer: errorReply(403, 'rateLimitExceeded', 'Slowly.') }],
    ['a page of HTML with status 200', { answer: { status: 200, headers: {}, text: '<html>' } }],
    ['a lost answer', 'lose' as const],
    ['a 404 just after its start', { answer: errorReply(404, 'notFound', 'Not found: Job p:j') }],
  ])('is watched on after %s', async (_, trouble) => {
    const { watch, fault, end } = openInstant()
    end('j')
    fault('get', trouble, trouble, trouble, trouble, trouble, trouble)

    expect((await watch(load, forEver)).status).toEqual({ state: 'DONE' })
  })

  it('is given up when it is still unknown after a minute', async () => {
    const { watch, asked } = openInstant({ ...load, jobReference: { ...load.jobReference, location: 'US' } })

    const error = await errorOf(watch(load, forEver))

    expect([error.code, error.httpStatus]).toEqual(['BQC_NOT_FOUND', 404])
    expect(asked.at(-1)).toBe('get 73')
  })

  it('is given up at once when the account may not look at it', async () => {
    const { watch, fault, asked } = openWatching()
    fault('get', { answer: errorReply(403, 'accessDenied', 'Access Denied.') })

    const error = await errorOf(watch(load, forEver))

    expect([error.code, error.httpStatus, asked.length]).toEqual(['BQC_ACCESS_DENIED', 403, 1])
  })

  it('without a state is not done', async () => {
    const { watch, clock, asked, end } = openWatching({ ...load, status: {} })
    const watched = watch(load, forEver)

    await clock.advance(1_000)
    end('j')
    await clock.advance(2_000)
    await watched

    expect(asked).toEqual(['get 0', 'get 0', 'get 1', 'get 3'])
  })

  it('waits as long as the service asks, also where the ladder is shorter', async () => {
    const { watch, clock, asked, fault, end } = openWatching()
    const busy = errorReply(503, 'backendError', 'Later.')
    fault('get', { answer: { ...busy, headers: { ...busy.headers, 'retry-after': '30' } } })
    end('j')
    const watched = watch(load, forEver)

    await clock.advance(30_000)
    await watched

    expect(asked).toEqual(['get 0', 'get 30'])
  })
})

describe('the time for a job', () => {
  it('of 0 is enough for exactly one look', async () => {
    for (const job of [load, query]) {
      const { watch, asked } = openWatching(job)

      const error = await errorOf(watch(job, { timeoutMs: 0 }))

      expect([error.code, asked]).toEqual(['BQC_JOB_TIMEOUT', ['get 0']])
    }
  })

  it('of 0 finds a job that is done by then', async () => {
    const { watch, end } = openWatching()
    end('j')

    expect((await watch(load, { timeoutMs: 0 })).status).toEqual({ state: 'DONE' })
  })

  it('ends with a last look when it is over, and the job as it was seen then', async () => {
    const { watch, clock, asked } = openWatching({ ...load, status: { state: 'RUNNING' } })
    const error = errorOf(watch(load, { timeoutMs: 6_000 }))

    await clock.advance(6_000)

    expect(await error).toMatchObject({ code: 'BQC_JOB_TIMEOUT', payload: { status: { state: 'RUNNING' } } })
    expect((await error).message).toMatch(/^Job p\.j is not done after 6000 ms\. It goes on/)
    expect(asked).toEqual(['get 0', 'get 0', 'get 1', 'get 3', 'get 6'])
  })

  it('bounds the trouble that is borne, and tells it', async () => {
    const { watch, clock, fault } = openWatching()
    fault('get', ...Array.from({ length: 9 }, () => ({ answer: errorReply(503, 'backendError', 'Dead.') })))
    const error = errorOf(watch(load, { timeoutMs: 6_000 }))

    await clock.advance(6_000)

    expect((await error).message).toMatch(/The last look at it failed: .*Dead\./)
  })

  it('cancels the job when it is over, where that is asked for', async () => {
    const { watch, jobs, asked, clock } = openWatching()

    const error = await errorOf(watch(load, { timeoutMs: 0, cancelOnTimeout: true }))

    expect(error).toMatchObject({
      code: 'BQC_JOB_TIMEOUT',
      message: expect.stringContaining('told to cancel it'),
    })
    expect(jobs.get('j')?.status?.errorResult).toMatchObject({ reason: 'stopped' })
    expect(asked).toEqual(['get 0', 'cancel 0'])
    expect(clock.pending).toBe(0)
  })

  it('gives the job that was done before the order to stop reached it', async () => {
    const { watch, fault, end } = openWatching()
    fault('get', { answer: errorReply(503, 'backendError', 'Later.') })
    end('j')

    expect((await watch(load, { timeoutMs: 0, cancelOnTimeout: true })).status).toEqual({ state: 'DONE' })
  })

  it('says so when the job could not be cancelled', async () => {
    const { watch, fault } = openWatching()
    fault('cancel', { answer: errorReply(403, 'accessDenied', 'You may not.') })

    const error = await errorOf(watch(load, { timeoutMs: 0, cancelOnTimeout: true }))

    expect(error.message).toMatch(/could not be cancelled, and may go on: .*You may not\./)
  })

  it('waits five seconds for the order to stop, and no longer', async () => {
    const { watch, fault, clock } = openWatching()
    fault('cancel', ...Array.from({ length: 5 }, () => ({ answer: errorReply(503, 'backendError', 'No.') })))
    const error = errorOf(watch(load, { timeoutMs: 0, cancelOnTimeout: true }))

    await clock.advance(5_000)

    expect((await error).message).toContain('could not be cancelled')
    expect(clock.pending).toBe(0)
  })
})

describe('an execution that is stopped while its job is under way', () => {
  it('leaves the job alone, and says so', async () => {
    const { watch, jobs, asked, clock } = openWatching()
    const stop = new AbortController()
    const error = errorOf(watch(load, forEver, stop.signal))
    await clock.advance(500)

    stop.abort()

    expect(await error).toMatchObject({ code: 'BQC_ABORTED', payload: { status: { state: 'PENDING' } } })
    expect((await error).message).toContain('It may go on')
    expect([jobs.get('j')?.status?.state, asked.includes('cancel 0.5'), clock.pending]).toEqual([
      'PENDING',
      false,
      0,
    ])
  })

  it('cancels the job where that is asked for, before the connection is closed', async () => {
    const { watch, jobs, closing, clock } = openWatching()
    const stop = new AbortController()
    const error = errorOf(watch(load, { timeoutMs: -1, cancelOnStop: true }, stop.signal))
    await clock.advance(500)

    stop.abort()
    const announced = closing.length
    await Promise.all(closing)

    expect(await error).toMatchObject({
      code: 'BQC_ABORTED',
      message: expect.stringContaining('told to cancel it'),
    })
    expect([announced, jobs.get('j')?.status?.state, clock.pending]).toEqual([1, 'DONE', 0])
  })

  it('gives the job that was done before the order to cancel it came', async () => {
    const { watch, end, closing, clock } = openWatching()
    const stop = new AbortController()
    const watched = watch(load, { timeoutMs: -1, cancelOnStop: true }, stop.signal)
    await clock.advance(500)
    end('j')

    stop.abort()
    await Promise.all(closing)

    expect((await watched).status).toEqual({ state: 'DONE' })
  })
})
