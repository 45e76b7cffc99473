import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Job } from '../../../src/bigquery/jobs.ts'
import { ConnectorError } from '../../../src/errors.ts'
import { numbered } from '../../../src/operations/jobs/job-id.ts'
import type { EndedJob, JobRun } from '../../../src/operations/jobs/run-to-end.ts'
import { errorReply } from '../../bigquery/scripted-transport.ts'
import { FakeClock, InstantClock } from '../../fixtures/clocks.ts'
import { type JobResource, openJobService } from './job-service.ts'

const jobOf = (attempt: number): Job => ({
  jobReference: { projectId: 'p', jobId: numbered('j', attempt) },
  configuration: { load: {} },
})
const run: JobRun = { jobOf, ids: 'kept', maxAttempts: 3, timeoutMs: -1 }
const done = { status: { state: 'DONE' } }
const failed = (reason: string, message = 'It broke.', statistics = {}) => ({
  status: { state: 'DONE', errorResult: { reason, message } },
  statistics,
})

/** A service whose jobs end as listed, in turn; the last ending for all others. */
function openEnding(...endings: Partial<JobResource>[]) {
  const last = endings.at(-1) ?? done
  return openJobService(new InstantClock(), () => endings.shift() ?? last)
}

async function errorOf(work: Promise<unknown>): Promise<ConnectorError> {
  const [result] = await Promise.allSettled([work])
  if (result.status === 'rejected' && result.reason instanceof ConnectorError) return result.reason
  throw new Error('no ConnectorError', { cause: result })
}

const requests = (asked: readonly string[]) => asked.map((one) => one.split(' ')[0])

describe('a job that is run to its end', () => {
  it('is started and given back when it is done', async () => {
    const { runToEnd, asked } = openEnding(done)

    const ended = await runToEnd(run)

    expect(ended).toMatchObject({ isFormer: false, job: { jobReference: { jobId: 'j' }, ...done } })
    expect(requests(asked)).toEqual(['insert'])
  })

  it('is started once, however often the answer is lost', async () => {
    const { runToEnd, jobs, fault } = openEnding(done)
    fault('insert', 'lose', 'lose', { answer: errorReply(503, 'backendError', 'Later.') })

    const ended = await runToEnd({ ...run, ids: 'fresh' })

    expect(ended.job.status).toEqual({ state: 'DONE' })
    expect([...jobs.keys()]).toEqual(['j'])
  })

  it('is found again after an answer that makes no sense', async () => {
    const { runToEnd, jobs, fault } = openEnding(done)
    fault('insert', 'garble')

    expect((await runToEnd(run)).job.status).toEqual({ state: 'DONE' })
    expect(jobs.size).toBe(1)
  })

  it('is not taken for started where answers go on to make no sense', async () => {
    const { runToEnd, jobs, fault } = openEnding(done)
    const garbage = { answer: { status: 200, headers: {}, text: '<html>' } }
    fault('insert', garbage, garbage)

    const error = await errorOf(runToEnd(run))

    expect([error.code, jobs.size]).toEqual(['BQC_RESPONSE_UNREADABLE', 0])
  })

  it('is found where it is, though nobody said where that is', async () => {
    const { runToEnd, fault } = openEnding(done)
    fault('insert', 'lose')

    const ended = await runToEnd(run)

    expect(ended.job.jobReference).toEqual({ projectId: 'p', jobId: 'j', location: 'EU' })
  })

  it('is found though it cannot be seen for some seconds', async () => {
    const { runToEnd, fault } = openEnding(done)
    const unseen = { answer: errorReply(404, 'notFound', 'Not found: Job p:j') }
    fault('insert', 'lose')
    fault('get', unseen, unseen, unseen)

    expect((await runToEnd(run)).job.status).toEqual({ state: 'DONE' })
  })

  it('is named where nobody knows whether it was started', async () => {
    const { runToEnd, fault } = openEnding(done)
    fault('insert', 'lose', 'lose', 'lose', 'lose', 'lose')

    const error = await errorOf(runToEnd(run))

    expect(error).toMatchObject({
      code: 'BQC_NETWORK',
      message: expect.stringContaining('Job p.j may have been started'),
    })
  })

  it('is told with what its errors say: where, what and why', async () => {
    const errorResult = { reason: 'invalid', location: 'gs://b/f.csv', message: 'Bad row' }
    const { runToEnd } = openEnding({
      status: {
        state: 'DONE',
        errorResult,
        errors: [errorResult, { message: 'Record 3 is no number.' }, { message: 'Another' }],
      } as object,
    })

    const error = await errorOf(runToEnd(run))

    expect(error).toMatchObject({
      code: 'BQC_JOB_FAILED',
      reason: 'invalid',
      message: 'Job p.j failed at gs://b/f.csv: Bad row. Record 3 is no number. The job tells of 1 more.',
      payload: { status: { errorResult } },
    })
  })
})

describe('a job of a former run', () => {
  it('counts where it succeeded, and nothing runs', async () => {
    const { runToEnd, jobs } = openEnding(done)
    await runToEnd(run)

    const again = await runToEnd(run)

    expect(again).toMatchObject({ isFormer: true, job: { jobReference: { jobId: 'j' } } })
    expect(jobs.size).toBe(1)
  })

  it('is waited for where it goes on', async () => {
    const clock = new FakeClock()
    const { runToEnd, jobs, end } = openJobService(clock)
    void runToEnd(run)
    await clock.advance(500)
    const again = runToEnd(run)
    await clock.advance(500)

    end('j')
    await clock.advance(5_000)

    expect(await again).toMatchObject({ isFormer: true, job: { status: { state: 'DONE' } } })
    expect(jobs.size).toBe(1)
  })

  it('that failed is passed by, whatever the reason: the next attempt runs under the next id', async () => {
    const { runToEnd, jobs } = openEnding(failed('invalidQuery'), failed('notFound'), done)
    await errorOf(runToEnd(run))
    await errorOf(runToEnd(run))

    const third = await runToEnd(run)

    expect(third).toMatchObject({ isFormer: false, job: { jobReference: { jobId: 'j_3' } } })
    expect([...jobs.keys()]).toEqual(['j', 'j_2', 'j_3'])
  })

  it('that may be of this run, because an answer was lost, is not run again when it failed', async () => {
    const { runToEnd, jobs, fault } = openEnding(failed('invalidQuery'))
    fault('insert', 'lose')

    const error = await errorOf(runToEnd(run))

    expect([error.code, jobs.size]).toEqual(['BQC_JOB_FAILED', 1])
  })

  it('is refused where the document gave the id', async () => {
    const { runToEnd, jobs } = openEnding(done)
    await runToEnd({ ...run, ids: 'given' })

    const error = await errorOf(runToEnd({ ...run, ids: 'given' }))

    expect([error.code, error.httpStatus, jobs.size]).toEqual(['BQC_REQUEST_REFUSED', 409, 1])
  })
})

describe('what is to be done once', () => {
  const later = { answer: errorReply(503, 'backendError', 'Later.') }
  const faults = () =>
    fc.array(fc.constantFrom('none' as const, 'lose' as const, 'garble' as const, later), { maxLength: 25 })

  it('is done once, whatever is lost, fails or is stopped, if only it is tried again until it succeeds', async () => {
    await fc.assert(
      fc.asyncProperty(
        faults(),
        faults(),
        fc.array(fc.constantFrom('backendError', 'invalidQuery'), { maxLength: 4 }),
        fc.array(fc.boolean(), { maxLength: 6 }),
        async (onInsert, onGet, failures, stops) => {
          const endings = failures.map((reason) => failed(reason))
          let stop = new AbortController()
          const { runToEnd, jobs, fault, calm } = openJobService(new InstantClock(), () => {
            if (stops.shift()) stop.abort()
            return endings.shift() ?? done
          })
          fault('insert', ...onInsert)
          fault('get', ...onGet)

          let ended: EndedJob | undefined
          for (let restart = 0; restart < 40 && ended === undefined; restart += 1) {
            stop = new AbortController()
            ended = await runToEnd(run, stop.signal).catch(() => undefined)
          }
          calm()
          const again = await runToEnd(run)

          const succeeded = [...jobs.values()].filter(({ status }) => status?.errorResult === undefined)
          expect(succeeded.length).toBe(1)
          expect(ended?.job.jobReference?.jobId).toBe(succeeded[0]?.jobReference?.jobId)
          expect(again).toMatchObject({ isFormer: true, job: { jobReference: succeeded[0]?.jobReference } })
        },
      ),
      { numRuns: 200 },
    )
  })
})

describe('a job that failed', () => {
  it.each([
    'backendError',
    'internalError',
    'jobBackendError',
    'jobInternalError',
    'jobRateLimitExceeded',
    'rateLimitExceeded',
    'tableUnavailable',
  ])('with %s is run again under the next id', async (reason) => {
    const attempts: number[] = []
    const { runToEnd, jobs } = openEnding(failed(reason), failed(reason), done)

    const ended = await runToEnd({ ...run, onAttempt: () => attempts.push(1) })

    expect(ended.job.jobReference?.jobId).toBe('j_3')
    expect([jobs.size, attempts.length]).toEqual([3, 3])
  })

  it.each([
    ['for a reason that stays', failed('invalidQuery', 'Unrecognized name: nope')],
    ['because it was cancelled', failed('stopped')],
    ['on a quota of the day', failed('quotaExceeded')],
    [
      'as a script, half of which may be done',
      failed('backendError', 'Sorry.', { query: { statementType: 'SCRIPT' } }),
    ],
    ['with children', failed('backendError', 'Sorry.', { numChildJobs: '2' })],
  ])('%s runs once', async (_, ending) => {
    const { runToEnd, jobs } = openEnding(ending)

    expect((await errorOf(runToEnd(run))).code).toBe('BQC_JOB_FAILED')
    expect(jobs.size).toBe(1)
  })

  it.each([
    'Could not serialize access to table p:d.t due to concurrent update',
    'Resources exceeded: Too many DML statements outstanding against table p:d.t, limit is 20.',
  ])('because others change the same table runs again: %s', async (message) => {
    const { runToEnd, jobs } = openEnding(failed('invalidQuery', message), done)

    await runToEnd(run)

    expect(jobs.size).toBe(2)
  })

  it('runs so often as it may, with growing waits between', async () => {
    const clock = new FakeClock()
    const { runToEnd, asked } = openJobService(clock, () => failed('backendError'))
    const error = errorOf(runToEnd(run))

    await clock.advance(10_000)

    expect((await error).code).toBe('BQC_JOB_FAILED')
    expect(asked).toEqual(['insert 0', 'insert 1', 'insert 3'])
  })

  it('runs once under an id that the document gave', async () => {
    const { runToEnd, jobs } = openEnding(failed('backendError'))

    await errorOf(runToEnd({ ...run, ids: 'given' }))

    expect(jobs.size).toBe(1)
  })
})

describe('the time for a job', () => {
  it('is that of all attempts together', async () => {
    const clock = new FakeClock()
    const { runToEnd, end } = openJobService(clock)
    const error = errorOf(runToEnd({ ...run, timeoutMs: 10_000 }))
    await clock.advance(4_000)
    end('j', { reason: 'backendError' })

    await clock.advance(6_000)

    expect(await error).toMatchObject({
      code: 'BQC_JOB_TIMEOUT',
      payload: { jobReference: { jobId: 'j_2' } },
    })
  })
})

describe('an execution that is stopped', () => {
  it('before its job is started starts none', async () => {
    const { runToEnd, asked } = openEnding(done)

    const error = await errorOf(runToEnd({ ...run, cancelOnStop: true }, AbortSignal.abort()))

    expect([error.code, asked]).toEqual(['BQC_ABORTED', []])
  })

  it('while its job is being started orders that to stop as well, where that is asked for', async () => {
    const stop = new AbortController()
    const { runToEnd, asked, closing, fault, jobs } = openJobService(new FakeClock())
    fault('insert', 'lose')
    const error = errorOf(runToEnd({ ...run, cancelOnStop: true }, stop.signal))
    await new Promise(setImmediate)

    stop.abort()

    expect((await error).code).toBe('BQC_ABORTED')
    expect([closing.length, requests(asked)]).toEqual([1, ['insert', 'cancel']])
    expect(jobs.has('j')).toBe(true)
  })

  it('orders no job of somebody else to stop', async () => {
    const stop = new AbortController()
    const { runToEnd, asked, fault } = openJobService(new FakeClock())
    fault('insert', 'lose')
    const error = errorOf(runToEnd({ ...run, ids: 'given', cancelOnStop: true }, stop.signal))
    await new Promise(setImmediate)

    stop.abort()

    expect((await error).code).toBe('BQC_ABORTED')
    expect(requests(asked)).toEqual(['insert'])
  })
})
