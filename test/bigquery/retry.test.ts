import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createRetry } from '../../src/bigquery/retry.ts'
import type { Clock } from '../../src/contract/clock.ts'
import { ConnectorError, type ErrorCode } from '../../src/errors.ts'
import { FakeClock, InstantClock } from '../fixtures/clocks.ts'

/** A retry whose waits are over at once, and on record. */
function recordingRetry(random = 0) {
  const waits: number[] = []
  const clock: Clock = {
    now: () => 0,
    wait: async (ms) => {
      waits.push(ms)
    },
    after: () => () => {},
  }
  return { waits, retry: createRetry(clock, () => random) }
}

function failing(times: number, thrown: unknown) {
  const calls = { count: 0 }
  const call = async () => {
    calls.count += 1
    if (calls.count <= times) throw thrown
    return 'done'
  }
  return { calls, call }
}

const network = new ConnectorError('BQC_NETWORK', 'No answer.')
const always = Number.POSITIVE_INFINITY

describe('a call', () => {
  it('that succeeds is made once', async () => {
    const { waits, retry } = recordingRetry()
    const { calls, call } = failing(0, undefined)

    expect(await retry(call)).toBe('done')
    expect([calls.count, waits]).toEqual([1, []])
  })

  it.each<[ErrorCode, number]>([
    ['BQC_NETWORK', 5],
    ['BQC_SERVICE_UNAVAILABLE', 5],
    ['BQC_QUOTA_EXCEEDED', 5],
    ['BQC_NOT_FOUND', 1],
    ['BQC_REQUEST_REFUSED', 1],
    ['BQC_REQUEST_TOO_LARGE', 1],
    ['BQC_RESPONSE_UNREADABLE', 1],
    ['BQC_ABORTED', 1],
  ])('that always fails with %s is made %i times', async (code, times) => {
    const failure = new ConnectorError(code, 'No.')
    const { waits, retry } = recordingRetry()
    const { calls, call } = failing(always, failure)

    const [result] = await Promise.allSettled([retry(call)])

    expect(result).toEqual({ status: 'rejected', reason: failure })
    expect([calls.count, waits.length]).toEqual([times, times - 1])
  })

  it('is made as often as its caller allows', async () => {
    const { calls, call } = failing(always, network)

    await Promise.allSettled([recordingRetry().retry(call, { attempts: 2 })])

    expect(calls.count).toBe(2)
  })

  it('that fails in a way nobody foresaw is made once, and is our fault', async () => {
    const { calls, call } = failing(always, new TypeError('x is not a function'))

    const [result] = await Promise.allSettled([recordingRetry().retry(call)])

    expect(result).toMatchObject({ status: 'rejected', reason: { code: 'BQC_INTERNAL' } })
    expect(calls.count).toBe(1)
  })
})

describe('the waits', () => {
  it('double from one second to thirty-two', async () => {
    const { waits, retry } = recordingRetry()

    await Promise.allSettled([retry(failing(always, network).call, { attempts: 9 })])

    expect(waits).toEqual([1000, 2000, 4000, 8000, 16_000, 32_000, 32_000, 32_000])
  })

  it('are up to twice as long by chance, and never over thirty-two seconds', async () => {
    await fc.assert(
      fc.asyncProperty(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), async (random) => {
        const { waits, retry } = recordingRetry(random)

        await Promise.allSettled([retry(failing(always, network).call, { attempts: 9 })])

        expect(waits).toEqual(waits.map((_, at) => Math.min(1000 * 2 ** at * (1 + random), 32_000)))
      }),
      { numRuns: 20 },
    )
  })

  it.each([
    [60_000, [60_000, 60_000]],
    [1500, [1500, 2000]],
    [0, [1000, 2000]],
  ])('are no shorter than the service asks for: %i ms', async (retryAfterMs, expected) => {
    const busy = new ConnectorError('BQC_SERVICE_UNAVAILABLE', 'Later.', { retryAfterMs })
    const { waits, retry } = recordingRetry()

    await Promise.allSettled([retry(failing(2, busy).call)])

    expect(waits).toEqual(expected)
  })
})

describe('a call that is called off', () => {
  it('beforehand is never made', async () => {
    const { calls, call } = failing(0, undefined)

    const [result] = await Promise.allSettled([recordingRetry().retry(call, { signal: AbortSignal.abort() })])

    expect(result).toMatchObject({ status: 'rejected', reason: { code: 'BQC_ABORTED' } })
    expect(calls.count).toBe(0)
  })

  it('while it waits is not made again, and waits no longer', async () => {
    const stop = new AbortController()
    const clock = new FakeClock()
    const { calls, call } = failing(always, network)
    const work = Promise.allSettled([createRetry(clock, () => 0)(call, { signal: stop.signal })])
    await clock.advance(999)

    stop.abort()
    const [result] = await work

    expect(result).toMatchObject({ status: 'rejected', reason: { code: 'BQC_ABORTED' } })
    expect([calls.count, clock.pending]).toEqual([1, 0])
  })

  it('after its answer keeps the answer', async () => {
    const stop = new AbortController()
    const answer = await createRetry(new InstantClock(), () => 0)(failing(1, network).call, {
      signal: stop.signal,
    })

    stop.abort()

    expect(answer).toBe('done')
  })
})
