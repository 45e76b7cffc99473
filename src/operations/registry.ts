// The operations, by id.
import type { OperationId } from '../contract/operation.ts'
import { openGetQueryResults } from './get-query-results.ts'
import type { OpenOperation } from './open-operation.ts'
import { openRunJob } from './run-job.ts'
import { openStreamingInsert } from './streaming-insert.ts'
import { openUpdate } from './update.ts'
import { openUpsert } from './upsert/upsert.ts'

export const operations: { readonly [Id in OperationId]: OpenOperation<Id> } = {
  'streaming-insert': openStreamingInsert,
  'run-job': openRunJob,
  'get-query-results': openGetQueryResults,
  update: openUpdate,
  upsert: openUpsert,
}
