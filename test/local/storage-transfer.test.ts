import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Api, type Reply, startApi, values } from './api.ts'

const dataDirectory = mkdtempSync(join(tmpdir(), 'local-bigquery-'))
let api: Api
beforeAll(async () => {
  api = await startApi({ dataDirectory })
  await api.table('d', 'src', [
    { name: 'id', type: 'INTEGER' },
    { name: 'price', type: 'NUMERIC' },
    { name: 'at', type: 'TIMESTAMP' },
    { name: 'day', type: 'DATE' },
    { name: 'raw', type: 'BYTES' },
    { name: 'tags', type: 'STRING', mode: 'REPEATED' },
    {
      name: 'deep',
      type: 'RECORD',
      fields: [
        { name: 'ok', type: 'BOOLEAN' },
        { name: 'x', type: 'FLOAT' },
      ],
    },
  ])
  await api.insert('d.src', [
    {
      json: {
        id: '9007199254740993',
        price: '-0.5',
        at: '2026-01-02T03:04:05.123456Z',
        day: '2026-01-02',
        raw: 'AQID',
        tags: ['a', 'b'],
        deep: { ok: true, x: 1.5 },
      },
    },
    { json: { id: 2 } },
  ])
  await storage('POST', 'storage/v1/b', { name: 'bucket-1' })
})
afterAll(async () => {
  await api.local.close()
  rmSync(dataDirectory, { recursive: true, force: true })
})

function storage(method: string, path: string, body?: object | string, headers = {}): Promise<Response> {
  const sent = body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }
  return fetch(`${api.local.url}/${path}`, { method, headers, ...sent })
}

async function job(configuration: object): Promise<Reply> {
  const started = await api.call('POST', 'projects/demo/jobs', { configuration })
  if (started.status !== 200) return started
  for (;;) {
    const reply = await api.call('GET', `projects/demo/jobs/${started.body.jobReference.jobId}`)
    if (reply.body.status.state === 'DONE') return reply
  }
}

const table = (tableId: string): object => ({ datasetId: 'd', tableId })
const columns = 'id, price, at, day, raw, ARRAY_LENGTH(tags), deep.ok, deep.x'

test.each(['NEWLINE_DELIMITED_JSON', 'AVRO', 'PARQUET'])(
  'a table extracted as %s and loaded again has the same rows',
  async (format) => {
    const uri = `gs://bucket-1/out/${format}`
    const extract = { sourceTable: table('src'), destinationUris: [uri], destinationFormat: format }
    expect((await job({ extract: { ...extract, useAvroLogicalTypes: true } })).body.status).toEqual({
      state: 'DONE',
    })
    const { schema } = (await api.call('GET', 'projects/demo/datasets/d/tables/src')).body
    const load = { sourceUris: [uri], sourceFormat: format, useAvroLogicalTypes: true }
    const destinationTable = table(`back_${format}`)
    const how = format === 'NEWLINE_DELIMITED_JSON' ? { schema } : {}
    expect((await job({ load: { ...load, ...how, destinationTable } })).body.status).toEqual({
      state: 'DONE',
    })
    const before = await api.query(`SELECT ${columns} FROM d.src ORDER BY id`)
    expect(values(await api.query(`SELECT ${columns} FROM d.back_${format} ORDER BY id`))).toEqual(
      values(before),
    )
  },
)

test('an extract spells values as the service does', async () => {
  const extract = {
    sourceTable: table('src'),
    destinationUri: 'gs://bucket-1/t.json',
    destinationFormat: 'NEWLINE_DELIMITED_JSON',
  }
  await job({ extract })
  const text = await (await storage('GET', 'storage/v1/b/bucket-1/o/t.json?alt=media')).text()
  expect(
    text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line)),
  ).toContainEqual({
    ...{ id: '9007199254740993', price: '-0.5', at: '2026-01-02 03:04:05.123456 UTC', day: '2026-01-02' },
    ...{ raw: 'AQID', tags: ['a', 'b'], deep: { ok: true, x: 1.5 } },
  })
})

test('a nested table is not extracted as CSV', async () => {
  const refused = await job({ extract: { sourceTable: table('src'), destinationUri: 'gs://bucket-1/t.csv' } })
  expect(refused.status).toBe(400)
})

test('a copy has the rows and schema of its source, and refuses a table with rows', async () => {
  const copy = { sourceTable: table('src'), destinationTable: table('copy') }
  expect((await job({ copy })).body.statistics.copy.copiedRows).toBe('2')
  expect((await job({ copy })).body.status.errorResult.reason).toBe('duplicate')
  const both = { sourceTables: [table('src'), table('copy')], destinationTable: table('copy') }
  await job({ copy: { ...both, writeDisposition: 'WRITE_TRUNCATE' } })
  expect(values(await api.query('SELECT COUNT(*) FROM d.copy'))).toEqual([['4']])
})

test('objects are inserted, read in part, listed by prefix and folder, and deleted', async () => {
  const insert = (name: string, text: string): Promise<Response> =>
    storage('POST', `upload/storage/v1/b/bucket-1/o?uploadType=media&name=${encodeURIComponent(name)}`, text)
  await insert('logs/a/1.txt', '0123456789')
  await insert('logs/2.txt', 'x')
  const object = 'storage/v1/b/bucket-1/o/logs%2Fa%2F1.txt'
  const part = await storage('GET', `${object}?alt=media`, undefined, { Range: 'bytes=2-4' })
  expect([part.status, part.headers.get('content-range'), await part.text()]).toEqual([
    206,
    'bytes 2-4/10',
    '234',
  ])
  const list = (await (await storage('GET', 'storage/v1/b/bucket-1/o?prefix=logs/&delimiter=/')).json()) as {
    items: { name: string }[]
    prefixes: string[]
  }
  expect([list.items.map((item) => item.name), list.prefixes]).toEqual([['logs/2.txt'], ['logs/a/']])
  expect((await storage('DELETE', object)).status).toBe(204)
  expect((await storage('GET', object)).status).toBe(404)
})

test('one asterisk in a source address means every object that fits', async () => {
  for (const n of [1, 2])
    await storage('POST', `upload/storage/v1/b/bucket-1/o?uploadType=media&name=many/${n}.csv`, `${n}\n`)
  const schema = { fields: [{ name: 'n', type: 'INTEGER' }] }
  const load = { sourceUris: ['gs://bucket-1/many/*.csv'], schema, destinationTable: table('many') }
  expect((await job({ load })).body.statistics.load).toMatchObject({ inputFiles: '2', outputRows: '2' })
  const absent = await job({ load: { ...load, sourceUris: ['gs://bucket-1/none.csv'] } })
  expect(absent.body.status.errorResult.message).toBe('Not found: URI gs://bucket-1/none.csv')
})
