import fc from 'fast-check'
import { beforeEach, describe, expect, it } from 'vitest'
import type { InsertRows } from '../../src/contract/insert-rows.ts'
import type { Progress } from '../../src/contract/operation.ts'
import { HistogramRecorder } from '../../src/pipeline/histogram.ts'
import { ProgressFeed } from '../../src/pipeline/progress-feed.ts'
import { FakeClock, settled } from '../fixtures/clocks.ts'
import { rows, start } from '../fixtures/start-pipeline.ts'
import { TableService } from '../fixtures/table-service.ts'

let feed: ProgressFeed
beforeEach(() => {
  feed = new ProgressFeed()
})

describe('the counters of an execution', () => {
  it('end with figures that add up', async () => {
    const insertRows = new TableService(['unavailable', 'quota']).insertRows

    await Array.fromAsync(start([...rows(7), { data: 'no' }], insertRows, { execute: { progress: feed } }))

    const last = feed.now()
    expect(last).toMatchObject({
      documents: 8,
      success: 7,
      applicationError: 1,
      failure: 0,
      inFlight: 0,
      budget: { spentBytes: 0, limitBytes: 20_000 },
      paused: [],
    })
    const { batches, retries, answers, rowsSent, bytesSent, requestRows, requestBytes, latencyMs } =
      last as Progress
    const requests = batches + retries
    expect(retries).toBeGreaterThanOrEqual(2)
    expect(answers).toEqual({ stored: requests - 2, BQC_SERVICE_UNAVAILABLE: 1, BQC_QUOTA_EXCEEDED: 1 })
    expect([requestRows.count, requestBytes.count, latencyMs.count]).toEqual(Array(3).fill(requests))
    expect([requestRows.sum, requestBytes.sum]).toEqual([rowsSent, bytesSent])
  })

  it('show the budget that is spent, the requests on the wire, and how long answers take', async () => {
    const clock = new FakeClock()
    const insertRows: InsertRows = async () => {
      await clock.wait(300)
      return { verdict: 'stored', rows: [] }
    }
    const done = Array.fromAsync(start(rows(3), insertRows, { clock, execute: { progress: feed } }))
    await settled()

    expect(feed.now()).toMatchObject({ documents: 3, inFlight: 1 })
    expect(feed.now()?.budget?.spentBytes).toBeGreaterThan(3 * 1024)

    await clock.advance(300)
    await done
    expect(feed.now()).toMatchObject({ inFlight: 0, latencyMs: { count: 1, min: 300, max: 300 } })
  })

  it('are there after an execution that was left early', async () => {
    for await (const _ of start(rows(20), new TableService().insertRows, { execute: { progress: feed } }))
      break

    expect(feed.now()).toMatchObject({ success: 1, inFlight: 0 })
  })
})

describe('a loop over them', () => {
  it('sees them grow, and ends with the execution and its last state', async () => {
    const seen: Progress[] = []
    const watching = (async () => {
      for await (const progress of feed) seen.push(progress)
    })()

    await Array.fromAsync(start(rows(50), new TableService().insertRows, { execute: { progress: feed } }))
    await watching

    expect(seen.length).toBeGreaterThan(5)
    expect(seen.map(({ success }) => success)).toEqual(
      seen.map(({ success }) => success).sort((a, b) => a - b),
    )
    expect(seen.at(-1)).toMatchObject({ documents: 50, success: 50 })
  })

  it('that is slow holds up nothing, and misses no more than what was between', async () => {
    const gate = Promise.withResolvers<void>()
    const seen: Progress[] = []
    const watching = (async () => {
      for await (const progress of feed) {
        seen.push(progress)
        await gate.promise
      }
    })()

    const outcomes = await Array.fromAsync(
      start(rows(50), new TableService().insertRows, { execute: { progress: feed } }),
    )
    gate.resolve()
    await watching

    expect(outcomes).toHaveLength(50)
    expect(seen).toHaveLength(2)
    expect(seen[1]).toMatchObject({ success: 50 })
  })

  it('that comes after the end gets the last state once', async () => {
    await Array.fromAsync(start(rows(3), new TableService().insertRows, { execute: { progress: feed } }))

    expect(await Array.fromAsync(feed)).toMatchObject([{ success: 3 }])
  })
})

describe('a histogram', () => {
  it('has each value in the bucket of the first bound that is not below it', () => {
    const bounds = fc
      .uniqueArray(fc.integer({ min: -50, max: 50 }), { minLength: 1, maxLength: 8 })
      .map((list) => list.sort((a, b) => a - b))
    fc.assert(
      fc.property(bounds, fc.array(fc.integer({ min: -60, max: 60 })), (limits, values) => {
        const recorder = new HistogramRecorder(limits)
        for (const value of values) recorder.record(value)

        const bucketOf = (value: number) => {
          const at = limits.findIndex((limit) => value <= limit)
          return at === -1 ? limits.length : at
        }
        const { count, sum, min, max, counts } = recorder.read()
        expect(counts).toEqual(
          [...limits, Number.NaN].map((_, at) => values.filter((value) => bucketOf(value) === at).length),
        )
        expect([count, sum]).toEqual([values.length, values.reduce((total, value) => total + value, 0)])
        if (count > 0) expect([min, max]).toEqual([Math.min(...values), Math.max(...values)])
      }),
    )
  })
})
