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

describe('what other dialects know and BigQuery does not is refused', () => {
  test.each(['1::INT64', '1 == 1'])('SELECT %s', async (text) => {
    expect((await api.query(`SELECT ${text}`)).body.error?.message).toMatch(/Syntax error/)
  })
})
