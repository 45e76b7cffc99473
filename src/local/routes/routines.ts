// routines: insert, get, list, update, delete.
import type { RoutineEntry, RoutineName } from '../storage/routine-catalog.ts'
import { invalid } from '../wire/api-error.ts'
import { checkEtag } from './datasets.ts'
import { mergePatch, sentFields } from './resource.ts'
import { type ApiRequest, jsonBody, listEtag, listPage, part, type Route, route } from './route.ts'

const OUTPUT_ONLY = ['etag', 'routineReference', 'creationTime', 'lastModifiedTime']
const LIST = 'projects/:project/datasets/:dataset/routines'
const ONE = `${LIST}/:routine`

export const routineRoutes: readonly Route[] = [
  route('POST', LIST, async (request) => {
    const body = jsonBody(request)
    const routineId = (body['routineReference'] as { routineId?: unknown } | undefined)?.routineId
    if (typeof routineId !== 'string' || !/^[A-Za-z0-9_]{1,256}$/.test(routineId))
      throw invalid(`Invalid routine ID "${routineId ?? ''}".`)
    checkDefinition(body)
    const name = { ...nameOf(request), routineId }
    return resource(await request.services.catalog.routines.insert(name, stored(body)))
  }),
  route('GET', LIST, (request) => {
    const { projectId, datasetId } = nameOf(request)
    const all = request.services.catalog.routines.list(projectId, datasetId)
    const { page, more } = listPage(all, request.query)
    const routines = page.map((entry) => {
      const { etag, routineReference, routineType, language, creationTime, lastModifiedTime } =
        resource(entry)
      return { etag, routineReference, routineType, language, creationTime, lastModifiedTime }
    })
    return { etag: listEtag(all), ...more, ...(routines.length > 0 ? { routines } : {}) }
  }),
  route('GET', ONE, (request) => resource(find(request))),
  route('PUT', ONE, (request) => change(request, (_old, sent) => sent)),
  route('PATCH', ONE, (request) => change(request, mergePatch)),
  route('DELETE', ONE, async (request) => {
    await request.services.catalog.routines.delete(nameOf(request))
    return undefined
  }),
]

function nameOf(request: ApiRequest): RoutineName {
  return {
    projectId: part(request, 'project'),
    datasetId: part(request, 'dataset'),
    routineId: part(request, 'routine'),
  }
}

function find(request: ApiRequest): RoutineEntry {
  return request.services.catalog.routines.get(nameOf(request))
}

async function change(
  request: ApiRequest,
  merge: (old: Readonly<Record<string, unknown>>, sent: Record<string, unknown>) => Record<string, unknown>,
): Promise<unknown> {
  const entry = find(request)
  checkEtag(request, entry.etag)
  const sent = merge(entry.sent, stored(jsonBody(request)))
  checkDefinition(sent)
  return resource(await request.services.catalog.routines.put(nameOf(request), sent))
}

function stored(body: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const { language, ...sent } = sentFields(body, OUTPUT_ONLY)
  return { ...sent, language: language ?? 'SQL' }
}

function checkDefinition(routine: Readonly<Record<string, unknown>>): void {
  for (const name of ['routineType', 'definitionBody'])
    if (typeof routine[name] !== 'string' || routine[name] === '')
      throw invalid(`Required parameter is missing: ${name}`, name)
}

function resource(entry: RoutineEntry): Record<string, unknown> {
  const { projectId, datasetId, routineId } = entry
  return {
    etag: entry.etag,
    routineReference: { projectId, datasetId, routineId },
    ...entry.sent,
    creationTime: String(entry.createdAt),
    lastModifiedTime: String(entry.modifiedAt),
  }
}
