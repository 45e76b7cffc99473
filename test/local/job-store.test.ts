import { expect, test } from 'vitest'
import { type Job, newJob } from '../../src/local/jobs/job.ts'
import { openJobStore } from '../../src/local/jobs/job-store.ts'
import { openEngine } from '../../src/local/storage/engine.ts'
import { createPool } from '../../src/local/storage/pool.ts'
import { prepareStorage } from '../../src/local/storage/set-up.ts'

function change(jobId: string, at: number): Job {
  const request = { projectId: 'demo', jobId, location: 'US', configuration: { query: { query: 'DELETE' } } }
  const outcome = { statementType: 'DELETE', schema: undefined, totalRows: 0, dmlRows: 1 }
  return { ...newJob(request, at), startedAt: at, endedAt: at, outcome }
}

test('of the jobs that changed rows the latest are at hand, and no id of any is used again', async () => {
  const engine = await openEngine(undefined)
  const pool = createPool(engine, 1)
  await pool.use(prepareStorage)
  const store = await openJobStore(pool, () => undefined)
  await pool.transaction(async (connection) => {
    for (let i = 0; i < 510; i++) {
      const job = change(`j${i}`, i)
      store.add(job)
      await store.persist(connection, job)
    }
  })
  expect(store.list('demo').map(({ jobId }) => jobId)).toHaveLength(500)
  expect(() => store.get('demo', 'j9', 'US')).toThrow('Not found: Job demo:US.j9')
  expect(store.get('demo', 'j10', 'US').jobId).toBe('j10')
  expect(() => store.add(change('j10', 600))).toThrow('Already Exists: Job demo:US.j10')
  const again = pool.transaction((connection) => store.persist(connection, change('j9', 600)))
  await expect(again).rejects.toThrow('Already Exists: Job demo:US.j9')

  const reopened = await openJobStore(pool, () => undefined)
  expect(reopened.list('demo').map(({ jobId }) => jobId)).toEqual(
    Array.from({ length: 500 }, (_, i) => `j${509 - i}`),
  )
  engine.close()
})
