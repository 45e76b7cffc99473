// Tables, views and the datasets that they are in.
import type { bigquery_v2 } from 'googleapis/build/src/apis/bigquery/index.js'
import type { TableField } from '../contract/table-schema.ts'
import { ConnectorError } from '../errors.ts'
import { type Api, type Call, withSignal } from './api-call.ts'

/** A table or view, as the API gives it. */
export type TableResource = bigquery_v2.Schema$Table

interface TableDescription {
  readonly fields: readonly TableField[]
  /** `TABLE`, `VIEW`, ... */
  readonly type: string
}

/** A table's place. */
interface TablePlace {
  readonly projectId: string
  readonly datasetId: string
  readonly tableId: string
}

export interface Tables {
  getTable(
    projectId: string,
    datasetId: string,
    tableId: string,
    signal?: AbortSignal,
  ): Promise<TableDescription>
  /** The whole resource of a table or view. */
  getTableResource(
    projectId: string,
    datasetId: string,
    tableId: string,
    signal?: AbortSignal,
  ): Promise<TableResource>
  /**
   * Replaces a table's resource, or merges what is sent into it.
   * @param etag the state that the change was made from; another one refuses it with HTTP status 412.
   */
  updateTable(
    projectId: string,
    datasetId: string,
    tableId: string,
    change: {
      readonly sent: TableResource
      readonly isWhole: boolean
      readonly etag: string | undefined
    },
    signal?: AbortSignal,
  ): Promise<TableResource>
  /** Where a dataset is. */
  getLocation(projectId: string, datasetId: string, signal?: AbortSignal): Promise<string | undefined>
  /** Creates a table under a name that was made up for it: one that is there already was made by a lost answer. */
  createTable(place: TablePlace, table: TableResource, signal?: AbortSignal): Promise<void>
  /** Removes a table; one that is not there is removed. */
  deleteTable(place: TablePlace, signal?: AbortSignal): Promise<void>
}

export function openTables(api: Api, call: Call): Tables {
  return {
    async getTable(projectId, datasetId, tableId, signal) {
      const table = await call(`request for table ${projectId}.${datasetId}.${tableId}`, signal, () =>
        api.tables.get({ projectId, datasetId, tableId }, withSignal(signal)),
      )
      return { fields: (table.schema?.fields ?? []) as readonly TableField[], type: table.type ?? 'TABLE' }
    },
    async getLocation(projectId, datasetId, signal) {
      const dataset = await call(`request for dataset ${projectId}.${datasetId}`, signal, () =>
        api.datasets.get({ projectId, datasetId }, withSignal(signal)),
      )
      return dataset.location ?? undefined
    },
    async createTable({ projectId, datasetId, tableId }, table, signal) {
      const tableReference = { projectId, datasetId, tableId }
      await call(`new table ${projectId}.${datasetId}.${tableId}`, signal, () =>
        api.tables.insert(
          { projectId, datasetId, requestBody: { ...table, tableReference } },
          withSignal(signal),
        ),
      ).catch((thrown) => tolerate(thrown, 409))
    },
    async deleteTable({ projectId, datasetId, tableId }, signal) {
      await call(
        `removal of table ${projectId}.${datasetId}.${tableId}`,
        signal,
        () => api.tables.delete({ projectId, datasetId, tableId }, withSignal(signal)),
        { isEmpty: true },
      ).catch((thrown) => tolerate(thrown, 404))
    },
    getTableResource: (projectId, datasetId, tableId, signal) =>
      call(`request for table ${projectId}.${datasetId}.${tableId}`, signal, () =>
        api.tables.get({ projectId, datasetId, tableId }, withSignal(signal)),
      ),
    updateTable: (projectId, datasetId, tableId, { sent, isWhole, etag }, signal) => {
      const request = { projectId, datasetId, tableId, requestBody: sent }
      const condition = { ...withSignal(signal), ...(etag ? { headers: { 'if-match': etag } } : {}) }
      return call(`update of table ${projectId}.${datasetId}.${tableId}`, signal, () =>
        isWhole ? api.tables.update(request, condition) : api.tables.patch(request, condition),
      )
    },
  }
}

/** What a lost answer has done already is no error. */
function tolerate(thrown: unknown, status: number): void {
  if (!(thrown instanceof ConnectorError) || thrown.httpStatus !== status) throw thrown
}
