import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Document } from '../../src/contract/document.ts'
import type { DeadLetter, Outcome } from '../../src/contract/outcome.ts'
import type { ExecutionTrace } from '../../src/contract/telemetry.ts'
import { ConnectorError } from '../../src/errors.ts'
import { eachDocument, type Work } from '../../src/operations/each-document.ts'
import type { Pace } from '../../src/operations/in-order.ts'
import { FakeClock, settled } from '../fixtures/clocks.ts'

const untraced = (): ExecutionTrace => ({
  around: (insertRows) => insertRows,
  progress: () => undefined,
  end: () => undefined,
})
const documentsOf = (count: number): Document[] =>
  Array.from({ length: count }, (_, n) => ({ data: { n }, id: `d${n}` }))

/** Documents take as many milliseconds as `ms` says, and fail where it says so. */
function openTimed(ms: (n: number) => number, isBad: (n: number) => boolean = () => false) {
  const clock = new FakeClock()
  const seen = { busy: 0, most: 0, begun: [] as number[], abandoned: [] as number[] }
  const work: Work = async function* (data, signal) {
    const n = Number(data['n'])
    seen.begun.push(n)
    seen.busy += 1
    seen.most = Math.max(seen.most, seen.busy)
    try {
      await clock.wait(ms(n), signal)
      if (signal.aborted) {
        seen.abandoned.push(n)
        throw new ConnectorError('BQC_ABORTED', 'Stopped.')
      }
      if (isBad(n)) throw new ConnectorError('BQC_JOB_FAILED', 'Bad.')
    } finally {
      seen.busy -= 1
    }
    yield { payloads: [n] }
  }
  const execute = (documents: Iterable<Document> | AsyncIterable<Document>, pace?: Pace, options = {}) =>
    eachDocument(documents, options, { clock, beginTrace: untraced }, 'one', work, pace)
  return { clock, seen, execute }
}

/** Collects while the clock goes on. */
async function collect(outcomes: AsyncIterable<Outcome>, clock: FakeClock): Promise<Outcome[]> {
  const all = Array.fromAsync(outcomes)
  let isOver = false
  const end = () => {
    isOver = true
  }
  all.then(end, end)
  while (!isOver) await clock.advance(10)
  return all
}

describe('documents that are worked on at once', () => {
  it('are as many as allowed, and give their outcomes in document order', async () => {
    const { clock, seen, execute } = openTimed((n) => (n === 0 ? 100 : 10))

    const outcomes = await collect(execute(documentsOf(8), { atOnce: 3, ahead: 8 }), clock)

    expect(outcomes.map(({ payload }) => payload)).toEqual([0, 1, 2, 3, 4, 5, 6, 7])
    expect(seen.most).toBe(3)
  })

  it('are one, which is handed on before the next is begun, unless more are allowed', async () => {
    const { clock, seen, execute } = openTimed(() => 0)
    const outcomes = execute(documentsOf(3))
    const first = outcomes.next()
    await clock.advance(1_000)
    await first
    await settled()
    const begunBefore = [...seen.begun]

    const rest = await collect(outcomes, clock)

    expect([begunBefore, rest.length]).toEqual([[0], 2])
  })

  it('do not run further ahead of the one that is waited for than allowed', async () => {
    const { clock, seen, execute } = openTimed((n) => (n === 0 ? 1_000_000 : 10))
    const stop = new AbortController()
    const all = Array.fromAsync(execute(documentsOf(50), { atOnce: 2, ahead: 5 }, { signal: stop.signal }))

    await clock.advance(10_000)
    stop.abort()

    expect(seen.begun).toEqual([0, 1, 2, 3, 4])
    expect((await all).map(({ status }) => status)).toEqual([
      'failure',
      ...Array.from({ length: 4 }, () => 'success'),
    ])
  })

  it('are handed on as they come, while the source makes the next one wait', async () => {
    const { clock, execute } = openTimed(() => 10)
    async function* slow(): AsyncGenerator<Document> {
      yield { data: { n: 0 } }
      await clock.wait(1_000_000)
      yield { data: { n: 1 } }
    }
    const first = execute(slow(), { atOnce: 4, ahead: 4 }).next()

    await clock.advance(20)

    expect((await first).value).toMatchObject({ index: 0, status: 'success' })
  })

  it('all have their outcome before the error of the source is thrown', async () => {
    const { clock, execute } = openTimed(() => 50)
    function* breaking(): Generator<Document> {
      yield* documentsOf(3)
      throw new Error('the source broke')
    }
    const outcomes: Outcome[] = []
    const work = (async () => {
      for await (const outcome of execute(breaking(), { atOnce: 4, ahead: 4 })) outcomes.push(outcome)
    })()
    const result = Promise.allSettled([work])
    await clock.advance(100)

    expect(await result).toMatchObject([{ status: 'rejected', reason: { message: 'the source broke' } }])
    expect(outcomes.map(({ index, status }) => [index, status])).toEqual([
      [0, 'success'],
      [1, 'success'],
      [2, 'success'],
    ])
  })

  it('are called off when the consumer leaves, which is over when all of them are', async () => {
    const { clock, seen, execute } = openTimed((n) => (n === 0 ? 10 : 1_000_000))
    let isLeft = false
    function* watched(): Generator<Document> {
      try {
        yield* documentsOf(9)
      } finally {
        isLeft = true
      }
    }
    const leaving = (async () => {
      for await (const outcome of execute(watched(), { atOnce: 3, ahead: 6 })) return outcome
      throw new Error('no outcome')
    })()

    await clock.advance(10)

    expect((await leaving).index).toBe(0)
    expect([seen.busy, seen.abandoned.sort(), isLeft, clock.pending]).toEqual([0, [1, 2, 3], true, 0])
  })

  it('that fail are kept as dead letters, each before its outcome is handed on', async () => {
    const { clock, execute } = openTimed(
      (n) => 100 - n,
      (n) => n % 2 === 1,
    )
    const letters: DeadLetter[] = []
    const deadLetter = (letter: DeadLetter) => void letters.push(letter)

    const outcomes = await collect(execute(documentsOf(6), { atOnce: 6, ahead: 6 }, { deadLetter }), clock)

    expect(outcomes.map(({ status }) => status === 'success')).toEqual([
      true,
      false,
      true,
      false,
      true,
      false,
    ])
    expect(letters.map(({ index, id }) => [index, id])).toEqual([
      [1, 'd1'],
      [3, 'd3'],
      [5, 'd5'],
    ])
  })

  it('each have one outcome, in order, whatever they take and whenever all is stopped', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ ms: fc.integer({ min: 0, max: 100 }), isBad: fc.boolean() }), { maxLength: 30 }),
        fc.integer({ min: 1, max: 6 }),
        fc.integer({ min: 0, max: 10 }),
        fc.option(fc.integer({ min: 0, max: 500 })),
        async (plan, atOnce, more, stopAt) => {
          const { clock, seen, execute } = openTimed(
            (n) => plan[n]?.ms ?? 0,
            (n) => plan[n]?.isBad === true,
          )
          let taken = 0
          function* counted(): Generator<Document> {
            for (const document of documentsOf(plan.length)) {
              taken += 1
              yield document
            }
          }
          const stop = new AbortController()
          if (stopAt !== null) clock.after(stopAt, () => stop.abort())
          const pace = { atOnce, ahead: atOnce + more }

          const outcomes = await collect(execute(counted(), pace, { signal: stop.signal }), clock)

          expect(outcomes.map(({ index }) => index)).toEqual(Array.from({ length: taken }, (_, n) => n))
          expect(seen.most).toBeLessThanOrEqual(atOnce)
          expect(seen.busy).toBe(0)
          if (stopAt === null) {
            expect(outcomes.map(({ status }) => status !== 'success')).toEqual(plan.map(({ isBad }) => isBad))
          }
        },
      ),
      { numRuns: 60 },
    )
  })
})

describe('a document with many results', () => {
  it('has one group of them ready before its turn, and no more', async () => {
    const clock = new FakeClock()
    const given: string[] = []
    const work: Work = async function* (data) {
      for (const group of [0, 1, 2]) {
        given.push(`${data['n']}${group}`)
        yield { payloads: [`${data['n']}${group}a`, `${data['n']}${group}b`], isLast: group === 2 }
      }
    }
    const execution = eachDocument(documentsOf(3), {}, { clock, beginTrace: untraced }, 'many', work, {
      atOnce: 3,
      ahead: 3,
    })
    await execution.next()
    await settled()
    const givenBefore = [...given].sort()

    const rest = await Array.fromAsync(execution)

    expect(givenBefore).toEqual(['00', '10', '20'])
    expect(
      rest.filter(({ index }) => index === 1).map(({ payload, sequence, last }) => [payload, sequence, last]),
    ).toEqual([
      ['10a', 0, false],
      ['10b', 1, false],
      ['11a', 2, false],
      ['11b', 3, false],
      ['12a', 4, false],
      ['12b', 5, true],
    ])
  })
})
