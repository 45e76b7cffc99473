import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Document } from '../../src/contract/document.ts'
import type { Outcome } from '../../src/contract/outcome.ts'
import { isOneObject } from '../../src/pipeline/one-object.ts'
import { encodersOf, start } from '../fixtures/start-pipeline.ts'
import { TableService } from '../fixtures/table-service.ts'

const insert = (documents: readonly Document[], service: TableService): Promise<Outcome[]> =>
  Array.fromAsync(
    start(documents, service.insertRows, {
      pace: { maxRows: 7, maxBytes: 100_000 },
      options: { budgetBytes: 1_000_000, maxRowBytes: 90_000 },
      ports: { encoders: encodersOf(() => undefined) },
    }),
  )

/** The object in a text, if it is the text of one. */
function objectIn(text: string): object | undefined {
  try {
    const value = JSON.parse(text)
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : undefined
  } catch {
    return undefined
  }
}

// Texts that would be rows of their own, or change their neighbours, if they went into a request.
const intruders = [
  '1},{"json":{"n":1}',
  '{}},{"insertId":"x","json":{}',
  '{},"insertId":"x"',
  '{},"json":{"n":2}',
  '{"a":"b}',
  '{"a":"b\\"}',
  '{"a":1}}',
  '{{"a":1}',
  '{"a":1,}',
  '{a:1}',
  `{'a':'"'},"insertId":"x","json":{"b":'"'}`,
  '{"a":"\n"}',
  '{}]}',
  '{} //',
  '{"a":1}{"b":2}',
]
const good = fc
  .record({ n: fc.integer(), text: fc.string({ unit: 'grapheme' }) })
  .map((row) => JSON.stringify(row))
const garbage = fc.oneof(
  fc.constantFrom(...intruders),
  fc.string(),
  fc
    .array(
      fc.constantFrom(
        ...[
          '{',
          '}',
          '[',
          ']',
          '"',
          ',',
          ':',
          '1',
          '-',
          '"a"',
          '"a":1',
          '\\',
          '"insertId":"run-0"',
          '"json":',
        ],
        ...['null', "'", ' ', '\n', '\u0000', 'é', '/', '{}', '},{'],
      ),
      { maxLength: 8 },
    )
    .map((parts) => parts.join('')),
)
const spaced = (text: fc.Arbitrary<string>) =>
  fc
    .tuple(fc.constantFrom('', '\ufeff', ' ', '\r\n'), text, fc.constantFrom('', '\n', '\t '))
    .map((parts) => parts.join(''))

describe('documents that nobody has parsed', () => {
  it('have exactly one outcome each, and the table holds the good ones and nothing else, whatever garbage is among them', async () => {
    const document = fc.record({
      text: fc.oneof({ weight: 2, arbitrary: spaced(good) }, { weight: 1, arbitrary: spaced(garbage) }),
      isBytes: fc.boolean(),
    })
    await fc.assert(
      fc.asyncProperty(fc.array(document, { maxLength: 40 }), async (given) => {
        const service = new TableService()
        const documents = given.map(({ text, isBytes }) => ({ data: isBytes ? Buffer.from(text) : text }))
        // Bytes that are read again as text: a lone half of a character does not come back.
        const expected = given.map(({ text }) =>
          objectIn(
            Buffer.from(text)
              .toString()
              .replace(/^\ufeff/, ''),
          ),
        )

        const outcomes = await insert(documents, service)

        expect(outcomes.map(({ index, status }) => [index, status])).toEqual(
          expected.map((row, index) => [index, row === undefined ? 'application-error' : 'success']),
        )
        expect(Object.fromEntries([...service.stored].map(([id, row]) => [id, JSON.parse(row)]))).toEqual(
          Object.fromEntries(
            expected.flatMap((row, index) => (row === undefined ? [] : [[`run-${index}`, row]])),
          ),
        )
      }),
      { numRuns: 500 },
    )
  })

  it('go as they came, and are looked at only when their request was refused', async () => {
    const service = new TableService()
    const documents = ['{"n": 1.0}', '{"n":2,}', '{"n":3}'].map((data) => ({ data }))

    const outcomes = await insert(documents, service)

    expect(outcomes).toMatchObject([
      { status: 'success', attempts: 2 },
      { status: 'application-error', errorCode: 'BQC_DOCUMENT_NOT_JSON', attempts: 1 },
      { status: 'success', attempts: 2 },
    ])
    expect(service.requests.map(({ insertIds }) => insertIds)).toEqual([['run-0', 'run-2']])
  })

  it.each([
    ['a list', '[1]', 'BQC_DOCUMENT_NOT_OBJECT', 'a list'],
    ['a number', '7', 'BQC_DOCUMENT_NOT_OBJECT', 'a number'],
    ['nothing', '', 'BQC_DOCUMENT_NOT_JSON', 'not JSON'],
    [
      'no UTF-8',
      Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]),
      'BQC_DOCUMENT_NOT_JSON',
      'not UTF-8',
    ],
    ['a list that is no text', [1], 'BQC_DOCUMENT_NOT_OBJECT', 'a list'],
    ['not there', undefined, 'BQC_DOCUMENT_NOT_OBJECT', 'missing'],
  ])('are refused before they are sent when they are %s', async (_, data, errorCode, said) => {
    const service = new TableService()

    const outcomes = await insert([{ data } as unknown as Document], service)

    const message = expect.stringMatching(`^The document is ${said}`)
    expect(outcomes).toMatchObject([{ status: 'application-error', errorCode, message, attempts: 0 }])
    expect(service.requests).toEqual([])
  })

  it('are written by their own rules when they are objects', async () => {
    const service = new TableService()

    const outcomes = await insert([{ data: { n: 'x', at: new Date(0) } }], service)

    expect(outcomes).toMatchObject([{ status: 'success' }])
    expect([...service.stored.values()]).toEqual(['{"n":"x","at":"1970-01-01T00:00:00.000Z"}'])
  })
})

describe('the guard', () => {
  it('lets through every text of an object', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), fc.constantFrom(0, 2), (object, indent) => {
        const text = JSON.stringify(object, undefined, indent)

        expect([isOneObject(text), isOneObject(Buffer.from(text))]).toEqual([true, true])
      }),
    )
  })

  it('lets through no text that changes how many rows a request has, or what stands around them', () => {
    fc.assert(
      fc.property(fc.array(spaced(garbage), { minLength: 1, maxLength: 6 }), (texts) => {
        const passed = texts.map((text) => text.replace(/^\ufeff/, '')).filter((text) => isOneObject(text))
        const body = passed.map((json, at) => `{"insertId":"${at}","json":${json}}`).join(',')
        let rows: { insertId: string }[]
        try {
          rows = JSON.parse(`[${body}]`)
        } catch {
          return
        }

        expect(rows.map(({ insertId, ...rest }) => [insertId, Object.keys(rest)])).toEqual(
          passed.map((_, at) => [`${at}`, ['json']]),
        )
      }),
      { numRuns: 2000 },
    )
  })

  it.each([
    ['single quotes', `{'a':'"'},"insertId":"x","json":{"b":'"'}`],
    ['comments', '{/*"*/},"insertId":"x","json":{/*"*/}'],
  ])('lets through no text with %s, which some readers know and JSON does not', (_, text) => {
    expect(isOneObject(text)).toBe(false)
  })

  it('looks at texts of any length', () => {
    const long = JSON.stringify({ text: 'é"{'.repeat(100_000) })

    expect([isOneObject(long), isOneObject(`${long}}`)]).toEqual([true, false])
  })
})
