// How many documents have which outcome, under the names that summaries use.
import type { OutcomeStatus } from '../index.ts'

export interface OutcomeCounts {
  success: number
  applicationError: number
  failure: number
}

export function noOutcomes(): OutcomeCounts {
  return { success: 0, applicationError: 0, failure: 0 }
}

export function countOutcome(counts: OutcomeCounts, status: OutcomeStatus): void {
  counts[status === 'application-error' ? 'applicationError' : status] += 1
}
