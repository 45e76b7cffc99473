// Batches of one destination one at a time and in document order: what the next does depends on the one before.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Document } from '../../src/contract/document.ts'
import type { InsertRows } from '../../src/contract/insert-rows.ts'
import { ConnectorError } from '../../src/errors.ts'
import { FakeClock, settled } from '../fixtures/clocks.ts'
import { encodeRow, encodersOf, rows, start } from '../fixtures/start-pipeline.ts'
import { type Stumble, TableService } from '../fixtures/table-service.ts'

const numbersIn = (texts: readonly string[]): number[] => texts.map((text) => JSON.parse(text).n)

describe('ordered batches', () => {
  it('store their rows in document order, whatever is refused, split or answered too late', async () => {
    const stumble = fc.constantFrom<Stumble>('none', 'unavailable', 'lost', 'quota', 'too-large')
    await fc.assert(
      fc.asyncProperty(
        fc.array(stumble, { maxLength: 8 }),
        fc.integer({ min: 1, max: 40 }),
        async (stumbles, count) => {
          const service = new TableService(stumbles)
          const pace = { maxRows: 4, maxInFlight: 8 }
          const options = { isOrdered: true, maxInFlight: 8, maxAttempts: 30 }

          const outcomes = await Array.fromAsync(start(rows(count), service.insertRows, { options, pace }))

          const successful = outcomes.flatMap(({ index, status }) => (status === 'success' ? [index] : []))
          const stored = numbersIn(service.kept.map(({ json }) => json))
          // Rows whose answer was lost are stored again, before any that comes after them.
          const last = stored.filter((n, at) => !stored.slice(at + 1).includes(n))
          expect(last).toEqual([...last].sort((a, b) => a - b))
          expect(last).toEqual(expect.arrayContaining(successful))
          expect([...stored].every((n, at) => stored.slice(at + 1).every((later) => later >= n - 4))).toBe(
            true,
          )
        },
      ),
    )
  })

  it('are on the wire one at a time', async () => {
    let inFlight = 0
    let most = 0
    const service = new TableService()
    const insertRows: InsertRows = async (request, signal) => {
      inFlight += 1
      most = Math.max(most, inFlight)
      const verdict = await service.insertRows(request, signal)
      inFlight -= 1
      return verdict
    }

    await Array.fromAsync(
      start(rows(30), insertRows, { options: { isOrdered: true, maxInFlight: 8 }, pace: { maxInFlight: 8 } }),
    )

    expect(most).toBe(1)
  })

  it('that were sealed small by their age while another was on the wire go as one', async () => {
    const clock = new FakeClock()
    const service = new TableService()
    const first = Promise.withResolvers<void>()
    const insertRows: InsertRows = async (request, signal) => {
      if (service.requests.length === 0) {
        const verdict = service.insertRows(request, signal)
        await first.promise
        return verdict
      }
      return service.insertRows(request, signal)
    }
    async function* slowly(): AsyncGenerator<Document> {
      for (const row of rows(9)) {
        yield row
        await clock.wait(300)
      }
    }
    const outcomes = Array.fromAsync(
      start(slowly(), insertRows, { clock, options: { isOrdered: true }, pace: { maxRows: 5 } }),
    )
    for (let turn = 0; turn < 10; turn += 1) await clock.advance(300)
    first.resolve()
    await clock.advance(1000)
    await settled()

    await outcomes
    expect(service.requests.map((request) => numbersIn(request.rows))).toEqual([
      [0],
      [1, 2, 3, 4, 5],
      [6, 7, 8],
    ])
  })

  it('are not overtaken by documents whose table is known already while another waits for its description', async () => {
    const service = new TableService()
    const asked = Promise.withResolvers<typeof encodeRow>()
    let asks = 0
    const encoders = encodersOf(() => {
      asks += 1
      return asks === 2 ? asked.promise : encodeRow
    })
    setImmediate(() => setImmediate(() => asked.resolve(encodeRow)))

    await Array.fromAsync(
      start(rows(5), service.insertRows, { options: { isOrdered: true }, ports: { encoders } }),
    )

    expect(service.kept.map(({ json }) => JSON.parse(json).n)).toEqual([0, 1, 2, 3, 4])
  })
})

describe('a frame of lines', () => {
  it.each([
    ['text', '{\n  "n": 1,\r\n  "text": "a\\nb"\n}'],
    ['bytes', Buffer.from('{\n  "n": 1,\r\n  "text": "a\\nb"\n}')],
  ])('holds each row on one line, also where its document is %s of several', async (_, data) => {
    const bodies: string[] = []
    const insertRows: InsertRows = async ({ body }) => {
      bodies.push(Buffer.from(body).toString())
      return { verdict: 'stored', rows: [], receipt: { stored: 'here' } }
    }
    const frame = {
      head: () => '',
      before: (_: string | undefined, mark?: string) => `${mark}:`,
      after: '',
      between: '\n',
      tail: '\n',
      isLines: true,
    }
    const markOf = ({ id }: Document, index: number) => `${index}${id}`

    const outcomes = await Array.fromAsync(
      start(
        [
          { data, id: 'a' },
          { data: { n: 2 }, id: 'b' },
        ],
        insertRows,
        { options: { markOf }, ports: { frame } },
      ),
    )

    const [first = '', ...rest] = bodies.join('').split('\n')
    expect(JSON.parse(first.replace(/^0a:/, ''))).toEqual({ n: 1, text: 'a\nb' })
    expect(rest).toEqual(['1b:{"n":2}', ''])
    expect(outcomes.map(({ payload }) => payload)).toEqual([{ stored: 'here' }, { stored: 'here' }])
  })

  it('gives a document back without what the frame wrote around it', async () => {
    const letters: unknown[] = []
    const insertRows: InsertRows = async () => ({
      verdict: 'give-up',
      error: new ConnectorError('BQC_ACCESS_DENIED', 'No right.'),
    })
    const frame = {
      head: () => '',
      before: (_: string | undefined, mark?: string) => `${mark}`,
      after: '>',
      between: '\n',
      tail: '\n',
    }

    await Array.fromAsync(
      start(rows(2), insertRows, {
        options: { markOf: (_, index) => `<${'é'.repeat(index)}` },
        ports: { frame },
        execute: { deadLetter: ({ data }) => void letters.push(data) },
      }),
    )

    expect(letters).toEqual([{ n: 0 }, { n: 1 }])
  })
})
