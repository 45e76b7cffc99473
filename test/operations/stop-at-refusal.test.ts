import { once } from 'node:events'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Document, Outcome } from '../../src/index.ts'
import { stopAtRefusal } from '../../src/operations/stop-at-refusal.ts'
import { settled } from '../fixtures/clocks.ts'
import { embedded, query } from '../fixtures/embedded.ts'
import { rows, start } from '../fixtures/start-pipeline.ts'
import { TableService } from '../fixtures/table-service.ts'

const good = (n: number): Document => ({ data: { n }, id: `id-${n}` })
const bad: Document = { data: { n: 'x' }, id: 'bad' }

/** Reads everything that an execution gives, and how it ends. */
async function read(outcomes: AsyncIterable<Outcome>) {
  const read: Outcome[] = []
  try {
    for await (const outcome of outcomes) read.push(outcome)
    return { read, thrown: undefined }
  } catch (thrown) {
    return { read, thrown }
  }
}

/** A source that counts what it was asked for. */
function counted(documents: readonly Document[]) {
  const asked = { count: 0, isLeft: false }
  function* source() {
    try {
      for (const document of documents) {
        asked.count += 1
        yield document
      }
    } finally {
      asked.isLeft = true
    }
  }
  return { asked, source: source() }
}

const corridor = (limits: Parameters<typeof start>[2] = {}) => {
  const service = new TableService()
  return stopAtRefusal((documents, execute = {}) =>
    start(documents, service.insertRows, { ...limits, execute }),
  )
}

describe('with returnApplicationErrors off', () => {
  it('an execution without a refused document is as it always is', async () => {
    const { read: outcomes, thrown } = await read(corridor()(rows(20)))

    expect(outcomes.map(({ status }) => status)).toEqual(Array(20).fill('success'))
    expect(thrown).toBeUndefined()
  })

  it('nothing is taken after the first refused document, and what was taken has its outcome', async () => {
    const { asked, source } = counted([good(0), bad, ...rows(10_000)])

    const { read: outcomes, thrown } = await read(corridor()(source))

    expect(asked.isLeft).toBe(true)
    expect(asked.count).toBeLessThan(1000)
    expect(outcomes.map(({ index }) => index)).toEqual(Array.from({ length: asked.count }, (_, at) => at))
    expect(outcomes.map(({ status }) => status)).toEqual([
      'success',
      'application-error',
      ...Array(asked.count - 2).fill('success'),
    ])
    expect(thrown).toMatchObject({
      code: 'BQC_DOCUMENT_REFUSED',
      category: 'document',
      message: expect.stringMatching(
        /^Document 1 \(bad\) was refused, .*\/n must be a whole number, not "x"/,
      ),
      faults: [{ path: '/n', value: 'x' }],
    })
  })

  it('a source that waits for its next document is called off', async () => {
    async function* source() {
      yield bad
      await new Promise(() => undefined)
    }

    const { read: outcomes, thrown } = await read(corridor()(source()))

    expect(outcomes).toHaveLength(1)
    expect(thrown).toMatchObject({ code: 'BQC_DOCUMENT_REFUSED' })
  })

  it('a document that is handed over while the source is called off has its outcome', async () => {
    const handOver = Promise.withResolvers<IteratorResult<Document>>()
    const steps = [Promise.resolve({ done: false, value: bad }), handOver.promise]
    const source = {
      next: () => steps.shift() ?? Promise.resolve({ done: true as const, value: undefined }),
      return() {
        handOver.resolve({ done: false, value: good(1) })
        return Promise.resolve({ done: true as const, value: undefined })
      },
      [Symbol.asyncIterator]() {
        return this
      },
    } as AsyncIterableIterator<Document>

    const { read: outcomes } = await read(corridor()(source))

    expect(outcomes.map(({ id, status }) => [id, status])).toEqual([
      ['bad', 'application-error'],
      ['id-1', 'success'],
    ])
  })

  it('a stop while the source waits loses no document that it hands over just then', async () => {
    const handOver = Promise.withResolvers<IteratorResult<Document>>()
    const stopping = new AbortController()
    const source = {
      next: () => handOver.promise,
      return() {
        handOver.resolve({ done: false, value: good(0) })
        return Promise.resolve({ done: true as const, value: undefined })
      },
      [Symbol.asyncIterator]() {
        return this
      },
    } as AsyncIterableIterator<Document>

    const ended = read(corridor()(source, { signal: stopping.signal }))
    await settled()
    stopping.abort()

    expect((await ended).read).toMatchObject([{ id: 'id-0', errorCode: 'BQC_ABORTED' }])
  })

  it('a document that failed for other reasons than its content does not end the execution', async () => {
    const insertRows = new TableService().insertRows
    const execute = stopAtRefusal((documents, options = {}) =>
      start(documents, insertRows, {
        execute: options,
        ports: {
          encoders: { of: () => Promise.reject(new Error('no description')), newerThan: () => undefined },
        },
      }),
    )

    const { read: outcomes, thrown } = await read(execute(rows(5)))

    expect(outcomes.map(({ status }) => status)).toEqual(Array(5).fill('failure'))
    expect(thrown).toBeUndefined()
  })

  it('what the source throws after a refused document is thrown', async () => {
    async function* source() {
      yield bad
      throw new Error('the source broke')
    }

    expect((await read(corridor({ pace: { maxRows: 1 } })(source()))).thrown).toMatchObject({
      message: 'the source broke',
    })
  })

  it('every document taken has exactly one outcome, whichever are refused', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.boolean(), { maxLength: 300 }), async (isBad) => {
        const { asked, source } = counted(isBad.map((refused, n) => (refused ? bad : good(n))))

        const { read: outcomes, thrown } = await read(corridor()(source))

        const first = isBad.indexOf(true)
        expect(outcomes.map(({ index }) => index)).toEqual(Array.from({ length: asked.count }, (_, at) => at))
        expect(outcomes.map(({ status }) => status === 'application-error')).toEqual(
          isBad.slice(0, asked.count),
        )
        expect(asked.count).toBeGreaterThan(first)
        expect(thrown === undefined).toBe(first === -1)
      }),
      { numRuns: 50 },
    )
  })
})

describe('the option returnApplicationErrors', () => {
  const bigquery = embedded()

  it('stops Run Job after the job that failed', async () => {
    const documents = [query('SELECT nope'), query('CREATE SCHEMA never')]
    const operation = bigquery.connection.operation('run-job', {
      objectType: 'QUERY',
      returnApplicationErrors: false,
    })

    const { read: outcomes, thrown } = await read(operation.execute(documents))

    expect(outcomes[0]).toMatchObject({ status: 'application-error', errorCode: 'BQC_JOB_FAILED' })
    expect(thrown).toMatchObject({ code: 'BQC_DOCUMENT_REFUSED', payload: { status: { state: 'DONE' } } })
  })

  it('stops Get Query Results after the document that names no job', async () => {
    const operation = bigquery.connection.operation('get-query-results', {
      objectType: 'QUERY',
      returnApplicationErrors: false,
    })
    const { asked, source } = counted([{ data: {} }, await bigquery.jobOf('SELECT 1')])

    const { read: outcomes, thrown } = await read(operation.execute(source))

    expect(outcomes).toMatchObject([{ status: 'application-error', errorCode: 'BQC_DOCUMENT_INVALID' }])
    expect(asked.count).toBe(1)
    expect(thrown).toMatchObject({ code: 'BQC_DOCUMENT_REFUSED' })
  })

  it('ends a stream with the same error, after the outcomes of what was written', async () => {
    const outcomes: Outcome[] = []
    const operation = bigquery.connection.operation('get-query-results', {
      objectType: 'QUERY',
      returnApplicationErrors: false,
    })
    const stream = operation.writable({ onOutcome: (outcome) => void outcomes.push(outcome) })
    stream.write({ data: {} })

    const [thrown] = await once(stream, 'error')

    expect(outcomes).toMatchObject([{ errorCode: 'BQC_DOCUMENT_INVALID' }])
    expect(thrown).toMatchObject({ code: 'BQC_DOCUMENT_REFUSED' })
  })

  it.each([
    ['streaming-insert', 'BQC_DOCUMENT_NOT_JSON', 'no JSON'],
    ['update', 'BQC_DOCUMENT_NOT_JSON', 'no JSON'],
    ['upsert', 'BQC_JOB_FAILED', 'no number,,,\n'],
  ] as const)('stops %s after the document that is refused', async (id, errorCode, data) => {
    await bigquery.run(
      'CREATE SCHEMA IF NOT EXISTS stops',
      'CREATE TABLE IF NOT EXISTS stops.t (id INT64, PRIMARY KEY (id) NOT ENFORCED)',
    )
    const operation = bigquery.connection.operation(id, {
      objectType: 'datasets/stops/tables/t',
      returnApplicationErrors: false,
    })

    const { read: outcomes, thrown } = await read(operation.execute([{ data }, { data: '' }]))

    expect(outcomes[0]).toMatchObject({ index: 0, status: 'application-error', errorCode })
    expect(thrown).toMatchObject({ code: 'BQC_DOCUMENT_REFUSED' })
  })

  it('lets work go on where nobody has set it', async () => {
    const operation = bigquery.connection.operation('get-query-results', { objectType: 'QUERY' })

    const { read: outcomes, thrown } = await read(
      operation.execute([{ data: {} }, await bigquery.jobOf('SELECT 1 AS n')]),
    )

    expect(outcomes.map(({ status }) => status)).toEqual(['application-error', 'success'])
    expect(thrown).toBeUndefined()
  })
})
