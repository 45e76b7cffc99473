import { describe, expect, it } from 'vitest'
import { compileOverrides } from '../../src/descriptor/resolve-document.ts'

const field = (schema: object) => ({ ...schema, 'x-per-document': true })
const form = {
  type: 'object',
  additionalProperties: false,
  properties: {
    batchCount: { type: 'integer' },
    charset: field({ type: 'string', enum: ['UTF-8', 'ISO-8859-1'] }),
    insertId: { type: 'string', minLength: 1, 'x-per-document': 'only' },
    jagged: field({ type: 'boolean' }),
    skipRows: field({ type: 'integer', minimum: 0 }),
    suffix: field({ type: 'string', pattern: '^\\w*$', 'x-pattern-help': 'may hold letters only' }),
  },
}
const options = Object.freeze({ batchCount: 5, jagged: false, skipRows: 0, suffix: '_a' })
const resolve = compileOverrides<Record<string, unknown>>(form)

describe('the options of a document', () => {
  it.each([[{}], [{ properties: {} }], [{ properties: { color: 'red' } }]])(
    'are the very options of the operation where no property overrides one: %o',
    (document) => {
      expect(resolve(options, document)).toBe(options)
    },
  )

  it('are those of its properties first, read as the field’s type', () => {
    const properties = { charset: 'UTF-8', jagged: 'true', skipRows: '12', insertId: 'a1' }

    expect(resolve(options, { properties })).toEqual({
      ...options,
      ...properties,
      jagged: true,
      skipRows: 12,
    })
  })

  it('take an empty property as a value', () => {
    expect(resolve(options, { properties: { suffix: '' } })['suffix']).toBe('')
  })

  it('take an empty property for none where the field has no empty value', () => {
    const properties = { charset: '', jagged: '', skipRows: '', insertId: '' }

    expect(resolve(options, { properties })).toBe(options)
  })

  it('leave alone an option that no document may override', () => {
    expect(resolve(options, { properties: { batchCount: '9' } })).toBe(options)
  })

  it('are refused with every fault when properties are not what the fields allow', () => {
    const properties = { charset: 'latin', jagged: 'maybe', skipRows: '1.5', suffix: 'a b' }

    expect(() => resolve(options, { properties })).toThrow(
      expect.objectContaining({
        code: 'BQC_PROPERTY_INVALID',
        category: 'document',
        faults: expect.arrayContaining([
          { path: '/charset', value: 'latin', message: 'must be one of UTF-8, ISO-8859-1' },
          { path: '/jagged', value: 'maybe', message: 'must be true or false' },
          { path: '/skipRows', value: '1.5', message: 'must be a whole number' },
          { path: '/suffix', value: 'a b', message: 'may hold letters only' },
        ]),
      }),
    )
  })
})
