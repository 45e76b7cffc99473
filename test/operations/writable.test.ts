import { once } from 'node:events'
import { Readable, type Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { InsertRows } from '../../src/contract/insert-rows.ts'
import type { WritableOptions } from '../../src/contract/operation.ts'
import { createConnector, type Document, type Outcome } from '../../src/index.ts'
import { openWritable } from '../../src/operations/writable.ts'
import type { PipelineOptions } from '../../src/pipeline/insert-pipeline.ts'
import { settled } from '../fixtures/clocks.ts'
import { embedded, query } from '../fixtures/embedded.ts'
import { start } from '../fixtures/start-pipeline.ts'
import { type Stumble, TableService } from '../fixtures/table-service.ts'

/** The corridor as a stream, with what came out of it. */
function open(
  insertRows: InsertRows,
  options: WritableOptions = {},
  limits: Partial<PipelineOptions> = {},
): { stream: Writable; outcomes: Outcome[] } {
  const outcomes: Outcome[] = []
  const stream = openWritable(
    (documents, execute = {}) => start(documents, insertRows, { options: limits, execute }),
    {
      ...options,
      async onOutcome(outcome) {
        outcomes.push(outcome)
        await options.onOutcome?.(outcome)
      },
    },
  )
  return { stream, outcomes }
}

/** A service that answers nothing until it is told to. */
function heldService(): { insertRows: InsertRows; release: () => void } {
  const gate = Promise.withResolvers<void>()
  const insertRows: InsertRows = async () => {
    await gate.promise
    return { verdict: 'stored', rows: [] }
  }
  return { insertRows, release: gate.resolve }
}

/** Writes without heeding what `write` returns; gives the errors of the callbacks, in the order of the documents. */
function push(stream: Writable, count: number): (string | undefined | 'none')[] {
  const said: (string | undefined)[] = Array(count).fill(undefined)
  for (let n = 0; n < count; n += 1) {
    stream.write({ data: { n } }, (error) => {
      said[n] = error ? (error as NodeJS.ErrnoException).code : 'none'
    })
  }
  return said
}

const indexes = (outcomes: readonly Outcome[]) => outcomes.map(({ index }) => index)
const upTo = (count: number) => Array.from({ length: count }, (_, index) => index)

describe('documents that are written', () => {
  it('have one outcome each, in their order, before the stream is finished, whatever goes wrong', async () => {
    const document = fc.oneof(
      fc.integer().map((n): Document => ({ data: { n } })),
      fc.constantFrom<Document>({ data: '{' }, { data: '{"n":1}' }, { data: { n: 'no' } }),
    )
    const stumble = fc.constantFrom<Stumble>('unavailable', 'lost', 'too-large', 'row-trouble', 'none')
    await fc.assert(
      fc.asyncProperty(
        fc.array(document, { maxLength: 80 }),
        fc.array(stumble, { maxLength: 20 }),
        fc.integer({ min: 1, max: 20_000 }),
        async (documents, stumbles, budgetBytes) => {
          const { stream, outcomes } = open(new TableService(stumbles).insertRows, {}, { budgetBytes })
          let atFinish = -1
          stream.on('finish', () => {
            atFinish = outcomes.length
          })

          await pipeline(Readable.from(documents), stream)

          expect(indexes(outcomes)).toEqual(upTo(documents.length))
          expect(atFinish).toBe(documents.length)
        },
      ),
      { numRuns: 100 },
    )
  })

  it('wait while the budget is spent, and the writer is told so', async () => {
    const { insertRows, release } = heldService()
    const { stream, outcomes } = open(insertRows, {}, { budgetBytes: 10_000 })

    const said = push(stream, 200)
    await settled()

    const taken = said.filter((each) => each === 'none').length
    expect(taken).toBeGreaterThan(0)
    expect(taken).toBeLessThan(15)
    expect(stream.writableNeedDrain).toBe(true)

    release()
    stream.end()
    await once(stream, 'finish')
    expect(outcomes).toHaveLength(200)
  })

  it('are held up by a slow receiver of outcomes as well', async () => {
    const gate = Promise.withResolvers<void>()
    const { stream, outcomes } = open(
      new TableService().insertRows,
      { onOutcome: () => gate.promise },
      { budgetBytes: 10_000 },
    )

    const said = push(stream, 200)
    await settled()

    expect(said.filter((each) => each === 'none').length).toBeLessThan(15)
    expect(outcomes).toHaveLength(1)
    gate.resolve()
    stream.end()
    await once(stream, 'finish')
    expect(outcomes).toHaveLength(200)
  })
})

describe('a stream that is stopped', () => {
  it('by destroy closes after every document that was taken has its outcome; the callbacks of the others say no', async () => {
    const { insertRows, release } = heldService()
    const { stream, outcomes } = open(insertRows, {}, { budgetBytes: 10_000 })
    const said = push(stream, 200)
    await settled()

    stream.destroy()
    release()
    await once(stream, 'close')

    const taken = said.filter((each) => each === 'none').length
    expect(taken).toBeGreaterThan(0)
    expect(indexes(outcomes)).toEqual(upTo(taken))
    expect(said).not.toContain(undefined)
    expect(stream.writableFinished).toBe(false)
  })

  it('by its signal ends with BQC_ABORTED, and every document that was taken has its outcome', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(40), async (stopAfter) => {
        const controller = new AbortController()
        const { stream, outcomes } = open(new TableService().insertRows, {
          signal: controller.signal,
          onOutcome: ({ index }) => {
            if (index === stopAfter) controller.abort()
          },
        })
        const said = push(stream, 100)

        await expect(once(stream, 'close')).rejects.toMatchObject({ code: 'BQC_ABORTED' })

        const taken = said.filter((each) => each === 'none').length
        expect(taken).toBeGreaterThan(stopAfter)
        expect(indexes(outcomes)).toEqual(upTo(taken))
      }),
      { numRuns: 30 },
    )
  })

  it('by its signal after the end was written finishes all the same: every document has its outcome', async () => {
    const controller = new AbortController()
    const { insertRows, release } = heldService()
    const { stream, outcomes } = open(insertRows, { signal: controller.signal })
    push(stream, 10)
    stream.end()
    await settled()

    controller.abort()
    release()
    await once(stream, 'finish')

    expect(outcomes.map(({ status }) => status)).toEqual([
      ...Array(6).fill('success'),
      ...Array(4).fill('failure'),
    ])
  })

  it('by a receiver that throws ends with what was thrown', async () => {
    const { stream } = open(new TableService().insertRows, {
      onOutcome: ({ index }) => {
        if (index === 4) throw new Error('The disk of the receiver is full.')
      },
    })
    push(stream, 50)

    await expect(once(stream, 'close')).rejects.toThrow('The disk of the receiver is full.')
  })

  it('by dead letters that cannot be kept ends with an error in place of finish, after the last outcome', async () => {
    const { stream, outcomes } = open(new TableService().insertRows, {
      deadLetter: () => {
        throw new Error('No space left.')
      },
    })
    stream.write({ data: '{' })
    stream.end({ data: { n: 1 } })

    await expect(once(stream, 'finish')).rejects.toMatchObject({ code: 'BQC_OUTPUT_UNWRITABLE' })
    expect(outcomes).toHaveLength(2)
  })
})

describe('an operation', () => {
  const bigquery = embedded()

  it('takes its documents through a stream: jobs, their results and rows alike', async () => {
    await bigquery.run('CREATE SCHEMA shop', 'CREATE TABLE shop.orders (id INT64)')
    const seen: Outcome[] = []
    const through = (id: 'streaming-insert' | 'run-job' | 'get-query-results', objectType: string) =>
      bigquery.connection
        .operation(id, { objectType })
        .writable({ onOutcome: (outcome) => void seen.push(outcome) })

    const rows = Array.from({ length: 1200 }, (_, id) => ({ data: { id } }))
    await pipeline(Readable.from(rows), through('streaming-insert', 'datasets/shop/tables/orders'))
    expect(seen.splice(0).filter(({ status }) => status === 'success')).toHaveLength(1200)

    await pipeline([query('SELECT COUNT(*) AS orders FROM shop.orders')], through('run-job', 'QUERY'))
    const [{ jobReference }] = seen.splice(0).map(({ payload }) => payload) as [
      { jobReference: Document['data'] },
    ]
    await pipeline([{ data: jobReference }], through('get-query-results', 'QUERY'))
    expect(seen).toMatchObject([{ payload: { orders: '1200' }, last: true }])
  })

  it('on a connection that is closed destroys its stream at once', async () => {
    const connection = await createConnector().connect({
      projectId: 'demo',
      endpoint: bigquery.local.url,
      grant: 'none',
    })
    await connection.close()

    const stream = connection.operation('run-job', { objectType: 'QUERY' }).writable()

    await expect(once(stream, 'close')).rejects.toMatchObject({ code: 'BQC_CONNECTION_CLOSED' })
  })
})
