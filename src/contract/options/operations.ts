// Written from descriptors/connector.json by `npm run generate`.
import type { GetQueryResultsOptions } from './get-query-results.ts'
import type { RunJobOptions } from './run-job.ts'
import type { StreamingInsertOptions } from './streaming-insert.ts'
import type { UpdateOptions } from './update.ts'
import type { UpsertOptions } from './upsert.ts'

/** Each operation, and the options it resolves to. */
export interface OperationOptions {
  readonly 'streaming-insert': StreamingInsertOptions
  readonly 'run-job': RunJobOptions
  readonly 'get-query-results': GetQueryResultsOptions
  readonly 'update': UpdateOptions
  readonly 'upsert': UpsertOptions
}
