import { readFileSync } from 'node:fs'
import { Ajv2020 } from 'ajv/dist/2020.js'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Document } from '../../src/contract/document.ts'
import type { Outcome } from '../../src/contract/outcome.ts'
import { ConnectorError } from '../../src/errors.ts'
import { deadLetterOf } from '../../src/pipeline/dead-letter.ts'
import { outcomeOf, placeOf } from '../../src/pipeline/settle.ts'

const obeys = new Ajv2020({ strict: false, formats: { 'date-time': true } }).compile(
  JSON.parse(readFileSync('schemas/dead-letter.schema.json', 'utf8')),
)
const destination = { projectId: 'demo', datasetId: 'shop', tableId: 'orders', templateSuffix: '_2026' }
const now = Date.parse('2026-11-21T00:00:00Z')

function refused(document: Parameters<typeof outcomeOf>[1]): Outcome {
  const error = new ConnectorError('BQC_QUOTA_EXCEEDED', 'Slow down.', { reason: 'quotaExceeded' })
  return { ...outcomeOf(3, document, error, 6), ...placeOf(destination, 'run-3') }
}

describe('a dead letter', () => {
  it('holds what it takes to send the document again, and why it was given up', () => {
    const document = { id: 'order-3', data: '{"n": 1}', properties: { templateSuffix: '_2026' } }

    const letter = deadLetterOf(refused(document), document, now)

    expect(letter).toEqual({
      index: 3,
      id: 'order-3',
      status: 'failure',
      code: 'BQC_QUOTA_EXCEEDED',
      errorCode: 'BQC_QUOTA_EXCEEDED',
      message: 'Slow down.',
      reason: 'quotaExceeded',
      faults: [],
      attempts: 6,
      insertId: 'run-3',
      destination: 'demo.shop.orders_2026',
      templateSuffix: '_2026',
      properties: { templateSuffix: '_2026' },
      data: { n: 1 },
      firstTime: '2026-11-21T00:00:00.000Z',
      time: '2026-11-21T00:00:00.000Z',
    })
    expect(obeys(letter)).toBe(true)
  })

  it('loses no value that JSON has no word for', () => {
    const data = {
      big: 2n ** 62n,
      bytes: new Uint8Array([0, 255]),
      buffer: Buffer.from([1]),
      list: [Number.NaN, Number.NEGATIVE_INFINITY],
      at: new Date(0),
    }

    expect(deadLetterOf(refused({ data }), { data }, now).data).toEqual({
      big: '4611686018427387904',
      bytes: 'AP8=',
      buffer: 'AQ==',
      list: ['NaN', '-Infinity'],
      at: '1970-01-01T00:00:00.000Z',
    })
  })

  it.each([
    ['text that is no JSON', '{"n":', '{"n":'],
    ['text that is no object', '7', '7'],
    ['bytes that are no JSON', Buffer.from('oops'), 'oops'],
  ])('keeps %s as it is', (_, data, kept) => {
    expect(deadLetterOf(refused({ data }), { data }, now).data).toBe(kept)
  })

  it.each([
    ['a number beyond 2^53', '{"id":9007199254740993}'],
    ['more digits than a double has', '{"price": 0.12345678901234567890123456789}'],
    ['zeros that a NUMERIC or a STRING keeps', '{"price": 1.50, "list": [-0]}'],
    ['a number beyond all doubles', '{"f":1e400}'],
    ['a name that comes twice', '{"a":"1","a":"1"}'],
  ])('keeps text with %s as text', (_, data) => {
    expect(deadLetterOf(refused({ data }), { data }, now).data).toBe(data)
    expect(deadLetterOf(refused({ data }), { data: Buffer.from(data) }, now).data).toBe(data)
  })

  it('shows text as an object, whatever its spaces and escapes', () => {
    const data = '\ufeff{ "a\\"b" :\t"\\u00e9 {1.0, }\\\\",\n"n": [1, -2.5, true, {}] }'

    expect(deadLetterOf(refused({ data }), { data }, now).data).toEqual({
      'a"b': 'é {1.0, }\\',
      n: [1, -2.5, true, {}],
    })
  })

  it('says every digit that the text of the document said', () => {
    const number = fc.stringMatching(/^-?(0|[1-9]\d{0,24})(\.\d{1,24})?([eE][+-]?\d{1,3})?$/)
    const value = fc.oneof(number, fc.json())
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.string({ maxLength: 2 }), value), { maxLength: 5 }), (members) => {
        const data = `{${members.map(([name, text]) => `${JSON.stringify(name)}:${text}`).join(',')}}`
        const { data: kept } = deadLetterOf(refused({ data }), { data }, now)

        if (kept === data) return
        const said = (text: string) => (text.match(/"(?:[^"\\]|\\.)*"|[^\s"]/g) ?? []).sort()
        expect(said(JSON.stringify(kept))).toEqual(said(data))
      }),
    )
  })
})

it('a row with a column of the name stream is kept, a source of bytes is not', () => {
  const data = (given: Document['data']) => deadLetterOf(refused({ data: given }), { data: given }, now).data

  expect(data({ stream: 'blue' })).toEqual({ stream: 'blue' })
  expect(data(new Blob(['1,2']))).toBeNull()
})
