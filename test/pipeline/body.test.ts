import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { RowFrame } from '../../src/contract/insert-rows.ts'
import { Body, type RowJson } from '../../src/pipeline/body.ts'
import { Buffers } from '../../src/pipeline/buffers.ts'

const frame: RowFrame = {
  head: () => '',
  before: (insertId) => `<${insertId ?? ''}|`,
  after: '>',
  between: ', ',
  tail: ' end',
}
const head = 'begin é '
const textOf = (rows: readonly string[], ids: readonly (string | undefined)[]): string =>
  `${head}${rows.map((row, at) => `<${ids[at] ?? ''}|${row}>`).join(', ')} end`
const read = (body: Body): string => Buffer.from(body.bytes).toString()

const text = fc.string({ unit: 'grapheme', maxLength: 3000 })
const row = fc.record({
  text,
  isBytes: fc.boolean(),
  insertId: fc.option(text, { nil: undefined }),
  isKept: fc.boolean(),
})
const jsonOf = ({ text, isBytes }: { text: string; isBytes: boolean }): RowJson =>
  isBytes ? Buffer.from(text) : text

describe('a body', () => {
  it('holds every row in its frame, gives it back, and a part of it the chosen ones, whatever memory they are written to', () => {
    const buffers = new Buffers()
    fc.assert(
      fc.property(fc.array(row, { maxLength: 40 }), (given) => {
        const body = new Body(buffers, frame, head)
        const rows = given.map((each) => ({
          ...each,
          bytes: body.add(jsonOf(each), each.insertId, Number.POSITIVE_INFINITY) ?? 0,
        }))
        const kept = rows.filter(({ isKept }) => isKept)

        const whole = read(body)
        const part = body.part(rows, kept)

        expect(body.texts(rows)).toEqual(rows.map(({ text }) => text))
        expect(part.texts(kept)).toEqual(kept.map(({ text }) => text))

        expect(whole).toBe(
          textOf(
            rows.map(({ text }) => text),
            rows.map(({ insertId }) => insertId),
          ),
        )
        expect(read(part)).toBe(
          textOf(
            kept.map(({ text }) => text),
            kept.map(({ insertId }) => insertId),
          ),
        )
        body.release()
        part.release()
      }),
    )
  })

  it('joins others: all their rows stand in it, in order, and are found again', () => {
    const buffers = new Buffers()
    fc.assert(
      fc.property(
        fc.array(fc.array(row, { minLength: 1, maxLength: 5 }), { minLength: 1, maxLength: 5 }),
        (lists) => {
          const filled = lists.map((list) => {
            const body = new Body(buffers, frame, head)
            const rows = list.map((each) => ({
              ...each,
              bytes: body.add(jsonOf(each), each.insertId, Number.POSITIVE_INFINITY) ?? 0,
            }))
            return { body, rows }
          })
          const [first, ...others] = filled.map(({ body }) => body) as [Body, ...Body[]]
          const rows = filled.flatMap((one) => one.rows)

          const whole = first.with(others)

          expect(whole.texts(rows)).toEqual(rows.map(({ text }) => text))
          expect(read(whole)).toBe(
            textOf(
              rows.map(({ text }) => text),
              rows.map(({ insertId }) => insertId),
            ),
          )
          whole.release()
        },
      ),
    )
  })

  it('takes a row unless it would be longer than a limit', () => {
    fc.assert(
      fc.property(row, row, fc.nat(12_000), (first, second, maxBytes) => {
        const body = new Body(new Buffers(), frame, head)
        body.add(jsonOf(first), first.insertId, Number.POSITIVE_INFINITY)
        const one = textOf([first.text], [first.insertId])
        const both = textOf([first.text, second.text], [first.insertId, second.insertId])

        const bytes = body.add(jsonOf(second), second.insertId, maxBytes)

        expect(bytes !== undefined).toBe(Buffer.byteLength(both) <= maxBytes)
        expect(read(body)).toBe(bytes === undefined ? one : both)
      }),
    )
  })

  it('takes memory that another has given away', () => {
    const buffers = new Buffers()
    const first = new Body(buffers, frame, head)
    first.add('x'.repeat(100_000), undefined, Number.POSITIVE_INFINITY)
    const { capacity } = first
    first.release()

    const second = new Body(buffers, frame, head)

    expect(second.capacity).toBe(capacity)
  })
})
