import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { piecesOf, splitPage } from '../../src/bigquery/result-page.ts'

const rowOf = (text: string) => ({ f: [{ v: text }, { v: [{ v: { f: [{ v: null }] } }] }] })
const read = (body: string) => {
  const { envelope, rows } = splitPage(Buffer.from(body))
  return { envelope, rows: [...piecesOf(rows)].map((piece) => JSON.parse(`[${piece}]`)) }
}
/** Text that looks like the places where a page is cut. */
const text = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.constantFrom('"rows":[', ']}]', ']},{"f":[{"v":', '"}],"jobComplete":true}', '\\', ']}]}'),
)

describe('a page', () => {
  const page = fc.record({
    before: text,
    rows: fc.array(text.map(rowOf), { maxLength: 5 }),
    after: fc.option(fc.array(fc.record({ reason: text, message: text }), { maxLength: 2 })),
    space: fc.constantFrom(undefined, 1),
    isSchemaFirst: fc.boolean(),
  })

  it('gives the rows and what is around them, whatever stands in its texts and wherever its schema is', () => {
    fc.assert(
      fc.property(page, ({ before, rows, after, space, isSchemaFirst }) => {
        const envelope = { schema: { description: before }, totalRows: '5', errors: after, jobComplete: true }
        const { schema, ...rest } = envelope

        const body = isSchemaFirst ? { schema, rows, ...rest } : { rows, schema, ...rest }
        const got = read(JSON.stringify(body, null, space))

        expect(got.rows.flat()).toEqual(rows)
        expect({ ...got.envelope, rows: undefined }).toEqual({ ...envelope, rows: undefined })
      }),
      { numRuns: 300 },
    )
  })

  it('may lack rows', () => {
    expect(read('{"jobComplete":false}')).toEqual({ envelope: { jobComplete: false }, rows: [] })
    expect(read('{"rows":[],"jobComplete":true}')).toEqual({ envelope: { jobComplete: true }, rows: [] })
  })

  it.each(['', 'null', '[]', '<html>', '{"rows":[{"f":[{"v":"1"}', '{"rows":7}'])(
    'is refused: %s',
    (body) => {
      expect(() => read(body)).toThrow()
    },
  )
})

describe('the rows of a page', () => {
  it('come in pieces of whole rows, none much longer than 16 kB', () => {
    const rows = Array.from({ length: 1000 }, (_, n) => rowOf(`${n}`.padEnd(200, 'é')))

    const got = read(JSON.stringify({ rows, jobComplete: true })).rows

    expect(got.flat()).toEqual(rows)
    expect(got.length).toBeGreaterThan(20)
    const sizes = got.map((piece) => Buffer.byteLength(JSON.stringify(piece)))
    expect(Math.max(...sizes)).toBeLessThan(20_000)
  })

  it('that are longer than a piece come alone', () => {
    const rows = ['a', 'b', 'c'].map((letter) => rowOf(letter.repeat(50_000)))

    expect(read(JSON.stringify({ rows })).rows.map((piece) => piece.length)).toEqual([1, 1, 1])
  })
})
