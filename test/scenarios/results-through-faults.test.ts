// A statement and its pages through lost answers, outages and broken connections: it runs once, and every row comes
// back once.
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type Connection, createConnector } from '../../src/index.ts'
import { type FaultRule, type LocalBigQuery, startLocalBigQuery } from '../../src/local/index.ts'
import { InstantClock } from '../fixtures/clocks.ts'

let local: LocalBigQuery
let connection: Connection
beforeAll(async () => {
  local = await startLocalBigQuery({ port: 0, projectId: 'demo' })
  const connector = createConnector({ clock: new InstantClock() })
  connection = await connector.connect({ projectId: 'demo', endpoint: local.url, grant: 'none' })
  await run(['CREATE SCHEMA shop', 'CREATE TABLE shop.visits (n INT64)'])
})
afterAll(async () => {
  await connection.close()
  await local.close()
})

async function run(statements: readonly string[], options: object = {}) {
  const operation = connection.operation('get-query-results', { objectType: 'QUERY', ...options })
  return Array.fromAsync(operation.execute(statements.map((data) => ({ data }))))
}

async function rules(list: readonly FaultRule[]): Promise<void> {
  await fetch(`${local.url}/_faults`, { method: 'PUT', body: JSON.stringify(list) })
}

it('a statement whose answer is lost runs once', async () => {
  await rules([{ match: { method: 'POST', path: '/jobs', count: 2 }, reset: 'after' }])

  const [inserted] = await run(['INSERT INTO shop.visits VALUES (1)'])

  expect(inserted).toMatchObject({ status: 'success', last: true })
  expect((await run(['SELECT COUNT(*) AS n FROM shop.visits'])).map(({ payload }) => payload)).toEqual([
    { n: '1' },
  ])
})

it.each<[string, Omit<FaultRule, 'match'>]>([
  ['answered with 503', { status: 503, reason: 'backendError' }],
  ['not answered at all', { reset: 'before' }],
  ['cut off in the middle', { truncate: 2000 }],
])('pages that are %s now and then are asked for again, and every row comes once', async (_, fault) => {
  const nthPages = [1, 4, 5, 9].map((skip) => ({
    match: { method: 'GET', path: 'pageToken=', skip, count: 1 },
    ...fault,
  }))
  await rules(nthPages)

  const outcomes = await run(['SELECT n FROM UNNEST(GENERATE_ARRAY(1, 1200)) AS n ORDER BY n'], {
    maxResults: 100,
  })

  expect(outcomes.map(({ payload }) => payload)).toEqual(
    Array.from({ length: 1200 }, (_, n) => ({ n: `${n + 1}` })),
  )
  expect(outcomes.map(({ sequence }) => sequence)).toEqual(Array.from({ length: 1200 }, (_, n) => n))
  expect(outcomes.filter(({ last }) => last)).toEqual([outcomes.at(-1)])
})

it('pages that stay away are the last outcome, after the rows that came before', async () => {
  await rules([
    { match: { method: 'GET', path: 'pageToken=', skip: 2 }, status: 503, reason: 'backendError' },
  ])

  const outcomes = await run(
    ['SELECT n FROM UNNEST(GENERATE_ARRAY(1, 500)) AS n ORDER BY n', 'SELECT 1 AS n'],
    { maxResults: 100 },
  )

  expect(outcomes.slice(0, 300).every(({ status }) => status === 'success')).toBe(true)
  expect(outcomes.slice(300)).toMatchObject([
    { index: 0, status: 'failure', errorCode: 'BQC_SERVICE_UNAVAILABLE', sequence: 300, last: true },
    { index: 1, status: 'success', payload: { n: '1' }, last: true },
  ])
})
