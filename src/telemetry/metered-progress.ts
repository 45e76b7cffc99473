// Counters of an execution -> metrics, which want to know what was added since the last look.
import type { OperationId, Progress } from '../contract/operation.ts'
import type { Instruments } from './instruments.ts'

const nothing = { success: 0, applicationError: 0, failure: 0, spentBytes: 0, limitBytes: 0, paused: 0 }

export class MeteredProgress {
  readonly #instruments: Instruments
  readonly #operation: { readonly 'bigquery_connector.operation': OperationId }
  #shown = nothing

  constructor(instruments: Instruments, operation: OperationId) {
    this.#instruments = instruments
    this.#operation = { 'bigquery_connector.operation': operation }
  }

  show({ success, applicationError, failure, budget, paused }: Progress): void {
    const { spentBytes = 0, limitBytes = 0 } = budget ?? {}
    this.#add({ success, applicationError, failure, spentBytes, limitBytes, paused: paused.length })
  }

  /** An execution that has ended holds nothing any more. */
  end({ success, applicationError, failure }: Progress): void {
    this.#add({ ...nothing, success, applicationError, failure })
  }

  #add(now: typeof nothing): void {
    const { documents, budgetSpent, budgetLimit, paused } = this.#instruments
    const before = this.#shown
    this.#shown = now
    const outcomes = {
      success: now.success - before.success,
      'application-error': now.applicationError - before.applicationError,
      failure: now.failure - before.failure,
    }
    for (const [status, count] of Object.entries(outcomes)) {
      if (count > 0) documents.add(count, { ...this.#operation, 'bigquery_connector.status': status })
    }
    budgetSpent.add(now.spentBytes - before.spentBytes, this.#operation)
    budgetLimit.add(now.limitBytes - before.limitBytes, this.#operation)
    paused.add(now.paused - before.paused, this.#operation)
  }
}
