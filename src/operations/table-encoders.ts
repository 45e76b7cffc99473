// What the rows of each table must look like: a table is described when its first document comes, and again
// when a document does not fit a description that has grown old.
import type { ControlPlane } from '../bigquery/control-plane.ts'
import type { Clock } from '../contract/clock.ts'
import type { Destination } from '../contract/insert-rows.ts'
import { compileRowEncoder, type RowEncoder } from '../encoding/encode-row.ts'
import { asConnectorError } from '../errors.ts'
import type { Encoders } from '../pipeline/insert-pipeline.ts'

/** Milliseconds for which a table that could not be described is not asked about again. */
const refusalLifeMs = 10_000
/** Milliseconds for which a description is taken as it is, however many documents do not fit it. */
const descriptionLifeMs = 30_000
/** Tables that are asked about at a time; the others wait for their turn. */
const maxAskedAtOnce = 8
/** Tables remembered at most; past it, the one that was described, or refused, first is forgotten. */
const maxRemembered = 1000

interface Description {
  readonly encoder: RowEncoder
  /** The description as text, to tell whether it has changed. */
  readonly text: string
  readonly at: number
}

/** A template's rows obey the table that it is made from. */
export function describeTables(control: ControlPlane, clock: Clock, ignoreUnknownValues: boolean): Encoders {
  return encodersFor(
    async ({ projectId, datasetId, tableId }, signal) =>
      (await control.getTable(projectId, datasetId, tableId, signal)).fields,
    (fields) => compileRowEncoder(fields, ignoreUnknownValues),
    clock,
  )
}

/**
 * @param read gives the description of a table: JSON.
 * @param compile makes an encoder of it; its error is that of the documents that want it.
 */
export function encodersFor<Table>(
  read: (destination: Destination, signal: AbortSignal) => Promise<Table>,
  compile: (table: Table) => RowEncoder,
  clock: Clock,
): Encoders {
  const descriptions = new Map<string, Description>()
  const asked = new Map<string, Promise<RowEncoder>>()
  const refusals = new Map<string, { readonly error: Error; readonly until: number }>()
  // Most documents go where the one before them went, and bring the same destination.
  let last: { readonly destination: Destination; readonly encoder: RowEncoder } | undefined
  const turns = new Turns(maxAskedAtOnce)

  const describe = async (destination: Destination, key: string, signal: AbortSignal) => {
    try {
      const table = await turns.take(() => read(destination, signal))
      const text = JSON.stringify(table)
      const before = descriptions.get(key)
      const encoder = before?.text === text ? before.encoder : compile(table)
      remember(descriptions, key, { encoder, text, at: clock.now() })
      last = undefined
      return encoder
    } catch (thrown) {
      const error = asConnectorError(thrown)
      remember(refusals, key, { error, until: clock.now() + refusalLifeMs })
      throw error
    } finally {
      asked.delete(key)
    }
  }
  /** Documents that come while it is asked wait for the same answer. */
  const ask = (destination: Destination, key: string, signal: AbortSignal): Promise<RowEncoder> => {
    const asking = asked.get(key) ?? describe(destination, key, signal)
    asked.set(key, asking)
    return asking
  }

  return {
    of(destination, signal) {
      if (last?.destination === destination) return last.encoder
      const key = keyOf(destination)
      const known = descriptions.get(key)
      if (known !== undefined) {
        last = { destination, encoder: known.encoder }
        return known.encoder
      }
      const refusal = refusals.get(key)
      if (refusal && clock.now() < refusal.until) throw refusal.error
      return ask(destination, key, signal)
    },
    newerThan(refused, destination, signal) {
      const key = keyOf(destination)
      const known = descriptions.get(key)
      if (known === undefined || known.encoder !== refused) return undefined
      return clock.now() - known.at < descriptionLifeMs ? undefined : ask(destination, key, signal)
    },
  }
}

/** Rows that BigQuery itself is to check. */
export const noEncoders: Encoders = { of: () => undefined, newerThan: () => undefined }

function remember<Value>(map: Map<string, Value>, key: string, value: Value): void {
  map.delete(key)
  const [oldest] = map.keys()
  if (map.size >= maxRemembered && oldest !== undefined) map.delete(oldest)
  map.set(key, value)
}

/** So many calls at a time at most. */
class Turns {
  #free: number
  readonly #waiting: (() => void)[] = []

  constructor(count: number) {
    this.#free = count
  }

  async take<Result>(call: () => Promise<Result>): Promise<Result> {
    if (this.#free > 0) this.#free -= 1
    else await new Promise<void>((resolve) => this.#waiting.push(resolve))
    try {
      return await call()
    } finally {
      // A turn that somebody waits for goes from hand to hand.
      const next = this.#waiting.shift()
      if (next === undefined) this.#free += 1
      else next()
    }
  }
}

function keyOf({ projectId, datasetId, tableId }: Destination): string {
  return `${projectId}.${datasetId}.${tableId}`
}
