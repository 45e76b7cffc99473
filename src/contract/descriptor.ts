// What a host reads to draw forms, without knowing BigQuery. Obeys schemas/descriptor.schema.json.
import type { ErrorCategory, ErrorCode } from '../errors.ts'
import type { ObjectType, TableType } from './object-type.ts'
import type { OperationId } from './operation.ts'
import type { JsonSchema } from './profile.ts'

/** A connection kind: its form is a JSON Schema with a few `x-` hints. */
export interface ConnectionDescriptor {
  readonly id: string
  readonly label: string
  readonly help: string
  readonly config: JsonSchema
}

/** What a host's engine needs to know of an operation. */
export interface OperationFacts {
  /** Where documents flow: into BigQuery, out of it, or both. */
  readonly direction: 'in' | 'out' | 'both'
  /** What a document holds: a JSON object, or a file's bytes. */
  readonly request: 'json' | 'file'
  /** Payloads that a document which succeeds gives. */
  readonly results: 'none' | 'one' | 'many'
  /** Executing the same document twice leaves what executing it once does. */
  readonly idempotent: boolean
  /** A stop ends what goes on at the service, too. */
  readonly cancels: boolean
  /** It can tell what a document would do without doing it. */
  readonly dryRun: boolean
  /** What differs while options have certain values; the first one that fits counts. */
  readonly variants?: readonly OperationFactsVariant[]
}

/** Facts that go before the usual ones. */
export interface OperationFactsVariant extends Partial<Pick<OperationFacts, 'request' | 'idempotent'>> {
  /** Each of these options has one of the values; one that is not filled in has its default. */
  readonly when: Readonly<Record<string, readonly (string | number | boolean)[]>>
}

export interface OperationDescriptor {
  readonly id: OperationId
  readonly label: string
  readonly help: string
  readonly facts: OperationFacts
  /** What it acts on: a fixed list, and BigQuery's types of the tables that are listed beside it. */
  readonly objectTypes: {
    readonly fixed?: readonly ObjectType[]
    readonly tables?: readonly TableType[]
  }
  /** JSON Schema of what `browse` and `profile` may be asked with; absent: nothing. */
  readonly scope?: JsonSchema
  /**
   * JSON Schema of the options, `objectType` included. The only place where defaults stand. Fields with
   * `x-per-document` can be overridden by a document's properties.
   */
  readonly options: JsonSchema
}

/** A stable error code. */
export interface ErrorDescriptor {
  readonly code: ErrorCode
  readonly category: ErrorCategory
  /** What has happened. */
  readonly meaning: string
  /** What to do next. */
  readonly advice: string
  /** Whether the connector sends such a request again by itself: whole, in halves, or not at all. */
  readonly verdict: 'retry' | 'split' | 'give-up'
  /**
   * What Streaming Insert does instead with the rows of a request. `split`: sends halves, until the row at
   * fault is alone. `not-yet`: where the table is there, sends them again until `newTableWaitMs` is over.
   */
  readonly ofRows?: 'split' | 'not-yet'
}

/** What BigQuery or the network says, and what follows from it. */
export interface AnswerDescriptor {
  /** `request`: an HTTP answer; `network`: none came; `row`: an error of one row in `insertErrors`; `job`: why a job failed. */
  readonly of: 'request' | 'network' | 'row' | 'job'
  /** HTTP statuses: `403`, `5xx`, `any`; present for `request`. */
  readonly statuses?: readonly string[]
  /** Absent: any. */
  readonly reasons?: readonly string[]
  /** How the message begins; of a job, what it says somewhere. Absent: anyhow. */
  readonly text?: string
  /** The error that it becomes when sending again does not help, or is not tried. */
  readonly code: ErrorCode
  /** Of a row: `rejected`, sent `again` at once, or `again-later`. */
  readonly verdict: ErrorDescriptor['verdict'] | 'rejected' | 'again' | 'again-later'
  /** What Streaming Insert does instead with the rows of a request. */
  readonly ofRows?: NonNullable<ErrorDescriptor['ofRows']>
  /** Milliseconds before it goes again, doubled each time, and never shorter than `Retry-After`. */
  readonly waitMs?: { readonly first: number; readonly longest: number }
}

export interface ConnectorDescriptor {
  readonly id: string
  readonly label: string
  readonly version: string
  readonly help: string
  readonly connections: readonly ConnectionDescriptor[]
  readonly operations: readonly OperationDescriptor[]
  /** Every error code that an outcome or an exception may carry. */
  readonly errors: readonly ErrorDescriptor[]
  /** What leads to them, in the order in which it is judged: of each kind, the first that fits counts. */
  readonly answers: readonly AnswerDescriptor[]
}
