// What there is to choose from: projects, datasets and tables, page by page.
import { type Api, type Call, withSignal } from './api-call.ts'

/** Which page of a list. */
export interface PageRequest {
  /** As the page before gave it. */
  readonly pageToken?: string
  readonly maxResults?: number
}

export interface Page<Item> {
  readonly items: readonly Item[]
  /** Absent: this is the last page. */
  readonly nextPageToken: string | undefined
}

interface ListedProject {
  readonly projectId: string
  readonly name: string | undefined
}

interface ListedDataset {
  readonly datasetId: string
  readonly location: string | undefined
  readonly name: string | undefined
}

export interface ListedTable {
  readonly tableId: string
  /** `TABLE`, `VIEW`, ... */
  readonly type: string
}

export interface Lists {
  /** Projects that the account of the connection may see. */
  listProjects(page: PageRequest, signal?: AbortSignal): Promise<Page<ListedProject>>
  listDatasets(projectId: string, page: PageRequest, signal?: AbortSignal): Promise<Page<ListedDataset>>
  /** Tables and views of a dataset, in the service's order. */
  listTables(
    projectId: string,
    datasetId: string,
    page: PageRequest,
    signal?: AbortSignal,
  ): Promise<Page<ListedTable>>
}

export function openLists(api: Api, call: Call): Lists {
  return {
    async listProjects(page, signal) {
      const { projects, nextPageToken } = await call('list of projects', signal, () =>
        api.projects.list(page, withSignal(signal)),
      )
      const items = (projects ?? []).flatMap(({ projectReference, friendlyName }) =>
        projectReference?.projectId
          ? [{ projectId: projectReference.projectId, name: friendlyName ?? undefined }]
          : [],
      )
      return { items, nextPageToken: nextPageToken ?? undefined }
    },
    async listDatasets(projectId, page, signal) {
      const { datasets, nextPageToken } = await call(`list of datasets in ${projectId}`, signal, () =>
        api.datasets.list({ projectId, ...page }, withSignal(signal)),
      )
      const items = (datasets ?? []).flatMap(({ datasetReference, location, friendlyName }) =>
        datasetReference?.datasetId
          ? [
              {
                datasetId: datasetReference.datasetId,
                location: location ?? undefined,
                name: friendlyName ?? undefined,
              },
            ]
          : [],
      )
      return { items, nextPageToken: nextPageToken ?? undefined }
    },
    async listTables(projectId, datasetId, page, signal) {
      const { tables, nextPageToken } = await call(
        `list of tables in ${projectId}.${datasetId}`,
        signal,
        () => api.tables.list({ projectId, datasetId, ...page }, withSignal(signal)),
      )
      const items = (tables ?? []).flatMap(({ tableReference, type }) =>
        tableReference?.tableId
          ? [{ tableId: tableReference.tableId, type: (type ?? 'TABLE').toUpperCase() }]
          : [],
      )
      return { items, nextPageToken: nextPageToken ?? undefined }
    },
  }
}
