// Where operations run, and as whom.
import type { ErrorCode } from '../errors.ts'
import type { ObjectType } from './object-type.ts'
import type { Operation, OperationConfig, OperationId } from './operation.ts'
import type { BigqueryConnection } from './options/bigquery-connection.ts'
import type { Profile } from './profile.ts'

/** A connection component's values; what is left out has the default of descriptors/connections/bigquery.json. */
export type ConnectionConfig = Partial<BigqueryConnection> & Pick<BigqueryConnection, 'projectId'>

/** One step of a connection test. */
export interface TestStep {
  /** `token`: one was issued; `project`: the project answers, and this account may run jobs in it. */
  readonly step: string
  readonly ok: boolean
  /** `OK`, or the stable error code. */
  readonly code: 'OK' | ErrorCode
  readonly message: string
  readonly durationMs: number
}

export interface TestReport {
  /** True when every step is. Steps after a failed one are not tried. */
  readonly ok: boolean
  readonly steps: readonly TestStep[]
}

/** Where to look for object types. */
export interface BrowseScope {
  readonly datasetId?: string | undefined
  readonly projectIdOverride?: string | undefined
  /** Ends the wait, with `BQC_ABORTED`. */
  readonly signal?: AbortSignal | undefined
}

/** Project, endpoint and credentials, shared by any number of operations. */
export interface Connection {
  readonly projectId: string
  readonly endpoint: string
  /** Tries what real work needs, over the same transport; never throws. */
  test(): Promise<TestReport>
  /**
   * What an operation can act on.
   * @param scope `datasetId`: required where tables are listed. `projectIdOverride`: default the connection's project.
   */
  browse(operationId: OperationId, scope?: BrowseScope): Promise<readonly ObjectType[]>
  /** The shapes of the documents that go in and come out. */
  profile(
    operationId: OperationId,
    objectTypeId: string,
    scope?: Omit<BrowseScope, 'datasetId'>,
  ): Promise<Profile>
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
