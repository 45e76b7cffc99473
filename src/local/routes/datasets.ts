// datasets: insert, get, list, patch, update, delete.
import { canonicalLocation } from '../jobs/job-store.ts'
import type { DatasetEntry } from '../storage/catalog.ts'
import { ApiError, invalid } from '../wire/api-error.ts'
import { mergePatch, sentFields } from './resource.ts'
import { type ApiRequest, jsonBody, listEtag, listPage, part, type Route, route } from './route.ts'

const OUTPUT_ONLY = [
  'kind',
  'etag',
  'id',
  'selfLink',
  'datasetReference',
  'location',
  'creationTime',
  'lastModifiedTime',
]

export const datasetRoutes: readonly Route[] = [
  route('POST', 'projects/:project/datasets', async (request) => {
    const body = jsonBody(request)
    const datasetId = (body['datasetReference'] as { datasetId?: unknown } | undefined)?.datasetId
    if (typeof datasetId !== 'string' || !/^[A-Za-z0-9_]{1,1024}$/.test(datasetId))
      throw invalid(
        `Invalid dataset ID "${datasetId ?? ''}". Dataset IDs must be alphanumeric (plus underscores) and must be at most 1024 characters long.`,
      )
    const entry = await request.services.catalog.createDataset({
      projectId: part(request, 'project'),
      datasetId,
      location: canonicalLocation(String(body['location'] ?? 'US')),
      sent: sentFields(body, OUTPUT_ONLY),
    })
    return resource(entry, request.baseUrl)
  }),
  route('GET', 'projects/:project/datasets', (request) => {
    const filters = labelFilters(request.query.get('filter'))
    const all = request.services.catalog.datasets(part(request, 'project'))
    const seen = all.filter(({ projectId }) => request.rights.may('bigquery.datasets.get', projectId))
    const shown = seen.filter(({ sent }) => {
      const labels = (sent['labels'] ?? {}) as Record<string, string>
      return filters.every(([key, value]) => key in labels && (value === undefined || labels[key] === value))
    })
    const { page, more } = listPage(shown, request.query)
    const datasets = page.map((entry) => {
      const { kind, id, datasetReference, location, labels, friendlyName } = resource(entry, request.baseUrl)
      const optional = { ...(labels ? { labels } : {}), ...(friendlyName ? { friendlyName } : {}) }
      return { kind, id, datasetReference, ...optional, location, type: 'DEFAULT' }
    })
    return {
      kind: 'bigquery#datasetList',
      etag: listEtag(all),
      ...(datasets.length > 0 ? { datasets } : {}),
      ...more,
    }
  }),
  route('GET', 'projects/:project/datasets/:dataset', (request) => resource(find(request), request.baseUrl)),
  route('PATCH', 'projects/:project/datasets/:dataset', (request) => change(request, mergePatch)),
  route('PUT', 'projects/:project/datasets/:dataset', (request) => change(request, (_old, sent) => sent)),
  route('DELETE', 'projects/:project/datasets/:dataset', async (request) => {
    const deleteContents = request.query.get('deleteContents') === 'true'
    await request.services.catalog.deleteDataset(
      part(request, 'project'),
      part(request, 'dataset'),
      deleteContents,
    )
    return undefined
  }),
  route('POST', 'projects/:project/datasets/:dataset/undelete', undelete),
]

function undelete(): never {
  throw new ApiError(501, 'notImplemented', 'The local BigQuery cannot bring back a deleted dataset.')
}

function find(request: ApiRequest): DatasetEntry {
  return request.services.catalog.dataset(part(request, 'project'), part(request, 'dataset'))
}

type Merge = (
  old: Readonly<Record<string, unknown>>,
  sent: Record<string, unknown>,
) => Record<string, unknown>

async function change(request: ApiRequest, merge: Merge): Promise<unknown> {
  const entry = find(request)
  checkEtag(request, entry.etag)
  const sent = merge(entry.sent, sentFields(jsonBody(request), OUTPUT_ONLY))
  return resource(await request.services.catalog.changeDataset({ ...entry, sent }), request.baseUrl)
}

export function checkEtag(request: ApiRequest, etag: string): void {
  const wanted = request.ifMatch
  if (wanted !== undefined && wanted !== etag && wanted !== '*')
    throw new ApiError(412, 'conditionNotMet', 'Precondition check failed.')
}

function resource(entry: DatasetEntry, baseUrl: string): Record<string, unknown> {
  const { projectId, datasetId } = entry
  return {
    kind: 'bigquery#dataset',
    etag: entry.etag,
    id: `${projectId}:${datasetId}`,
    selfLink: `${baseUrl}/projects/${projectId}/datasets/${datasetId}`,
    datasetReference: { datasetId, projectId },
    access: defaultAccess(projectId),
    ...entry.sent,
    creationTime: String(entry.createdAt),
    lastModifiedTime: String(entry.modifiedAt),
    location: entry.location,
    type: 'DEFAULT',
  }
}

/** What the service gives a dataset whose creator named nobody. */
function defaultAccess(projectId: string): readonly object[] {
  return [
    { role: 'WRITER', specialGroup: 'projectWriters' },
    { role: 'OWNER', specialGroup: 'projectOwners' },
    { role: 'OWNER', userByEmail: `local@${projectId}.iam.gserviceaccount.com` },
    { role: 'READER', specialGroup: 'projectReaders' },
  ]
}

function labelFilters(filter: string | null): [string, string | undefined][] {
  return (filter ?? '')
    .split(/\s+/)
    .filter((term) => term.startsWith('labels.'))
    .map((term) => {
      const [key = '', value] = term.slice('labels.'.length).split(':')
      return [key, value]
    })
}
