import { describe, expect, it } from 'vitest'
import type { Document } from '../../src/contract/document.ts'
import { ConnectorError } from '../../src/errors.ts'
import { insertIdRule } from '../../src/pipeline/insert-id.ts'

const idOf = (document: Document, insertIdFrom: string, generateInsertId = true) =>
  insertIdRule({ generateInsertId, insertIdFrom })(document, 'run-', 7)

function refusalOf(document: Document, insertIdFrom: string): ConnectorError {
  try {
    idOf(document, insertIdFrom)
  } catch (thrown) {
    if (thrown instanceof ConnectorError) return thrown
    throw thrown
  }
  throw new Error('the document was taken')
}

describe('the insertId of a row', () => {
  it.each<[string, Document, string, string]>([
    ['is minted by default', { data: {}, id: 'a' }, '', 'run-7'],
    ["is the document's id when asked", { data: {}, id: 'a' }, 'id', 'a'],
    ['is a field of an object', { data: { order: { number: 'A-1' } } }, '/order/number', 'A-1'],
    ['is a field of JSON text', { data: '{"order":{"number":12}}' }, '/order/number', '12'],
    ['is a field of bytes', { data: Buffer.from('{"n":"b"}') }, '/n', 'b'],
    ['is an item of a list', { data: { keys: ['x', 'y'] } }, '/keys/1', 'y'],
    ['is a field whose name needs escapes', { data: { 'a/b~c': 1 } }, '/a~1b~0c', '1'],
    ['is a bigint', { data: { n: 2n ** 60n } }, '/n', '1152921504606846976'],
    [
      'may have 128 characters beyond the first plane',
      { data: { n: '😀'.repeat(128) } },
      '/n',
      '😀'.repeat(128),
    ],
    [
      "is the document's property before all else",
      { data: {}, properties: { insertId: 'old' } },
      'id',
      'old',
    ],
  ])('%s', (_, document, insertIdFrom, insertId) => {
    expect(idOf(document, insertIdFrom)).toBe(insertId)
  })

  it('is not the blank property of a document that has none', () => {
    expect(idOf({ data: {}, id: 'a', properties: { insertId: '' } }, 'id')).toBe('a')
  })

  it('is none when rows go without, whatever a document brings', () => {
    expect(idOf({ data: {}, id: 'a', properties: { insertId: 'old' } }, '', false)).toBeUndefined()
  })

  it.each<[string, Document, string, object]>([
    ['is not there', { data: {} }, '/n', { path: '/n' }],
    ['is null', { data: { n: null } }, '/n', { path: '/n' }],
    ['is true or false, as half of all documents', { data: '{"n":true}' }, '/n', { path: '/n', value: true }],
    ['is an object', { data: { n: {} } }, '/n', { path: '/n' }],
    ['is empty', { data: { n: '' } }, '/n', { path: '/n', value: '' }],
    ['is inherited by every object', { data: {} }, '/constructor/name', { path: '/constructor/name' }],
    ['has lost digits', { data: '{"n":12345678901234567890}' }, '/n', { path: '/n' }],
    [
      'is too long',
      { data: { n: 'x'.repeat(129) } },
      '/n',
      { path: '/n', message: expect.stringContaining('at most 128 characters') },
    ],
    ['is the id of a document without one', { data: {} }, 'id', { path: '' }],
  ])('is a fault of the document when it %s', (_, document, insertIdFrom, fault) => {
    const refusal = refusalOf(document, insertIdFrom)

    expect(refusal).toMatchObject({ code: 'BQC_DOCUMENT_INVALID', faults: [fault] })
  })
})
