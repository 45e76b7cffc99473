import { readFileSync } from 'node:fs'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { describe, expect, it } from 'vitest'
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
})
