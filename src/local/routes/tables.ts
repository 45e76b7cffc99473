// tables: insert, get, list, patch, update, delete.
import type { TableEntry } from '../storage/catalog.ts'
import { physicalTable } from '../storage/physical-names.ts'
import { ApiError, invalid } from '../wire/api-error.ts'
import { acceptSchema } from '../wire/table-schema.ts'
import { checkEtag } from './datasets.ts'
import { mergePatch, sentFields } from './resource.ts'
import { type ApiRequest, jsonBody, listPage, part, type Route, route } from './route.ts'
import { schemaChange } from './schema-change.ts'

const OUTPUT_ONLY = [
  ...['kind', 'etag', 'id', 'selfLink', 'tableReference', 'schema', 'type', 'location', 'streamingBuffer'],
  ...['creationTime', 'lastModifiedTime', 'numRows', 'numBytes', 'numLongTermBytes'],
]

export const tableRoutes: readonly Route[] = [
  route('POST', 'projects/:project/datasets/:dataset/tables', async (request) => {
    const body = jsonBody(request)
    const tableId = (body['tableReference'] as { tableId?: unknown } | undefined)?.tableId
    if (typeof tableId !== 'string' || !/^[\p{L}\p{M}\p{N}\p{Pc}\p{Pd} ]{1,1024}$/u.test(tableId))
      throw invalid(`Invalid table ID "${tableId ?? ''}".`)
    for (const kind of ['view', 'materializedView', 'externalDataConfiguration'])
      if (body[kind] !== undefined)
        throw new ApiError(501, 'notImplemented', `The local BigQuery does not support "${kind}" tables.`)
    const entry = await request.services.catalog.createTable({
      projectId: part(request, 'project'),
      datasetId: part(request, 'dataset'),
      tableId,
      schema: acceptSchema(body['schema'] ?? {}),
      sent: sentFields(body, OUTPUT_ONLY),
    })
    return resource(request, entry)
  }),
  route('GET', 'projects/:project/datasets/:dataset/tables', (request) => {
    const all = request.services.catalog.tables(part(request, 'project'), part(request, 'dataset'))
    const { page, more } = listPage(all, request.query)
    const tables = page.map((entry) => ({
      kind: 'bigquery#table',
      id: tableName(entry),
      tableReference: tableReference(entry),
      type: 'TABLE',
      ...sentFields(entry.sent, ['description']),
      creationTime: String(entry.createdAt),
    }))
    const etag =
      all
        .map((entry) => entry.etag)
        .join()
        .slice(0, 24) || 'empty'
    const list = tables.length > 0 ? { tables } : {}
    return { kind: 'bigquery#tableList', etag, ...more, ...list, totalItems: all.length }
  }),
  route('GET', 'projects/:project/datasets/:dataset/tables/:table', (request) =>
    resource(request, findTable(request)),
  ),
  route('PATCH', 'projects/:project/datasets/:dataset/tables/:table', (request) =>
    change(request, mergePatch),
  ),
  route('PUT', 'projects/:project/datasets/:dataset/tables/:table', (request) =>
    change(request, (_old, sent) => sent),
  ),
  route('DELETE', 'projects/:project/datasets/:dataset/tables/:table', async (request) => {
    const { catalog } = request.services
    await catalog.deleteTable(part(request, 'project'), part(request, 'dataset'), part(request, 'table'))
    return undefined
  }),
]

export function findTable(request: ApiRequest): TableEntry {
  return request.services.catalog.table(
    part(request, 'project'),
    part(request, 'dataset'),
    part(request, 'table'),
  )
}

type Merge = (
  old: Readonly<Record<string, unknown>>,
  sent: Record<string, unknown>,
) => Record<string, unknown>

async function change(request: ApiRequest, merge: Merge): Promise<unknown> {
  const entry = findTable(request)
  checkEtag(request, entry.etag)
  const body = jsonBody(request)
  const sent = merge(entry.sent, sentFields(body, OUTPUT_ONLY))
  const schema = body['schema'] === undefined ? entry.schema : acceptSchema(body['schema'])
  const ddl = schema === entry.schema ? [] : schemaChange(entry, schema)
  return resource(request, await request.services.catalog.changeTable({ ...entry, sent, schema }, ddl))
}

function tableName(entry: TableEntry): string {
  return `${entry.projectId}:${entry.datasetId}.${entry.tableId}`
}

function tableReference(entry: TableEntry): Record<string, string> {
  return { projectId: entry.projectId, datasetId: entry.datasetId, tableId: entry.tableId }
}

async function resource(request: ApiRequest, entry: TableEntry): Promise<Record<string, unknown>> {
  const { projectId, datasetId, tableId } = entry
  const counts = request.query.get('view') === 'BASIC' ? {} : await storageCounts(request, entry)
  return {
    kind: 'bigquery#table',
    etag: entry.etag,
    id: tableName(entry),
    selfLink: `${request.baseUrl}/projects/${projectId}/datasets/${datasetId}/tables/${encodeURIComponent(tableId)}`,
    tableReference: tableReference(entry),
    ...entry.sent,
    ...(entry.schema.fields.length > 0 ? { schema: entry.schema } : {}),
    ...counts,
    creationTime: String(entry.createdAt),
    type: 'TABLE',
    location: entry.location,
  }
}

/** Bytes are always reported as zero: the local server has no figure that would match the service's. */
async function storageCounts(request: ApiRequest, entry: TableEntry): Promise<Record<string, string>> {
  const name = physicalTable(entry.projectId, entry.datasetId, entry.tableId)
  const rows = await request.services.reading.use((connection) =>
    connection.runAndReadAll(`SELECT count(*) FROM ${name}`),
  )
  const numRows = String(rows.getRows()[0]?.[0] ?? 0)
  return { numBytes: '0', numLongTermBytes: '0', numRows, lastModifiedTime: String(entry.modifiedAt) }
}
