import { expect, test } from 'vitest'
import { apiOfFile, values } from './api.ts'

const api = await apiOfFile()

const record = (name: string, fields: readonly object[], more = {}): object => ({
  name,
  type: 'RECORD',
  fields,
  ...more,
})
const integer = { name: 'n', type: 'INTEGER' }

test('records and lists of records take new fields, and old rows have nothing in them', async () => {
  const old = [integer, record('r', [integer]), record('l', [integer], { mode: 'REPEATED' })]
  await api.table('d', 't', old)
  await api.insert('d.t', [{ json: { n: 1, r: { n: 2 }, l: [{ n: 3 }] } }])
  const text = { name: 's', type: 'STRING' }
  const list = { name: 'tags', type: 'STRING', mode: 'REPEATED' }
  const fields = [
    integer,
    record('r', [integer, text, list]),
    record('l', [integer, text], { mode: 'REPEATED' }),
    list,
  ]
  const patched = await api.call('PATCH', 'projects/demo/datasets/d/tables/t', { schema: { fields } })
  expect(patched.body.schema.fields).toEqual(fields)
  await api.insert('d.t', [{ json: { n: 4, r: { s: 'x', tags: ['a'] }, l: [{ s: 'y' }], tags: ['b'] } }])
  const sql = 'SELECT r.s, ARRAY_LENGTH(r.tags), l[OFFSET(0)].s, ARRAY_LENGTH(tags) FROM d.t ORDER BY n'
  expect(values(await api.query(sql))).toEqual([
    [null, '0', null, '0'],
    ['x', '1', 'y', '1'],
  ])
})

test('a view made through tables.insert has the columns of its query and can be read', async () => {
  await api.table('d', 'base', [integer])
  await api.insert('d.base', [{ json: { n: 20 } }])
  const made = await api.call('POST', 'projects/demo/datasets/d/tables', {
    tableReference: { tableId: 'v' },
    view: { query: 'SELECT n + 1 AS m FROM d.base', useLegacySql: false },
  })
  expect(made.body).toMatchObject({ type: 'VIEW', schema: { fields: [{ name: 'm', type: 'INTEGER' }] } })
  expect(values(await api.query('SELECT m FROM d.v'))).toEqual([['21']])
  const listed = await api.call('GET', 'projects/demo/datasets/d/tables/v/data')
  expect(listed.status).toBe(400)
  expect((await api.insert('d.v', [{ json: { m: 1 } }])).status).toBe(400)
})

test('a table is partitioned and clustered only by columns that can be, and stays so', async () => {
  const make = (tableId: string, more: object): Promise<{ status: number }> =>
    api.call('POST', 'projects/demo/datasets/d/tables', {
      ...{ tableReference: { tableId }, schema: { fields: [integer, { name: 'day', type: 'DATE' }] } },
      ...more,
    })
  expect((await make('p1', { timePartitioning: { type: 'DAY', field: 'absent' } })).status).toBe(400)
  expect((await make('p2', { timePartitioning: { type: 'DAY', field: 'n' } })).status).toBe(400)
  expect((await make('p3', { clustering: { fields: ['absent'] } })).status).toBe(400)
  expect((await make('p4', { timePartitioning: { type: 'DAY', field: 'day' } })).status).toBe(200)
  const moved = { timePartitioning: { type: 'MONTH', field: 'day' } }
  expect((await api.call('PATCH', 'projects/demo/datasets/d/tables/p4', moved)).status).toBe(400)
})
