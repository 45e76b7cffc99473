import fc from 'fast-check'
import { beforeEach, describe, expect, it } from 'vitest'
import type { Clock } from '../../src/contract/clock.ts'
import type { Document } from '../../src/contract/document.ts'
import type { InsertRows, InsertVerdict } from '../../src/contract/insert-rows.ts'
import type { Outcome } from '../../src/contract/outcome.ts'
import { ConnectorError } from '../../src/errors.ts'
import { Pace } from '../../src/pipeline/pace.ts'
import { Paces } from '../../src/pipeline/paces.ts'
import { ProgressFeed } from '../../src/pipeline/progress-feed.ts'
import { FakeClock } from '../fixtures/clocks.ts'
import { encodeRow, encodersOf, rows, start, usual } from '../fixtures/start-pipeline.ts'
import { TableService } from '../fixtures/table-service.ts'

const quota: InsertVerdict = {
  verdict: 'retry',
  error: new ConnectorError('BQC_QUOTA_EXCEEDED', 'Slow down.', { httpStatus: 403, reason: 'quotaExceeded' }),
}
const unavailable: InsertVerdict = {
  verdict: 'retry',
  error: new ConnectorError('BQC_SERVICE_UNAVAILABLE', 'Try later.', { httpStatus: 503 }),
}
const notYet: InsertVerdict = {
  verdict: 'not-yet',
  error: new ConnectorError('BQC_NOT_FOUND', 'Not found.', { httpStatus: 404 }),
}
const stored: InsertVerdict = { verdict: 'stored', rows: [] }

const to = (tableId: string, n: number): Document => ({ data: { n }, properties: { tableId } })

/** A source that never says that it has ended, until it is told. */
function openSource(): { documents: AsyncGenerator<Document>; push(...more: Document[]): void; end(): void } {
  const queue: Document[] = []
  let isOver = false
  let wake = () => {}
  return {
    push(...more) {
      queue.push(...more)
      wake()
    },
    end() {
      isOver = true
      wake()
    },
    documents: (async function* () {
      for (;;) {
        const next = queue.shift()
        if (next !== undefined) yield next
        else if (isOver) return
        else await new Promise<void>((resolve) => (wake = resolve))
      }
    })(),
  }
}

/** Outcomes as they come. */
function collect(outcomes: AsyncIterable<Outcome>): { seen: Outcome[]; done: Promise<void> } {
  const seen: Outcome[] = []
  const done = (async () => {
    for await (const outcome of outcomes) seen.push(outcome)
  })()
  return { seen, done }
}

let clock: FakeClock
let feed: ProgressFeed
beforeEach(() => {
  clock = new FakeClock()
  feed = new ProgressFeed()
})

describe('a destination whose quota is exceeded', () => {
  it('pauses, tells why and until when, and holds up no other destination', async () => {
    const service = new TableService()
    let isExceeded = true
    const insertRows: InsertRows = async (request, signal) =>
      isExceeded && request.destination.tableId === 'full' ? quota : service.insertRows(request, signal)
    const documents = [to('full', 1), to('free', 2), to('full', 3), to('free', 4)]

    const { seen, done } = collect(
      start(documents, insertRows, {
        clock,
        options: { outcomeOrder: 'settled' },
        execute: { progress: feed },
      }),
    )
    await clock.advance(500)

    expect(seen.map(({ index }) => index)).toEqual([1, 3])
    expect(feed.now()?.paused).toMatchObject([
      { destination: 'demo.shop.full', state: 'paused', reason: 'quotaExceeded' },
    ])
    expect(feed.now()?.paused[0]?.until).toBeGreaterThan(clock.now())

    isExceeded = false
    await clock.advance(60_000)
    await done

    expect(seen.map(({ index, status }) => [index, status]).sort()).toEqual(
      [0, 1, 2, 3].map((index) => [index, 'success']),
    )
    expect(feed.now()?.paused).toEqual([])
    expect(clock.pending).toBe(0)
  })

  it('gets smaller requests, unless it is requests that are counted', async () => {
    const sizesAt = async (pace: object) => {
      const service = new TableService(['quota'])
      await Array.fromAsync(start(rows(8), service.insertRows, { pace: { maxRows: 8, ...pace } }))
      return service.requests.map((request) => request.rows.length)
    }

    expect(await sizesAt({})).toEqual([8, 4, 4])
    expect(await sizesAt({ minRows: 8 })).toEqual([8, 8])
  })

  it('is given up when its attempts are used up, fails its documents at once, and is tried with one batch from time to time', async () => {
    const service = new TableService()
    let isExceeded = true
    const asked: number[] = []
    const insertRows: InsertRows = async (request, signal) => {
      asked.push(clock.now())
      return isExceeded ? quota : service.insertRows(request, signal)
    }
    const source = openSource()
    const { seen, done } = collect(
      start(source.documents, insertRows, { clock, options: { maxAttempts: 6 } }),
    )

    source.push(...rows(3))
    await clock.advance(120_000)
    expect(seen.map(({ errorCode, attempts }) => [errorCode, attempts])).toEqual([
      ['BQC_QUOTA_EXCEEDED', 6],
      // A smaller batch was tried, so these waited behind it.
      ['BQC_DESTINATION_GIVEN_UP', 1],
      ['BQC_DESTINATION_GIVEN_UP', 1],
    ])

    // Two trials are refused, and the time between them doubles; what comes meanwhile is not sent.
    const before = asked.length
    for (let minute = 0; minute < 3; minute += 1) {
      source.push({ data: { n: minute } })
      await clock.advance(1000)
      source.push({ data: { n: minute } })
      await clock.advance(59_000)
    }
    expect(asked.length - before).toBe(2)
    expect(seen.slice(3).filter(({ errorCode }) => errorCode === 'BQC_DESTINATION_GIVEN_UP')).toHaveLength(4)
    expect(seen.at(-1)?.message).toMatch(
      /demo\.shop\.orders has refused rows since .*quotaExceeded.*next try/,
    )

    isExceeded = false
    await clock.advance(600_000)
    source.push(...rows(5))
    source.end()
    await clock.advance(1000)
    await done

    expect(seen.slice(-5).map(({ status }) => status)).toEqual(Array(5).fill('success'))
    expect(clock.pending).toBe(0)
  })

  it('fails no document while it takes others, however often it refuses, and the oldest go first', async () => {
    const service = new TableService()
    let second = -1
    const stored: number[] = []
    const insertRows: InsertRows = async (request, signal) => {
      const now = Math.floor(clock.now() / 1000)
      if (now === second) return quota
      second = now
      stored.push(Number(JSON.parse(Buffer.from(request.body).toString()).rows[0].json.n))
      return service.insertRows(request, signal)
    }

    const { seen, done } = collect(
      start(rows(3000), insertRows, {
        clock,
        pace: { maxRows: 100, maxBytes: 100_000, maxInFlight: 8 },
        options: { maxInFlight: 8, maxAttempts: 4, budgetBytes: 10_000_000 },
      }),
    )
    await clock.advance(1_800_000)
    await done

    expect(seen.filter(({ status }) => status !== 'success')).toEqual([])
    expect(stored).toEqual(stored.toSorted((a, b) => a - b))
  })

  it('for ever keeps the others out for a moment only: its documents are given up when they fill the budget', async () => {
    const service = new TableService()
    const insertRows: InsertRows = async (request, signal) =>
      request.destination.tableId === 't7' ? quota : service.insertRows(request, signal)
    const documents = Array.from({ length: 4000 }, (_, n) => to(`t${n % 8}`, n))

    const { seen, done } = collect(
      start(documents, insertRows, {
        clock,
        pace: { maxRows: 50 },
        options: { outcomeOrder: 'settled', budgetBytes: 400_000, maxInFlight: 8 },
      }),
    )
    // One pause, to see whether it is more than a hiccup.
    await clock.advance(2000)
    await done

    const failed = seen.filter(({ status }) => status === 'failure')
    expect(seen).toHaveLength(4000)
    expect(failed).toHaveLength(500)
    expect(failed.every(({ destination }) => destination === 'demo.shop.t7')).toBe(true)
  })

  it('for a moment fails no document, though its documents fill the budget', async () => {
    const service = new TableService()
    let refusals = 1
    const insertRows: InsertRows = async (request, signal) =>
      request.destination.tableId === 't0' && refusals-- > 0 ? quota : service.insertRows(request, signal)
    const documents = Array.from({ length: 1000 }, (_, n) => to(n % 10 === 9 ? 't1' : 't0', n))

    const { seen, done } = collect(
      start(documents, insertRows, {
        clock,
        pace: { maxRows: 50 },
        options: { outcomeOrder: 'settled', budgetBytes: 100_000 },
      }),
    )
    await clock.advance(60_000)
    await done

    expect(seen.map(({ status }) => status)).toEqual(Array(1000).fill('success'))
  })

  it('that asks for a long pause is given up as soon as the source waits for it, however late it answers', async () => {
    const service = new TableService()
    const patient = new ConnectorError('BQC_QUOTA_EXCEEDED', 'Slow down.', { retryAfterMs: 3_600_000 })
    const insertRows: InsertRows = async (request, signal) => {
      if (request.destination.tableId !== 't0') return service.insertRows(request, signal)
      await clock.wait(5000)
      return { verdict: 'retry', error: patient }
    }
    const documents = Array.from({ length: 1000 }, (_, n) => to(n % 10 === 9 ? 't1' : 't0', n))

    const { seen, done } = collect(
      start(documents, insertRows, {
        clock,
        pace: { maxRows: 50 },
        options: { outcomeOrder: 'settled', budgetBytes: 100_000, maxInFlight: 8 },
      }),
    )
    await clock.advance(20_000)
    await done

    expect(seen).toHaveLength(1000)
    expect(seen.filter(({ status }) => status === 'success')).toHaveLength(100)
  })

  it('keeps the outcomes of a single destination waiting rather than failing them, however full the budget is', async () => {
    let left = 3
    const service = new TableService()
    const insertRows: InsertRows = async (request, signal) =>
      left-- > 0 ? quota : service.insertRows(request, signal)

    const { seen, done } = collect(
      start(rows(200), insertRows, { clock, options: { outcomeOrder: 'settled', budgetBytes: 5000 } }),
    )
    await clock.advance(300_000)
    await done

    expect(seen.map(({ status }) => status)).toEqual(Array(200).fill('success'))
  })
})

describe('a pause', () => {
  it('ends, however early its timer fires and however far the clock moves between two looks at it', async () => {
    for (let earlyMs = 0; earlyMs < 40; earlyMs += 1) {
      const time = new FakeClock()
      let looks = 0
      const restless: Clock = {
        now: () => time.now() + looks++,
        after: (ms, callback) => time.after(Math.max(0, ms - earlyMs), callback),
        wait: (ms, signal) => time.wait(ms, signal),
      }
      const service = new TableService()
      let left = 1
      const insertRows: InsertRows = async (request, signal) =>
        left-- > 0 ? quota : service.insertRows(request, signal)

      const { seen, done } = collect(start(rows(1), insertRows, { clock: restless }))
      await time.advance(10_000)

      expect([earlyMs, seen.length]).toEqual([earlyMs, 1])
      await done
    }
  })
})

describe('the promise, as settled', () => {
  it('holds: each document has exactly one outcome, whichever destinations fail and for how long', async () => {
    const fault = fc.constantFrom<InsertVerdict>(quota, unavailable, notYet, stored)
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.nat({ max: 4 }), { maxLength: 80 }),
        fc.array(fault, { maxLength: 40 }),
        fc.integer({ min: 2000, max: 50_000 }),
        fc.integer({ min: 1, max: 8 }),
        async (tables, faults, budgetBytes, maxAttempts) => {
          const script = [...faults]
          const service = new TableService()
          const insertRows: InsertRows = async (request, signal) => {
            const verdict = script.shift()
            return verdict === undefined || verdict === stored ? service.insertRows(request, signal) : verdict
          }

          const outcomes = await Array.fromAsync(
            start(
              tables.map((table, n) => to(`t${table}`, n)),
              insertRows,
              { options: { outcomeOrder: 'settled', budgetBytes, maxAttempts, newTableWaitMs: 5000 } },
            ),
          )

          expect(outcomes.map(({ index }) => index).sort((a, b) => a - b)).toEqual(tables.map((_, n) => n))
          const successes = outcomes.filter(({ status }) => status === 'success')
          expect(successes.every(({ insertId = '' }) => service.stored.has(insertId))).toBe(true)
          expect(service.stored.size).toBe(successes.length)
        },
      ),
    )
  })
})

describe('a table that is too new', () => {
  it('is waited for', async () => {
    const service = new TableService()
    const known = clock.now() + 20_000
    const insertRows: InsertRows = async (request, signal) =>
      clock.now() < known ? notYet : service.insertRows(request, signal)

    const { seen, done } = collect(start(rows(3), insertRows, { clock, execute: { progress: feed } }))
    await clock.advance(5000)
    expect(feed.now()?.paused).toMatchObject([{ state: 'paused', reason: 'new table' }])
    await clock.advance(60_000)
    await done

    expect(seen.map(({ status }) => status)).toEqual(Array(3).fill('success'))
  })

  it('keeps its documents out while it is given up, and tells for how long it has been unknown', async () => {
    const source = openSource()
    const asked: number[] = []
    const insertRows: InsertRows = async () => {
      asked.push(clock.now())
      return notYet
    }
    const { seen, done } = collect(start(source.documents, insertRows, { clock }))
    source.push({ data: { n: 0 } })
    await clock.advance(100_000)
    const before = asked.length

    for (let n = 1; n < 30; n += 1) {
      source.push({ data: { n } })
      await clock.advance(1000)
    }
    source.end()
    await clock.advance(10_000)
    await done

    expect(asked.length - before).toBeLessThanOrEqual(1)
    const tooNew = seen.filter(({ errorCode }) => errorCode === 'BQC_TABLE_TOO_NEW')
    expect(tooNew.map(({ message }) => Number(/for (\d+) s/.exec(message)?.[1]) >= 60)).toEqual(
      tooNew.map(() => true),
    )
  })

  it('is waited for within the limit, and its documents say that it is too new', async () => {
    const { seen, done } = collect(start(rows(3), async () => notYet, { clock }))
    await clock.advance(120_000)
    await done

    expect(seen).toMatchObject(Array(3).fill({ status: 'failure', errorCode: 'BQC_TABLE_TOO_NEW' }))
    expect(seen[0]?.message).toMatch(/is there, but for \d\d s BigQuery has not known it for inserts/)
  })
})

describe('a row that is too large', () => {
  it('is found by halving, and the batches after it are no smaller than half', async () => {
    const service = new TableService()
    const insertRows: InsertRows = async (request, signal) =>
      Buffer.from(request.body).includes('"n":7,') || Buffer.from(request.body).includes('"n":7}')
        ? { verdict: 'split', error: new ConnectorError('BQC_REQUEST_TOO_LARGE', 'Too large.') }
        : service.insertRows(request, signal)

    const outcomes = await Array.fromAsync(
      start(rows(2000), insertRows, {
        pace: { maxRows: 100, maxBytes: 1_000_000 },
        options: { maxInFlight: 1, budgetBytes: 1_000_000 },
      }),
    )

    expect(outcomes.filter(({ status }) => status !== 'success').map(({ index }) => index)).toEqual([7])
    expect(service.requests.length).toBeLessThan(50)
  })
})

describe('a row that makes the service fail', () => {
  it('is found by halving while other rows are stored, and its neighbours go in', async () => {
    const service = new TableService()
    const insertRows: InsertRows = async (request, signal) =>
      Buffer.from(request.body).includes('"n":70,') || Buffer.from(request.body).includes('"n":70}')
        ? unavailable
        : service.insertRows(request, signal)

    const outcomes = await Array.fromAsync(
      start(rows(5000), insertRows, {
        pace: { maxRows: 100, maxBytes: 1_000_000, maxInFlight: 1 },
        options: { budgetBytes: 10_000_000 },
      }),
    )

    expect(outcomes.filter(({ status }) => status !== 'success')).toMatchObject([
      { index: 70, status: 'failure', errorCode: 'BQC_SERVICE_UNAVAILABLE' },
    ])
    expect(service.stored.size).toBe(4999)
  })
})

describe('a table that is being described', () => {
  it('holds up none but its own documents', async () => {
    const service = new TableService()
    const described = Promise.withResolvers<typeof encodeRow>()
    const encoderOf = ({ tableId }: { tableId: string }) =>
      tableId === 'slow' ? described.promise : encodeRow

    const { seen, done } = collect(
      start([to('slow', 1), to('quick', 2), to('slow', 3), to('quick', 4)], service.insertRows, {
        clock,
        options: { outcomeOrder: 'settled' },
        ports: { encoders: encodersOf(encoderOf) },
      }),
    )
    await clock.advance(300)
    expect(service.requests.map(({ destination }) => destination.tableId)).toEqual(['quick'])

    described.resolve(encodeRow)
    await clock.advance(300)
    await done

    expect(seen.map(({ index }) => index)).toEqual([1, 3, 0, 2])
  })
})

describe('a pace', () => {
  const limits = { maxRows: 400, maxBytes: 100_000, maxInFlight: 16 }
  const newPace = (): Pace => new Pace(usual.destination, limits, clock, () => 0)

  it('begins with four requests at a time, and grows to its limit only while batches wait', async () => {
    const pace = newPace()
    expect(pace.maxInFlight).toBe(4)
    for (let n = 0; n < 200; n += 1) pace.stored(clock.now(), false)
    expect(pace.maxInFlight).toBe(4)
    for (let n = 0; n < 200; n += 1) pace.stored(clock.now(), true)
    expect(pace.maxInFlight).toBe(16)
  })

  it('halves requests and rows once for all requests that a quota refuses together, and grows them back', async () => {
    const pace = newPace()
    const startedAt = clock.now()
    await clock.advance(10)
    for (let n = 0; n < 4; n += 1) pace.refused(quota.error, 1, startedAt)
    expect([pace.maxInFlight, pace.maxRows]).toEqual([2, 200])

    for (let n = 0; n < 50; n += 1) pace.stored(clock.now(), true)
    expect([pace.maxInFlight > 4, pace.maxRows]).toEqual([true, 400])
  })

  it('shrinks to half of what was too large, and grows back by little', () => {
    const pace = newPace()
    pace.shrinkTo(150, 40_000)
    expect([pace.maxRows, pace.maxBytes]).toEqual([150, 40_000])
    pace.stored(clock.now(), false)
    expect([pace.maxRows, pace.maxBytes]).toEqual([154, 41_000])
  })

  it('sends less at a time when answers take twice as long as usual', async () => {
    const pace = newPace()
    const answer = async (ms: number) => {
      const startedAt = clock.now()
      await clock.advance(ms)
      pace.stored(startedAt, false)
    }
    for (let n = 0; n < 20; n += 1) await answer(200)
    expect(pace.maxInFlight).toBe(4)
    for (let n = 0; n < 5; n += 1) await answer(900)
    expect(pace.maxInFlight).toBeLessThan(4)
  })

  it('takes one failure for bad luck, and pauses at the second in a row', async () => {
    const pace = newPace()
    pace.refused(unavailable.error as ConnectorError, 1, clock.now())
    expect(pace.paused).toBeUndefined()
    await clock.advance(1000)
    pace.refused(unavailable.error as ConnectorError, 2, clock.now())
    expect(pace.paused).toMatchObject({ state: 'paused', reason: 'BQC_SERVICE_UNAVAILABLE' })
  })

  it('waits at least as long as the service asks for', () => {
    const error = new ConnectorError('BQC_QUOTA_EXCEEDED', 'Slow down.', { retryAfterMs: 45_000 })
    expect(newPace().refused(error, 1, clock.now())).toBe(clock.now() + 45_000)
  })

  it('is remembered by the operation while it lives', () => {
    const paces = new Paces(limits, clock, () => 0)
    paces.of(usual.destination).shrinkTo(50, 20_000)
    expect(paces.of({ ...usual.destination }).maxRows).toBe(50)
  })
})
