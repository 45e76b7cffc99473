import { beforeAll, describe, expect, it } from 'vitest'
import type { ControlPlane } from '../../src/bigquery/control-plane.ts'
import type { HttpRequest } from '../../src/bigquery/http-message.ts'
import { createRetry } from '../../src/bigquery/retry.ts'
import type { Clock } from '../../src/contract/clock.ts'
import type { StreamingInsertOptions } from '../../src/contract/options/streaming-insert.ts'
import { openStreamingInsert } from '../../src/operations/streaming-insert.ts'
import { errorReply, jsonReply, scriptedTransport } from '../bigquery/scripted-transport.ts'
import { FakeClock, InstantClock, settled } from '../fixtures/clocks.ts'
import { directories } from '../fixtures/directories.ts'
import { embedded } from '../fixtures/embedded.ts'
import { untraced } from '../fixtures/start-pipeline.ts'

const bigquery = embedded()
const newDirectory = directories()

beforeAll(() =>
  bigquery.run(
    'CREATE SCHEMA shop',
    'CREATE TABLE shop.orders (id INT64 NOT NULL, item STRING, tags ARRAY<STRING>, customer STRUCT<name STRING, age INT64>, at TIMESTAMP)',
    'CREATE TABLE shop.everything (b BYTES, n NUMERIC, f FLOAT64, ok BOOL, d DATE, t TIME, dt DATETIME, j JSON)',
  ),
)

const insert = (options: object = {}) =>
  bigquery.connection.operation('streaming-insert', { objectType: 'datasets/shop/tables/orders', ...options })

/** The operation on a wire that answers as the test says; every table has the column `id`. */
function scripted(
  answer: Parameters<typeof scriptedTransport>[0],
  options: object,
  context: { readonly endpoint?: string; readonly clock?: Clock } = {},
) {
  const { transport, asked } = scriptedTransport(answer)
  const { endpoint = 'http://localhost:9050', clock = new InstantClock() } = context
  const control = { getTable: async () => ({ fields: [{ name: 'id', type: 'INTEGER' }], type: 'TABLE' }) }
  const execute = openStreamingInsert(
    {
      projectId: 'demo',
      endpoint,
      location: undefined,
      jobDefaults: {},
      transport,
      clock,
      control: control as unknown as ControlPlane,
      retry: createRetry(clock, () => 0),
      beforeClose: () => undefined,
      random: () => 0,
      beginTrace: untraced,
    },
    insert(options).options as unknown as StreamingInsertOptions,
  )
  return { execute, asked }
}

describe('Streaming Insert', () => {
  it('stores objects, JSON text and bytes alike, nested and repeated fields included', async () => {
    const customer = { name: 'Ada', age: 36 }
    const documents = [
      { data: { id: 1, tags: ['a', 'b'], customer, at: new Date('2026-11-21T01:02:03.456Z') } },
      { data: '{"id": 2, "item": "tea", "tags": null}' },
      { data: Buffer.from('{"id": "9007199254740993"}') },
    ]

    const outcomes = await Array.fromAsync(insert().execute(documents))

    expect(outcomes.map(({ status, code }) => [status, code])).toEqual(Array(3).fill(['success', '200']))
    expect(outcomes[0]).toMatchObject({
      destination: 'demo.shop.orders',
      attempts: 1,
      insertId: expect.any(String),
    })
    expect(await bigquery.rows('SELECT * FROM shop.orders ORDER BY id')).toEqual([
      {
        id: '1',
        item: null,
        tags: ['a', 'b'],
        customer: { name: 'Ada', age: '36' },
        at: '2026-11-21T01:02:03.456000Z',
      },
      { id: '2', item: 'tea', tags: [], customer: null, at: null },
      { id: '9007199254740993', item: null, tags: [], customer: null, at: null },
    ])
  })

  it('gives back what it was given, for every scalar type', async () => {
    const given = {
      b: new Uint8Array([0, 255]),
      n: '12345678901234567890123456789.123456789',
      f: Number.NaN,
      ok: true,
      d: '9999-12-31',
      t: '23:59:59.999999',
      dt: '0001-01-01T00:00:00',
      j: { a: [1, 'x', null] },
    }

    const [outcome] = await Array.fromAsync(
      insert({ objectType: 'datasets/shop/tables/everything' }).execute([{ data: given }]),
    )
    const [row] = await bigquery.rows('SELECT * FROM shop.everything')

    expect(outcome).toMatchObject({ status: 'success' })
    expect(row).toEqual({ ...given, b: 'AP8=', f: 'NaN', j: '{"a":[1,"x",null]}' })
  })

  it('follows the properties of each document to its own table', async () => {
    await bigquery.run('CREATE TABLE shop.late (id INT64)')
    const documents = [
      { data: { id: 10 }, properties: { tableId: 'late' } },
      { data: { id: 11 }, properties: { templateSuffix: '_2026' } },
      { data: { id: 12 }, properties: { tableId: 'nowhere' } },
      { data: { id: 13 }, properties: { templateSuffix: 'no good' } },
    ]

    const outcomes = await Array.fromAsync(insert().execute(documents))

    expect(outcomes.map(({ status, destination, errorCode }) => [status, destination, errorCode])).toEqual([
      ['success', 'demo.shop.late', undefined],
      ['success', 'demo.shop.orders_2026', undefined],
      ['failure', 'demo.shop.nowhere', 'BQC_NOT_FOUND'],
      ['application-error', undefined, 'BQC_DESTINATION_INVALID'],
    ])
    expect(await bigquery.rows('SELECT id FROM shop.orders_2026')).toEqual([{ id: '11' }])
  })

  it('takes a blank property for none, but for the suffix: blank, that means the table itself', async () => {
    const properties = { projectIdOverride: '', datasetId: '', tableId: '' }
    const documents = [
      { data: { id: 14 }, properties },
      { data: { id: 15 }, properties: { templateSuffix: '' } },
    ]

    const outcomes = await Array.fromAsync(insert({ templateSuffix: '_blank' }).execute(documents))

    expect(outcomes.map(({ status, destination }) => [status, destination])).toEqual([
      ['success', 'demo.shop.orders_blank'],
      ['success', 'demo.shop.orders'],
    ])
  })

  it('refuses a suffix that makes a name of more than 1,024 bytes, and nothing else for it', async () => {
    const suffix = 'x'.repeat(1024 - 'orders'.length)
    const documents = [suffix, `${suffix}x`].map((templateSuffix) => ({
      data: { id: 16 },
      properties: { templateSuffix },
    }))

    const outcomes = await Array.fromAsync(insert().execute(documents))

    expect(outcomes.map(({ status, errorCode }) => errorCode ?? status)).toEqual([
      'success',
      'BQC_DESTINATION_INVALID',
    ])
    expect(() => insert({ templateSuffix: `${suffix}x` })).toThrow(
      "not usable: templateSuffix makes a name of 1025 bytes; a table's name has 1024 at most",
    )
  })

  it('sends batchCount rows in a request, which may be 1 to 50,000', async () => {
    const sizes: number[] = []
    const answer = ({ body }: HttpRequest) => {
      sizes.push(JSON.parse(String(body)).rows.length)
      return jsonReply({})
    }
    const { execute } = scripted(answer, { batchCount: 2000 }, { clock: new FakeClock() })

    await Array.fromAsync(execute(Array.from({ length: 5000 }, (_, id) => ({ data: { id } }))))

    expect(sizes).toEqual([2000, 2000, 1000])
    for (const batchCount of [0, 50_001]) {
      expect(() => insert({ batchCount })).toThrow(`batchCount must be from 1 to 50000, not ${batchCount}`)
    }
  })

  it('tells everything that BigQuery has against a row, in the message and as payload', async () => {
    const errors = [
      { reason: 'invalid', location: 'id', message: 'no number', debugInfo: '' },
      { reason: 'invalid', location: 'item', message: 'no such field', debugInfo: '' },
    ]
    const { execute } = scripted(() => jsonReply({ insertErrors: [{ index: 0, errors }] }), {})

    const [outcome] = await Array.fromAsync(execute([{ data: { id: 1 } }]))

    expect(outcome).toMatchObject({
      status: 'application-error',
      code: '400',
      message: 'demo.shop.orders refused the row: /id: no number; /item: no such field.',
      payload: [
        { reason: 'invalid', location: 'id', message: 'no number' },
        { reason: 'invalid', location: 'item', message: 'no such field' },
      ],
    })
  })

  it('refuses a row of more than 10 MB before it is sent, and its neighbours go in', async () => {
    const { execute, asked } = scripted(() => jsonReply({}), {})
    const documents = [
      { data: { id: 1 } },
      { data: `{"id":2${' '.repeat(10_485_760)}}` },
      { data: { id: 3 } },
    ]

    const outcomes = await Array.fromAsync(execute(documents))

    expect(outcomes.map(({ status, errorCode }) => errorCode ?? status)).toEqual([
      'success',
      'BQC_DOCUMENT_TOO_LARGE',
      'success',
    ])
    expect(asked.map(({ body }) => JSON.parse(String(body)).rows.length)).toEqual([2])
  })

  it('drops unknown values when it is told to, and refuses them otherwise', async () => {
    const documents = [{ data: { id: 20, colour: 'red' } }]

    const [refused] = await Array.fromAsync(insert().execute(documents))
    const [taken] = await Array.fromAsync(insert({ ignoreUnknownValues: true }).execute(documents))

    expect(refused).toMatchObject({
      status: 'application-error',
      faults: [{ path: '/colour', value: 'red' }],
    })
    expect(taken).toMatchObject({ status: 'success' })
  })

  it('stores the same rows from compressed requests', async () => {
    await bigquery.run('CREATE TABLE shop.zipped (id INT64, item STRING)')
    const documents = Array.from({ length: 1000 }, (_, id) => ({ data: { id, item: `caf\u00e9 ${id}` } }))

    const outcomes = await Array.fromAsync(
      insert({ objectType: 'datasets/shop/tables/zipped', gzip: 'always' }).execute(documents),
    )

    expect(outcomes.every(({ status }) => status === 'success')).toBe(true)
    expect(
      await bigquery.rows(
        "SELECT COUNT(DISTINCT id) n, COUNTIF(item = CONCAT('caf\u00e9 ', CAST(id AS STRING))) same FROM shop.zipped",
      ),
    ).toEqual([{ n: '1000', same: '1000' }])
  })

  it.each([
    ['auto', 'http://localhost:9050', undefined],
    ['auto', 'https://bigquery.googleapis.com', 'gzip'],
    ['always', 'http://localhost:9050', 'gzip'],
    ['never', 'https://bigquery.googleapis.com', undefined],
  ])('with gzip %s at %s compresses as %s', async (gzip, endpoint, encoding) => {
    const { execute, asked } = scripted(() => jsonReply({}), { gzip }, { endpoint })

    await Array.fromAsync(execute([{ data: { id: 1 } }]))

    expect(asked.map(({ headers }) => headers?.['content-encoding'])).toEqual([encoding])
  })

  it('sends a row when it is as old as batchAgeMs', async () => {
    const clock = new FakeClock()
    const { execute, asked } = scripted(() => jsonReply({}), { batchAgeMs: 5000 }, { clock })
    async function* documents() {
      yield { data: { id: 1 } }
      await new Promise(() => undefined)
    }
    const outcomes = execute(documents())
    const first = outcomes.next()

    await clock.advance(4999)
    const early = asked.length
    await clock.advance(1)

    expect([early, asked.length]).toEqual([0, 1])
    expect((await first).value).toMatchObject({ status: 'success' })
    void outcomes.return()
  })

  it('sends no request of more bytes than batchBytes', async () => {
    const bytes: number[] = []
    const answer = ({ body }: HttpRequest) => {
      bytes.push(Buffer.byteLength(body ?? ''))
      return jsonReply({})
    }
    const { execute } = scripted(answer, { batchBytes: 2000 })

    await Array.fromAsync(execute(Array.from({ length: 100 }, (_, id) => ({ data: { id } }))))

    expect(bytes.length).toBeGreaterThan(2)
    expect(Math.max(...bytes)).toBeLessThanOrEqual(2000)
    expect(Math.max(...bytes)).toBeGreaterThan(1900)
  })

  it.each([
    [0, 1],
    [5000, 5],
  ])('waits %i ms for a table that is too new: %i requests', async (newTableWaitMs, requests) => {
    const { execute, asked } = scripted(() => errorReply(404, 'notFound', 'Not found.'), { newTableWaitMs })

    const outcomes = await Array.fromAsync(execute([{ data: { id: 1 } }]))

    expect(outcomes).toMatchObject([{ status: 'failure', errorCode: 'BQC_TABLE_TOO_NEW' }])
    expect(asked).toHaveLength(requests)
  })

  it.each([
    ['document', [0, 1]],
    ['settled', [1, 0]],
  ])('gives outcomes by %s order', async (outcomeOrder, order) => {
    const { promise: gate, resolve: open } = Promise.withResolvers<void>()
    const answer = async ({ url }: HttpRequest) => {
      if (url.includes('/orders/')) await gate
      return jsonReply({})
    }
    const { execute } = scripted(answer, { outcomeOrder })
    const documents = [{ data: { id: 1 } }, { data: { id: 2 }, properties: { tableId: 'quick' } }]

    const outcomes = Array.fromAsync(execute(documents))
    await settled()
    open()

    expect((await outcomes).map(({ index }) => index)).toEqual(order)
  })

  it('refuses a document that has more bytes than spoolBytes, and its neighbours go in', async () => {
    const spool = newDirectory()
    const spoolBytes = 1_048_576
    const { execute } = scripted(() => jsonReply({}), { spool, spoolBytes })
    const long = `{"id":2}${' '.repeat(spoolBytes)}`

    const outcomes = await Array.fromAsync(
      execute([{ data: { id: 1 } }, { data: long }, { data: { id: 3 } }]),
    )

    expect(outcomes.map(({ status, errorCode }) => errorCode ?? status)).toEqual([
      'success',
      'BQC_DOCUMENT_TOO_LARGE',
      'success',
    ])
    expect(outcomes[1]?.message).toContain('may have 1048576 at most. Raise spoolBytes.')
  })

  it('sends what a spool has kept for one service to no other', async () => {
    const spool = newDirectory()
    const rehearsal = scripted(() => jsonReply({}), { spool }, { endpoint: 'http://localhost:9050' })
    for await (const _ of rehearsal.execute([{ data: { id: 1 } }, { data: { id: 2 } }])) break

    const other = scripted(() => jsonReply({}), { spool }, { endpoint: 'https://bigquery.googleapis.com' })
    await expect(Array.fromAsync(other.execute([]))).rejects.toMatchObject({ code: 'BQC_CONFIG_INVALID' })
    const again = await Array.fromAsync(
      scripted(() => jsonReply({}), { spool }, { endpoint: 'http://localhost:9050' }).execute([]),
    )

    expect(other.asked).toEqual([])
    expect(again.map(({ index, recovered }) => [index, recovered])).toEqual([
      [0, true],
      [1, true],
    ])
  })

  it('sends no insertId when it is told not to', async () => {
    const [outcome] = await Array.fromAsync(
      insert({ generateInsertId: false }).execute([{ data: { id: 30 } }]),
    )

    expect(outcome).toMatchObject({ status: 'success' })
    expect(outcome).not.toHaveProperty('insertId')
  })

  it('leaves checking to BigQuery when it is told to: malformed text harms no neighbour', async () => {
    await bigquery.run('CREATE TABLE shop.unchecked (id INT64)')
    const documents = ['{"id":40}', '{"id":41,}', '{"id":"x"}', '{"id":43}', '{"id":44},"insertId":"x"'].map(
      (data, at) => ({ data: at === 3 ? Buffer.from(data) : data }),
    )

    const outcomes = await Array.fromAsync(
      insert({ objectType: 'datasets/shop/tables/unchecked', validation: 'service' }).execute(documents),
    )

    expect(outcomes.map(({ status, errorCode }) => errorCode ?? status)).toEqual([
      'success',
      'BQC_DOCUMENT_NOT_JSON',
      'BQC_ROW_REFUSED',
      'success',
      'BQC_DOCUMENT_NOT_JSON',
    ])
    expect(await bigquery.rows('SELECT id FROM shop.unchecked ORDER BY id')).toEqual([
      { id: '40' },
      { id: '43' },
    ])
  })

  it('describes no table when checking is left to BigQuery: a missing one fails by its insert', async () => {
    const [outcome] = await Array.fromAsync(
      insert({ objectType: 'datasets/shop/tables/nowhere', validation: 'service' }).execute([
        { data: '{"id":1}' },
      ]),
    )

    expect(outcome).toMatchObject({ status: 'failure', code: '404', attempts: 1 })
  })

  it('takes insertIds from the documents, and refuses a document without one', async () => {
    const documents = [{ data: { id: 40, item: 'cup' } }, { data: '{"id": 41}' }]

    const outcomes = await Array.fromAsync(insert({ insertIdFrom: '/item' }).execute(documents))

    expect(outcomes).toMatchObject([
      { status: 'success', insertId: 'cup' },
      {
        status: 'application-error',
        errorCode: 'BQC_DOCUMENT_INVALID',
        destination: 'demo.shop.orders',
        faults: [{ path: '/item' }],
      },
    ])
  })

  it('tells every fault of its options at once, before anything runs', () => {
    expect(() => insert({ objectType: 'orders', batchCount: 0, colour: 'red' })).toThrow(
      expect.objectContaining({
        code: 'BQC_CONFIG_INVALID',
        faults: expect.arrayContaining([
          expect.objectContaining({ path: '/objectType' }),
          expect.objectContaining({ path: '/batchCount' }),
          expect.objectContaining({ path: '/colour' }),
        ]),
      }),
    )
  })

  it('refuses an operation that nobody knows', () => {
    expect(() => bigquery.connection.operation('upset' as 'run-job', { objectType: 'QUERY' })).toThrow(
      'must be one of streaming-insert, run-job, get-query-results',
    )
  })
})

describe('a table that only documents name', () => {
  const to = (tableId: string, id: number, more: Record<string, string> = {}) => ({
    data: { id },
    properties: { datasetId: 'dynamic', tableId, ...more },
  })
  beforeAll(() =>
    bigquery.run(
      'CREATE SCHEMA dynamic',
      'CREATE TABLE dynamic.a (id INT64)',
      'CREATE TABLE dynamic.b (id INT64)',
      'CREATE TABLE dynamic.strict (id INT64 NOT NULL, name STRING NOT NULL)',
    ),
  )

  it('takes each row to the table of its properties, by that table\u2019s columns', async () => {
    const documents = [to('a', 1), to('b', 2), to('strict', 3), to('a', 4, { templateSuffix: '_2026' })]

    const outcomes = await Array.fromAsync(insert({ objectType: 'DYNAMIC' }).execute(documents))

    expect(outcomes.map(({ status, destination }) => [status, destination])).toEqual([
      ['success', 'demo.dynamic.a'],
      ['success', 'demo.dynamic.b'],
      ['application-error', 'demo.dynamic.strict'],
      ['success', 'demo.dynamic.a_2026'],
    ])
    expect(await bigquery.rows('SELECT id FROM dynamic.b')).toEqual([{ id: '2' }])
    expect(await bigquery.rows('SELECT id FROM dynamic.a_2026')).toEqual([{ id: '4' }])
  })

  it('refuses alone a document that names none, whatever it carries', async () => {
    const documents = [
      { data: { id: 1 } },
      { data: { id: 2 }, properties: {} },
      { data: { id: 3 }, properties: { tableId: 'a' } },
      to('b', 20),
    ]

    const outcomes = await Array.fromAsync(insert({ objectType: 'DYNAMIC' }).execute(documents))

    expect(outcomes.map(({ status, errorCode }) => errorCode ?? status)).toEqual([
      'BQC_DESTINATION_INVALID',
      'BQC_DESTINATION_INVALID',
      'BQC_DESTINATION_INVALID',
      'success',
    ])
    expect(outcomes[2]?.faults).toEqual([{ path: '/datasetId', value: '', message: 'is missing' }])
    expect(outcomes[0]?.attempts).toBe(0)
  })

  it('may have a dataset and a table for documents that do not say', async () => {
    const options = { objectType: 'DYNAMIC', datasetId: 'dynamic', tableId: 'b' }

    const outcomes = await Array.fromAsync(
      insert(options).execute([{ data: { id: 30 } }, { data: { id: 31 }, properties: { tableId: 'a' } }]),
    )

    expect(outcomes.map(({ destination }) => destination)).toEqual(['demo.dynamic.b', 'demo.dynamic.a'])
  })

  it('may be another dataset\u2019s table of the same name', async () => {
    await bigquery.run('CREATE TABLE dynamic.orders (id INT64)')

    const [outcome] = await Array.fromAsync(insert({ datasetId: 'dynamic' }).execute([{ data: { id: 40 } }]))

    expect(outcome).toMatchObject({ status: 'success', destination: 'demo.dynamic.orders' })
  })
})
