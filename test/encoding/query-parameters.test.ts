import { describe, expect, it } from 'vitest'
import { queryParametersOf } from '../../src/encoding/query-parameters.ts'
import { ConnectorError } from '../../src/errors.ts'

const one = (value: unknown) => {
  const [parameter] = queryParametersOf([value])
  return parameter
}
const scalar = (type: string, value: string | null) => ({
  parameterType: { type },
  parameterValue: { value },
})

describe('a parameter', () => {
  it.each([
    ['text', 'abc', scalar('STRING', 'abc')],
    ['empty text', '', scalar('STRING', '')],
    ['true', true, scalar('BOOL', 'true')],
    ['a whole number', -5, scalar('INT64', '-5')],
    ['a number with a fraction', 1.5, scalar('FLOAT64', '1.5')],
    ['a number beyond 2^53', 1e300, scalar('FLOAT64', '1e+300')],
    ['a BigInt', 2n ** 63n - 1n, scalar('INT64', '9223372036854775807')],
    ['a date', new Date('2026-11-21T01:02:03.456Z'), scalar('TIMESTAMP', '2026-11-21T01:02:03.456Z')],
    ['bytes', Buffer.from('abc'), scalar('BYTES', 'YWJj')],
    ['a value that names its type', { type: 'DATE', value: '2026-11-21' }, scalar('DATE', '2026-11-21')],
    ['null that names its type', { type: 'STRING', value: null }, scalar('STRING', null)],
    ['JSON', { type: 'JSON', value: { a: [1] } }, scalar('JSON', '{"a":[1]}')],
  ])('that is %s has the type that shows', (_, value, expected) => {
    expect(one(value)).toEqual(expected)
  })

  it('that is a list is an array of the type of its items', () => {
    expect(one(['a', 'b'])).toEqual({
      parameterType: { type: 'ARRAY', arrayType: { type: 'STRING' } },
      parameterValue: { arrayValues: [{ value: 'a' }, { value: 'b' }] },
    })
  })

  it('that is a list of numbers, some with a fraction, is an array of FLOAT64', () => {
    expect(one([1, 1.5])?.parameterType).toEqual({ type: 'ARRAY', arrayType: { type: 'FLOAT64' } })
  })

  it('that is an empty list can name the type of its items', () => {
    expect(one({ type: 'ARRAY<DATE>', value: [] })).toEqual({
      parameterType: { type: 'ARRAY', arrayType: { type: 'DATE' } },
      parameterValue: { arrayValues: [] },
    })
  })

  it('that is an object is a struct, nested as it is', () => {
    expect(one({ id: 1, tags: ['a'], at: { type: 'DATE', value: '2026-11-21' } })).toEqual({
      parameterType: {
        type: 'STRUCT',
        structTypes: [
          { name: 'id', type: { type: 'INT64' } },
          { name: 'tags', type: { type: 'ARRAY', arrayType: { type: 'STRING' } } },
          { name: 'at', type: { type: 'DATE' } },
        ],
      },
      parameterValue: {
        structValues: {
          id: { value: '1' },
          tags: { arrayValues: [{ value: 'a' }] },
          at: { value: '2026-11-21' },
        },
      },
    })
  })

  it('has its name where parameters are an object', () => {
    expect(queryParametersOf({ id: 1, name: 'Ada' })).toEqual([
      { name: 'id', ...scalar('INT64', '1') },
      { name: 'name', ...scalar('STRING', 'Ada') },
    ])
  })

  it('whose type does not show is refused with all others of the kind', () => {
    const parameters = {
      a: null,
      b: [],
      c: [1, 'x'],
      d: 1,
      e: { type: 'ARRAY<DATE>', value: 'x' },
      f: { type: 'DATE', value: [1] },
    }
    let thrown: unknown
    try {
      queryParametersOf(parameters)
    } catch (error) {
      thrown = error
    }

    expect(thrown).toBeInstanceOf(ConnectorError)
    expect(thrown).toMatchObject({ code: 'BQC_DOCUMENT_INVALID' })
    expect((thrown as ConnectorError).faults.map(({ path }) => path)).toEqual([
      '/parameters/a',
      '/parameters/b',
      '/parameters/c',
      '/parameters/e',
      '/parameters/f',
    ])
  })

  it.each(['text', 5, null])('is not given as %s', (parameters) => {
    expect(() => queryParametersOf(parameters)).toThrow('/parameters must be an object, by name, or a list')
  })
})
