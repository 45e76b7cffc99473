import { cpSync, readdirSync, renameSync, statSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Document, DocumentSource } from '../../../src/contract/document.ts'
import type { InsertRows } from '../../../src/contract/insert-rows.ts'
import type { ExecuteOptions } from '../../../src/contract/operation.ts'
import type { DeadLetter, Outcome } from '../../../src/contract/outcome.ts'
import { compileRowEncoder } from '../../../src/encoding/encode-row.ts'
import { ConnectorError } from '../../../src/errors.ts'
import { insertIdRule } from '../../../src/pipeline/insert-id.ts'
import { ProgressFeed } from '../../../src/pipeline/progress-feed.ts'
import { throughSpool } from '../../../src/pipeline/spool/through-spool.ts'
import { InstantClock, settled } from '../../fixtures/clocks.ts'
import { directories } from '../../fixtures/directories.ts'
import { encodersOf, rows, start as startCorridor, usual } from '../../fixtures/start-pipeline.ts'
import { readBody, type Stumble, TableService } from '../../fixtures/table-service.ts'

const directory = directories()
const encodeRow = compileRowEncoder(
  [
    { name: 'n', type: 'INTEGER' },
    { name: 'bad', type: 'BOOLEAN' },
    { name: 'text', type: 'STRING' },
    { name: 'at', type: 'TIMESTAMP' },
    { name: 'b', type: 'BYTES' },
    { name: 'f', type: 'FLOAT' },
    { name: 'j', type: 'JSON' },
  ],
  false,
)

interface Given {
  readonly path: string
  readonly maxBytes?: number
  readonly budgetBytes?: number
  readonly insertIdFrom?: string
  readonly execute?: ExecuteOptions
}

let executions = 0

/** An execution with the spool in `path`; each has its own prefix. */
function start(
  documents: DocumentSource,
  insertRows: InsertRows,
  { path, maxBytes = 1_048_576, budgetBytes = 20_000, insertIdFrom = '', execute = {} }: Given,
): AsyncGenerator<Outcome, void, undefined> {
  const clock = new InstantClock()
  executions += 1
  const { destination } = usual
  const insertIdPrefix = `run${executions}-`
  const options = { directory: path, maxBytes, operation: 'test', insertIdPrefix, destination }
  const rule = insertIdRule({ generateInsertId: true, insertIdFrom })
  return throughSpool(documents, options, rule, clock, execute, (source, insertIdOf, within) =>
    startCorridor(source, insertRows, {
      pace: { maxBytes: 1_000_000 },
      options: { budgetBytes, maxRowBytes: 9_000_000, insertIdOf },
      ports: { encoders: encodersOf(() => encodeRow) },
      clock,
      execute: within,
    }),
  )
}

/** Starts an execution, and gives what a crash leaves when the documents are in the spool and none has its outcome. */
async function leave(documents: readonly Document[]): Promise<string> {
  const path = directory()
  const { insertRows, answer } = silentService()
  const { promise, resolve } = Promise.withResolvers<void>()
  const onSpooled = (count: number) => count === documents.length && resolve()
  const execution = start(documents, insertRows, { path, execute: { onSpooled } })
  const pending = execution.next()
  await promise
  const left = crash(path)
  answer()
  await pending
  await execution.return()
  return left
}

/** A service that never answers, until it is told. */
function silentService() {
  const { promise, resolve } = Promise.withResolvers<void>()
  const sent: string[] = []
  const insertRows: InsertRows = async ({ body }) => {
    const { rows = [] } = readBody(Buffer.from(body).toString()) ?? {}
    sent.push(...rows.map(({ json }) => JSON.stringify(json)))
    await promise
    return { verdict: 'stored', rows: [] }
  }
  return { insertRows, sent, answer: resolve }
}

/** What a crash leaves: the directory as the operating system has it now. */
function crash(path: string): string {
  const copy = directory()
  cpSync(path, copy, { recursive: true })
  return copy
}

const document = fc.oneof(
  { weight: 6, arbitrary: fc.nat().map((n): Document => ({ data: { n }, id: `${n}` })) },
  { weight: 2, arbitrary: fc.nat().map((n): Document => ({ data: JSON.stringify({ n }) })) },
  { weight: 1, arbitrary: fc.constant<Document>({ data: { bad: true } }) },
  { weight: 1, arbitrary: fc.constantFrom<Document>({ data: '{' }, { data: 'null' }, { data: { x: 1 } }) },
)
const stumble = fc.constantFrom<Stumble>('unavailable', 'lost', 'quota', 'too-large', 'row-trouble', 'none')
const asStream = async function* (documents: readonly Document[]) {
  for (const each of documents) {
    if (Number(each.id) % 3 === 0) await settled()
    yield each
  }
}

describe('an execution with a spool', () => {
  it('gives each document exactly one outcome, in order, whatever goes wrong, and leaves nothing behind', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(document, { maxLength: 60 }),
        fc.array(stumble, { maxLength: 20 }),
        fc.boolean(),
        async (documents, stumbles, isStream) => {
          const path = directory()
          const service = new TableService(stumbles)
          const letters: DeadLetter[] = []

          const outcomes = await Array.fromAsync(
            start(isStream ? asStream(documents) : documents, service.insertRows, {
              path,
              execute: { deadLetter: (letter) => void letters.push(letter) },
            }),
          )

          expect(outcomes.map(({ index }) => index)).toEqual(documents.map((_, index) => index))
          for (const { status, insertId = '' } of outcomes)
            if (status === 'success') expect(service.stored.has(insertId)).toBe(true)
          expect(letters.map(({ index }) => index)).toEqual(
            outcomes.filter(({ status }) => status !== 'success').map(({ index }) => index),
          )
          expect(readdirSync(path)).toEqual(['lock'])
        },
      ),
      { numRuns: 60 },
    )
  })

  it('sends no document before its record is with the operating system', async () => {
    const path = directory()
    const { insertRows, sent, answer } = silentService()
    const outcomes = start(rows(200), insertRows, { path, budgetBytes: 1_000_000 })
    const first = outcomes.next()
    while (sent.length === 0) await settled()

    const again = await Array.fromAsync(start([], new TableService().insertRows, { path: crash(path) }))
    answer()
    await first
    await Array.fromAsync(outcomes)

    expect(again.map(({ index, recovered }) => [index, recovered]).slice(0, sent.length)).toEqual(
      sent.map((_, index) => [index, true]),
    )
  })

  it('after a crash at any moment, also in a recovery, gives all that was acknowledged an outcome, and stores no row twice', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(document, { minLength: 1, maxLength: 60 }),
        fc.array(stumble, { maxLength: 12 }),
        fc.array(fc.nat(50), { minLength: 1, maxLength: 4 }),
        fc.boolean(),
        async (given, stumbles, crashes, isStream) => {
          const documents = given.map((each, n) => ({ ...each, id: `id-${n}` }))
          const service = new TableService(stumbles)
          const seen = new Set<string | undefined>()
          let path = directory()
          let acknowledged = 0
          for (const crashAfter of [...crashes, Number.POSITIVE_INFINITY]) {
            const begin = acknowledged
            let isDead = false
            let events = 0
            const event = () => {
              events += 1
              if (isDead || events <= crashAfter) return
              isDead = true
              path = crash(path)
            }
            const insertRows: InsertRows = async (request, signal) => {
              if (!isDead) return service.insertRows(request, signal)
              return { verdict: 'give-up', error: new ConnectorError('BQC_NETWORK', 'Nobody is there.') }
            }
            const onSpooled = (count: number) => {
              if (!isDead) acknowledged = begin + count
              event()
            }
            // What was acknowledged is not given again: from there on, it is in the spool alone.
            const rest = documents.slice(begin)
            const execution = start(isStream ? asStream(rest) : rest, insertRows, {
              path,
              insertIdFrom: 'id',
              execute: { onSpooled },
            })
            for await (const { id, status } of execution) {
              if (isDead) break
              seen.add(id)
              if (status === 'success') expect(service.stored.has(id ?? '')).toBe(true)
              event()
              if (isDead) break
            }
            if (!isDead) break
          }

          expect([...seen].sort()).toEqual(documents.map(({ id }) => id).sort())
          expect(documents.map(({ id }) => id)).toEqual(expect.arrayContaining([...service.stored.keys()]))
          expect(readdirSync(path)).toEqual(['lock'])
        },
      ),
      { numRuns: 120 },
    )
  })

  it('keeps what the consumer left behind, and sends it first the next time, under the same insertIds', async () => {
    const path = directory()
    const service = new TableService()
    const seen: Outcome[] = []
    for await (const outcome of start(rows(40), service.insertRows, { path })) {
      seen.push(outcome)
      if (seen.length === 5) break
    }

    const later = await Array.fromAsync(start(rows(2), service.insertRows, { path }))

    // The last outcome that was seen may not have been worked on: it comes again.
    const [again] = later
    expect(again).toEqual({ ...seen[4], recovered: true })
    expect(later.map(({ index, recovered }) => [index, recovered])).toEqual([
      ...Array.from({ length: 36 }, (_, n) => [n + 4, true]),
      [0, undefined],
      [1, undefined],
    ])
    expect(service.stored.size).toBe(42)
  })

  it('tells the dead letter of a recovered document its place in its own source', async () => {
    const left = await leave([{ data: { n: 1 } }, { data: { bad: true } }])
    const letters: DeadLetter[] = []

    await Array.fromAsync(
      start([{ data: '{' }], new TableService().insertRows, {
        path: left,
        execute: { deadLetter: (letter) => void letters.push(letter) },
      }),
    )

    expect(letters.map(({ index, errorCode }) => [index, errorCode])).toEqual([
      [1, 'BQC_ROW_REFUSED'],
      [0, 'BQC_DOCUMENT_NOT_JSON'],
    ])
    expect(letters.every((letter) => !('recovered' in letter))).toBe(true)
  })

  it('recovers every kind of data as the row that it was', async () => {
    class Label {
      toJSON() {
        return 'label'
      }
    }
    const data: unknown[] = [
      { at: new Date('2026-11-21T01:02:03.456Z'), b: new Uint8Array([0, 255]), f: Number.NaN, n: 2n ** 60n },
      { j: { a: [1, null, { b: undefined }], at: new Date(0), of: new Label() }, n: undefined },
      { text: 'Füße 😀 \u0000' },
      '{"n": 9007199254740993}',
      Buffer.from('\ufeff{"n":1}'),
      undefined,
      null,
      [1],
      Buffer.from([0xff]),
    ]
    const documents = data.map((each) => ({ data: each, properties: { tableId: 'orders' } }) as Document)
    const direct = new TableService()
    const outcomes = await Array.fromAsync(start(documents, direct.insertRows, { path: directory() }))

    const later = new TableService()
    const again = await Array.fromAsync(start([], later.insertRows, { path: await leave(documents) }))

    expect([...later.stored.values()].map((text) => JSON.parse(text))).toEqual(
      [...direct.stored.values()].map((text) => JSON.parse(text)),
    )
    expect(again.map(({ status }) => status)).toEqual(outcomes.map(({ status }) => status))
  })

  it('refuses a document that it cannot keep, and no other', async () => {
    const documents = [{ data: { n: 1 } }, { data: { j: { a: () => 1 } } }, { data: { n: 2 } }]

    const outcomes = await Array.fromAsync(
      start(documents, new TableService().insertRows, { path: directory() }),
    )

    expect(outcomes.map(({ status, errorCode }) => errorCode ?? status)).toEqual([
      'success',
      'BQC_DOCUMENT_INVALID',
      'success',
    ])
  })

  it('gives every document that was taken its outcome when it is stopped, and its dead letter', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(30), fc.boolean(), async (stopAfter, isStream) => {
        const path = directory()
        const controller = new AbortController()
        const letters: DeadLetter[] = []
        let taken = 0
        const source = async function* () {
          for (const each of rows(100_000)) {
            if (isStream && taken % 5 === 4) await settled()
            taken += 1
            yield each
          }
        }
        const outcomes: Outcome[] = []

        for await (const outcome of start(source(), new TableService().insertRows, {
          path,
          execute: { signal: controller.signal, deadLetter: (letter) => void letters.push(letter) },
        })) {
          outcomes.push(outcome)
          if (outcomes.length > stopAfter) controller.abort()
        }

        expect(outcomes.map(({ index }) => index)).toEqual(outcomes.map((_, n) => n))
        // A stream that is asked already, and answers after the end, keeps its document.
        expect(taken - outcomes.length).toBeOneOf(isStream ? [0, 1] : [0])
        expect(letters.map(({ index }) => index)).toEqual(
          outcomes.filter(({ status }) => status !== 'success').map(({ index }) => index),
        )
        expect(readdirSync(path)).toEqual(['lock'])
      }),
      { numRuns: 30 },
    )
  })

  it('counts what it never sent when it is stopped, and names its table', async () => {
    const controller = new AbortController()
    const progress = new ProgressFeed()
    const outcomes: Outcome[] = []
    const documents = rows(100_000).map((each) => ({ ...each, properties: { tableId: 'late' } }))

    for await (const outcome of start(documents, new TableService().insertRows, {
      path: directory(),
      execute: { signal: controller.signal, progress },
    })) {
      outcomes.push(outcome)
      controller.abort()
    }

    const failure = outcomes.filter(({ status }) => status === 'failure').length
    expect(failure).toBeGreaterThan(100)
    expect(progress.now()).toMatchObject({ documents: outcomes.length, failure })
    expect(new Set(outcomes.map(({ destination }) => destination))).toEqual(new Set(['demo.shop.late']))
    expect(await Array.fromAsync(progress)).toHaveLength(1)
  })

  it('takes no document when it is stopped before it begins', async () => {
    const outcomes = await Array.fromAsync(
      start(rows(5), new TableService().insertRows, {
        path: directory(),
        execute: { signal: AbortSignal.abort() },
      }),
    )

    expect(outcomes).toEqual([])
  })

  it('lets go of the spool when its source is none', async () => {
    const path = directory()

    await expect(
      start(7 as unknown as Document[], new TableService().insertRows, { path }).next(),
    ).rejects.toMatchObject({
      code: 'BQC_CONFIG_INVALID',
    })
    expect(await Array.fromAsync(start(rows(1), new TableService().insertRows, { path }))).toHaveLength(1)
  })

  it('tells the trouble of its source after the last outcome', async () => {
    const outcomes: Outcome[] = []
    const source = function* () {
      yield* rows(10)
      throw new Error('The file ends in the middle.')
    }

    await expect(async () => {
      for await (const outcome of start(source(), new TableService().insertRows, { path: directory() }))
        outcomes.push(outcome)
    }).rejects.toThrow('The file ends in the middle.')
    expect(outcomes).toHaveLength(10)
  })
})

describe('a spool that is full', () => {
  const text = 'x'.repeat(10_000)

  it('makes the source wait, stays within its bytes, and goes on when outcomes are handed on', async () => {
    const path = directory()
    const maxBytes = 1_048_576
    let taken = 0
    let largest = 0
    const source = async function* () {
      for (let n = 0; n < 1000; n += 1) {
        taken += 1
        yield { data: { n, text } }
      }
    }
    const execution = start(source(), new TableService().insertRows, {
      path,
      maxBytes,
      budgetBytes: 8_000_000,
    })
    await execution.next()
    for (let turn = 0; turn < 50; turn += 1) await settled()
    const takenWhileFull = taken

    let outcomes = 1
    for await (const _ of execution) {
      outcomes += 1
      largest = Math.max(largest, bytesOf(path))
    }

    // A quarter of the spool may be taken ahead.
    expect(takenWhileFull).toBeLessThan((1.25 * maxBytes) / text.length + 1)
    expect(largest).toBeLessThanOrEqual(maxBytes)
    expect(outcomes).toBe(1000)
  })

  it('refuses a document that is larger than itself, and no other', async () => {
    const large = 'x'.repeat(1_048_576)
    const documents = [
      { data: { text } },
      { data: { text: large } },
      { data: { text: large.slice(1000) } },
      { data: { n: 1 } },
    ]

    const outcomes = await Array.fromAsync(
      start(documents, new TableService().insertRows, { path: directory() }),
    )

    expect(outcomes.map(({ status, errorCode }) => errorCode ?? status)).toEqual([
      'success',
      'BQC_DOCUMENT_TOO_LARGE',
      'success',
      'success',
    ])
  })

  it('acknowledges a document that it refused when its outcome has been handed on, and none after it before', async () => {
    const documents = [{ data: { n: 1 } }, { data: { text: 'x'.repeat(1_048_576) } }, { data: { n: 2 } }]
    const told: [outcomes: number, count: number][] = []
    let outcomes = 0
    const onSpooled = (count: number) => told.push([outcomes, count])

    for await (const _ of start(documents, new TableService().insertRows, {
      path: directory(),
      execute: { onSpooled },
    })) {
      for (let turn = 0; turn < 5; turn += 1) await settled()
      outcomes += 1
    }

    expect(told).toEqual([
      [0, 1],
      [2, 3],
    ])
  })

  it('that is stopped while it waits for room ends', async () => {
    const controller = new AbortController()
    const { insertRows, answer } = silentService()
    const documents = Array.from({ length: 300 }, (_, n) => ({ data: { n, text } }))
    let spooled = 0
    const execution = start(documents, insertRows, {
      path: directory(),
      budgetBytes: 80_000_000,
      execute: {
        signal: controller.signal,
        onSpooled: (count) => {
          spooled = count
        },
      },
    })
    const pending = execution.next()
    while (spooled < 70) await settled()
    for (let turn = 0; turn < 20; turn += 1) await settled()

    controller.abort()
    answer()
    await pending
    const rest = await Array.fromAsync(execution)

    // The first outcome was pending.
    expect(rest.length + 1).toBeGreaterThanOrEqual(spooled)
    expect(rest.map(({ index }) => index)).toEqual(rest.map((_, n) => n + 1))
  })
})

it('a spool that cannot be written any more refuses what is not in it, and the execution ends with the reason', async () => {
  const path = directory()
  const text = 'x'.repeat(40_000)
  const outcomes: Outcome[] = []
  const source = async function* () {
    for (let n = 0; n < 500; n += 1) yield { data: { n, text } }
  }

  await expect(async () => {
    for await (const outcome of start(source(), new TableService().insertRows, { path })) {
      outcomes.push(outcome)
      if (outcomes.length === 3) renameSync(path, `${path}-gone`)
    }
  }).rejects.toMatchObject({ code: 'BQC_OUTPUT_UNWRITABLE' })

  const refused = outcomes.filter(({ status }) => status !== 'success')
  expect(outcomes.map(({ index }) => index)).toEqual(outcomes.map((_, n) => n))
  expect(refused.length).toBeGreaterThan(0)
  expect(refused.every(({ errorCode }) => errorCode === 'BQC_OUTPUT_UNWRITABLE')).toBe(true)
})

function bytesOf(path: string): number {
  return readdirSync(path)
    .filter((name) => name !== 'lock')
    .reduce((sum, name) => sum + (statSync(join(path, name), { throwIfNoEntry: false })?.size ?? 0), 0)
}
