// How an operation is opened, and what it needs of a connection for that.
import type { ControlPlane } from '../bigquery/control-plane.ts'
import type { Retry } from '../bigquery/retry.ts'
import type { Transport } from '../bigquery/transport.ts'
import type { Clock } from '../contract/clock.ts'
import type { Operation, OperationId } from '../contract/operation.ts'
import type { OperationOptions } from '../contract/options/operations.ts'
import type { BeginTrace } from '../contract/telemetry.ts'
import type { JobDefaults } from './job-defaults.ts'

export interface OperationContext {
  readonly projectId: string
  readonly endpoint: string
  readonly location: string | undefined
  /** What every job inherits, by `withJobDefaults`. */
  readonly jobDefaults: JobDefaults
  readonly transport: Transport
  readonly control: ControlPlane
  readonly retry: Retry
  readonly clock: Clock
  /** A number from 0 to below 1: spreads retries. */
  readonly random: () => number
  readonly beginTrace: BeginTrace
  /** What begins while a connection is closed and still needs its sockets, such as the order to stop a job. */
  readonly beforeClose: (work: Promise<unknown>) => void
}

type Execute = Operation['execute']

/** Takes resolved options: complete, and checked against the descriptor. */
export type OpenOperation<Id extends OperationId> = (
  context: OperationContext,
  options: OperationOptions[Id],
) => Execute
