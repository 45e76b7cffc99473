import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Api, startApi, values } from './api.ts'

let api: Api

beforeAll(async () => {
  api = await startApi()
})
afterAll(() => api.local.close())

describe('comments and literals do not change what is asked', () => {
  test('a comment may stand behind every part of a query', async () => {
    const sql = `SELECT COUNT(*) -- all
      , MAX(CASE WHEN n IN (1 -- one
        , 2 # two
        ) THEN 'b' /* yes */ END) -- last
      FROM UNNEST([1, 2]) AS n -- numbers
      WHERE n /* each */ > 0 -- end`
    expect(values(await api.query(sql))).toEqual([['2', 'b']])
  })

  test.each([
    [`'-- kept'`, '-- kept'],
    [`"/* kept */"`, '/* kept */'],
    [`'\\U0001F600'`, '😀'],
    [`'\\u00e9\\x41'`, 'éA'],
  ])('the literal %s is %s', async (literal, text) => {
    expect(values(await api.query(`SELECT${literal}`))).toEqual([[text]])
  })
})

test('text that looks like the SQL of an aggregate stays text', async () => {
  const sql = `SELECT COUNTIF(x = '{sum(a)}'), AVG(IF(x = ')}', 1, 0)), MAX(CONCAT(x, '$1{max($1)}'))
    FROM UNNEST([')}', '{sum(a)}']) AS x`
  expect(values(await api.query(sql))).toEqual([['1', '0.5', '{sum(a)}$1{max($1)}']])
})

test.each([
  ["INSTR('banana', 'an', 1, 2)", '4'],
  ["INSTR('banana', 'an', 3)", '4'],
  ["SAFE.INSTR('banana', 'an')", '2'],
])('%s is %s', async (text, place) => {
  expect(values(await api.query(`SELECT ${text}`))).toEqual([[place]])
})

describe('what other dialects know and BigQuery does not is refused', () => {
  test.each(['1::INT64', '1 == 1', "POSITION('a' IN 'b')", "SUBSTRING('abc' FROM 2)"])(
    'SELECT %s',
    async (text) => {
      expect((await api.query(`SELECT ${text}`)).body.error?.message).toMatch(
        /Syntax error|not found|Unsupported/,
      )
    },
  )
})
