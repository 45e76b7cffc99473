import { mkdir, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { beforeAll, describe, expect, it } from 'vitest'
import { createConnector, type JsonSchema, type ProfileScope } from '../../src/index.ts'
import { directories } from '../fixtures/directories.ts'
import { embedded, query } from '../fixtures/embedded.ts'

const bigquery = embedded()
const directory = directories()

/** The path of a file; without content there is none. */
async function file(content?: string): Promise<string> {
  const path = directory()
  await mkdir(path, { recursive: true })
  if (content !== undefined) await writeFile(`${path}/own.json`, content)
  return `${path}/own.json`
}

beforeAll(() =>
  bigquery.run(
    'CREATE SCHEMA shop',
    `CREATE TABLE shop.every (
      a_string STRING(5) NOT NULL OPTIONS(description="At most five."), a_bytes BYTES(4), an_int INT64, a_float FLOAT64,
      a_bool BOOL, a_numeric NUMERIC(10, 2), a_big BIGNUMERIC, a_date DATE, a_time TIME, a_datetime DATETIME,
      a_timestamp TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP(), a_json JSON, a_geo GEOGRAPHY, an_interval INTERVAL,
      a_range RANGE<DATE>, ints ARRAY<INT64>, a_struct STRUCT<x INT64 NOT NULL, y ARRAY<STRUCT<z NUMERIC>>>)`,
    'CREATE VIEW shop.seen AS SELECT a_string FROM shop.every',
  ),
)
const profile = (...given: Parameters<typeof bigquery.connection.profile>) =>
  bigquery.connection.profile(...given)

/** Formats are notes for people here, as draft 2020-12 has it. */
function validatorOf(schema: JsonSchema) {
  return new Ajv2020({ strict: false, validateFormats: false, allErrors: true }).compile(schema)
}
const propertiesOf = (schema: unknown) => (schema as { properties: Record<string, JsonSchema> }).properties

describe('the profile of Streaming Insert', () => {
  const row = {
    a_string: 'five5',
    a_bytes: 'AQIDBA==',
    an_int: '-9223372036854775808',
    a_float: 'NaN',
    a_bool: true,
    a_numeric: '12345678.91',
    a_big: '0.1',
    a_date: '0001-01-01',
    a_time: '23:59:59.999999',
    a_datetime: '9999-12-31T23:59:59',
    a_timestamp: '2026-11-21T13:05:59Z',
    a_json: { any: ['thing'] },
    a_geo: 'POINT(1 2)',
    an_interval: '1-2 3 4:5:6',
    a_range: { start: '2026-01-01', end: null },
    ints: ['1', 2],
    a_struct: { x: 1, y: [{ z: '1.5' }] },
  }

  it('describes a row of the live table, each type and mode as it is', async () => {
    const { request } = await profile('streaming-insert', 'datasets/shop/tables/every')

    expect(request).toMatchObject({ type: 'object', required: ['a_string'], additionalProperties: false })
    expect(propertiesOf(request)).toMatchObject({
      a_string: { type: 'string', maxLength: 5, description: 'At most five.' },
      a_bytes: { type: ['string', 'null'], contentEncoding: 'base64', maxLength: 8 },
      an_int: { type: ['integer', 'string', 'null'], format: 'int64', maximum: 2 ** 53 - 1 },
      a_numeric: {
        type: ['string', 'number', 'null'],
        format: 'decimal',
        'x-bigquery-precision': 10,
        'x-bigquery-scale': 2,
      },
      a_timestamp: { format: 'date-time', 'x-bigquery-default': 'CURRENT_TIMESTAMP()' },
      a_range: { properties: { start: { type: ['string', 'null'], format: 'date' } } },
      ints: { type: 'array', items: { type: ['integer', 'string'] } },
      a_struct: { type: ['object', 'null'], required: ['x'], properties: { y: { type: 'array' } } },
    })
  })

  it('takes the row that the service takes, and its receipt is as the response says', async () => {
    const { request, response } = await profile('streaming-insert', 'datasets/shop/tables/every')
    const insert = bigquery.connection.operation('streaming-insert', {
      objectType: 'datasets/shop/tables/every',
    })

    const [outcome] = await Array.fromAsync(insert.execute([{ data: row }]))

    const fits = validatorOf(request)
    expect(fits(row) ? [] : fits.errors).toEqual([])
    expect(outcome).toMatchObject({
      status: 'success',
      payload: { insertId: expect.any(String), destination: 'demo.shop.every', attempts: 1 },
    })
    expect(validatorOf(response as JsonSchema)(outcome?.payload)).toBe(true)
  })

  it.each<[string, object]>([
    ['an integer beyond what a number holds', { an_int: 2 ** 60 }],
    ['a fraction as an integer', { an_int: 1.5 }],
    ['a word as a decimal', { a_big: 'much' }],
    ['text that is too long', { a_string: 'sixsix' }],
    ['a misspelt bound', { a_range: { begin: '2026-01-01' } }],
    ['null in a list', { ints: [null] }],
    ['null where a value is required', { a_timestamp: null }],
  ])('refuses %s, as the operation does', async (_, wrong) => {
    const { request } = await profile('streaming-insert', 'datasets/shop/tables/every')
    const insert = bigquery.connection.operation('streaming-insert', {
      objectType: 'datasets/shop/tables/every',
    })

    const [outcome] = await Array.fromAsync(insert.execute([{ data: { ...row, ...wrong } }]))

    expect(validatorOf(request)({ ...row, ...wrong })).toBe(false)
    expect(outcome).toMatchObject({ status: 'application-error' })
  })

  it('says plainly which table is not there', async () => {
    await expect(profile('streaming-insert', 'datasets/shop/tables/ghost')).rejects.toMatchObject({
      code: 'BQC_NOT_FOUND',
    })
  })
})

describe('the profile of Run Job', () => {
  const jobs = {
    QUERY: { query: { query: 'SELECT 1' } },
    LOAD: { load: { sourceUris: ['gs://b/o'], destinationTable: { datasetId: 'd', tableId: 't' } } },
    EXTRACT: { extract: { destinationUris: ['gs://b/o'] } },
    COPY: { copy: { sourceTable: { datasetId: 'd', tableId: 't' } } },
  }

  it.each(Object.entries(jobs))('is a job of the type %s alone', async (type, configuration) => {
    const { request } = await profile('run-job', type)
    const fits = validatorOf(request)

    expect(fits({ configuration })).toBe(true)
    for (const other of Object.values(jobs)) {
      if (other !== configuration) expect(fits({ configuration: other })).toBe(false)
    }
    expect(Object.keys(propertiesOf(request))).toEqual(['configuration', 'jobReference'])
  })

  it('has in its response what BigQuery alone writes, and a job that was run fits it', async () => {
    const { response } = await profile('run-job', 'QUERY')
    const operation = bigquery.connection.operation('run-job', { objectType: 'QUERY' })
    const [outcome] = await Array.fromAsync(operation.execute([query('SELECT 1')]))

    const fits = validatorOf(response as JsonSchema)
    expect(fits(outcome?.payload) ? [] : fits.errors).toEqual([])
    expect(fits({ ...(outcome?.payload as object), status: 'DONE' })).toBe(false)
  })

  it('says recursion exactly: a field of a table within fields, as deep as you like', async () => {
    const { request } = await profile('run-job', 'LOAD')
    const nested = (depth: number): object => ({
      name: 'f',
      type: depth === 0 ? 'STRING' : 'RECORD',
      ...(depth === 0 ? {} : { fields: [nested(depth - 1)] }),
    })
    const load = (field: object) => ({ configuration: { load: { schema: { fields: [field] } } } })

    expect(validatorOf(request)(load(nested(14)))).toBe(true)
    expect(validatorOf(request)(JSON.parse(JSON.stringify(load(nested(14))).replace('"STRING"', '7')))).toBe(
      false,
    )
  })

  it('is written out without references for readers that cannot follow them, down to the depth asked for', async () => {
    const { request, response } = await profile('run-job', 'LOAD', { depth: 6 })

    expect(JSON.stringify([request, response])).not.toContain('$ref')
    expect(request).toMatchObject({
      properties: {
        configuration: { properties: { load: { properties: { schema: { properties: { fields: {} } } } } } },
      },
    })
    expect(validatorOf(request)({ configuration: jobs.LOAD })).toBe(true)
  })

  it.each<[string, string, ProfileScope, RegExp]>([
    ['a type that is none', 'DANCE', {}, /must be one of COPY, EXTRACT, LOAD, QUERY, not "DANCE"/],
    ['a depth that is none', 'QUERY', { depth: 0 }, /depth of a profile must be a whole number from 1 to 10/],
  ])('refuses %s', async (_, type, scope, message) => {
    await expect(profile('run-job', type, scope)).rejects.toMatchObject({
      code: 'BQC_CONFIG_INVALID',
      message: expect.stringMatching(message),
    })
  })
})

describe('a discovery document of one’s own', () => {
  const discovery = {
    revision: '20990101',
    schemas: {
      Job: {
        id: 'Job',
        type: 'object',
        properties: {
          configuration: { $ref: 'JobConfiguration' },
          id: { type: 'string', description: 'Output only. The id.' },
        },
      },
      JobConfiguration: {
        type: 'object',
        properties: { dance: { $ref: 'JobConfigurationDance' }, query: { $ref: 'JobConfigurationQuery' } },
      },
      JobConfigurationDance: {
        type: 'object',
        properties: { partner: { $ref: 'JobConfigurationDance' }, anything: { type: 'any' } },
      },
      JobConfigurationQuery: {
        type: 'object',
        properties: { query: { type: 'string', description: 'The SQL.' } },
      },
      JobStatistics: { type: 'object' },
      Table: { type: 'object', properties: { tableReference: { $ref: 'TableReference' } } },
      TableReference: { type: 'object' },
    },
  }

  it('is read from a file, its texts are kept, and unknown recursion does no harm', async () => {
    const path = await file(JSON.stringify(discovery))

    const { request } = await profile('run-job', 'DANCE', { discovery: path })
    const sql = await profile('run-job', 'QUERY', { discovery: path })

    const fits = validatorOf(request)
    expect(fits({ configuration: { dance: { partner: { partner: {} }, anything: 5 } } })).toBe(true)
    expect(fits({ configuration: { dance: { partner: 5 } } })).toBe(false)
    expect(JSON.stringify(sql.request)).toContain('The SQL.')
    expect(propertiesOf(sql.request)).not.toHaveProperty('id')
  })

  it('is fetched by its URL, without the connection’s token', async () => {
    const asked: unknown[] = []
    const server = createServer((request, response) => {
      asked.push(request.headers.authorization)
      response.end(JSON.stringify(discovery))
    }).listen(0, '127.0.0.1')
    await new Promise((resolve) => server.once('listening', resolve))
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/rest`

    const { request } = await profile('run-job', 'DANCE', { discovery: url })
    server.closeAllConnections()
    server.close()

    expect(JSON.stringify(request)).toContain('partner')
    expect(asked).toEqual([undefined])
  })

  it.each([
    ['is not there', undefined],
    ['is not JSON', '{'],
    ['is about something else', '{"schemas":{}}'],
  ])('is refused when it %s', async (_, content) => {
    await expect(profile('run-job', 'QUERY', { discovery: await file(content) })).rejects.toMatchObject({
      code: 'BQC_INPUT_UNREADABLE',
      message: expect.stringContaining('own.json'),
    })
  })
})

describe('the profile of Update', () => {
  it('of a table does not name it, nor what views have', async () => {
    const { request, response } = await profile('update', 'datasets/shop/tables/every')
    const properties = Object.keys(propertiesOf(request))

    expect(properties).toEqual(
      expect.arrayContaining(['description', 'labels', 'schema', 'expirationTime', 'etag']),
    )
    expect(properties).not.toEqual(expect.arrayContaining(['tableReference']))
    for (const name of ['view', 'numRows', 'tableReference']) expect(properties).not.toContain(name)
    expect(propertiesOf(response)).toHaveProperty('numRows')
  })

  it('of a view has its query', async () => {
    const { request } = await profile('update', 'datasets/shop/tables/seen')

    expect(validatorOf(request)({ view: { query: 'SELECT 1' } })).toBe(true)
    expect(propertiesOf(request)).toHaveProperty('view')
  })

  it('of a dynamic one needs its name', async () => {
    const table = validatorOf((await profile('update', 'DYNAMIC')).request)
    const view = await profile('update', 'DYNAMIC', { resourceType: 'VIEW' })

    expect(table({ description: 'x' })).toBe(false)
    expect(table({ description: 'x', tableReference: { datasetId: 'd' } })).toBe(false)
    expect(table({ description: 'x', tableReference: { datasetId: 'd', tableId: 't' } })).toBe(true)
    expect(propertiesOf(view.request)).toHaveProperty('view')
  })

  it('is what an update takes and gives', async () => {
    const { request, response } = await profile('update', 'datasets/shop/tables/every')
    const operation = bigquery.connection.operation('update', { objectType: 'datasets/shop/tables/every' })
    const data = { description: 'Every type.', labels: { team: 'x' } }
    const [outcome] = await Array.fromAsync(operation.execute([{ data }]))

    const fits = validatorOf(response as JsonSchema)
    expect(validatorOf(request)(data)).toBe(true)
    expect(outcome?.status).toBe('success')
    expect(fits(outcome?.payload) ? [] : fits.errors).toEqual([])
  })
})

describe('the profile of Upsert', () => {
  it('takes a file, and gives what each step gave', async () => {
    const { request, response } = await profile('upsert', 'GENERIC')
    await bigquery.run('CREATE TABLE shop.merged (id INT64, name STRING)')
    const operation = bigquery.connection.operation('upsert', {
      objectType: 'datasets/shop/tables/merged',
      sourceFormat: 'NEWLINE_DELIMITED_JSON',
      keyColumns: ['id'],
    })
    const [outcome] = await Array.fromAsync(operation.execute([{ data: '{"id":1,"name":"Ada"}\n' }]))

    const fits = validatorOf(response as JsonSchema)
    expect(request).toMatchObject({ type: 'string', format: 'binary' })
    expect(outcome).toMatchObject({ status: 'success' })
    expect(Object.keys(outcome?.payload as object)).toEqual(['load', 'query', 'delete'])
    expect(fits(outcome?.payload) ? [] : fits.errors).toEqual([])
    expect(fits({ ...(outcome?.payload as object), load: { configuration: { query: {} } } })).toBe(false)
  })
})

describe('the profile of Upsert of documents', () => {
  const scope = { input: 'documents', keyColumns: 'ID', deleteColumn: 'gone' } as const

  it('takes what the operation takes, and gives what became of the batch', async () => {
    await bigquery.run(
      'CREATE TABLE shop.keyed (id INT64, item STRING NOT NULL, at INT64, PRIMARY KEY (at) NOT ENFORCED)',
    )
    const objectType = 'datasets/shop/tables/keyed'
    const profile = (more: ProfileScope) =>
      bigquery.connection.profile('upsert', objectType, { input: 'documents', ...more })

    const { request, response } = await profile(scope)
    const documents = [
      { id: 1, item: 'tea' },
      { id: null, gone: true },
      { id: 1, at: 2 },
    ]
    const operation = bigquery.connection.operation('upsert', { objectType, ...scope })
    const outcomes = await Array.fromAsync(operation.execute(documents.map((data) => ({ data }))))

    const fits = validatorOf(response as JsonSchema)
    const takes = validatorOf(request)
    expect(documents.map((document) => takes(document))).toEqual([true, true, true])
    const others = [{ item: 'tea' }, { id: 1, colour: 'red' }, { id: 1, gone: 'no' }]
    expect(others.map((document) => takes(document))).toEqual([false, false, false])
    expect(outcomes.map(({ status, payload }) => [status, fits(payload)])).toEqual(
      documents.map(() => ['success', true]),
    )
    expect((await profile({})).request['required']).toEqual(['at'])
    expect((await profile({ keyColumns: ['id'], orderColumn: 'at' })).request['required']).toEqual([
      'id',
      'at',
    ])
    expect((await profile({ keyColumns: ['id'], columns: 'all' })).request['required']).toEqual([
      'id',
      'item',
    ])
    expect((await profile({ ...scope, columns: 'all' })).request['required']).toEqual(['id'])
  })

  it('is what the facts say that a document is', async () => {
    const { facts } = createConnector().descriptor.operations.find(({ id }) => id === 'upsert') ?? {}
    const of = async (more: ProfileScope) => (await profile('upsert', 'GENERIC', more)).request['type']

    expect([facts?.request, await of({})]).toEqual(['file', 'string'])
    expect(facts?.variants?.map(({ when, request }) => [when, request])).toEqual([
      [{ input: ['documents'] }, 'json'],
    ])
    expect(await of({ input: 'documents' })).toBe('object')
  })

  it('is any row where each document names its table', async () => {
    const { request } = await bigquery.connection.profile('upsert', 'GENERIC', scope)

    expect(request).toMatchObject({ type: 'object' })
  })
})

describe('the profile of Get Query Results', () => {
  const sql = `SELECT 1 AS i, 1.5 AS f, NUMERIC '1.5' AS n, BIGNUMERIC '1' AS b, TRUE AS t, b'x' AS y, DATE '2026-01-01' AS d,
    TIME '01:02:03' AS ti, DATETIME '2026-01-01 00:00:00' AS dt, TIMESTAMP '2026-01-01 00:00:00+00' AS ts, JSON '{"a":1}' AS j,
    INTERVAL 1 DAY AS iv, RANGE<DATE> '[2026-01-01, UNBOUNDED)' AS r, [1, 2] AS l, STRUCT('x' AS s, [STRUCT(1 AS q)] AS k) AS st,
    CAST(NULL AS INT64) AS nil`

  it.each<ProfileScope>([{}, { integers: 'number', decimals: 'number' }])(
    'is exactly the rows that a query gives, found without running it: %o',
    async (choice) => {
      const { request, response } = await profile('get-query-results', 'QUERY', { query: sql, ...choice })
      const job = await bigquery.jobOf(sql)
      const operation = bigquery.connection.operation('get-query-results', { objectType: 'QUERY', ...choice })
      const [outcome] = await Array.fromAsync(operation.execute([job]))

      const fits = validatorOf(response as JsonSchema)
      expect(fits(outcome?.payload) ? [] : fits.errors).toEqual([])
      expect(Object.keys(propertiesOf(response))).toEqual(Object.keys(outcome?.payload as object))
      expect(validatorOf(request)(job.data)).toBe(true)
    },
  )

  it('keeps the types that the columns have', async () => {
    const { response } = await profile('get-query-results', 'QUERY', { query: sql })

    expect(propertiesOf(response)).toMatchObject({
      i: { type: ['string', 'null'], format: 'int64', 'x-bigquery-type': 'INT64' },
      n: { format: 'decimal' },
      j: { contentMediaType: 'application/json' },
      l: { type: 'array', items: { type: 'string', format: 'int64' } },
      st: { properties: { k: { type: 'array', items: { properties: { q: { format: 'int64' } } } } } },
    })
  })

  it('runs nothing, and a statement that gives no rows has none', async () => {
    const { response } = await profile('get-query-results', 'QUERY', { query: 'CREATE SCHEMA never' })

    expect(response).toBeNull()
    expect((await bigquery.connection.lookUp('datasets')).items.map(({ id }) => id)).toEqual(['shop'])
  })

  it('is any object where no query is known', async () => {
    expect((await profile('get-query-results', 'QUERY')).response).toEqual({ type: 'object' })
  })

  it('says what is wrong with a query', async () => {
    await expect(profile('get-query-results', 'QUERY', { query: 'SELECT nope' })).rejects.toMatchObject({
      category: 'document',
      message: expect.stringContaining('nope'),
    })
  })
})
