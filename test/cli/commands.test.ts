import { existsSync } from 'node:fs'
import { appendFile, cp, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type RunOptions, bqc as runBqc, until } from '../fixtures/bqc.ts'
import { embedded } from '../fixtures/embedded.ts'
import { startFaultyBigQuery } from '../fixtures/faulty-bigquery.ts'

const bigquery = embedded()
let directory: string
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'bqc-commands-'))
  await bigquery.run('CREATE SCHEMA shop', 'CREATE TABLE shop.orders (id INT64 NOT NULL, item STRING)')
})
afterAll(() => rm(directory, { recursive: true }))

/** A command on the embedded BigQuery, unless it is told otherwise. */
const bqc = (args: readonly string[], options: RunOptions = {}) =>
  runBqc(args, {
    env: { BIGQUERY_EMULATOR_HOST: bigquery.local.url, GOOGLE_CLOUD_PROJECT: 'demo' },
    ...options,
  })

async function file(name: string, content: string): Promise<string> {
  const path = join(directory, name)
  await writeFile(path, content)
  return path
}

describe('bqc insert', () => {
  it('reads NDJSON from stdin, and keeps what is refused as dead letters that obey their schema', async () => {
    const letters = join(directory, 'letters.ndjson')

    const { code, stdout } = await bqc(['insert', 'shop.orders', '--dead-letter', letters], {
      stdin: '{"id":1}\n{"id":"x"}\nnull\n{"id":\n{"id":2}\n',
    })

    const kept = (await readFile(letters, 'utf8'))
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
    const ajv = new Ajv2020({ strict: false, formats: { 'date-time': true } })
    const obeys = ajv.compile(JSON.parse(await readFile('schemas/dead-letter.schema.json', 'utf8')))
    expect(code).toBe(1)
    expect(stdout).toContain('5 documents in')
    expect(stdout).toContain('2 success, 3 application-error, 0 failure')
    expect(kept.map(({ index, errorCode }) => [index, errorCode])).toEqual([
      [1, 'BQC_DOCUMENT_INVALID'],
      [2, 'BQC_DOCUMENT_NOT_OBJECT'],
      [3, 'BQC_DOCUMENT_NOT_JSON'],
    ])
    expect(kept[0]).toMatchObject({
      data: { id: 'x' },
      destination: 'demo.shop.orders',
      faults: [{ path: '/id', value: 'x', message: 'must be a whole number' }],
    })
    expect(kept.map((letter) => obeys(letter))).toEqual([true, true, true])
  })

  it('stops at the first refused document when it is told to, and ends with 1', async () => {
    const stop = ['-o', 'returnApplicationErrors=false']

    const { code, stdout, stderr } = await bqc(['insert', 'shop.orders', '-', ...stop], {
      stdin: `{"id":"x"}\n${'{"id":9}\n'.repeat(20_000)}`,
    })

    const [, taken = ''] = /^([\d,]+) documents in/m.exec(stdout) ?? []
    expect(code).toBe(1)
    expect(Number(taken.replaceAll(',', ''))).toBeLessThan(20_000)
    expect(stdout).toContain('1 application-error, 0 failure')
    expect(stderr).toContain('[BQC_DOCUMENT_REFUSED]')
  })

  it('ends with 0 when every document succeeded, and says so in JSON when asked', async () => {
    const list = await file('list.json', '[{"id":3},{"id":4}]')

    const { code, stdout } = await bqc(['insert', 'shop.orders', list, '--json'])

    expect(code).toBe(0)
    expect(JSON.parse(stdout)).toMatchObject({ summary: { documents: 2, success: 2, failure: 0 } })
  })

  it.each([
    ['a missing file', () => ['insert', 'shop.orders', 'nowhere.json'], 'there is no such file'],
    [
      'a file that is not JSON',
      async () => ['insert', 'shop.orders', await file('a.csv', 'id,item\n1,tea\n')],
      'it begins with "id,item"',
    ],
    ['an unknown table', () => ['insert', 'shop.nowhere', '-'], 'Not found: Table demo:shop.nowhere'],
    ['a table name that is none', () => ['insert', 'orders', '-'], 'DATASET.TABLE'],
    [
      'an unknown option of the operation',
      () => ['insert', 'shop.orders', '-', '-o', 'batchCont=5'],
      'batchCont is unknown',
    ],
    [
      'a wrong type of option',
      () => ['insert', 'shop.orders', '-', '-o', 'batchCount=many'],
      'batchCount must be a whole number, not "many"',
    ],
    ['an unknown flag', () => ['insert', 'shop.orders', '--colour'], "unknown option '--colour'"],
    [
      'a missing connection file',
      () => ['insert', 'shop.orders', '-', '--connection', 'nowhere.json'],
      'Cannot read the connection file nowhere.json',
    ],
    [
      'a connection file that is not JSON',
      async () => ['insert', 'shop.orders', '-', '--connection', await file('c.json', 'secret')],
      'c.json is not JSON.',
    ],
    [
      'a key that is no key',
      async () => [
        'insert',
        'shop.orders',
        '-',
        '--connection',
        await file(
          'k.json',
          '{"type":"service_account","project_id":"demo","client_email":"a@b.c","private_key":"secret"}',
        ),
      ],
      'neither PEM text, nor a P12 file',
    ],
    [
      'a dead-letter file in a directory that is not there',
      () => ['insert', 'shop.orders', '-', '--dead-letter', '/nowhere/x'],
      'Cannot write dead letters to /nowhere/x',
    ],
    ['a command that nobody knows', () => ['frobnicate'], "unknown command 'frobnicate'"],
  ])('tells %s in a clear line, without a stack trace, and ends with 2', async (_, args, line) => {
    const { code, stdout, stderr } = await bqc(await args(), { stdin: '{"id":1}\n' })

    expect(code).toBe(2)
    expect(stderr).toContain(line)
    expect(stderr).not.toMatch(/^\s+at /m)
    expect(stderr + stdout).not.toContain('secret')
  })

  it('tells a sign-in that is refused in one line, and ends with 2', async () => {
    const key = { ...(await bigquery.local.createServiceAccount()), client_email: 'ghost@demo.example' }
    const path = await file('ghost.json', JSON.stringify(key))

    const { code, stderr } = await bqc(['insert', 'shop.orders', '-', '--connection', path])

    expect(code).toBe(2)
    expect(stderr.trim().split('\n')).toEqual([
      expect.stringMatching(/^bqc: Sign-in as ghost@demo.example was refused .* \[BQC_SIGN_IN_REFUSED\]$/),
    ])
  })

  it('asks for a connection when there is none', async () => {
    const { code, stderr } = await bqc(['insert', 'shop.orders', '-'], {
      env: { BIGQUERY_EMULATOR_HOST: '' },
    })

    expect(code).toBe(2)
    expect(stderr).toContain('No connection is given')
  })

  it('accounts for every document of a file when it is interrupted, and ends with 1', async () => {
    // Every request is answered with 503, so that the command is in the middle when it is stopped.
    const service = await startFaultyBigQuery(Array(1000).fill(503))
    const connection = await file(
      'faulty.json',
      JSON.stringify({ projectId: 'demo', endpoint: service.url, grant: 'access-token', accessToken: 'any' }),
    )
    const count = 5000
    const rows = await file('rows.ndjson', Array.from({ length: count }, (_, n) => `{"n":${n}}\n`).join(''))
    const letters = join(directory, 'interrupted.ndjson')

    const { code, stdout, stderr } = await bqc(
      [
        'insert',
        'shop.orders',
        rows,
        '--connection',
        connection,
        '--dead-letter',
        letters,
        '-o',
        'budgetBytes=65536',
      ],
      { interrupt: () => until(() => service.requests.insertAll > 0) },
    )
    await service.close()

    const kept = (await readFile(letters, 'utf8'))
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(code).toBe(1)
    expect(stderr).toContain('Stopping')
    expect(stdout).toContain('5,000 documents in')
    expect(stdout).toContain('0 success, 0 application-error, 5,000 failure')
    expect(kept.map(({ index, data }) => [index, data.n])).toEqual(
      Array.from({ length: count }, (_, n) => [n, n]),
    )
  })
})

describe('bqc insert with a spool', () => {
  it('sends first what a former execution left, counts it apart, and tells damages', async () => {
    const spool = join(directory, 'spool')
    const insert = bigquery.connection.operation('streaming-insert', {
      objectType: 'datasets/shop/tables/orders',
      spool,
    })
    const left = [{ data: { id: 100 } }, { data: { id: 'x' } }, { data: { id: 102 } }]
    for await (const _ of insert.execute(left)) break
    const [file = ''] = (await readdir(spool)).filter((name) => name.endsWith('.spool'))
    await appendFile(join(spool, file), 'torn')

    const { code, stdout, stderr } = await bqc(['insert', 'shop.orders', '-o', `spool=${spool}`], {
      stdin: '{"id":103}\n',
    })

    expect(code).toBe(1)
    expect(stdout).toContain('1 documents in')
    expect(stdout).toContain('3 more were in the spool: 2 success, 1 application-error, 0 failure')
    expect(stderr).toContain('recovered document 2: application-error')
    expect(stderr).toContain('spool: 4 bytes at')
    expect(await readdir(spool)).toEqual(['lock'])
  })

  it('stores each document once when it was killed, and its whole file is given again with insertIdFrom', async () => {
    await bigquery.run('CREATE TABLE shop.again (id INT64 NOT NULL)')
    const count = 20_000
    const lines = Array.from({ length: count }, (_, id) => `{"id":${id === 0 ? '"x"' : id}}\n`)
    const path = await file('again.ndjson', lines.join(''))
    const args = ['insert', 'shop.again', path, '-o', `spool=${join(directory, 'spool of a killed one')}`]
    const withIds = [...args, '-o', 'insertIdFrom=/id', '--json']

    const killed = await bqc([...withIds, '-o', 'batchCount=100'], {
      interrupt: async (said) => until(() => said().includes('outcome')),
      signal: 'SIGKILL',
    })
    const again = await bqc(withIds)

    expect(killed.code).toBe(null)
    const { summary } = JSON.parse(again.stdout.trim().split('\n').at(-1) ?? '')
    expect(summary).toMatchObject({ documents: count, success: count - 1, applicationError: 1 })
    const [row] = await bigquery.rows('SELECT COUNT(*) AS n, COUNT(DISTINCT id) AS ids FROM shop.again')
    expect(row).toEqual({ n: `${count - 1}`, ids: `${count - 1}` })
  })

  describe('that is damaged ends with 1, though every document succeeds, and its summary says it:', () => {
    const leave = async (name: string): Promise<{ spool: string; path: string }> => {
      const spool = join(directory, name)
      const insert = bigquery.connection.operation('streaming-insert', {
        objectType: 'datasets/shop/tables/orders',
        spool,
      })
      for await (const _ of insert.execute([{ data: '{"id":200}' }, { data: '{"id":201}' }])) break
      const [file = ''] = (await readdir(spool)).filter((each) => each.endsWith('.spool'))
      return { spool, path: join(spool, file) }
    }
    const zero = (bytes: Buffer, ...offsets: number[]) => {
      for (const offset of offsets) bytes.fill(0, offset, offset + 4)
      return bytes
    }
    const secondHeader = (bytes: Buffer) => bytes.indexOf('bqcspool', 1)

    it.each([
      {
        what: 'a torn end',
        harm: (bytes: Buffer) => Buffer.concat([bytes, Buffer.from('torn')]),
        recovered: 2,
        told: 'they are cut off',
        left: ['lock'],
      },
      {
        what: 'damage in the middle',
        harm: (bytes: Buffer) => zero(bytes, bytes.indexOf('{"id":200}')),
        recovered: 1,
        told: 'whole documents after them are sent',
        left: ['0000000000000001.done', '0000000000000001.spool.damaged', 'lock'],
      },
      {
        what: 'a damaged header, whose copy is whole',
        harm: (bytes: Buffer) => zero(bytes, 3),
        recovered: 2,
        told: 'whole documents after them are sent',
        left: ['0000000000000001.done', '0000000000000001.spool.damaged', 'lock'],
      },
      {
        what: 'both headers damaged',
        harm: (bytes: Buffer) => zero(bytes, 3, secondHeader(bytes) + 3),
        recovered: undefined,
        told: /nothing of .*0001\.spool could be read.*it is kept as .*0001\.spool\.damaged/,
        left: ['0000000000000001.spool.damaged', 'lock'],
      },
    ])('$what', async ({ what, harm, recovered, told, left }) => {
      const { spool, path } = await leave(`spool with ${what}`)
      const bytes = harm(await readFile(path))
      await writeFile(path, bytes)
      const copy = `${spool} again`
      await cp(spool, copy, { recursive: true })

      const args = ['insert', 'shop.orders', '-o']
      const shown = await bqc([...args, `spool=${spool}`], { stdin: '{"id":202}\n' })
      const asJson = await bqc([...args, `spool=${copy}`, '--json'], { stdin: '{"id":202}\n' })

      expect([shown.code, asJson.code]).toEqual([1, 1])
      expect(shown.stderr).toMatch(told)
      expect(shown.stdout).toContain('1 success, 0 application-error, 0 failure')
      expect(shown.stdout).toContain('the spool was damaged in 1 place: documents may be lost in')
      const [damage, ...others] = asJson.stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line))
      const { summary } = others.at(-1)
      expect(summary.spoolDamage).toEqual({ stretches: 1, bytes: damage.spoolDamage.bytes })
      expect(summary.recovered?.success).toBe(recovered)
      expect(await readdir(spool)).toEqual(left)
    })
  })

  it('ends with 2 and one line when another execution has the spool', async () => {
    const spool = join(directory, 'spool')
    const insert = bigquery.connection.operation('streaming-insert', {
      objectType: 'datasets/shop/tables/orders',
      spool,
    })
    const { promise, resolve } = Promise.withResolvers<void>()
    const execution = insert.execute(
      (async function* () {
        await promise
        yield { data: { id: 104 } }
      })(),
    )
    const first = execution.next()
    await until(() => existsSync(join(spool, 'lock')))

    const run = await bqc(['insert', 'shop.orders', '-o', `spool=${spool}`], { stdin: '{"id":105}\n' })
    resolve()
    await first
    await execution.return()

    expect(run).toMatchObject({ code: 2, stdout: '' })
    expect(run.stderr).toMatch(/^bqc: The spool .* is in use\..*\[BQC_SPOOL_IN_USE\]\n$/)
  })
})

describe('bqc replay', () => {
  const lettersOf = async (path: string) =>
    (await readFile(path, 'utf8'))
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line))

  it('sends letters again under their insertIds; what succeeds leaves the file, the rest stays with its newer reason', async () => {
    await bigquery.run('CREATE TABLE shop.late (id INT64 NOT NULL)')
    const letters = join(directory, 'replayed.ndjson')
    await bqc(['insert', 'shop.late', '--dead-letter', letters], {
      stdin: '{"id":"x"}\n{"id":"y"}\n{"id":3.5}\n',
    })
    const [first, second, third] = await lettersOf(letters)
    const stale = { ...second, data: { id: 2 }, attempts: 6, time: '2026-01-01T00:00:00.000Z' }
    const failing = { ...third, attempts: 6, firstTime: '2026-01-01T00:00:00.000Z' }
    await writeFile(
      letters,
      `${JSON.stringify({ ...first, data: { id: 1 } })}\nno letter\n${JSON.stringify(stale)}\n${JSON.stringify(failing)}\n`,
    )

    const { code, stdout, stderr } = await bqc(['replay', letters])

    const kept = (await readFile(letters, 'utf8')).trim().split('\n')
    expect(code).toBe(1)
    expect(stdout).toContain('3 letters in')
    expect(stdout).toContain('2 success, 1 application-error, 0 failure; 1 lines cannot be sent')
    expect(stderr).toContain('no letter')
    expect(await bigquery.rows('SELECT id FROM shop.late ORDER BY id')).toEqual([{ id: '1' }, { id: '2' }])
    expect(kept[0]).toBe('no letter')
    expect(kept.slice(1).map((line) => JSON.parse(line))).toEqual([
      { ...failing, time: expect.not.stringMatching(failing.time) },
    ])
    expect(first.insertId).toEqual(expect.any(String))
  })

  it('sends each letter under the insertId that it names', async () => {
    const service = await startFaultyBigQuery()
    const connection = await file(
      'healthy.json',
      JSON.stringify({ projectId: 'demo', endpoint: service.url, grant: 'access-token', accessToken: 'any' }),
    )
    const line = (n: number) =>
      `{"destination":"demo.shop.orders","data":{"n":${n}},"index":${n},"attempts":1,"insertId":"old-${n}"}\n`
    const letters = await file('named.ndjson', [0, 1, 2].map(line).join(''))

    const { code } = await bqc(['replay', letters, '--connection', connection])
    await service.close()

    expect(code).toBe(0)
    expect([...service.stored.keys()]).toEqual(['old-0', 'old-1', 'old-2'])
  })

  it('is a success when the file holds nothing any more', async () => {
    const letters = await file('good.ndjson', '')
    await writeFile(letters, '{"destination":"demo.shop.orders","data":{"id":200},"index":0,"attempts":0}\n')

    const first = await bqc(['replay', letters, '--json'])
    const second = await bqc(['replay', letters])

    expect(first.code).toBe(0)
    expect(JSON.parse(first.stdout)).toMatchObject({ summary: { letters: 1, success: 1, unusable: 0 } })
    expect(second.code).toBe(0)
    expect(await readFile(letters, 'utf8')).toBe('')
  })

  it('needs a table for letters that name none', async () => {
    const letters = await file('lost.ndjson', '{"data":{"id":201},"index":0,"attempts":0}\n')

    const without = await bqc(['replay', letters])
    const kept = await readFile(letters, 'utf8')
    const withTable = await bqc(['replay', letters, '--table', 'shop.orders'])

    expect([without.code, kept]).toEqual([1, '{"data":{"id":201},"index":0,"attempts":0}\n'])
    expect(withTable.code).toBe(0)
  })

  it('leaves the file whole when it is interrupted', async () => {
    const service = await startFaultyBigQuery(Array(1000).fill(503))
    const connection = await file(
      'faulty-replay.json',
      JSON.stringify({ projectId: 'demo', endpoint: service.url, grant: 'access-token', accessToken: 'any' }),
    )
    const count = 5000
    const line = (n: number) =>
      `{"destination":"demo.shop.orders","data":{"n":${n}},"index":${n},"attempts":0,"insertId":"id-${n}"}\n`
    const letters = await file(
      'interrupted-replay.ndjson',
      Array.from({ length: count }, (_, n) => line(n)).join(''),
    )

    const { code } = await bqc(['replay', letters, '--connection', connection, '-o', 'budgetBytes=65536'], {
      interrupt: () => until(() => service.requests.insertAll > 0),
    })
    await service.close()

    const kept = await lettersOf(letters)
    expect(code).toBe(1)
    expect(kept.map(({ data }) => data.n).sort((a, b) => a - b)).toEqual(
      Array.from({ length: count }, (_, n) => n),
    )
    expect(new Set(kept.map(({ insertId }) => insertId)).size).toBe(count)
  })

  it.each([
    ['a missing file', ['replay', 'nowhere.ndjson'], 'there is no such file'],
    ['an unknown option', ['replay', 'nowhere.ndjson', '-o', 'batchCont=5'], 'batchCont is unknown'],
    ['a spool', ['replay', 'nowhere.ndjson', '-o', 'spool=x'], 'A replay has no spool'],
  ])('tells %s in one line, and ends with 2', async (_, args, line) => {
    const { code, stderr } = await bqc(args)

    expect(code).toBe(2)
    expect(stderr).toContain(line)
  })
})

describe('a reader that leaves early', () => {
  it('ends no insert: every document has its outcome, and the exit code says how they fared', async () => {
    const count = 20_000
    const rows = await file('refused.ndjson', '{"id":"x"}\n'.repeat(count))
    const letters = join(directory, 'unread.ndjson')

    const { code } = await bqc(['insert', 'shop.orders', rows, '--json', '--dead-letter', letters], {
      readsOnly: 1,
    })

    expect(code).toBe(1)
    expect((await readFile(letters, 'utf8')).trim().split('\n')).toHaveLength(count)
  })

  it('ends a query without trouble', async () => {
    const sql = 'SELECT n FROM UNNEST(GENERATE_ARRAY(1, 100000)) AS n'

    expect(await bqc(['query', sql, '--json'], { readsOnly: 1 })).toMatchObject({ code: 0, stderr: '' })
  })
})

describe('bqc query', () => {
  it('shows the result as a table, and as NDJSON when asked', async () => {
    const asTable = await bqc(['query', 'SELECT 1 AS one, "a" AS letter'])
    const asJson = await bqc(['query', 'SELECT n FROM UNNEST([1, 2]) AS n ORDER BY n', '--json'])

    expect(asTable).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/one.*letter[\s\S]*1.*a[\s\S]*1 row\n$/),
    })
    expect(asJson).toMatchObject({ code: 0, stdout: '{"n":"1"}\n{"n":"2"}\n' })
  })

  it('ends with 1 and one line when BigQuery refuses the statement', async () => {
    const { code, stderr } = await bqc(['query', 'SELECT nope FROM shop.orders'])

    expect(code).toBe(1)
    expect(stderr).toMatch(/^bqc: Job demo\.bqc_\S+ failed.*nope.*\[BQC_JOB_FAILED\]\n$/)
  })
})

describe('bqc describe', () => {
  it('lists the operations, and gives a descriptor as JSON', async () => {
    const all = await bqc(['describe'])
    const one = await bqc(['describe', 'streaming-insert', '--json'])

    expect(all.stdout).toContain('get-query-results')
    expect(JSON.parse(one.stdout)).toMatchObject({ id: 'streaming-insert', options: { type: 'object' } })
  })

  it('lists every error code, and what leads to it', async () => {
    const text = await bqc(['describe', 'errors'])
    const json = await bqc(['describe', 'errors', '--json'])

    expect(text.stdout).toMatch(/BQC_NOT_FOUND +│ config +│ no; rows: while new +│ There is no project/)
    expect(text.stdout).toMatch(/HTTP any +│ BQC_REQUEST_REFUSED +│ no; rows: in halves +│ any/)
    expect(text.stdout).toMatch(/HTTP 403 +│ BQC_QUOTA_EXCEEDED +│ after 1 to 32 s +│ quotaExceeded/)
    expect(JSON.parse(json.stdout)).toMatchObject({
      errors: expect.arrayContaining([
        expect.objectContaining({ code: 'BQC_NOT_FOUND', verdict: 'give-up', ofRows: 'not-yet' }),
      ]),
      answers: expect.arrayContaining([
        { of: 'row', reasons: ['invalid'], code: 'BQC_ROW_REFUSED', verdict: 'rejected' },
      ]),
    })
  })

  it('checks a descriptor file of anybody, and ends with 1 when it has faults', async () => {
    const sound = await bqc(['describe', '--lint', 'descriptors/operations/run-job.json'])
    const broken = await file(
      'broken.json',
      '{"id":"x","label":"X","help":"An x.","config":{"type":"object"}}',
    )
    const text = await bqc(['describe', '--lint', broken])
    const json = await bqc(['describe', '--lint', broken, '--json'])

    expect([sound.code, text.code, json.code]).toEqual([0, 1, 1])
    expect(sound.stdout).toContain('run-job.json is sound')
    expect(text.stdout).toMatch(/broken.json has \d faults\n$/)
    expect(text.stdout).toContain('/config/properties is missing\n')
    expect(JSON.parse(json.stdout).faults).toContainEqual({
      path: '/config/properties',
      message: 'is missing',
    })
  })

  it('cannot check a file that is not there, or not JSON', async () => {
    expect(await bqc(['describe', '--lint', 'nowhere.json'])).toMatchObject({ code: 2 })
    expect(await bqc(['describe', '--lint', 'README.md'])).toMatchObject({ code: 2 })
  })

  it('names what it knows when it is asked for something else', async () => {
    expect(await bqc(['describe', 'upset'])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining(
        'Known are streaming-insert, run-job, get-query-results, update, upsert, bigquery',
      ),
    })
  })
})

describe('bqc browse', () => {
  it('lists what an operation can act on', async () => {
    const text = await bqc(['browse', 'streaming-insert', '--dataset', 'shop', '--search', 'ORD'])
    const json = await bqc(['browse', 'run-job', '--json', '--limit', '2'])

    expect([text.code, json.code]).toEqual([0, 0])
    expect(text.stdout).toMatch(/datasets\/shop\/tables\/orders +│ orders +│ table/)
    expect(JSON.parse(json.stdout)).toEqual([
      { id: 'QUERY', label: 'Query', kind: 'job' },
      { id: 'LOAD', label: 'Load', kind: 'job' },
    ])
  })

  it('gives the shapes of documents, also of a query that nobody has run', async () => {
    const table = await bqc(['browse', 'streaming-insert', '--profile', 'datasets/shop/tables/orders'])
    const sql = ['--query', 'SELECT id AS number FROM shop.orders']
    const rows = await bqc(['browse', 'get-query-results', '--profile', 'QUERY', ...sql])

    const keyed = ['--documents', '--key', 'item']
    const upserted = await bqc(['browse', 'upsert', '--profile', 'datasets/shop/tables/orders', ...keyed])

    expect([table.code, rows.code, upserted.code]).toEqual([0, 0, 0])
    expect(JSON.parse(table.stdout).request).toMatchObject({ required: ['id'] })
    expect(JSON.parse(upserted.stdout).request).toMatchObject({ required: ['item'] })
    expect(JSON.parse(rows.stdout).response.properties).toMatchObject({ number: { format: 'int64' } })
  })

  it.each([
    ['an operation that is none', ['upset'], 'must be one of streaming-insert'],
    ['a dataset that is missing', ['streaming-insert'], 'give a datasetId'],
    ['a dataset that is not there', ['update', '--dataset', 'ghost'], 'ghost'],
    ['a type that is none', ['update', '--dataset', 'shop', '--type', 'book'], 'must be one of TABLE'],
  ])('cannot list %s', async (_, args, message) => {
    expect(await bqc(['browse', ...args])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining(message),
    })
  })
})

describe('bqc local', () => {
  it('prints its url when it is ready, writes a connection that only its owner can read, and ends on Ctrl-C', async () => {
    const connection = join(directory, 'local.json')

    const { code, stdout } = await bqc(
      ['local', '--port', '0', '--project', 'p', '--require-token', '--connection', connection],
      {
        interrupt: (said) => until(() => said().includes('"url"')),
      },
    )

    const config = JSON.parse(await readFile(connection, 'utf8'))
    expect(code).toBe(0)
    expect(JSON.parse(stdout)).toMatchObject({ url: config.endpoint, projectId: 'p' })
    expect(config).toMatchObject({ grant: 'jwt-bearer', serviceAccountKey: { type: 'service_account' } })
    expect((await stat(connection)).mode & 0o777).toBe(0o600)
  })

  it('tells a port in use in one line, and ends with 2', async () => {
    const server = createServer()
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as { port: number }

    const { code, stderr } = await bqc(['local', '--port', String(port)])
    server.close()

    expect(code).toBe(2)
    expect(stderr).toBe(`bqc: Port ${port} on 127.0.0.1 is already in use. [BQC_PORT_IN_USE]\n`)
  })

  it('rehearses the faults of a file', async () => {
    const faults = await file('faults.json', '[{"match":{"path":"/datasets"},"status":418,"message":"tea"}]')
    let answer: unknown

    await bqc(['local', '--port', '0', '--faults', faults], {
      interrupt: async (said) => {
        await until(() => said().includes('"url"'))
        answer = await (await fetch(`${JSON.parse(said()).url}/projects/local/datasets`)).json()
      },
    })

    expect(answer).toMatchObject({ error: { code: 418, message: 'tea' } })
  })

  it('names each bad rule of a fault file, and ends with 2', async () => {
    const faults = await file('bad.json', '[{"status":503},{"status":"503"},{"delay":1}]')

    const { code, stdout, stderr } = await bqc(['local', '--port', '0', '--faults', faults])

    expect([code, stdout]).toEqual([2, ''])
    expect(stderr).toBe(
      `bqc: Bad fault rules: rule 2 status must be a whole number from 400 to 599; rule 3 has an unknown field: delay. [BQC_CONFIG_INVALID]\n`,
    )
  })
})
