// What became of one document.
import type { ErrorCode, Fault } from '../errors.ts'

/**
 * - `success`: done as asked.
 * - `application-error`: BigQuery or the document said no; sending it again unchanged will not help.
 * - `failure`: the service, the set-up or the connector is at fault; the document may be sent again.
 */
export type OutcomeStatus = 'success' | 'application-error' | 'failure'

/** Figures of a job. What BigQuery does not say of it is absent. */
export interface JobStatistics {
  /** Of a query; in a dry run what it would read. */
  readonly bytesProcessed?: number
  /** What a query is charged for, where it is not run on reserved slots. */
  readonly bytesBilled?: number
  readonly slotMs?: number
  /** Rows that a statement changed, a load or a copy wrote. */
  readonly rows?: number
  /** The result came from the cache, free of charge. */
  readonly cacheHit?: boolean
  /** Milliseconds that the job waited for its start. */
  readonly queuedMs?: number
  /** Milliseconds from its start to its end. */
  readonly runMs?: number
  /** What a query costs by its bytes and the option `pricePerTiB`, in that price's currency; 0 from the cache. */
  readonly costEstimate?: number
  /** The job was found: a former execution had started it, and it is not run again. */
  readonly isFormer?: true
}

/** Exactly one of these comes out for each document that goes in (see `sequence` for the exception). */
export interface Outcome {
  /** Position of the document in its source, from 0. */
  readonly index: number
  /**
   * The document came from the spool, and not from the source of this execution: `index` is its position
   * in the source of the execution that took it, which ended before it could hand on the outcome.
   */
  readonly recovered?: true
  /** The document's own id, when it has one. */
  readonly id: string | undefined
  readonly status: OutcomeStatus
  /**
   * `200` for a success; otherwise the HTTP status of the service's answer. Where there was none: `400` for a
   * document refused by its content, `408` for a job that was not done in time, else the error's code (no
   * network, sign-in refused, aborted).
   */
  readonly code: string
  /** For people: what happened, to which thing, what to do next. Empty for a success that was all that was asked. */
  readonly message: string
  /** What the operation gives back: a Job, a row, BigQuery's error objects. */
  readonly payload: unknown
  /** How often the document was sent: 0 when it never left. */
  readonly attempts: number
  /** Of a job that is done. */
  readonly statistics?: JobStatistics
  /** The stable error code; absent for a success. */
  readonly errorCode?: ErrorCode
  /** BigQuery's own reason, such as `invalid` or `quotaExceeded`, when it gave one. */
  readonly reason?: string
  /** What is wrong with which field, when that is known. */
  readonly faults?: readonly Fault[]
  /**
   * What BigQuery complained of although it did what was asked; on the final outcome of a document. What it
   * gave is there all the same.
   */
  readonly warnings?: readonly ServiceWarning[]
  /** The insertId that the row carried. */
  readonly insertId?: string
  /** `project.dataset.table` that the row was meant for. */
  readonly destination?: string
  /** The end of the table's name that is a template's suffix; on documents that did not succeed. */
  readonly templateSuffix?: string
  /**
   * An operation that gives many results for one document (Get Query Results) yields one outcome a
   * result, all with the same `index`, numbered from 0 by `sequence`; exactly one of them, the final
   * one, has `last`.
   */
  readonly sequence?: number
  readonly last?: boolean
}

/** In BigQuery's words. */
export interface ServiceWarning {
  readonly reason?: string
  readonly location?: string
  readonly message?: string
}

/** A document that did not succeed, kept so that it can be mended and sent again. Obeys schemas/dead-letter.schema.json. */
export interface DeadLetter {
  readonly index: number
  readonly id?: string
  readonly status: Exclude<OutcomeStatus, 'success'>
  readonly code: string
  readonly errorCode: ErrorCode
  readonly message: string
  readonly reason?: string
  /** JSON pointer, value and reason of each fault. */
  readonly faults: readonly Fault[]
  /** How often the document was sent; replays add theirs. */
  readonly attempts: number
  readonly insertId?: string
  readonly destination?: string
  readonly templateSuffix?: string
  readonly properties?: Readonly<Record<string, string>>
  /**
   * The document's data: an object, or its text where it is not JSON or an object would not say all of it.
   * `null` for a stream or a source of bytes.
   */
  readonly data: unknown
  /** When it was given up for the first time, RFC 3339; replays keep it. */
  readonly firstTime: string
  /** When it was given up last, RFC 3339. */
  readonly time: string
}
