// Routines, views and scripts beyond one statement: through the API, and across a restart.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { startApi, values } from './api.ts'

test('views, functions and renamed tables are there again after a restart, and a script is not run twice', async () => {
  const dataDirectory = mkdtempSync(join(tmpdir(), 'bq-ddl-'))
  const script = (jobId: string): object => ({
    jobReference: { jobId },
    configuration: { query: { query: 'INSERT d.kept VALUES (5); SELECT 1', useLegacySql: false } },
  })
  try {
    const before = await startApi({ dataDirectory })
    await before.query(
      'CREATE SCHEMA d; CREATE TABLE d.t AS SELECT 1 AS a; ALTER TABLE d.t RENAME TO kept; CREATE VIEW d.v AS SELECT a FROM d.kept; CREATE FUNCTION d.f(x INT64) AS (x * 2)',
    )
    await before.call('POST', 'projects/demo/jobs', script('once'))
    await before.call('GET', 'projects/demo/queries/once')
    await before.local.close()
    const after = await startApi({ dataDirectory })
    expect((await after.call('POST', 'projects/demo/jobs', script('once'))).status).toBe(409)
    expect(values(await after.query('SELECT d.f(a) FROM d.v ORDER BY a'))).toEqual([['2'], ['10']])
    await after.local.close()
  } finally {
    rmSync(dataDirectory, { recursive: true })
  }
})

test('routines made through the API are called like those made by a statement', async () => {
  const api = await startApi()
  await api.query('CREATE SCHEMA d')
  const routine = (routineId: string, rest: object): Promise<unknown> =>
    api.call('POST', 'projects/demo/datasets/d/routines', {
      routineReference: { projectId: 'demo', datasetId: 'd', routineId },
      arguments: [{ name: 'x', dataType: { typeKind: 'FLOAT64' } }],
      ...rest,
    })
  await routine('sql_', { routineType: 'SCALAR_FUNCTION', language: 'SQL', definitionBody: 'x * 3' })
  const js = { routineType: 'SCALAR_FUNCTION', language: 'JAVASCRIPT', definitionBody: 'return x / 4' }
  await routine('js_', { ...js, returnType: { typeKind: 'FLOAT64' } })
  await routine('show', {
    routineType: 'PROCEDURE',
    language: 'SQL',
    definitionBody: 'BEGIN SELECT x + 1; END',
  })
  expect(values(await api.query('SELECT d.sql_(2), d.js_(2)'))).toEqual([['6.0', '0.5']])
  expect(values(await api.query('CALL d.show(1.5)'))).toEqual([['2.5']])
  await api.local.close()
})
