import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { startLocalBigQuery } from '../../src/local/index.ts'
import { startApi, values } from './api.ts'

let dataDirectory = ''
beforeEach(() => {
  dataDirectory = mkdtempSync(join(tmpdir(), 'local-bigquery-'))
})
afterEach(() => rmSync(dataDirectory, { recursive: true, force: true }))

test('datasets, tables, rows and service accounts are there after a restart', async () => {
  const fields = [{ name: 'a', type: 'INT64', mode: 'REQUIRED', description: 'first' }]
  const first = await startApi({ dataDirectory })
  const made = await first.table('d', 'T', fields)
  await first.insert('d.T', [{ json: { a: 1 } }])
  const key = await first.local.createServiceAccount()
  await first.local.close()

  const second = await startApi({ dataDirectory })
  const read = await second.call('GET', 'projects/demo/datasets/d/tables/T')
  expect(read.body).toMatchObject({ etag: made.body.etag, schema: { fields }, numRows: '1' })
  expect(values(await second.query('SELECT a FROM d.T'))).toEqual([['1']])
  const again = await second.local.createServiceAccount()
  expect(again.client_email).toBe(key.client_email)
  expect(again.private_key_id).not.toBe(key.private_key_id)
  await second.local.close()
})

test('the id of a job that changed rows is a duplicate after a restart', async () => {
  const insert = { query: 'INSERT INTO d.t (a) VALUES (1)', useLegacySql: false }
  const body = { jobReference: { jobId: 'change-1' }, configuration: { query: insert } }
  const first = await startApi({ dataDirectory })
  await first.table('d', 't', [{ name: 'a', type: 'INTEGER' }])
  await first.call('POST', 'projects/demo/jobs', body)
  await first.call('GET', 'projects/demo/queries/change-1')
  await first.local.close()

  const second = await startApi({ dataDirectory })
  expect((await second.call('POST', 'projects/demo/jobs', body)).status).toBe(409)
  expect((await second.call('GET', 'projects/demo/jobs/change-1')).body.status.state).toBe('DONE')
  expect(values(await second.query('SELECT COUNT(*) FROM d.t'))).toEqual([['1']])
  await second.local.close()
})

test('kill -9 loses no acknowledged row and doubles none', async () => {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'insert-forever.ts'), dataDirectory], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const exited = new Promise((resolve) => child.once('exit', resolve))
  let acknowledged = 0
  for await (const line of createInterface({ input: child.stdout })) {
    acknowledged = Number(line)
    if (acknowledged === 1000) child.kill('SIGKILL')
  }
  await exited
  expect(acknowledged).toBeGreaterThanOrEqual(1000)

  const api = await startApi({ dataDirectory })
  const sql = `SELECT COUNT(*), COUNT(DISTINCT id) FROM d.t WHERE id < ${acknowledged}`
  expect(values(await api.query(sql))).toEqual([[String(acknowledged), String(acknowledged)]])
  const [[rows]] = values(await api.query('SELECT COUNT(*) FROM d.t')) as [[string]]
  expect(Number(rows) % 20).toBe(0)
  await api.local.close()
})

test('a data directory in use elsewhere is refused in one clear line', async () => {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'insert-forever.ts'), dataDirectory], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const exited = new Promise((resolve) => child.once('exit', resolve))
  await new Promise((resolve) => child.stdout.once('data', resolve))
  await expect(startLocalBigQuery({ port: 0, dataDirectory })).rejects.toThrow(
    `The data directory ${dataDirectory} is in use by another local BigQuery.`,
  )
  child.kill('SIGKILL')
  await exited
})
