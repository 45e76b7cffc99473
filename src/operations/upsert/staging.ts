// Staging tables: named for one document of one run, and removed at the latest by BigQuery itself.
import type { ControlPlane } from '../../bigquery/control-plane.ts'
import type { Clock } from '../../contract/clock.ts'
import type { TableName } from './table-names.ts'

export interface Staging extends TableName {
  /** Epoch milliseconds: when BigQuery removes it, whatever becomes of us. */
  readonly expiresAt: number
}

/** What the step `delete` gives. */
export interface Removed {
  readonly name: string
  readonly status: 'deleted'
}

/** Bytes of a table's name at most, less what makes it unique. */
const longestBeginning = 900
/** Milliseconds that a removal may take, its retries included. */
const patienceMs = 20_000

/**
 * @param beginning how the name begins.
 * @param run of the execution, `document` within it: together they are unique.
 */
export function nameOfStaging(beginning: string, run: string, document: number): string {
  // A partition's decorator is no part of a name.
  const bytes = Buffer.from(beginning.replace(/\$.*$/, '')).subarray(0, longestBeginning)
  // In a stream, a character that is cut off is waited for, and so left out.
  const plain = new TextDecoder().decode(bytes, { stream: true })
  return `${plain}_upsert_${run}_${document}`
}

/** Creates it without columns: those come with what is loaded. */
export async function createStaging(
  { clock, control }: { readonly clock: Clock; readonly control: ControlPlane },
  name: TableName,
  lifetimeMs: number,
  purpose: string,
  signal?: AbortSignal,
): Promise<Staging> {
  const expiresAt = clock.now() + lifetimeMs
  const table = { expirationTime: String(expiresAt), description: purpose }
  await control.createTable(name, table, signal)
  return { ...name, expiresAt }
}

/** Removes it, also when the execution has been stopped: in bounded time, and never by that signal. */
export async function removeStaging(
  { clock, control }: { readonly clock: Clock; readonly control: ControlPlane },
  staging: TableName,
): Promise<Removed> {
  const patience = new AbortController()
  const cancel = clock.after(patienceMs, () => patience.abort())
  try {
    await control.deleteTable(staging, patience.signal)
    return { name: staging.tableId, status: 'deleted' }
  } finally {
    cancel()
  }
}
