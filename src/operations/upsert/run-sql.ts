// Runs the SQL that takes rows from a staging table into the target: one change of a target at a time.
import { randomUUID } from 'node:crypto'
import type { Job } from '../../bigquery/jobs.ts'
import { withJobDefaults } from '../job-defaults.ts'
import { numbered } from '../jobs/job-id.ts'
import { createRunToEnd } from '../jobs/run-to-end.ts'
import type { OperationContext } from '../open-operation.ts'
import type { TableName } from './table-names.ts'
import { oneAtATime } from './target-lock.ts'

interface SqlRun {
  readonly projectId: string
  readonly location: string | undefined
  readonly sql: string
  readonly useLegacySql: boolean
  /** The table that the SQL changes, where that is known. */
  readonly target: TableName | undefined
  /** Milliseconds for the job to be done; -1 waits for ever. */
  readonly timeoutMs: number
}

/** Gives the job that ran the SQL. @throws ConnectorError */
export type RunSql = (run: SqlRun, signal: AbortSignal) => Promise<Job>

/** Jobs for one SQL at most: another one only after a failure that time heals, and that left nothing behind. */
const maxAttempts = 5

export function createRunSql(context: OperationContext): RunSql {
  const runToEnd = createRunToEnd(context)

  return async ({ projectId, location, sql, useLegacySql, target, timeoutMs }, signal) => {
    const id = `bqc_merge_${randomUUID()}`
    const query = { query: sql, useLegacySql }
    const run = async (): Promise<Job> => {
      const { job } = await runToEnd(
        {
          ids: 'fresh',
          jobOf: (attempt) => {
            const jobReference = {
              projectId,
              jobId: numbered(id, attempt),
              ...(location ? { location } : {}),
            }
            return withJobDefaults({ jobReference, configuration: { query } }, context.jobDefaults)
          },
          maxAttempts,
          timeoutMs,
          cancelOnTimeout: true,
          cancelOnStop: true,
        },
        signal,
      )
      return job
    }
    if (target === undefined) return run()
    const name = `${target.projectId}.${target.datasetId}.${target.tableId}`
    return oneAtATime(`${name} at ${context.endpoint}`, run, signal)
  }
}
