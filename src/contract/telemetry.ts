// The port between executions and whoever keeps traces and metrics of them.
import type { InsertRows } from './insert-rows.ts'
import type { Progress } from './operation.ts'

/** What is kept of one execution. Nothing here may throw. */
export interface ExecutionTrace {
  /** The port, with each of its requests seen. */
  around(insertRows: InsertRows): InsertRows
  /** Counters have changed, and can be read; not called for each document. */
  progress(read: () => Progress): void
  /** Nothing comes after this. @param thrown what the execution ended with, when it did not end well. */
  end(last: Progress, thrown: unknown): void
}

export type BeginTrace = () => ExecutionTrace
