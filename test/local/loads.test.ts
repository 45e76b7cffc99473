import { gzipSync } from 'node:zlib'
import { beforeAll, expect, test } from 'vitest'
import { apiOfFile, type Reply, values } from './api.ts'

const api = await apiOfFile()
beforeAll(async () => {
  await api.call('POST', 'projects/demo/datasets', { datasetReference: { datasetId: 'd' } })
})

/** Loads text by a multipart upload and waits for the job. */
async function load(table: string, text: string | Buffer, options: object = {}): Promise<Reply> {
  const configuration = { load: { destinationTable: { datasetId: 'd', tableId: table }, ...options } }
  const body = Buffer.concat([
    Buffer.from(`--x\r\nContent-Type: application/json\r\n\r\n${JSON.stringify({ configuration })}\r\n`),
    Buffer.from('--x\r\ncontent-type: */*\r\n\r\n'),
    Buffer.from(text),
    Buffer.from('\r\n--x--\r\n'),
  ])
  const response = await fetch(
    `${api.local.url}/upload/bigquery/v2/projects/demo/jobs?uploadType=multipart`,
    { method: 'POST', body, headers: { 'Content-Type': 'multipart/related; boundary=x' } },
  )
  const sent = (await response.json()) as { jobReference?: { jobId: string } }
  if (sent.jobReference === undefined)
    return { status: response.status, body: sent, headers: response.headers }
  return finished(sent.jobReference.jobId)
}

async function finished(jobId: string): Promise<Reply> {
  for (;;) {
    const job = await api.call('GET', `projects/demo/jobs/${jobId}`)
    if (job.body.status.state === 'DONE') return job
  }
}

const fields = [
  { name: 'id', type: 'INTEGER' },
  { name: 'name', type: 'STRING' },
]
const json = { sourceFormat: 'NEWLINE_DELIMITED_JSON' }

test('CSV loads with quotes, escaped quotes, empty cells and a header to skip', async () => {
  const text = 'id,name\n1,"a ""b"", c"\n2,\n3,""\n'
  const job = await load('csv', text, { schema: { fields }, skipLeadingRows: 1 })
  expect(job.body.status).toEqual({ state: 'DONE' })
  expect(job.body.statistics.load).toMatchObject({ outputRows: '3', badRecords: '0', inputFiles: '1' })
  expect(values(await api.query('SELECT id, name FROM d.csv ORDER BY id'))).toEqual([
    ['1', 'a "b", c'],
    ['2', null],
    ['3', ''],
  ])
})

test('a CSV dialect is as the options say', async () => {
  const text = "1|'two\nlines'\n2|N\n3\n"
  const job = await load('dialect', text, {
    ...{ schema: { fields }, fieldDelimiter: '|', quote: "'", nullMarker: 'N' },
    ...{ allowQuotedNewlines: true, allowJaggedRows: true },
  })
  expect(job.body.status).toEqual({ state: 'DONE' })
  expect(values(await api.query('SELECT name FROM d.dialect ORDER BY id'))).toEqual([
    ['two\nlines'],
    [null],
    [null],
  ])
})

test('bad records fail a load, and leave the table as it was, unless so many are allowed', async () => {
  const text = '1,a\nx,b\n2,c,d\n'
  const failed = await load('bad', text, { schema: { fields } })
  expect(failed.body.status.errorResult.reason).toBe('invalid')
  expect(failed.body.status.errors[1].message).toContain("Could not parse 'x' as INTEGER for field id")
  expect((await api.call('GET', 'projects/demo/datasets/d/tables/bad')).status).toBe(404)

  const passed = await load('bad', text, { schema: { fields }, maxBadRecords: 2 })
  expect(passed.body.status.errorResult).toBeUndefined()
  expect(passed.body.status.errors).toHaveLength(2)
  expect(passed.body.statistics.load).toMatchObject({ outputRows: '1', badRecords: '2' })
})

test('JSON loads nested rows, JSON columns as they stand, and integers beyond 2^53', async () => {
  const schema = {
    fields: [
      { name: 'n', type: 'INTEGER' },
      { name: 'tags', type: 'STRING', mode: 'REPEATED' },
      { name: 'j', type: 'JSON' },
      { name: 'r', type: 'RECORD', fields: [{ name: 'at', type: 'TIMESTAMP' }] },
    ],
  }
  const line = '{"n":9007199254740993,"tags":["a","b"],"j":{"k":[1]},"r":{"at":"2026-01-02T03:04:05Z"}}\n'
  const job = await load('nested', gzipSync(line), { ...json, schema })
  expect(job.body.status).toEqual({ state: 'DONE' })
  const sql = 'SELECT n, ARRAY_LENGTH(tags), TO_JSON_STRING(j), r.at FROM d.nested'
  expect(values(await api.query(sql))).toEqual([['9007199254740993', '2', '{"k":[1]}', '1.767323045E9']])
})

test('an unknown JSON field is an error or left out, as asked', async () => {
  const text = '{"id":1,"other":2}\n'
  const failed = await load('unknown', text, { ...json, schema: { fields } })
  expect(failed.body.status.errors[1].message).toContain('no such field: other.')
  const passed = await load('unknown', text, { ...json, schema: { fields }, ignoreUnknownValues: true })
  expect(passed.body.status).toEqual({ state: 'DONE' })
})

test('write dispositions append, replace, refuse a table with rows, and keep its schema', async () => {
  const count = async (): Promise<unknown> => values(await api.query('SELECT COUNT(*) FROM d.w'))[0]?.[0]
  await load('w', '1,a\n', { schema: { fields } })
  await load('w', '2,b\n')
  expect(await count()).toBe('2')
  const refused = await load('w', '3,c\n', { writeDisposition: 'WRITE_EMPTY' })
  expect(refused.body.status.errorResult).toMatchObject({
    reason: 'duplicate',
    message: 'Already Exists: Table demo:d.w',
  })
  await load('w', '3,c\n', { writeDisposition: 'WRITE_TRUNCATE' })
  expect(await count()).toBe('1')
  const never = await load('absent', '1,a\n', { schema: { fields }, createDisposition: 'CREATE_NEVER' })
  expect(never.body.status.errorResult.reason).toBe('notFound')
})

test('new columns join a table only when the schema update options allow it', async () => {
  const wide = { fields: [...fields, { name: 'more', type: 'FLOAT' }] }
  await load('grows', '1,a\n', { schema: { fields } })
  const refused = await load('grows', '2,b,0.5\n', { schema: wide })
  expect(refused.body.status.errorResult.message).toContain('Cannot add fields (field: more)')
  const allowed = { schema: wide, schemaUpdateOptions: ['ALLOW_FIELD_ADDITION'] }
  expect((await load('grows', '2,b,0.5\n', allowed)).body.status).toEqual({ state: 'DONE' })
  expect(values(await api.query('SELECT id, more FROM d.grows ORDER BY id'))).toEqual([
    ['1', null],
    ['2', '0.5'],
  ])
})

test('a column whose type differs from the table refuses the load', async () => {
  await load('typed', '1,a\n', { schema: { fields } })
  const other = {
    fields: [
      { name: 'id', type: 'STRING' },
      { name: 'name', type: 'STRING' },
    ],
  }
  const refused = await load('typed', '2,b\n', { schema: other })
  expect(refused.body.status.errorResult.message).toContain(
    'Field id has changed type from INTEGER to STRING',
  )
})

test('autodetect finds a header and the types below it', async () => {
  await load('guessed', 'No.,day,ok,text\n1,2026-01-02,true,x\n2,2026-01-03,false,y\n', { autodetect: true })
  const table = await api.call('GET', 'projects/demo/datasets/d/tables/guessed')
  expect(table.body.schema.fields).toEqual([
    { name: 'No_', type: 'INTEGER', mode: 'NULLABLE' },
    { name: 'day', type: 'DATE', mode: 'NULLABLE' },
    { name: 'ok', type: 'BOOLEAN', mode: 'NULLABLE' },
    { name: 'text', type: 'STRING', mode: 'NULLABLE' },
  ])
  expect(table.body.numRows).toBe('2')
})

test('a file that is no Parquet file is refused, without a word of where it lies', async () => {
  const { status } = (await load('parquet', 'no Parquet', { sourceFormat: 'PARQUET' })).body
  expect(status.errorResult).toMatchObject({
    reason: 'invalid',
    message: expect.stringMatching(/not a readable Parquet file: .*the file too small/),
  })
  expect(JSON.stringify(status)).not.toContain('local-bigquery')
})

test('formats that are not read say so', async () => {
  const orc = await load('orc', 'x', { sourceFormat: 'ORC' })
  expect([orc.status, orc.body.error.message]).toEqual([
    501,
    'unsupported: the local BigQuery does not read ORC files.',
  ])
})

test('a load into a dataset of another location is refused before it starts', async () => {
  const load = { destinationTable: { datasetId: 'd', tableId: 't' }, sourceUris: ['gs://b/o'] }
  const body = { jobReference: { location: 'EU' }, configuration: { load } }
  expect((await api.call('POST', 'projects/demo/jobs', body)).status).toBe(404)
})
