// The operations, by id. What each needs of a connection, and nothing more.
import type { ControlPlane } from '../bigquery/control-plane.ts'
import type { Transport } from '../bigquery/transport.ts'
import type { Clock } from '../contract/clock.ts'
import type { Retry } from '../contract/insert-rows.ts'
import type { Operation, OperationConfig, OperationId } from '../contract/operation.ts'
import { openGetQueryResults } from './get-query-results.ts'
import { openRunJob } from './run-job.ts'
import { openStreamingInsert } from './streaming-insert.ts'

export interface OperationContext {
  readonly projectId: string
  readonly endpoint: string
  readonly location: string | undefined
  readonly transport: Transport
  readonly control: ControlPlane
  readonly retry: Retry
  readonly clock: Clock
}

type Execute = Operation['execute']

/** Takes resolved options: complete, and checked against the descriptor. */
export type OpenOperation = (context: OperationContext, options: OperationConfig) => Execute

export const operations: Readonly<Record<OperationId, OpenOperation>> = {
  'streaming-insert': openStreamingInsert,
  'run-job': openRunJob,
  'get-query-results': openGetQueryResults,
}
