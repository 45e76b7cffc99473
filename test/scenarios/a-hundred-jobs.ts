// A hundred statements, each with an id, and a process that runs them all at once until it is killed.
import { pathToFileURL } from 'node:url'
import { createConnector, type Document, type Outcome } from '../../src/index.ts'
import { InstantClock } from '../fixtures/clocks.ts'

export const jobCount = 100

const documents: Document[] = Array.from({ length: jobCount }, (_, n) => ({
  id: `statement-${n}`,
  data: { configuration: { query: { query: `INSERT INTO once.runs (n) VALUES (${n})` } } },
}))

/** Runs them all, at once; gives the outcomes as they come. Waits are over at once, so the time-out is off. */
export async function* runAll(endpoint: string): AsyncGenerator<Outcome, void, undefined> {
  const connector = createConnector({ clock: new InstantClock() })
  const connection = await connector.connect({ projectId: 'demo', endpoint, grant: 'none' })
  const run = connection.operation('run-job', {
    objectType: 'QUERY',
    jobIdFrom: 'id',
    jobIdPrefix: 'once_',
    maxConcurrentJobs: jobCount,
    requestTimeout: -1,
  })
  yield* run.execute(documents)
  await connection.close()
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  for await (const { index, status } of runAll(process.argv[2] ?? '')) console.log(index, status)
}
