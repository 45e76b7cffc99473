import { gunzipSync } from 'node:zlib'
import { afterEach, describe, expect, it } from 'vitest'
import {
  createInsertRows,
  insertAllFrame,
  requestHeadBytes,
  rowEnvelopeBytes,
} from '../../src/bigquery/insert-all.ts'
import { type Http, openHttp, openTransport } from '../../src/bigquery/transport.ts'
import type { Destination, InsertRequest, InsertVerdict } from '../../src/contract/insert-rows.ts'
import { errorReply, jsonReply, scriptedTransport } from './scripted-transport.ts'
import { type Answer, startTinyServer, type TinyServer } from './tiny-server.ts'

const open: { close(): Promise<void> }[] = []
afterEach(async () => {
  for (const one of open.splice(0)) await one.close()
})

const usual = { gzip: false, skipInvalidRows: false, ignoreUnknownValues: false, requestTimeout: 5000 }
const orders = { projectId: 'demo', datasetId: 'shop', tableId: 'orders', templateSuffix: '' }

interface Rows {
  readonly destination: Destination
  readonly rows: readonly string[]
  readonly insertIds?: readonly string[]
}
const two: Rows = { destination: orders, rows: ['{"a":1}', '{"a":2}'], insertIds: ['x-0', 'x-1'] }

function framed({ destination, rows, insertIds }: Rows, options: typeof usual): Uint8Array {
  const { head, before, after, between, tail } = insertAllFrame(options)
  const each = rows.map((row, at) => before(insertIds?.[at]) + row + after)
  return Buffer.from(head(destination) + each.join(between) + tail)
}

const requestOf = (rows: Rows, options: typeof usual): InsertRequest => ({
  destination: rows.destination,
  body: framed(rows, options),
  rowCount: rows.rows.length,
  attempt: 1,
})

async function insertInto(
  answer: (count: number) => Answer | 'drop' | Promise<Answer | 'drop'>,
  request: Rows = two,
  options: Partial<typeof usual> = {},
  signal: AbortSignal = new AbortController().signal,
): Promise<{ verdict: InsertVerdict; server: TinyServer }> {
  const server = await startTinyServer((_, count) => answer(count))
  const http = openHttp()
  open.push(http, server)
  const tokens = { token: async () => undefined, renew: async () => undefined }
  const all = { ...usual, ...options }
  const insertRows = createInsertRows(openTransport(http, tokens), server.url, all)
  const verdict = await insertRows(requestOf(request, all), signal)
  return { verdict, server }
}

const bodyAt = (server: TinyServer) => JSON.parse(server.asked[0]?.body ?? '')

describe('a request for rows', () => {
  it('carries them as they are, each with its insertId', async () => {
    const rows = ['{"a": 1.0}', '{"text":"\u{1f600} \\u0000"}']

    const { server } = await insertInto(() => ({}), { ...two, rows })

    expect(server.asked[0]).toMatchObject({
      method: 'POST',
      path: '/bigquery/v2/projects/demo/datasets/shop/tables/orders/insertAll?prettyPrint=false',
      headers: { 'content-type': 'application/json' },
    })
    expect(server.asked[0]?.body).toBe(
      `{"skipInvalidRows":false,"ignoreUnknownValues":false,"rows":[{"insertId":"x-0","json":${rows[0]}},{"insertId":"x-1","json":${rows[1]}}]}`,
    )
  })

  it('carries no insertId when rows have none', async () => {
    const { server } = await insertInto(() => ({}), { destination: orders, rows: two.rows })

    expect(bodyAt(server).rows).toEqual([{ json: { a: 1 } }, { json: { a: 2 } }])
  })

  it('carries the template suffix when there is one', async () => {
    const destination = { ...orders, templateSuffix: '_2026' }

    const { server } = await insertInto(() => ({}), { ...two, destination })

    expect(bodyAt(server).templateSuffix).toBe('_2026')
    expect(server.asked[0]?.path).toContain('/tables/orders/')
  })

  it('carries no template suffix when it is empty', async () => {
    const { server } = await insertInto(() => ({}))

    expect(bodyAt(server)).not.toHaveProperty('templateSuffix')
  })

  it.each([
    [true, false],
    [false, true],
    [true, true],
  ])(
    'carries skipInvalidRows %s and ignoreUnknownValues %s',
    async (skipInvalidRows, ignoreUnknownValues) => {
      const { server } = await insertInto(() => ({}), two, { skipInvalidRows, ignoreUnknownValues })

      expect(bodyAt(server)).toMatchObject({ skipInvalidRows, ignoreUnknownValues })
    },
  )

  it('quotes an insertId, and escapes names in its address', async () => {
    const destination = { ...orders, projectId: 'example.com:demo', tableId: 'a/b?c' }

    const { server } = await insertInto(() => ({}), { destination, rows: ['{}'], insertIds: ['"\\'] })

    expect(bodyAt(server).rows[0].insertId).toBe('"\\')
    expect(server.asked[0]?.path).toContain(
      '/projects/example.com%3Ademo/datasets/shop/tables/a%2Fb%3Fc/insertAll',
    )
  })

  it('is compressed when it is told to be, as the same JSON, and says so', async () => {
    const { asked, transport } = scriptedTransport(() => jsonReply({}))
    const plain = scriptedTransport(() => jsonReply({}))
    const { signal } = new AbortController()

    const request = requestOf(two, usual)
    const verdict = await createInsertRows(transport, 'https://x', { ...usual, gzip: true })(request, signal)
    await createInsertRows(plain.transport, 'https://x', usual)(request, signal)

    expect(verdict).toEqual({ verdict: 'stored', rows: [] })
    expect(asked[0]?.headers).toEqual({ 'content-type': 'application/json', 'content-encoding': 'gzip' })
    expect(gunzipSync(asked[0]?.body as Uint8Array)).toEqual(plain.asked[0]?.body)
    expect(plain.asked[0]?.headers).toEqual({ 'content-type': 'application/json' })
  })

  it('is compressed once when an expired token makes it go twice', async () => {
    const bodies: unknown[] = []
    const http: Http = {
      async send({ body }) {
        bodies.push(body)
        return bodies.length === 1 ? errorReply(401, 'authError', 'Expired.') : jsonReply({})
      },
      close: async () => {},
    }
    const transport = openTransport(http, { token: async () => 'old', renew: async () => 'new' })

    await createInsertRows(transport, 'https://x', { ...usual, gzip: true })(
      requestOf(two, usual),
      new AbortController().signal,
    )

    expect(bodies).toHaveLength(2)
    expect(bodies[1]).toBe(bodies[0])
  })

  it('is no longer than the sizes that batches are cut by', async () => {
    const destination = { ...orders, templateSuffix: 's'.repeat(1024) }
    const { server } = await insertInto(() => ({}), { ...two, destination })

    const sizes = two.rows.map(
      (row, at) => row.length + (two.insertIds?.[at]?.length ?? 0) + rowEnvelopeBytes,
    )
    const promised = requestHeadBytes + sizes.reduce((sum, size) => sum + size, 0)
    expect(Buffer.byteLength(server.asked[0]?.body ?? '')).toBeLessThanOrEqual(promised)
  })
})

describe('the verdict', () => {
  it('on an answer that lists nothing is stored', async () => {
    const { verdict } = await insertInto(() => ({ body: { kind: 'bigquery#tableDataInsertAllResponse' } }))

    expect(verdict).toEqual({ verdict: 'stored', rows: [] })
  })

  it('is given row by row: the invalid one is rejected, its innocent neighbour goes again', async () => {
    const invalid = { reason: 'invalid', location: 'a', debugInfo: '', message: 'no such field: a.' }
    const stopped = { reason: 'stopped', location: '', debugInfo: '', message: '' }
    const insertErrors = [
      { index: 1, errors: [invalid] },
      { index: 0, errors: [stopped] },
    ]

    const { verdict } = await insertInto(() => ({ body: { insertErrors } }))

    expect(verdict).toEqual({
      verdict: 'stored',
      rows: [
        { index: 1, verdict: 'rejected', errors: [invalid] },
        { index: 0, verdict: 'again', errors: [stopped] },
      ],
    })
  })

  it.each([
    ['first', ['invalid', 'stopped']],
    ['last', ['stopped', 'invalid']],
  ])('rejects a row that is listed twice, its own fault %s', async (_, reasons) => {
    const errors = reasons.map((reason) => ({ reason, location: '', message: '' }))
    const insertErrors = errors.map((error) => ({ index: 0, errors: [error] }))

    const { verdict } = await insertInto(() => ({ body: { insertErrors } }))

    expect(verdict).toEqual({ verdict: 'stored', rows: [{ index: 0, verdict: 'rejected', errors }] })
  })

  it('rejects a row that is listed without a reason', async () => {
    const { verdict } = await insertInto(() => ({ body: { insertErrors: [{ index: 0 }] } }))

    expect(verdict).toEqual({ verdict: 'stored', rows: [{ index: 0, verdict: 'rejected', errors: [] }] })
  })

  it.each([
    ['beyond the last row', 2],
    ['before the first row', -1],
    ['between two rows', 0.5],
    ['that is text', '0'],
    ['that is missing', undefined],
  ])('on an index %s is to give up, since nobody knows which rows are stored', async (_, index) => {
    const { verdict } = await insertInto(() => ({ body: { insertErrors: [{ index, errors: [] }] } }))

    expect(verdict).toMatchObject({ verdict: 'give-up', error: { code: 'BQC_RESPONSE_UNREADABLE' } })
  })

  it.each([
    ['a page of HTML', '<html>'],
    ['JSON that breaks off', '{"insertErrors":[{"index":0'],
    ['nothing', ''],
    ['null', 'null'],
  ])('on an answer of %s is to send all rows again', async (_, body) => {
    const { verdict } = await insertInto(() => ({ body }))

    expect(verdict).toMatchObject({ verdict: 'retry', error: { code: 'BQC_NETWORK' } })
  })

  it.each([
    ['an object', { index: 0 }],
    ['a list of null', [null]],
    ['text', 'none'],
  ])(
    'on insertErrors that are %s is to give up, and says that the answer is unreadable',
    async (_, insertErrors) => {
      const { verdict } = await insertInto(() => ({ body: { insertErrors } }))

      expect(verdict).toMatchObject({ verdict: 'give-up', error: { code: 'BQC_RESPONSE_UNREADABLE' } })
    },
  )

  it('on a dropped connection is to send all rows again', async () => {
    const { verdict } = await insertInto(() => 'drop')

    expect(verdict).toMatchObject({ verdict: 'retry', error: { code: 'BQC_NETWORK' } })
  })

  it('on a request that is stopped is to give up', async () => {
    const stop = new AbortController()
    const answer = () => {
      stop.abort()
      return new Promise<Answer>(() => {})
    }

    const { verdict } = await insertInto(answer, two, {}, stop.signal)

    expect(verdict).toMatchObject({ verdict: 'give-up', error: { code: 'BQC_ABORTED' } })
  })

  it('on 413 is to split, whatever the body', async () => {
    const { verdict } = await insertInto(() => ({ status: 413, body: '<html>' }))

    expect(verdict).toMatchObject({
      verdict: 'split',
      error: { code: 'BQC_REQUEST_TOO_LARGE', httpStatus: 413 },
    })
  })

  it('on 503 is to send again, after the wait that the service asks for', async () => {
    const { verdict } = await insertInto(() => ({ status: 503, headers: { 'retry-after': '7' } }))

    expect(verdict).toMatchObject({
      verdict: 'retry',
      error: { code: 'BQC_SERVICE_UNAVAILABLE', retryAfterMs: 7000 },
    })
  })

  it('on a table that is not there is to give up, and names the table', async () => {
    const { text } = errorReply(404, 'notFound', 'Not found: Table demo:shop.orders')

    const { verdict } = await insertInto(() => ({ status: 404, body: text }))

    expect(verdict).toMatchObject({
      verdict: 'give-up',
      error: { code: 'BQC_NOT_FOUND', reason: 'notFound' },
    })
    expect(verdict).toHaveProperty('error.message', expect.stringContaining('insert into demo.shop.orders'))
  })
})
