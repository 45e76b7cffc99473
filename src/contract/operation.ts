// What a host runs.
import type { Writable } from 'node:stream'
import type { DocumentSource } from './document.ts'
import type { OperationOptions } from './options/operations.ts'
import type { DeadLetter, Outcome } from './outcome.ts'

/** The actions of the connector. */
export type OperationId = keyof OperationOptions

/** An operation component's values: `objectType` and the options that its descriptor declares. */
export interface OperationConfig {
  /** What the operation acts on, as `browse` lists it: `datasets/shop/tables/orders`, `QUERY`. */
  readonly objectType: string
  readonly [option: string]: unknown
}

/**
 * An operation's configuration with its own options, for programs that want them checked when they are compiled:
 * `{ objectType, batchCount: 1000 } satisfies GivenOptions<'streaming-insert'>`.
 */
export type GivenOptions<Id extends OperationId> = OperationConfig & Partial<OperationOptions[Id]>

/** A destination that is not sent to for a while. */
export interface PausedDestination {
  /** `project.dataset.table` */
  readonly destination: string
  /** `paused`: its documents wait. `given-up`: its documents fail at once, but for one batch from time to time. */
  readonly state: 'paused' | 'given-up'
  /** BigQuery's reason (`quotaExceeded`), or the error's code; `new table` while insertAll does not know it yet. */
  readonly reason: string
  /** When it is tried again, in epoch milliseconds. */
  readonly until: number
}

/** How often values of which size occurred. */
export interface Histogram {
  readonly count: number
  readonly sum: number
  /** 0 where there is no value. */
  readonly min: number
  readonly max: number
  /** Upper bounds of the buckets, ascending, each part of its bucket. */
  readonly bounds: readonly number[]
  /** Values in each bucket; one more than `bounds`, for what is above the last. */
  readonly counts: readonly number[]
}

/** Counters of one execution. */
export interface Progress {
  /** Documents taken from the source. */
  readonly documents: number
  /** Documents that have their outcome, by status. */
  readonly success: number
  readonly applicationError: number
  readonly failure: number
  /** Rows sent, retries included. */
  readonly rowsSent: number
  /** Bytes of request bodies sent, before any compression, retries included. */
  readonly bytesSent: number
  /** Batches sent, each counted once. */
  readonly batches: number
  /** Requests that sent rows another time. */
  readonly retries: number
  /** Batches on the wire now. */
  readonly inFlight: number
  /** Requests by what became of them: `stored`, BigQuery's reason, or the error's code. */
  readonly answers: Readonly<Record<string, number>>
  /** Rows of a request. */
  readonly requestRows: Histogram
  /** Bytes of a request's body, before any compression. */
  readonly requestBytes: Histogram
  /** Milliseconds from a request to its answer. */
  readonly latencyMs: Histogram
  /** Bytes of documents taken whose outcome has not been handed on; absent where an operation has no budget. */
  readonly budget?: { readonly spentBytes: number; readonly limitBytes: number }
  /** Destinations that are not sent to just now, and why. */
  readonly paused: readonly PausedDestination[]
}

/** A stretch of a spool's file that holds no whole document. */
export interface SpoolDamage {
  readonly file: string
  /** Where it begins, and how long it is. */
  readonly offset: number
  readonly bytes: number
  /**
   * - `cut`: the file's end, usually a write that was not finished. It is cut off.
   * - `skipped`: whole documents follow it and are sent. The file is kept afterwards, as `FILE.damaged`.
   * - `kept`: it is the whole file, whose header is damaged, so nothing of it can be read. It is kept as
   *   `FILE.damaged`.
   *
   * Beside a file that is kept, its `.done` says which of its documents have had their outcome.
   */
  readonly remedy: 'cut' | 'skipped' | 'kept'
}

/** What an execution tells of its counters; a `ProgressFeed` is one. */
export interface ProgressSink {
  /** @param read gives the counters as they are, at any time. */
  begin(read: () => Progress): void
  /** Something happened on the wire, or many documents were taken. Must be quick. */
  changed(): void
  /** They do not change any more. */
  end(): void
}

export interface ExecuteOptions {
  /**
   * Stops the execution: no more documents are asked for, what has not left fails with `BQC_ABORTED`, and
   * requests on the wire have one second to be answered; then they are called off, and their rows fail too,
   * with the word that they may be stored. A job is cancelled or goes on, as the option `onStop` says; the
   * order to cancel it has five seconds. Every document handed over has its outcome. A source that is
   * asked already and answers only after the last request finds nobody: it keeps that document.
   */
  readonly signal?: AbortSignal
  /**
   * Called for each document that did not succeed, before its outcome is handed on; awaited. When it
   * throws, the documents go on, and the execution ends with `BQC_OUTPUT_UNWRITABLE` after the last outcome.
   */
  readonly deadLetter?: (letter: DeadLetter) => void | Promise<void>
  /**
   * With the option `spool`: the first `count` documents of the source are in the spool, or have their
   * outcome, and the host may forget them: a crash of the process cannot lose them any more. What it throws
   * is ignored.
   */
  readonly onSpooled?: (count: number) => void
  /**
   * With the option `spool`: called for each damage that is found while documents of a former execution
   * are read back. What it throws is ignored.
   */
  readonly onSpoolDamage?: (damage: SpoolDamage) => void
  /** Shows the counters of this execution: `new ProgressFeed()`. */
  readonly progress?: ProgressSink
}

export interface WritableOptions extends ExecuteOptions {
  /**
   * Called with each outcome, in the order in which `execute` yields them; awaited. When it throws, the
   * execution stops, and the stream is destroyed with what it threw.
   */
  readonly onOutcome?: (outcome: Outcome) => void | Promise<void>
}

/** A configured action on a connection. It can be executed many times, also at the same time. */
export interface Operation {
  readonly id: OperationId
  /** The values in force, defaults filled in. */
  readonly options: OperationConfig
  /**
   * Takes documents as there is room for them, and yields exactly one outcome for each, in document
   * order unless the option `outcomeOrder` says otherwise. It throws when the source does, or when dead letters could not be kept, and only after the
   * last outcome; everything that happens to a document is an outcome.
   * Leaving the loop early stops the execution.
   */
  execute(documents: DocumentSource, options?: ExecuteOptions): AsyncGenerator<Outcome, void, undefined>
  /**
   * The same as a Node stream in object mode, for documents that are pushed; it begins at once.
   *
   * - A `write` whose callback has come without an error was taken: it has, or will have, its outcome.
   *   Taking waits for room in the budget, so heed what `write` returns, or use `pipeline`.
   * - `finish` comes after the last outcome.
   * - `destroy`, like the signal, stops the execution: what was taken gets its outcome, then comes `close`.
   * - An error that `execute` would throw destroys the stream. So does a signal or a connection that is
   *   closed meanwhile, with `BQC_ABORTED`.
   */
  writable(options?: WritableOptions): Writable
}
