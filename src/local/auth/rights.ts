// Who may do what: an account's rights, what each route needs of them, and Google's words when it is missing.
import type { Catalog, TableEntry } from '../storage/catalog.ts'
import { ApiError, notFound } from '../wire/api-error.ts'

export interface Rights {
  may(permission: string, projectId: string): boolean
  /** False: for this caller there is no such project. */
  knows(projectId: string): boolean
}

/** Of whoever comes without a token of a service account. */
export const ALL_RIGHTS: Rights = { may: () => true, knows: () => true }

/** @param permissions undefined: all. Rights end at the account's own project. */
export function rightsIn(
  projectId: string,
  permissions: readonly string[] | undefined,
  exists: (projectId: string) => boolean,
): Rights {
  return {
    may: (permission, asked) => asked === projectId && permissions?.includes(permission) !== false,
    knows: (asked) => asked === projectId || exists(asked),
  }
}

/** What a permission is needed on; the smallest part that is named. */
interface Place {
  readonly projectId: string
  readonly datasetId?: string | undefined
  readonly tableId?: string | undefined
}

/** @throws ApiError 403 `accessDenied` that names the permission. */
export function demand(rights: Rights, permission: string, { projectId, datasetId, tableId }: Place): void {
  if (rights.may(permission, projectId)) return
  const name = tableId === undefined ? `${projectId}:${datasetId}` : `${projectId}:${datasetId}.${tableId}`
  const kind = tableId === undefined ? 'dataset' : 'table'
  const told =
    datasetId === undefined
      ? `Project ${projectId}: User does not have ${permission} permission in project ${projectId}.`
      : `${kind === 'table' ? 'Table' : 'Dataset'} ${name}: Permission ${permission} denied on ${kind} ${name} (or it may not exist).`
  throw new ApiError(403, 'accessDenied', `Access Denied: ${told}`)
}

const DATASETS = 'projects/:project/datasets'
const TABLES = `${DATASETS}/:dataset/tables`
const ROUTINES = `${DATASETS}/:dataset/routines`

/** What the route itself needs. Queries need more for what they name, and lists leave out what may not be seen. */
const NEEDS: Readonly<Record<string, string | undefined>> = {
  'GET projects': undefined,
  'GET projects/:project/serviceAccount': 'bigquery.jobs.create',
  [`GET ${DATASETS}`]: undefined,
  [`POST ${DATASETS}`]: 'bigquery.datasets.create',
  [`GET ${DATASETS}/:dataset`]: 'bigquery.datasets.get',
  [`PATCH ${DATASETS}/:dataset`]: 'bigquery.datasets.update',
  [`PUT ${DATASETS}/:dataset`]: 'bigquery.datasets.update',
  [`DELETE ${DATASETS}/:dataset`]: 'bigquery.datasets.delete',
  [`POST ${DATASETS}/:dataset/undelete`]: 'bigquery.datasets.create',
  [`GET ${TABLES}`]: 'bigquery.tables.list',
  [`POST ${TABLES}`]: 'bigquery.tables.create',
  [`GET ${TABLES}/:table`]: 'bigquery.tables.get',
  [`PATCH ${TABLES}/:table`]: 'bigquery.tables.update',
  [`PUT ${TABLES}/:table`]: 'bigquery.tables.update',
  [`DELETE ${TABLES}/:table`]: 'bigquery.tables.delete',
  [`POST ${TABLES}/:table/insertAll`]: 'bigquery.tables.updateData',
  [`GET ${TABLES}/:table/data`]: 'bigquery.tables.getData',
  [`GET ${ROUTINES}`]: 'bigquery.routines.list',
  [`POST ${ROUTINES}`]: 'bigquery.routines.create',
  [`GET ${ROUTINES}/:routine`]: 'bigquery.routines.get',
  [`PATCH ${ROUTINES}/:routine`]: 'bigquery.routines.update',
  [`PUT ${ROUTINES}/:routine`]: 'bigquery.routines.update',
  [`DELETE ${ROUTINES}/:routine`]: 'bigquery.routines.delete',
  'POST projects/:project/jobs': 'bigquery.jobs.create',
  'GET projects/:project/jobs': 'bigquery.jobs.list',
  // Whoever may run jobs may see them: this server does not keep whose they are.
  'GET projects/:project/jobs/:job': 'bigquery.jobs.create',
  'POST projects/:project/jobs/:job/cancel': 'bigquery.jobs.create',
  'DELETE projects/:project/jobs/:job/delete': 'bigquery.jobs.delete',
  'POST projects/:project/queries': 'bigquery.jobs.create',
  'GET projects/:project/queries/:job': 'bigquery.jobs.create',
}

interface Asked {
  readonly method: string
  readonly segments: readonly string[]
  readonly path: Readonly<Record<string, string>>
}

/** Uploads are known by their session; storage and faults are nobody's. */
const OPEN = /^(PUT|DELETE) (resumable\/)?upload\/|storage\/v1\/| _faults$/

/** @throws ApiError 404 for a project that is none, 403 for a right that is missing. */
export function checkRoute(rights: Rights, { method, segments, path }: Asked): void {
  const { project: projectId, dataset: datasetId, table } = path
  if (projectId === undefined) return
  if (!rights.knows(projectId)) throw notFound(`Project ${projectId}`)
  const route = `${method} ${segments.join('/')}`
  if (OPEN.test(route)) return
  const isUpload = /^POST (resumable\/)?upload\//.test(route)
  const permission = isUpload ? 'bigquery.jobs.create' : NEEDS[route]
  if (permission === undefined && !(route in NEEDS))
    throw new ApiError(501, 'notImplemented', `The local BigQuery knows no right for ${route}.`)
  const tableId = table?.replace(/\$\w+$/, '')
  if (permission !== undefined) demand(rights, permission, { projectId, datasetId, tableId })
}

/** The catalog as SQL of this caller meets it: each table that it names has to be readable. */
export function guardCatalog(catalog: Catalog, rights: Rights): Catalog {
  if (rights === ALL_RIGHTS) return catalog
  return {
    ...catalog,
    findTable(projectId, datasetId, tableId): TableEntry | undefined {
      demand(rights, 'bigquery.tables.getData', { projectId, datasetId, tableId })
      return catalog.findTable(projectId, datasetId, tableId)
    },
    createTable(entry, how) {
      demand(rights, 'bigquery.tables.create', { projectId: entry.projectId, datasetId: entry.datasetId })
      return catalog.createTable(entry, how)
    },
    changeTable(entry, ddl) {
      demand(rights, 'bigquery.tables.update', entry)
      return catalog.changeTable(entry, ddl)
    },
    deleteTable(projectId, datasetId, tableId) {
      demand(rights, 'bigquery.tables.delete', { projectId, datasetId, tableId })
      return catalog.deleteTable(projectId, datasetId, tableId)
    },
    createDataset(entry) {
      demand(rights, 'bigquery.datasets.create', { projectId: entry.projectId })
      return catalog.createDataset(entry)
    },
    deleteDataset(projectId, datasetId, deleteContents) {
      demand(rights, 'bigquery.datasets.delete', { projectId, datasetId })
      return catalog.deleteDataset(projectId, datasetId, deleteContents)
    },
  }
}
