// The latest jobs of this server, by project, location and id. Those that changed something are kept in the
// database too, for good: a client that repeats one, even after a crash, hears "duplicate".
import type { Connection } from '../storage/engine.ts'
import type { Pool } from '../storage/pool.ts'
import { alreadyExists, notFound } from '../wire/api-error.ts'
import { quoteText } from '../wire/table-schema.ts'
import { type Job, jobName } from './job.ts'

/** How many finished jobs are remembered of those that changed rows, and of the others; older ones answer 404. */
const KEPT_JOBS = 500
/** How many result rows are kept in all, newest results first; the last few are kept whatever their size. */
const KEPT_ROWS = 2_000_000
const KEPT_RESULTS = 3

export interface JobStore {
  add(job: Job): void
  get(projectId: string, jobId: string, location: string | null): Job
  list(projectId: string): readonly Job[]
  /** Jobs that have not finished. */
  active(): readonly Job[]
  /** Records a finished change in the transaction that makes it. */
  persist(connection: Connection, job: Job): Promise<void>
  /** Forgets a finished job; its id can be used again. */
  delete(job: Job): Promise<void>
  /** The SQL of `persist`, for a transaction that is made of SQL. */
  recordSql(job: Job): string
}

type Kept = Omit<Job, 'finished' | 'cancel'>

export async function openJobStore(pool: Pool, forget: (job: Job) => void): Promise<JobStore> {
  const jobs = new Map<string, Job>()
  await pool.use(async (connection) => {
    const latest = `SELECT entry FROM store."_meta".jobs ORDER BY CAST(entry ->> 'createdAt' AS BIGINT) DESC LIMIT ${KEPT_JOBS}`
    for (const [text] of (await connection.runAndReadAll(latest)).getRows().reverse()) {
      const kept = JSON.parse(String(text)) as Kept
      jobs.set(jobName(kept as Job), { ...kept, finished: Promise.resolve(), cancel: () => undefined })
    }
  })

  /** Jobs that changed rows are counted apart: else they would crowd out the results of all others. */
  function evict(): void {
    const ended = [...jobs].filter(([, job]) => job.endedAt !== undefined).reverse()
    for (const [name] of ended.filter(([, job]) => lasts(job)).slice(KEPT_JOBS)) jobs.delete(name)
    let rows = 0
    for (const [i, [name, job]] of ended.filter(([, job]) => !lasts(job)).entries()) {
      rows += job.outcome?.totalRows ?? 0
      if (i >= KEPT_JOBS) jobs.delete(name)
      if (i >= KEPT_JOBS || (rows > KEPT_ROWS && i >= KEPT_RESULTS)) forget(job)
    }
  }

  return {
    add(job) {
      if (jobs.has(jobName(job))) throw alreadyExists(`Job ${jobName(job)}`)
      jobs.set(jobName(job), job)
      evict()
    },
    get(projectId, jobId, location) {
      // Without a location the service looks in the US and EU multi-regions only.
      for (const place of location === null ? ['US', 'EU'] : [canonicalLocation(location)]) {
        const job = jobs.get(`${projectId}:${place}.${jobId}`)
        if (job !== undefined) return job
      }
      throw notFound(`Job ${projectId}:${location === null ? '' : `${canonicalLocation(location)}.`}${jobId}`)
    },
    list: (projectId) => [...jobs.values()].filter((job) => job.projectId === projectId).reverse(),
    active: () => [...jobs.values()].filter((job) => job.endedAt === undefined),
    async persist(connection, job) {
      await connection.run(recordSql(job))
    },
    async delete(job) {
      jobs.delete(jobName(job))
      forget(job)
      await pool.use((connection) =>
        connection.run('DELETE FROM store."_meta".jobs WHERE project = $1 AND location = $2 AND id = $3', [
          job.projectId,
          job.location,
          job.jobId,
        ]),
      )
    },
    recordSql,
  }
}

/** A job that changed rows, and that a repeated request must find; the statements of a script do not count. */
function lasts({ outcome, configuration, statistics }: Job): boolean {
  if (statistics?.['parentJobId'] !== undefined) return false
  return outcome?.dmlRows !== undefined || 'load' in configuration || 'copy' in configuration
}

function recordSql(job: Job): string {
  const { finished: _finished, cancel: _cancel, ...kept } = job
  const [project = '', location = '', id = '', entry = ''] = [
    ...[job.projectId, job.location, job.jobId],
    JSON.stringify(kept),
  ].map(quoteText)
  const known = `FROM store."_meta".jobs WHERE project = ${project} AND location = ${location} AND id = ${id}`
  const fault = quoteText(alreadyExists(`Job ${jobName(job)}`).message)
  return `INSERT INTO store."_meta".jobs SELECT ${project}, ${location}, ${id}, CASE WHEN EXISTS (${known}) THEN error(${fault}) ELSE ${entry} END`
}

/** Multi-regions are written US and EU, regions in small letters. */
export function canonicalLocation(location: string): string {
  return /^(us|eu)$/i.test(location) ? location.toUpperCase() : location.toLowerCase()
}
