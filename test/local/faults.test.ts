import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import type { FaultRule } from '../../src/local/index.ts'
import { startLocalBigQuery } from '../../src/local/index.ts'
import { type Api, type Reply, startApi, values } from './api.ts'

let clock = Date.parse('2026-03-01T00:00:00Z')
let api: Api
beforeAll(async () => {
  api = await startApi({ now: () => clock })
})
afterAll(() => api.local.close())

let table = ''
let tables = 0
beforeEach(async () => {
  await rules([])
  table = `t${++tables}`
  await api.table('d', table, [{ name: 'a', type: 'INTEGER' }])
})

async function rules(list: readonly FaultRule[] | unknown): Promise<Reply> {
  const response = await fetch(`${api.local.url}/_faults`, { method: 'PUT', body: JSON.stringify(list) })
  // biome-ignore lint/suspicious/noExplicitAny: the reply is read as JSON of any shape
  return { status: response.status, body: (await response.json()) as any, headers: response.headers }
}

const insert = (row: object = { a: 1 }): Promise<Reply> => api.insert(`d.${table}`, [{ json: row }])
const count = async (): Promise<unknown> => values(await api.query(`SELECT COUNT(*) FROM d.${table}`))[0]?.[0]
const onInsert = { path: '/insertAll$' }

test('a rule answers for the requests it matches, so often and after so many as it says', async () => {
  await rules([{ match: { ...onInsert, skip: 1, count: 2 }, status: 503, reason: 'backendError' }])
  const statuses = []
  for (let i = 0; i < 5; i++) statuses.push((await insert()).status)
  expect(statuses).toEqual([200, 503, 503, 200, 200])
  expect(await count()).toBe('3')
})

test('an answer has the reason, message and headers of its rule, or a body that is no JSON', async () => {
  await rules([
    {
      match: { ...onInsert, count: 1 },
      status: 403,
      reason: 'rateLimitExceeded',
      headers: { 'Retry-After': '2' },
    },
    { match: onInsert, status: 413, body: '<html>too large</html>' },
  ])
  const first = await insert()
  expect([first.body.error.errors[0].reason, first.headers.get('retry-after')]).toEqual([
    'rateLimitExceeded',
    '2',
  ])
  const second = await fetch(`${api.local.url}/projects/demo/datasets/d/tables/${table}/insertAll`, {
    method: 'POST',
  })
  expect([second.status, await second.text()]).toEqual([413, '<html>too large</html>'])
})

test('a reset before the commit loses the rows, one after it loses the answer only', async () => {
  await rules([{ match: { ...onInsert, count: 1 }, reset: 'before' }])
  await expect(insert()).rejects.toThrow()
  expect(await count()).toBe('0')
  await rules([{ match: { ...onInsert, count: 1 }, reset: 'after' }])
  await expect(insert()).rejects.toThrow()
  expect(await count()).toBe('1')
})

test('a truncated answer breaks off, and a slow one arrives whole', async () => {
  await rules([{ match: { ...onInsert, count: 1 }, truncate: 5 }])
  await expect(insert()).rejects.toThrow()
  await rules([{ match: onInsert, bytesPerSecond: 1000 }])
  expect((await insert()).body.kind).toBe('bigquery#tableDataInsertAllResponse')
  expect(await count()).toBe('2')
})

test('a quota refuses what exceeds its window, and the next window is free again', async () => {
  await rules([{ match: onInsert, quota: { requests: 2, perMs: 1000 } }])
  const statuses = [(await insert()).status, (await insert()).status, (await insert()).status]
  clock += 1000
  statuses.push((await insert()).status)
  expect(statuses).toEqual([200, 200, 403, 200])
})

test('a new table is hidden from inserts for a while', async () => {
  await rules([{ tables: `^d\\.${table}$`, hiddenMs: 5000 }])
  expect((await insert()).status).toBe(404)
  clock += 5000
  expect((await insert()).status).toBe(200)
})

test('a new column is unknown to inserts for a while', async () => {
  await rules([{ staleSchemaMs: 5000 }])
  const fields = [
    { name: 'a', type: 'INTEGER' },
    { name: 'b', type: 'STRING' },
  ]
  await api.call('PATCH', `projects/demo/datasets/d/tables/${table}`, { schema: { fields } })
  expect((await insert({ a: 1, b: 'x' })).body.insertErrors[0].errors[0].message).toBe('no such field: b.')
  clock += 5000
  expect((await insert({ a: 1, b: 'x' })).body.insertErrors).toBeUndefined()
})

test('UPDATE is refused on freshly streamed rows, INSERT is not', async () => {
  await rules([{ dmlRefusedMs: 5000 }])
  await insert()
  const update = `UPDATE d.${table} SET a = 2 WHERE TRUE`
  const refused = await api.query(update)
  expect(refused.body.error.message).toContain('would affect rows in the streaming buffer')
  expect((await api.query(`INSERT INTO d.${table} (a) VALUES (3)`)).status).toBe(200)
  clock += 5000
  expect((await api.query(update)).status).toBe(200)
})

test('each bad rule is named with what is wrong with it, and the rules in force stay', async () => {
  await rules([{ match: onInsert, status: 500 }])
  const refused = await rules([
    { match: { path: '(' }, status: 500 },
    { delayMs: 1 },
    { status: 200 },
    { match: {} },
    { delayMs: 5, colour: 'red' },
    { reset: 'sometimes' },
  ])
  expect(refused.status).toBe(400)
  expect(refused.body.error.message).toMatch(
    /^Bad fault rules: rule 1 match path is not .*; rule 3 status must be .*; rule 4 has no effect.*; rule 5 has an unknown field: colour; rule 6 reset must be/,
  )
  expect((await insert()).status).toBe(500)
  await expect(startLocalBigQuery({ port: 0, faults: [{ match: {} }] })).rejects.toThrow(
    'rule 1 has no effect',
  )
})

test('the rules tell how often they were met, and DELETE clears them', async () => {
  await rules([{ match: { ...onInsert, count: 1 }, delayMs: 1 }])
  await insert()
  await insert()
  const shown = await (await fetch(`${api.local.url}/_faults`)).json()
  expect(shown).toEqual({ rules: [{ match: { ...onInsert, count: 1 }, delayMs: 1, seen: 2, applied: 1 }] })
  const cleared = await fetch(`${api.local.url}/_faults`, { method: 'DELETE' })
  expect(await cleared.json()).toEqual({ rules: [] })
})

test('rows that were streamed lately show as a streaming buffer', async () => {
  await insert()
  const path = `projects/demo/datasets/d/tables/${table}`
  const { body } = await api.call('GET', path)
  expect(body).toMatchObject({
    numRows: '1',
    streamingBuffer: { estimatedRows: '1', oldestEntryTime: String(clock) },
  })
  clock += 90_000
  expect((await api.call('GET', path)).body.streamingBuffer).toBeUndefined()
})
