// Where operations run, and as whom.
import type { ErrorCode } from '../errors.ts'
import type { ObjectType, TableType } from './object-type.ts'
import type { Operation, OperationConfig, OperationId } from './operation.ts'
import type { BigqueryConnection } from './options/bigquery-connection.ts'
import type { Profile } from './profile.ts'

/** A connection component's values; what is left out has the default of descriptors/connections/bigquery.json. */
export type ConnectionConfig = Partial<BigqueryConnection> & Pick<BigqueryConnection, 'projectId'>

/** One step of a connection test. */
export interface TestStep {
  /**
   * - `configuration`: only there when it failed; the values are not usable.
   * - `key`, `clock`: where a private key signs; it can be read, and this machine's clock is right.
   * - `token`: there is one.
   * - `project`: it answers.
   * - `jobs`: a dry run is accepted, which costs nothing.
   * - `read`: the table or view may be read, or the tables of the dataset listed.
   * - `insert`: rows may be inserted into the table. None is: the row that is sent fits no table.
   */
  readonly step: string
  readonly ok: boolean
  /** `OK`, `NOT_TRIED` when there was nothing to try, or the stable error code. */
  readonly code: 'OK' | 'NOT_TRIED' | ErrorCode
  readonly message: string
  /** What to do next; only where the step failed. */
  readonly hint?: string
  readonly durationMs: number
}

export interface TestReport {
  /** True when every step is. `jobs`, `read` and `insert` are all tried; no other step is after one that failed. */
  readonly ok: boolean
  readonly steps: readonly TestStep[]
}

/** What a test tries beside the connection itself. */
export interface TestScope {
  /** Tries to read there, and with `tableId` to insert. */
  readonly datasetId?: string | undefined
  readonly tableId?: string | undefined
  /** Ends the test; the step under way fails with `BQC_ABORTED`. */
  readonly signal?: AbortSignal | undefined
}

/** Where to look for object types. */
export interface BrowseScope {
  /** Required where tables are listed and nothing else is. */
  readonly datasetId?: string | undefined
  /** Default: the connection's project. */
  readonly projectIdOverride?: string | undefined
  /** Only tables of this type. */
  readonly resourceType?: TableType | undefined
  /** Only what has this text in its label, upper and lower case alike. */
  readonly search?: string | undefined
  /** The first so many, in their order. Default: all. */
  readonly limit?: number | undefined
  /** Ends the wait, with `BQC_ABORTED`. */
  readonly signal?: AbortSignal | undefined
}

/** What a profile is made from beside the object type. */
export interface ProfileScope {
  /** Default: the connection's project. */
  readonly projectIdOverride?: string | undefined
  /** Of Update: what a DYNAMIC document changes. Default `TABLE`. */
  readonly resourceType?: TableType | undefined
  /** Of Get Query Results: a statement. BigQuery is asked, free of charge, which columns its result has. */
  readonly query?: string | undefined
  /** Of Get Query Results: the options of these names. Default `string`. */
  readonly integers?: 'string' | 'number' | 'bigint' | undefined
  readonly decimals?: 'string' | 'number' | undefined
  /** Of Upsert: the options of these names. Default: a document is a file. */
  readonly input?: 'file' | 'documents' | undefined
  readonly keyColumns?: readonly string[] | string | undefined
  readonly orderColumn?: string | undefined
  readonly deleteColumn?: string | undefined
  readonly columns?: 'given' | 'all' | undefined
  /**
   * Where shapes of jobs and tables come from: the URL or the path of a discovery document of the API. Default:
   * the revision that is part of this package.
   */
  readonly discovery?: string | undefined
  /**
   * Levels that schemas are written out to, for readers that cannot follow `$ref`; what is deeper may be anything.
   * Default: `$ref` and `$defs`, which also say recursion exactly.
   */
  readonly depth?: number | undefined
  /** Ends the wait, with `BQC_ABORTED`. */
  readonly signal?: AbortSignal | undefined
}

/** What a field with `x-lookup` chooses from. */
export type LookUpList = 'projects' | 'datasets' | 'tables' | 'columns' | 'object-types' | 'locations'

export interface LookUpScope {
  /** Default: the connection's project. */
  readonly projectIdOverride?: string | undefined
  /** Of tables, object types and columns. */
  readonly datasetId?: string | undefined
  /** Of columns: the table; or `objectTypeId`. */
  readonly tableId?: string | undefined
  readonly objectTypeId?: string | undefined
  /** Of object types: whose. */
  readonly operationId?: OperationId | undefined
  /** Only tables of this type. */
  readonly resourceType?: TableType | undefined
  /** Only what has this text in its label, upper and lower case alike. */
  readonly search?: string | undefined
  /** Items at most, 1 to 1000. Default 100. */
  readonly limit?: number | undefined
  /** Goes on after the page that gave it, with the same scope. */
  readonly pageToken?: string | undefined
  /** Ends the wait, with `BQC_ABORTED`. */
  readonly signal?: AbortSignal | undefined
}

export interface LookUpItem {
  /** The value to fill in. */
  readonly id: string
  readonly label: string
  /** A table's kind, a column's type, a dataset's location. */
  readonly kind?: string
  readonly help?: string
}

export interface LookUpPage {
  /** As many as asked for, unless these are the last ones. */
  readonly items: readonly LookUpItem[]
  /** Absent: there are no more. */
  readonly nextPageToken?: string
}

/** Project, endpoint and credentials, shared by any number of operations. */
export interface Connection {
  readonly projectId: string
  readonly endpoint: string
  /** Tries what real work needs, over the same transport; never throws. */
  test(scope?: TestScope): Promise<TestReport>
  /**
   * What an operation can act on, in the order of labels, behind what is always there (`DYNAMIC`, `QUERY`).
   * @throws ConnectorError `BQC_NOT_FOUND` where there is nothing.
   */
  browse(operationId: OperationId, scope?: BrowseScope): Promise<readonly ObjectType[]>
  /** One page of what can be filled in somewhere, in the service's order: for lists that may be long. */
  lookUp(list: LookUpList, scope?: LookUpScope): Promise<LookUpPage>
  /** The shapes of the documents that go in, and of the payloads that come out. */
  profile(operationId: OperationId, objectTypeId: string, scope?: ProfileScope): Promise<Profile>
  /**
   * @throws ConnectorError `BQC_CONFIG_INVALID` with every fault of the configuration at once.
   */
  operation(operationId: OperationId, config: OperationConfig): Operation
  /**
   * Stops running executions, as their signal would, and resolves when the requests on the wire are
   * answered and all sockets are closed. May be called twice.
   */
  close(): Promise<void>
}
