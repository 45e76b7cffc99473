import { once } from 'node:events'
import { request } from 'node:http'
import { beforeAll, expect, test } from 'vitest'
import { apiOfFile, values } from './api.ts'

const PIECE = 262_144
let clock = Date.now()
const api = await apiOfFile({ now: () => clock })
beforeAll(async () => {
  await api.call('POST', 'projects/demo/datasets', { datasetReference: { datasetId: 'd' } })
})

async function begin(table: string): Promise<string> {
  const schema = { fields: [{ name: 'line', type: 'STRING' }] }
  const destinationTable = { datasetId: 'd', tableId: table }
  const response = await fetch(
    `${api.local.url}/upload/bigquery/v2/projects/demo/jobs?uploadType=resumable`,
    {
      method: 'POST',
      body: JSON.stringify({ configuration: { load: { destinationTable, schema } } }),
    },
  )
  expect(response.status).toBe(200)
  return response.headers.get('location') ?? ''
}

function put(session: string, range: string | undefined, body?: string | Buffer): Promise<Response> {
  return fetch(session, {
    method: 'PUT',
    redirect: 'manual',
    ...(body === undefined ? {} : { body }),
    headers: range === undefined ? {} : { 'Content-Range': range },
  })
}

const lines = (count: number): string => 'abcdefghijklmno\n'.repeat(count)

test('an upload in pieces of unknown total continues where the server says, and becomes a load job', async () => {
  const session = await begin('pieces')
  const first = await put(session, `bytes 0-${PIECE - 1}/*`, lines(PIECE / 16))
  expect([first.status, first.headers.get('range')]).toEqual([308, `bytes=0-${PIECE - 1}`])
  const asked = await put(session, 'bytes */*')
  expect([asked.status, asked.headers.get('range')]).toEqual([308, `bytes=0-${PIECE - 1}`])
  const last = await put(session, `bytes ${PIECE}-${PIECE + 31}/${PIECE + 32}`, lines(2))
  expect(last.status).toBe(200)
  const job = (await last.json()) as { jobReference: { jobId: string } }
  expect((await api.call('GET', `projects/demo/jobs/${job.jobReference.jobId}`)).status).toBe(200)
  await expect
    .poll(async () => (await api.query('SELECT COUNT(*) FROM d.pieces')).body.rows?.[0].f[0].v)
    .toBe(String(PIECE / 16 + 2))
})

test('a request waits for the one before it that is still under way', async () => {
  const session = await begin('turns')
  const open = async (range: string, length: number) => {
    const headers = { 'content-range': range, 'content-length': length, expect: '100-continue' }
    const sent = request(session, { method: 'PUT', headers, agent: false })
    const status = once(sent, 'response').then(([reply]) => {
      reply.resume()
      return reply.statusCode
    })
    sent.flushHeaders()
    // The server has begun with it.
    await once(sent, 'continue')
    return { sent, status }
  }

  const piece = await open('bytes 0-15/16', 16)
  const question = await open('bytes */16', 0)
  question.sent.end()
  piece.sent.end(lines(1))

  expect(await Promise.all([piece.status, question.status])).toEqual([200, 200])
})

test('what a piece holds beyond a multiple of 256 KiB has to be sent again', async () => {
  const session = await begin('odd')
  const reply = await put(session, `bytes 0-${PIECE + 15}/*`, lines(PIECE / 16 + 1))
  expect(reply.headers.get('range')).toBe(`bytes=0-${PIECE - 1}`)
})

test('a repeated last piece gets the same job, and the rows are there once', async () => {
  const session = await begin('again')
  const once = (await (await put(session, 'bytes 0-15/16', lines(1))).json()) as { id: string }
  const twice = (await (await put(session, 'bytes 0-15/16', lines(1))).json()) as { id: string }
  expect(twice.id).toBe(once.id)
  expect(values(await api.query('SELECT COUNT(*) FROM d.again'))).toEqual([['1']])
})

test('a sender that knows neither end nor total sends everything in one request', async () => {
  const reply = await put(await begin('stream'), 'bytes 0-*/*', lines(3))

  expect(reply.status).toBe(200)
  await expect.poll(async () => values(await api.query('SELECT COUNT(*) FROM d.stream'))).toEqual([['3']])
})

test('a piece after a gap, of a wrong length or with a senseless range is refused', async () => {
  const session = await begin('gap')
  expect((await put(session, `bytes 16-31/*`, lines(1))).status).toBe(400)
  expect((await put(session, `bytes 0-31/*`, lines(1))).status).toBe(400)
  expect((await put(session, `bytes 9-1/5`, lines(1))).status).toBe(400)
})

test('a cancelled session is gone, and an old one has expired', async () => {
  const cancelled = await begin('gone')
  expect((await fetch(cancelled, { method: 'DELETE' })).status).toBe(499)
  expect((await put(cancelled, 'bytes */*')).status).toBe(404)
  const old = await begin('old')
  clock += 8 * 86_400_000
  expect((await put(old, 'bytes */*')).status).toBe(410)
})

test('an upload whose configuration is wrong hears it with the last piece', async () => {
  const response = await fetch(
    `${api.local.url}/upload/bigquery/v2/projects/demo/jobs?uploadType=resumable`,
    {
      method: 'POST',
      body: JSON.stringify({
        configuration: { load: { destinationTable: { datasetId: 'no', tableId: 't' } } },
      }),
    },
  )
  const last = await put(response.headers.get('location') ?? '', undefined, lines(1))
  expect(last.status).toBe(404)
})

test('of a piece that is cut off in the middle, the whole granules are there', async () => {
  const session = await begin('cut')
  await fetch(`${api.local.url}/_faults`, {
    method: 'PUT',
    body: JSON.stringify([{ match: { method: 'PUT', path: '/upload/', count: 1 }, cutBody: PIECE + 1000 }]),
  })

  await expect(
    put(session, `bytes 0-${3 * PIECE - 1}/${3 * PIECE}`, lines((3 * PIECE) / 16)),
  ).rejects.toThrow()

  await expect
    .poll(async () => (await put(session, 'bytes */*')).headers.get('range'))
    .toBe(`bytes=0-${PIECE - 1}`)
  const rest = `bytes ${PIECE}-${3 * PIECE - 1}/${3 * PIECE}`
  expect((await put(session, rest, lines((2 * PIECE) / 16))).status).toBe(200)
  await expect
    .poll(async () => values(await api.query('SELECT COUNT(*) FROM d.cut')))
    .toEqual([[String((3 * PIECE) / 16)]])
})

test('an empty file becomes a load job of no rows', async () => {
  expect((await put(await begin('none'), 'bytes */0')).status).toBe(200)
  await expect.poll(async () => values(await api.query('SELECT COUNT(*) FROM d.none'))).toEqual([['0']])
})
