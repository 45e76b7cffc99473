import { beforeEach, describe, expect, test } from 'vitest'
import { apiOfFile, values } from './api.ts'

let clock = Date.UTC(2026, 0, 1)
let count = 0
let table = ''
const FIELDS = [
  { name: 'id', type: 'INTEGER', mode: 'REQUIRED' },
  { name: 'name', type: 'STRING' },
  { name: 'day', type: 'DATE' },
  { name: 'price', type: 'NUMERIC' },
  { name: 'at', type: 'RECORD', fields: [{ name: 'city', type: 'STRING' }] },
  { name: 'tags', type: 'STRING', mode: 'REPEATED' },
]

const api = await apiOfFile({ now: () => clock })
beforeEach(async () => {
  table = `d.t${count++}`
  await api.table('d', table.slice(2), FIELDS)
})

async function stored(name = table): Promise<unknown[]> {
  return values(await api.query(`SELECT id FROM ${name} ORDER BY id`)).flat()
}

describe('one bad row among good ones', () => {
  test('stores nothing and lists the bad row first, the others as stopped', async () => {
    const { status, body } = await api.insert(table, [{ json: { id: 1 } }, { json: { id: 2, name: true } }])
    expect(status).toBe(200)
    expect(body).toEqual({
      kind: 'bigquery#tableDataInsertAllResponse',
      insertErrors: [
        {
          index: 1,
          errors: [
            {
              reason: 'invalid',
              location: 'name',
              debugInfo: '',
              message: 'Conversion from bool to std::string is unsupported.',
            },
          ],
        },
        { index: 0, errors: [{ reason: 'stopped', location: '', debugInfo: '', message: '' }] },
      ],
    })
    expect(await stored()).toEqual([])
  })

  test('is left out alone with skipInvalidRows', async () => {
    const { body } = await api.insert(table, [{ json: { id: 1 } }, { json: { id: 'x' } }], {
      skipInvalidRows: true,
    })
    expect(body.insertErrors).toHaveLength(1)
    expect(body.insertErrors[0]).toMatchObject({ index: 1, errors: [{ reason: 'invalid', location: 'id' }] })
    expect(await stored()).toEqual(['1'])
  })
})

test('a request that succeeds answers with its kind alone', async () => {
  const { body } = await api.insert(table, [{ json: { id: 1 } }])
  expect(body).toEqual({ kind: 'bigquery#tableDataInsertAllResponse' })
})

test.each([
  [{ id: 1, nope: 1 }, 'nope', 'no such field: nope.'],
  [{ id: 1, at: { town: 'x' } }, 'at.town', 'no such field: at.town.'],
  [{ name: 'x' }, '', 'Missing required field: Msg_0_CLOUD_QUERY_TABLE.id.'],
  [{ id: '1.5' }, 'id', 'Cannot convert value to integer (bad value): 1.5'],
  [{ id: '9223372036854775808' }, 'id', 'Cannot convert value to integer (bad value): 9223372036854775808'],
  [{ id: 1, price: '$2' }, 'price', 'Invalid NUMERIC value: $2'],
  [{ id: 1, price: '0.1234567891' }, 'price', 'Invalid NUMERIC value: 0.1234567891'],
  [{ id: 1, day: '2026-02-30' }, 'day', "Invalid date: '2026-02-30'"],
  [{ id: 1, name: { a: 1 } }, 'name', 'This field: name is not a record.'],
  [{ id: 1, name: ['a'] }, 'name', 'Array specified for non-repeated field: name.'],
  [{ id: 1, tags: 'a' }, 'tags', 'Repeated field must be imported as a JSON array.'],
])('the row %j is invalid at "%s": %s', async (json, location, message) => {
  const { body } = await api.insert(table, [{ json }])
  expect(body.insertErrors[0].errors).toEqual([{ reason: 'invalid', location, debugInfo: '', message }])
})

test('ignoreUnknownValues drops unknown keys at every level and nothing else', async () => {
  const rows = [{ json: { id: 1, nope: 1, at: { city: 'Rome', town: 'x' } } }, { json: { id: 'x' } }]
  const { body } = await api.insert(table, rows, { ignoreUnknownValues: true, skipInvalidRows: true })
  expect(body.insertErrors.map((entry: { index: number }) => entry.index)).toEqual([1])
  expect(values(await api.query(`SELECT at.city FROM ${table}`))).toEqual([['Rome']])
})

describe('insertId', () => {
  test('a repeated id is stored once within a minute and again after it', async () => {
    const row = { insertId: 'a', json: { id: 1 } }
    await api.insert(table, [row, row])
    clock += 59_000
    await api.insert(table, [row])
    expect(await stored()).toEqual(['1'])
    clock += 61_000
    await api.insert(table, [row])
    expect(await stored()).toEqual(['1', '1'])
  })

  test('the id of a refused row is not remembered', async () => {
    const row = { insertId: 'a', json: { id: 1 } }
    await api.insert(table, [row, { insertId: 'b', json: { id: 'x' } }])
    await api.insert(table, [row])
    expect(await stored()).toEqual(['1'])
  })

  test('numbers and null are accepted as ids', async () => {
    await api.insert(table, [
      { insertId: 7, json: { id: 1 } },
      { insertId: '7', json: { id: 2 } },
      { insertId: null, json: { id: 3 } },
      { insertId: null, json: { id: 4 } },
    ])
    expect(await stored()).toEqual(['1', '3', '4'])
  })

  test('a table made again under the same name has no memory of the old one', async () => {
    const row = { insertId: 'a', json: { id: 1 } }
    await api.insert(table, [row])
    await api.call('DELETE', `projects/demo/datasets/d/tables/${table.slice(2)}`)
    await api.table('d', table.slice(2), FIELDS)
    await api.insert(table, [row])
    expect(await stored()).toEqual(['1'])
  })
})

test('templateSuffix makes a table with the schema of its template', async () => {
  const { body } = await api.insert(table, [{ json: { id: 5 } }], { templateSuffix: '_eu' })
  expect(body.insertErrors).toBeUndefined()
  expect(await stored(`${table}_eu`)).toEqual(['5'])
  expect(await stored()).toEqual([])
})

test('every type keeps its value on the way in and out', async () => {
  const fields = [
    'STRING',
    'BYTES',
    'INTEGER',
    'FLOAT',
    'NUMERIC',
    'BOOLEAN',
    'TIMESTAMP',
    'DATE',
    'TIME',
    'DATETIME',
  ]
    .concat(['JSON', 'GEOGRAPHY', 'BIGNUMERIC'])
    .map((type) => ({ name: type.toLowerCase(), type }))
  await api.table('d', 'types', fields)
  const json = {
    string: 'it\'s \\ "é" \u0000',
    bytes: '/wBc',
    integer: '9007199254740993',
    float: 'NaN',
    numeric: '12345678901234567890.123456789',
    boolean: 'true',
    timestamp: '2026-01-01T02:00:00.123456+02:00',
    date: '0001-01-01',
    time: '23:59:59.5',
    datetime: '9999-12-31 23:59:59',
    json: '{"b":1,"a":[]}',
    geography: 'POINT(1 2)',
    bignumeric: '1.5',
  }
  expect((await api.insert('d.types', [{ json }])).body.insertErrors).toBeUndefined()
  const list = await api.call(
    'GET',
    'projects/demo/datasets/d/tables/types/data?formatOptions.useInt64Timestamp=true',
  )
  expect(list.body.rows[0].f.map((cell: { v: string }) => cell.v)).toEqual([
    json.string,
    '/wBc',
    '9007199254740993',
    'NaN',
    '12345678901234567890.123456789',
    'true',
    '1767225600123456',
    '0001-01-01',
    '23:59:59.500000',
    '9999-12-31T23:59:59',
    '{"a":[],"b":1}',
    'POINT(1 2)',
    '1.5',
  ])
})

test('a timestamp number is epoch seconds, and milliseconds are out of range', async () => {
  await api.table('d', 'times', [{ name: 'at', type: 'TIMESTAMP' }])
  await api.insert('d.times', [{ json: { at: 1438363396.123 } }])
  expect(values(await api.query('SELECT at FROM d.times'))).toEqual([['1.438363396123E9']])
  const millis = await api.insert('d.times', [{ json: { at: 1767225600000 } }])
  expect(millis.body.insertErrors[0].errors[0].reason).toBe('invalid')
})

describe('a request as a whole', () => {
  test('is 404 for a table that does not exist', async () => {
    const reply = await api.insert('d.none', [{ json: {} }])
    expect(reply.status).toBe(404)
    expect(reply.body.error.message).toBe('Not found: Table demo:d.none')
  })

  test('is 400 without rows', async () => {
    expect((await api.insert(table, [])).body.error.message).toBe('No rows present in the request.')
  })

  test('is 400 with more than 50,000 rows', async () => {
    const rows = Array.from({ length: 50_001 }, () => ({ json: {} }))
    expect((await api.insert(table, rows)).body.error).toMatchObject({
      code: 400,
      message: 'too many rows present in the request, limit: 50000 row count: 50001.',
      errors: [{ reason: 'invalid' }],
    })
  })

  test('is 400 over 10 MB', async () => {
    const reply = await api.insert(table, [{ json: { id: 1, name: 'x'.repeat(10_485_760) } }])
    expect(reply.body.error).toMatchObject({
      code: 400,
      message: 'Request payload size exceeds the limit: 10485760 bytes.',
      status: 'INVALID_ARGUMENT',
      errors: [{ reason: 'badRequest' }],
    })
  })
})

test('an integer beyond 2^53 is stored with every digit, and half of a surrogate pair as the sign for it', async () => {
  await api.table('d', 'exact', [
    { name: 'n', type: 'INTEGER' },
    { name: 's', type: 'STRING' },
  ])
  const body =
    '{"rows":[{"json":{"n":9007199254740993,"s":"a\\ud800b"}},{"json":{"n":-9223372036854775808}}]}'

  const reply = await fetch(`${api.local.url}/projects/demo/datasets/d/tables/exact/insertAll`, {
    method: 'POST',
    body,
  })

  expect([reply.status, await reply.json()]).toEqual([200, { kind: 'bigquery#tableDataInsertAllResponse' }])
  expect(values(await api.query('SELECT n, s FROM d.exact ORDER BY n'))).toEqual([
    ['-9223372036854775808', null],
    ['9007199254740993', 'a\ufffdb'],
  ])
})
