// System variables: what @@name stands for while a job runs.
import type { ScriptJob } from '../sql/script/script-job.ts'
import { INT64, STRING, type Typed, typed } from '../sql/typing.ts'
import { quoteText } from '../wire/table-schema.ts'
import type { Job, QueryConfiguration } from './job.ts'

export interface SystemState {
  readonly job: Job
  readonly defaultDataset: QueryConfiguration['defaultDataset']
  /** Rows that the last DML statement changed. */
  readonly rowCount: number
  readonly failure: ScriptJob['failure']
}

/** Undefined for a name that is not known here. */
export function systemVariable(name: string, state: SystemState): Typed | undefined {
  const { job, defaultDataset, failure } = state
  const known = name.toLowerCase()
  if (known === 'row_count') return typed(`CAST(${state.rowCount} AS BIGINT)`, INT64)
  const texts: Readonly<Record<string, string | undefined>> = {
    'error.message': failure?.message,
    'error.statement_text': failure?.statement,
    project_id: job.projectId,
    dataset_id: defaultDataset?.datasetId,
    dataset_project_id: defaultDataset?.projectId ?? job.projectId,
    'script.job_id': job.jobId,
    time_zone: 'UTC',
    location: job.location,
  }
  if (!Object.hasOwn(texts, known)) return undefined
  const value = texts[known]
  return typed(value === undefined ? 'CAST(NULL AS VARCHAR)' : quoteText(value), STRING)
}
