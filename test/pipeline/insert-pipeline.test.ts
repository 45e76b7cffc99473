import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Document } from '../../src/contract/document.ts'
import type { InsertRows, InsertVerdict } from '../../src/contract/insert-rows.ts'
import type { DeadLetter } from '../../src/contract/outcome.ts'
import { ConnectorError } from '../../src/errors.ts'
import { FakeClock, InstantClock, settled } from '../fixtures/clocks.ts'
import { encodeRow, encodersOf, rows, start, usualPace } from '../fixtures/start-pipeline.ts'
import { deduplicationMs, type Stumble, TableService } from '../fixtures/table-service.ts'

describe('the promise', () => {
  const document = fc.oneof(
    { weight: 6, arbitrary: fc.integer().map((n) => ({ data: { n } })) },
    { weight: 2, arbitrary: fc.integer().map((n) => ({ data: JSON.stringify({ n }) })) },
    { weight: 1, arbitrary: fc.constant({ data: { bad: true } }) },
    {
      weight: 1,
      arbitrary: fc
        .constantFrom<Document['data']>('{', 'null', '[1]', '', Buffer.from([0xff]), '{"x":1}')
        .map((data) => ({ data })),
    },
    {
      weight: 1,
      arbitrary: fc.integer({ min: 0, max: 2000 }).map((length) => ({ data: { text: 'x'.repeat(length) } })),
    },
    {
      weight: 1,
      arbitrary: fc
        .constantFrom('a', 'b', 'no table/')
        .map((tableId) => ({ data: { n: 1 }, properties: { tableId } })),
    },
  )
  const stumble = fc.constantFrom<Stumble>(
    'unavailable',
    'lost',
    'quota',
    'too-large',
    'denied',
    'row-trouble',
    'none',
  )
  const options = fc.record({
    maxRows: fc.integer({ min: 1, max: 10 }),
    maxInFlight: fc.integer({ min: 1, max: 5 }),
    maxAttempts: fc.integer({ min: 1, max: 5 }),
    budgetBytes: fc.integer({ min: 1, max: 20_000 }),
  })

  it('holds: each document has exactly one outcome, in document order, whatever goes wrong', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(document, { maxLength: 60 }),
        fc.array(stumble, { maxLength: 40 }),
        options,
        async (documents, stumbles, limits) => {
          const service = new TableService(stumbles)
          const letters: DeadLetter[] = []

          const outcomes = await Array.fromAsync(
            start(documents, service.insertRows, {
              options: limits,
              pace: limits,
              execute: { deadLetter: (letter) => void letters.push(letter) },
            }),
          )

          expect(outcomes.map(({ index }) => index)).toEqual(documents.map((_, index) => index))
          for (const outcome of outcomes) {
            if (outcome.status === 'success') expect(service.stored.has(outcome.insertId ?? '')).toBe(true)
          }
          expect(letters.map(({ index }) => index)).toEqual(
            outcomes.filter(({ status }) => status !== 'success').map(({ index }) => index),
          )
        },
      ),
      { numRuns: 200 },
    )
  })

  it('holds when the execution is stopped in the middle: every document that was handed over has an outcome', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(document, { minLength: 1, maxLength: 60 }),
        fc.array(stumble, { maxLength: 20 }),
        fc.nat(30),
        async (documents, stumbles, stopAfter) => {
          const service = new TableService(stumbles)
          const controller = new AbortController()
          let taken = 0
          function* source() {
            for (const each of documents) {
              if (taken === stopAfter) controller.abort()
              taken += 1
              yield each
            }
          }

          const outcomes = await Array.fromAsync(
            start(source(), service.insertRows, { execute: { signal: controller.signal } }),
          )

          expect(outcomes.map(({ index }) => index)).toEqual(outcomes.map((_, index) => index))
          expect(outcomes).toHaveLength(taken)
        },
      ),
    )
  })

  /** Documents that are told apart by their rows. */
  const distinct = fc
    .array(fc.boolean(), { maxLength: 60 })
    .map((bad) => bad.map((isBad, n) => ({ data: isBad ? { n, bad: true } : { n } })))
  const rowsOf = ({ kept }: TableService, n: number) => kept.filter(({ json }) => JSON.parse(json).n === n)

  it('holds without insertIds: unless an answer is lost, what succeeds is in the table once, and nothing else', async () => {
    await fc.assert(
      fc.asyncProperty(
        distinct,
        fc.array(
          stumble.filter((each) => each !== 'lost'),
          { maxLength: 40 },
        ),
        options,
        async (documents, stumbles, limits) => {
          const service = new TableService(stumbles)

          const outcomes = await Array.fromAsync(
            start(documents, service.insertRows, {
              options: { ...limits, insertIdOf: () => undefined },
              pace: limits,
            }),
          )

          for (const { index, status } of outcomes) {
            expect(rowsOf(service, index)).toHaveLength(status === 'success' ? 1 : 0)
          }
        },
      ),
    )
  })

  it('holds with insertIds: what succeeds is in the table, and twice only where a lost answer was a minute ago', async () => {
    await fc.assert(
      fc.asyncProperty(
        distinct,
        fc.array(stumble, { maxLength: 40 }),
        options,
        async (documents, stumbles, limits) => {
          const clock = new InstantClock()
          const service = new TableService(stumbles, clock)

          const outcomes = await Array.fromAsync(
            start(documents, service.insertRows, { options: limits, pace: limits, clock }),
          )

          for (const { index, status } of outcomes) {
            const times = rowsOf(service, index).map(({ at }) => at)
            if (status === 'success') expect(times).not.toEqual([])
            for (const [before, time] of times.slice(1).entries()) {
              expect(time - (times[before] ?? 0)).toBeGreaterThanOrEqual(deduplicationMs)
            }
          }
        },
      ),
    )
  })

  it('holds no batch over its limits', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(document, { maxLength: 60 }), options, async (documents, { maxRows }) => {
        const service = new TableService()

        await Array.fromAsync(start(documents, service.insertRows, { pace: { maxRows } }))

        for (const { rows: sent, bytes } of service.requests) {
          expect(sent.length).toBeLessThanOrEqual(maxRows)
          expect(bytes <= usualPace.maxBytes || sent.length === 1).toBe(true)
          expect(sent.length).toBeLessThanOrEqual(maxRows)
          expect(bytes <= usualPace.maxBytes || sent.length === 1).toBe(true)
        }
      }),
    )
  })
})

describe('a bad document', () => {
  it('is rejected before it reaches a batch, and its neighbours go in', async () => {
    const service = new TableService()

    const outcomes = await Array.fromAsync(
      start([{ data: { n: 1 } }, { data: '{"n":"x"}' }, { data: { n: 3 } }], service.insertRows),
    )

    expect(outcomes.map(({ status, code }) => [status, code])).toEqual([
      ['success', '200'],
      ['application-error', '400'],
      ['success', '200'],
    ])
    expect(outcomes[1]).toMatchObject({
      errorCode: 'BQC_DOCUMENT_INVALID',
      attempts: 0,
      faults: [{ path: '/n', value: 'x', message: 'must be a whole number' }],
    })
    expect(service.requests.flatMap((request) => request.rows)).toEqual(['{"n":1}', '{"n":3}'])
  })

  it('that only the service recognises leaves its stopped neighbours to go again under the same insertIds', async () => {
    const service = new TableService()

    const outcomes = await Array.fromAsync(
      start([{ data: { n: 1 } }, { data: { bad: true } }, { data: { n: 3 } }], service.insertRows),
    )

    expect(outcomes.map(({ status, attempts }) => [status, attempts])).toEqual([
      ['success', 2],
      ['application-error', 1],
      ['success', 2],
    ])
    expect(service.requests.map(({ insertIds }) => insertIds)).toEqual([
      ['run-0', 'run-1', 'run-2'],
      ['run-0', 'run-2'],
    ])
    expect(outcomes[1]).toMatchObject({
      errorCode: 'BQC_ROW_REFUSED',
      faults: [{ path: '/bad', message: 'It is bad.' }],
    })
  })

  it('is kept as a dead letter with its data, its properties and every fault', async () => {
    const letters: DeadLetter[] = []
    const document = { id: 'order-7', data: '{"n":1.5,"x":2}', properties: { tableId: 'late' } }

    await Array.fromAsync(
      start([document], new TableService().insertRows, {
        execute: { deadLetter: (letter) => void letters.push(letter) },
      }),
    )

    expect(letters).toEqual([
      expect.objectContaining({
        index: 0,
        id: 'order-7',
        status: 'application-error',
        code: '400',
        errorCode: 'BQC_DOCUMENT_INVALID',
        attempts: 0,
        properties: { tableId: 'late' },
        data: { n: 1.5, x: 2 },
        faults: [
          { path: '/n', value: 1.5, message: 'must be a whole number' },
          { path: '/x', value: 2, message: 'must not be here: the table has no such field' },
        ],
      }),
    ])
  })
})

describe('a source', () => {
  it('with holes, nulls and things that are no documents gets an outcome for each of them', async () => {
    const source = [{ data: { n: 1 } }, undefined, null, 7, 'x', {}, { data: { n: 2 } }] as Document[]

    const outcomes = await Array.fromAsync(start(source, new TableService().insertRows))

    expect(outcomes.map(({ status, errorCode }) => errorCode ?? status)).toEqual([
      'success',
      'BQC_DOCUMENT_NOT_OBJECT',
      'BQC_DOCUMENT_NOT_OBJECT',
      'BQC_DOCUMENT_NOT_OBJECT',
      'BQC_DOCUMENT_NOT_JSON',
      'BQC_DOCUMENT_NOT_OBJECT',
      'success',
    ])
  })

  it('whose only document cannot be read has its outcome', async () => {
    const broken = Object.defineProperty({ data: {} }, 'data', {
      get: () => {
        throw new Error('The host has lost it')
      },
    })

    const outcomes = await Array.fromAsync(start([broken], new TableService().insertRows))

    expect(outcomes).toMatchObject([{ status: 'application-error', errorCode: 'BQC_DOCUMENT_INVALID' }])
  })

  it.each(['id', 'data', 'properties'])(
    'whose document cannot be read for its %s gets an outcome for it, and for its neighbours',
    async (name) => {
      const letters: DeadLetter[] = []
      const broken = Object.defineProperty({ data: { n: 2 } }, name, {
        get: () => {
          throw new Error('The host has lost it')
        },
      })
      const service = new TableService()

      const outcomes = await Array.fromAsync(
        start([{ data: { n: 1 } }, broken, { data: { n: 3 } }], service.insertRows, {
          execute: { deadLetter: (letter) => void letters.push(letter) },
        }),
      )

      expect(outcomes.map(({ status, errorCode }) => errorCode ?? status)).toEqual([
        'success',
        'BQC_DOCUMENT_INVALID',
        'success',
      ])
      expect(outcomes[1]?.message).toBe('The document cannot be read: The host has lost it.')
      expect(letters).toMatchObject([{ index: 1, data: '' }])
      expect([...service.stored.values()]).toEqual(['{"n":1}', '{"n":3}'])
    },
  )

  it('whose properties are read a second time in vain has its outcome all the same', async () => {
    let reads = 0
    const properties = {
      get tableId(): string {
        reads += 1
        if (reads > 1) throw new Error('once only')
        return 'late'
      },
    }

    const outcomes = await Array.fromAsync(
      start([{ data: '{"n":"x"}', properties }], new TableService().insertRows, {
        execute: { deadLetter: (letter) => void JSON.stringify(letter) },
      }),
    )

    expect(outcomes).toMatchObject([{ errorCode: 'BQC_DOCUMENT_INVALID', destination: 'demo.shop.late' }])
  })

  it('may say with null that a document has no properties', async () => {
    const document = { data: { n: 1 }, properties: null } as unknown as Document

    const outcomes = await Array.fromAsync(start([document], new TableService().insertRows))

    expect(outcomes).toMatchObject([{ status: 'success', destination: 'demo.shop.orders' }])
  })

  it.each([
    ['a promise that nobody awaited', Promise.resolve({ n: 1 })],
    ['an error', new Error('x')],
    ['a map', new Map([['n', 1]])],
    ['a date', new Date()],
    ['a URL', new URL('http://localhost')],
    ['raw memory', new ArrayBuffer(8)],
    ['an object that is nothing in JSON', { toJSON: () => undefined }],
  ])('that gives %s for data does not store an empty row', async (_, data) => {
    const service = new TableService()

    const outcomes = await Array.fromAsync(start([{ data } as unknown as Document], service.insertRows))

    expect(outcomes).toMatchObject([{ status: 'application-error', errorCode: 'BQC_DOCUMENT_NOT_OBJECT' }])
    expect(service.stored.size).toBe(0)
  })

  it('that is none is refused by name', async () => {
    await expect(start(undefined as never, new TableService().insertRows).next()).rejects.toMatchObject({
      code: 'BQC_CONFIG_INVALID',
    })
  })

  it('is checked by what its objects are in JSON, when they have their own idea of that', async () => {
    const service = new TableService()
    const own = (json: object) => ({ data: { toJSON: () => json } }) as Document

    const outcomes = await Array.fromAsync(start([own({ n: 1 }), own({ n: 'x' })], service.insertRows))

    expect(outcomes.map(({ status }) => status)).toEqual(['success', 'application-error'])
    expect([...service.stored.values()]).toEqual(['{"n":1}'])
  })

  it('whose bad documents are large is not pulled further than the budget lasts', async () => {
    let taken = 0
    function* source() {
      yield { data: { n: 0 } }
      for (; taken < 1000; taken += 1) yield { data: `no JSON${'x'.repeat(1000)}` }
    }
    const outcomes = start(source(), () => new Promise(() => undefined), { clock: new FakeClock() })
    void outcomes.next()

    await settled()

    expect(taken).toBeLessThan(15)
  })
})

describe('retries', () => {
  it('carry the same insertIds, so that a lost answer stores nothing twice', async () => {
    const service = new TableService(['lost'])

    const outcomes = await Array.fromAsync(start(rows(3), service.insertRows))

    expect(outcomes.map(({ status, attempts }) => [status, attempts])).toEqual(Array(3).fill(['success', 2]))
    expect(service.kept).toHaveLength(3)
  })

  it.each([
    [59_999, 3],
    [60_000, 6],
  ])('%i ms after a lost answer find the table remembering, or not: %i rows', async (ms, kept) => {
    const clock = new FakeClock()
    const service = new TableService(['lost'], clock)
    const insertRows: InsertRows = async (request, signal) => {
      const verdict = await service.insertRows(request, signal)
      if (verdict.verdict !== 'retry') return verdict
      return { ...verdict, error: new ConnectorError('BQC_NETWORK', 'Lost.', { retryAfterMs: ms }) }
    }
    const outcomes = Array.fromAsync(start(rows(3), insertRows, { clock }))

    await clock.advance(ms)

    expect(await outcomes).toMatchObject(Array(3).fill({ status: 'success', attempts: 2 }))
    expect(service.kept).toHaveLength(kept)
  })

  it('wait 1 s, then 2 s, then 4 s', async () => {
    const clock = new FakeClock()
    const service = new TableService(['unavailable', 'unavailable', 'unavailable'])
    const outcomes = Array.fromAsync(start(rows(3), service.insertRows, { clock }))
    const requestsAfter: number[] = []

    for (const ms of [0, 999, 1, 1999, 1, 3999, 1]) {
      await clock.advance(ms)
      requestsAfter.push(service.requests.length)
    }

    expect(requestsAfter).toEqual([1, 1, 2, 2, 3, 3, 4])
    expect((await outcomes).every(({ status }) => status === 'success')).toBe(true)
    expect(clock.pending).toBe(0)
  })

  it('end with a failure when no attempt is left', async () => {
    const service = new TableService(Array(4).fill('unavailable'))

    const outcomes = await Array.fromAsync(start(rows(1), service.insertRows))

    expect(outcomes).toMatchObject([
      { status: 'failure', code: '503', errorCode: 'BQC_SERVICE_UNAVAILABLE', attempts: 4 },
    ])
  })

  it('are not used up by a bad neighbour, even when only one attempt is allowed', async () => {
    const service = new TableService()

    const outcomes = await Array.fromAsync(
      start([{ data: { n: 1 } }, { data: { bad: true } }], service.insertRows, {
        options: { maxAttempts: 1 },
      }),
    )

    expect(outcomes.map(({ status }) => status)).toEqual(['success', 'application-error'])
  })

  it('end when the service goes on stumbling over the same rows', async () => {
    const service = new TableService(Array(100).fill('row-trouble'))

    const outcomes = await Array.fromAsync(start(rows(2), service.insertRows))

    expect(outcomes).toMatchObject(
      Array(2).fill({ status: 'failure', attempts: 4, errorCode: 'BQC_SERVICE_UNAVAILABLE' }),
    )
  })

  it('are not made for a refusal that time does not heal', async () => {
    const service = new TableService(['denied'])

    const outcomes = await Array.fromAsync(start(rows(2), service.insertRows))

    expect(service.requests).toHaveLength(1)
    expect(outcomes).toMatchObject(
      Array(2).fill({ status: 'failure', code: '403', errorCode: 'BQC_ACCESS_DENIED' }),
    )
  })
})

describe('a request that is too large', () => {
  it('is halved until it fits', async () => {
    const service = new TableService(['too-large', 'too-large'])

    const outcomes = await Array.fromAsync(start(rows(4), service.insertRows, { pace: { maxRows: 4 } }))

    expect(outcomes.every(({ status }) => status === 'success')).toBe(true)
    expect(service.requests.map((request) => request.rows.length)).toEqual([4, 2, 2, 1, 1])
  })

  it('because of a single row rejects that row', async () => {
    const service = new TableService(['too-large'])

    const outcomes = await Array.fromAsync(start(rows(1), service.insertRows))

    expect(outcomes).toMatchObject([{ status: 'application-error', errorCode: 'BQC_REQUEST_TOO_LARGE' }])
  })
})

describe('a batch', () => {
  it('leaves when its first row has waited long enough', async () => {
    const clock = new FakeClock()
    const service = new TableService()
    const { promise: never } = Promise.withResolvers<void>()
    async function* source() {
      yield { data: { n: 1 } }
      await never
    }
    const outcomes = start(source(), service.insertRows, { clock })
    const first = outcomes.next()

    await clock.advance(199)
    const early = service.requests.length
    await clock.advance(1)

    expect(early).toBe(0)
    expect((await first).value).toMatchObject({ index: 0, status: 'success' })
    void outcomes.return()
  })

  it('holds rows of one destination only, however they are interleaved', async () => {
    const service = new TableService()
    const documents = Array.from({ length: 12 }, (_, n) => ({
      data: { n },
      properties: { tableId: `t${n % 4}` },
    }))

    await Array.fromAsync(start(documents, service.insertRows, { clock: new FakeClock() }))

    expect(service.requests.map(({ destination, rows: sent }) => [destination.tableId, sent.length])).toEqual(
      [
        ['t0', 3],
        ['t1', 3],
        ['t2', 3],
        ['t3', 3],
      ],
    )
  })
})

describe('backpressure', () => {
  it('takes no more documents than the budget holds while the service is silent', async () => {
    const { promise: silence, resolve: answer } = Promise.withResolvers<void>()
    const service = new TableService()
    let taken = 0
    function* source() {
      for (const document of rows(1000)) {
        taken += 1
        yield document
      }
    }
    const outcomes = Array.fromAsync(
      start(source(), async (request, signal) => silence.then(() => service.insertRows(request, signal))),
    )

    await settled()
    const takenInSilence = taken
    answer()

    expect(takenInSilence).toBeLessThan(45)
    expect(await outcomes).toHaveLength(1000)
  })

  it('fills batches, however long the budget stays spent', async () => {
    const service = new TableService()

    await Array.fromAsync(
      start(rows(5000), service.insertRows, {
        pace: { maxRows: 10, maxBytes: 100_000 },
        options: { budgetBytes: 200_000 },
      }),
    )

    expect(service.requests.length).toBeLessThan(1000)
  })

  it('makes the source wait for a consumer that does not take its outcomes', async () => {
    let taken = 0
    function* source() {
      for (const document of rows(1000)) {
        taken += 1
        yield document
      }
    }
    const outcomes = start(source(), new TableService().insertRows)

    await outcomes.next()
    await settled()
    await settled()
    const takenByThen = taken
    await outcomes.return()

    expect(takenByThen).toBeLessThan(50)
  })
})

describe('a stop', () => {
  it('lets the request on the wire finish, and gives every other document taken an outcome', async () => {
    const controller = new AbortController()
    const { promise: gate, resolve: open } = Promise.withResolvers<void>()
    const service = new TableService()
    const outcomes = Array.fromAsync(
      start(rows(9), async (request, signal) => gate.then(() => service.insertRows(request, signal)), {
        execute: { signal: controller.signal },
        options: { maxInFlight: 1 },
      }),
    )
    await settled()

    controller.abort()
    open()

    expect((await outcomes).map(({ errorCode }) => errorCode ?? 'stored')).toEqual([
      ...Array(3).fill('stored'),
      ...Array(6).fill('BQC_ABORTED'),
    ])
  })

  it('does not wait for a source that never gives its next document', async () => {
    const controller = new AbortController()
    const { promise: never } = Promise.withResolvers<void>()
    async function* source() {
      yield { data: { n: 1 } }
      await never
    }
    const outcomes = Array.fromAsync(
      start(source(), new TableService().insertRows, {
        clock: new FakeClock(),
        execute: { signal: controller.signal },
      }),
    )
    await settled()

    controller.abort()

    expect(await outcomes).toMatchObject([{ errorCode: 'BQC_ABORTED', attempts: 0 }])
  })

  it('gives an outcome to the document that the source was just handing over', async () => {
    const controller = new AbortController()
    const { promise: gate, resolve: open } = Promise.withResolvers<void>()
    async function* source() {
      yield { data: { n: 1 } }
      await gate
      yield { data: { n: 2 }, id: 'just-handed-over' }
    }
    const outcomes = Array.fromAsync(
      start(source(), new TableService().insertRows, {
        clock: new FakeClock(),
        execute: { signal: controller.signal },
      }),
    )
    await settled()

    controller.abort()
    open()

    expect(await outcomes).toMatchObject([
      { index: 0 },
      { index: 1, id: 'just-handed-over', errorCode: 'BQC_ABORTED' },
    ])
  })

  it('does not wait for a table that is being described', async () => {
    const controller = new AbortController()
    const outcomes = Array.fromAsync(
      start(rows(1), new TableService().insertRows, {
        execute: { signal: controller.signal },
        ports: {
          encoders: encodersOf(
            (_, signal) =>
              new Promise((_resolve, reject) => {
                signal.addEventListener('abort', () => reject(new ConnectorError('BQC_ABORTED', 'Stopped.')))
              }),
          ),
        },
      }),
    )
    await settled()

    controller.abort()

    expect(await outcomes).toMatchObject([{ errorCode: 'BQC_ABORTED', attempts: 0 }])
  })

  it('ends the wait before a retry', async () => {
    const controller = new AbortController()
    const clock = new FakeClock()
    const outcomes = Array.fromAsync(
      start(rows(3), new TableService(['unavailable']).insertRows, {
        clock,
        execute: { signal: controller.signal },
      }),
    )
    await settled()

    controller.abort()

    expect(await outcomes).toMatchObject(Array(3).fill({ status: 'failure', attempts: 1 }))
    expect(clock.pending).toBe(0)
  })

  it('by a consumer that leaves the loop cancels the requests on the wire and closes the source', async () => {
    let isClosed = false
    let isCancelled = false
    function* source() {
      try {
        yield* rows(100)
      } finally {
        isClosed = true
      }
    }
    const service = new TableService()
    const insertRows: InsertRows = async (request, signal) => {
      signal.addEventListener('abort', () => {
        isCancelled = true
      })
      return service.requests.length === 0
        ? service.insertRows(request, signal)
        : new Promise((_, reject) =>
            signal.addEventListener('abort', () => reject(new ConnectorError('BQC_ABORTED', ''))),
          )
    }

    for await (const _ of start(source(), insertRows)) break

    expect([isClosed, isCancelled]).toEqual([true, true])
  })
})

describe('trouble outside of documents', () => {
  it('in an answer that makes no sense is an outcome for each row, and nothing hangs', async () => {
    const nonsense = { verdict: 'stored', rows: [{ index: 0, verdict: 'rejected', errors: [{}] }] }

    const outcomes = await Array.fromAsync(start(rows(2), async () => nonsense as unknown as InsertVerdict))

    expect(outcomes).toMatchObject(Array(2).fill({ status: 'failure', errorCode: 'BQC_INTERNAL' }))
  })

  it('in the keeping of dead letters stops no document, and is told at the end', async () => {
    const service = new TableService()
    const seen: string[] = []

    const run = async () => {
      const deadLetter = () => Promise.reject(new Error('The disk is full.'))
      const documents = [{ data: 'no' }, ...rows(5), { data: 'no' }]
      for await (const { status } of start(documents, service.insertRows, { execute: { deadLetter } }))
        seen.push(status)
    }

    await expect(run()).rejects.toMatchObject({
      code: 'BQC_OUTPUT_UNWRITABLE',
      message: '2 dead letters could not be kept: The disk is full. Every document has its outcome.',
    })
    expect(seen).toEqual(['application-error', ...Array(5).fill('success'), 'application-error'])
  })

  it('in the source is thrown after every document before it has its outcome', async () => {
    function* source() {
      yield* rows(4)
      throw new Error('The disk is gone.')
    }
    const seen: number[] = []

    const run = async () => {
      for await (const { index } of start(source(), new TableService().insertRows)) seen.push(index)
    }

    await expect(run()).rejects.toThrow('The disk is gone.')
    expect(seen).toEqual([0, 1, 2, 3])
  })

  it('a table that cannot be described fails its own documents only', async () => {
    const documents = ['orders', 'nowhere', 'orders'].map((tableId) => ({
      data: { n: 1 },
      properties: { tableId },
    }))

    const outcomes = await Array.fromAsync(
      start(documents, new TableService().insertRows, {
        ports: {
          encoders: encodersOf(async ({ tableId }) => {
            if (tableId === 'orders') return encodeRow
            throw new ConnectorError('BQC_NOT_FOUND', 'No such table.', { httpStatus: 404 })
          }),
        },
      }),
    )

    expect(outcomes.map(({ status, code }) => [status, code])).toEqual([
      ['success', '200'],
      ['failure', '404'],
      ['success', '200'],
    ])
  })
})
