import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import type { FaultRule } from '../../src/local/index.ts'
import { embedded } from '../fixtures/embedded.ts'
import { jobCount, runAll } from './a-hundred-jobs.ts'

const bigquery = embedded()

const kinds = [
  { status: 503 },
  { reset: 'after' },
  { status: 500 },
  { truncate: 20 },
  { reset: 'before' },
  { status: 502, body: '<html>Bad gateway</html>' },
] as const

/** Of the requests that match, one in `every` goes wrong, in each way in turn, `count` in all. */
function faultsOf(method: string, path: string, every: number, count: number): FaultRule[] {
  return Array.from({ length: count }, (_, at) => ({
    match: { method, path, skip: (every - 1) * (at + 1), count: 1 },
    ...(kinds[at % kinds.length] as (typeof kinds)[number]),
  }))
}

// A request is given up after five attempts: few enough faults that none meets them all.
const rules = [
  ...faultsOf('POST', '/jobs$', 4, 25),
  ...faultsOf('GET', '/queries/', 4, 40),
  ...faultsOf('GET', '/jobs/', 6, 12),
]

/** Sixty requests get through to start jobs; the others have no answer as long as the process lives. */
const hang: FaultRule = {
  match: { method: 'POST', path: '/jobs$', skip: 60 },
  delayMs: 600_000,
  reset: 'before',
}

interface Listed {
  readonly jobs?: readonly { readonly jobReference: { readonly jobId: string } }[]
}

/** Ids of the jobs that the service has, but for those that this test asks with. */
async function startedJobs(): Promise<string[]> {
  const reply = await fetch(`${bigquery.local.url}/projects/demo/jobs?maxResults=1000`)
  const { jobs = [] } = (await reply.json()) as Listed
  return jobs.map(({ jobReference }) => jobReference.jobId).filter((id) => id.startsWith('once_'))
}

it('a hundred jobs at once run exactly once each, through 5xx, lost answers and the death of their process', async () => {
  await bigquery.run('CREATE SCHEMA once', 'CREATE TABLE once.runs (n INT64)')
  const faults = (method: string, body?: readonly FaultRule[]) =>
    fetch(`${bigquery.local.url}/_faults`, { method, ...(body && { body: JSON.stringify(body) }) })
  await faults('PUT', [hang, ...rules])

  const child = spawn(process.execPath, [join(import.meta.dirname, 'a-hundred-jobs.ts'), bigquery.local.url])
  const exit = once(child, 'exit')
  let startedBefore: string[] = []
  while (startedBefore.length < 20) startedBefore = await startedJobs()
  child.kill('SIGKILL')
  const [, killedBy] = await exit
  await faults('PUT', rules)
  const outcomes = await Array.fromAsync(runAll(bigquery.local.url))

  const met = (await (await faults('GET')).json()) as { rules: readonly { applied: number }[] }
  await faults('DELETE')
  const times = await bigquery.rows(
    'SELECT times, COUNT(*) AS statements FROM (SELECT n, COUNT(*) AS times FROM once.runs GROUP BY n) GROUP BY times',
  )
  expect(outcomes.map(({ index, status }) => [index, status])).toEqual(
    Array.from({ length: jobCount }, (_, n) => [n, 'success']),
  )
  expect(times).toEqual([{ times: '1', statements: String(jobCount) }])
  expect(new Set(await startedJobs()).size).toBe(jobCount)
  // Else this would show nothing: faults came, the process died in the middle, and its jobs were found again.
  expect(met.rules.filter(({ applied }) => applied > 0).length).toBeGreaterThan(30)
  expect([killedBy, startedBefore.length < jobCount]).toEqual(['SIGKILL', true])
  expect(outcomes.filter(({ statistics }) => statistics?.isFormer).length).toBeGreaterThan(0)
}, 60_000)
