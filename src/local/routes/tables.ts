// tables: insert, get, list, patch, update, delete.
import type { TableEntry } from '../storage/catalog.ts'
import { isView } from '../storage/entries.ts'
import { physicalTable } from '../storage/physical-names.ts'
import { ApiError, invalid } from '../wire/api-error.ts'
import { acceptSchema, type FieldSchema } from '../wire/table-schema.ts'
import { checkEtag } from './datasets.ts'
import { mergePatch, sentFields } from './resource.ts'
import { type ApiRequest, jsonBody, listEtag, listPage, part, type Route, route } from './route.ts'
import { schemaChange } from './schema-change.ts'
import { checkProperties } from './table-properties.ts'
import { viewOf, viewSchema } from './views.ts'

const OUTPUT_ONLY = [
  ...['kind', 'etag', 'id', 'selfLink', 'tableReference', 'schema', 'type', 'location', 'streamingBuffer'],
  ...['creationTime', 'lastModifiedTime', 'numRows', 'numBytes', 'numLongTermBytes'],
  ...['numTotalLogicalBytes', 'numActiveLogicalBytes', 'numLongTermLogicalBytes'],
]

/** The parts of a table resource that tables.list shows too. */
const LISTED = [
  ...['friendlyName', 'labels', 'timePartitioning', 'rangePartitioning', 'clustering'],
  ...['requirePartitionFilter', 'expirationTime'],
]

const VIEWS_OF_METADATA = ['TABLE_METADATA_VIEW_UNSPECIFIED', 'BASIC', 'STORAGE_STATS', 'FULL']

const LIST = 'projects/:project/datasets/:dataset/tables'
const ONE = `${LIST}/:table`

export const tableRoutes: readonly Route[] = [
  route('POST', LIST, (request) => insert(request)),
  route('GET', LIST, (request) => {
    const all = request.services.catalog.tables(part(request, 'project'), part(request, 'dataset'))
    const { page, more } = listPage(all, request.query)
    const tables = page.map((entry) => ({
      kind: 'bigquery#table',
      id: tableName(entry),
      tableReference: tableReference(entry),
      type: entry.type ?? 'TABLE',
      ...Object.fromEntries(LISTED.filter((key) => key in entry.sent).map((key) => [key, entry.sent[key]])),
      ...(entry.type === 'VIEW' ? { view: { useLegacySql: false } } : {}),
      creationTime: String(entry.createdAt),
    }))
    const list = tables.length > 0 ? { tables } : {}
    return { kind: 'bigquery#tableList', etag: listEtag(all), ...more, ...list, totalItems: all.length }
  }),
  route('GET', ONE, (request) => resource(request, findTable(request))),
  route('PATCH', ONE, (request) => change(request, true)),
  route('PUT', ONE, (request) => change(request, false)),
  route('DELETE', ONE, async (request) => {
    const { catalog } = request.services
    await catalog.deleteTable(part(request, 'project'), part(request, 'dataset'), part(request, 'table'))
    return undefined
  }),
]

async function insert(request: ApiRequest): Promise<unknown> {
  const body = jsonBody(request)
  const [projectId, datasetId] = [part(request, 'project'), part(request, 'dataset')]
  const tableId = (body['tableReference'] as { tableId?: unknown } | undefined)?.tableId
  if (typeof tableId !== 'string' || !/^[\p{L}\p{M}\p{N}\p{Pc}\p{Pd} ]{1,1024}$/u.test(tableId))
    throw invalid(`Invalid table ID "${tableId ?? ''}".`)
  if (body['externalDataConfiguration'] !== undefined)
    throw new ApiError(501, 'notImplemented', 'The local BigQuery does not support external tables.')
  const { catalog } = request.services
  const name = { projectId, datasetId, tableId }
  const sent = withDatasetDefaults(request, sentFields(body, OUTPUT_ONLY))
  const view = viewOf(body)
  if (view !== undefined) {
    catalog.dataset(projectId, datasetId)
    const schema = await viewSchema(request, view.query, body['schema'])
    return resource(request, await catalog.createTable({ ...name, schema, sent, type: view.type }))
  }
  const schema = acceptSchema(body['schema'] ?? {})
  checkProperties(sent, schema)
  return resource(request, await catalog.createTable({ ...name, schema, sent }))
}

/** A dataset's default expiration holds for its new tables. */
function withDatasetDefaults(request: ApiRequest, sent: Record<string, unknown>): Record<string, unknown> {
  const { catalog, now } = request.services
  const dataset = catalog.dataset(part(request, 'project'), part(request, 'dataset'))
  const lifetime = dataset.sent['defaultTableExpirationMs']
  if (lifetime === undefined || sent['expirationTime'] !== undefined) return sent
  return { ...sent, expirationTime: String(now() + Number(lifetime)) }
}

export function findTable(request: ApiRequest): TableEntry {
  return request.services.catalog.table(
    part(request, 'project'),
    part(request, 'dataset'),
    part(request, 'table'),
  )
}

/** Partitioning cannot be put on a table, or be taken away or moved to another column, later. */
function checkFixed(old: Readonly<Record<string, unknown>>, sent: Readonly<Record<string, unknown>>): void {
  for (const kind of ['timePartitioning', 'rangePartitioning']) {
    const shape = (of: Readonly<Record<string, unknown>>): string => {
      const { type, field } = (of[kind] ?? {}) as { type?: string; field?: string }
      return of[kind] ? `${type ?? 'RANGE'} ${field ?? ''}`.toUpperCase() : ''
    }
    if (shape(old) !== shape(sent))
      throw invalid(`Cannot change partitioning spec of an existing table. (${kind})`)
  }
}

async function change(request: ApiRequest, isPatch: boolean): Promise<unknown> {
  const entry = findTable(request)
  checkEtag(request, entry.etag)
  const body = jsonBody(request)
  const given = sentFields(body, OUTPUT_ONLY)
  const sent = isPatch ? mergePatch(entry.sent, given) : given
  if (isView(entry)) return changeView(request, entry, sent)
  if (viewOf(body) !== undefined) throw invalid('Cannot turn a table into a view.')
  const schema = body['schema'] === undefined ? entry.schema : acceptSchema(body['schema'])
  checkFixed(entry.sent, sent)
  checkProperties(sent, schema)
  const ddl = schema === entry.schema ? [] : schemaChange(entry, schema)
  return resource(request, await request.services.catalog.changeTable({ ...entry, sent, schema }, ddl))
}

async function changeView(
  request: ApiRequest,
  entry: TableEntry,
  sent: Record<string, unknown>,
): Promise<unknown> {
  const view = viewOf(sent)
  const before = viewOf(entry.sent)
  if (view === undefined) throw invalid('A view cannot be turned into a table.')
  if (entry.type === 'MATERIALIZED_VIEW' && view.query !== before?.query)
    throw invalid('The query of a materialized view cannot be changed.')
  const schema =
    view.query === before?.query && jsonBody(request)['schema'] === undefined
      ? entry.schema
      : await viewSchema(request, view.query, jsonBody(request)['schema'])
  return resource(request, await request.services.catalog.changeTable({ ...entry, sent, schema }))
}

function tableName(entry: TableEntry): string {
  return `${entry.projectId}:${entry.datasetId}.${entry.tableId}`
}

function tableReference(entry: TableEntry): Record<string, string> {
  return { projectId: entry.projectId, datasetId: entry.datasetId, tableId: entry.tableId }
}

async function resource(request: ApiRequest, entry: TableEntry): Promise<Record<string, unknown>> {
  const { projectId, datasetId, tableId } = entry
  const metadataView = request.query.get('view') || 'STORAGE_STATS'
  if (!VIEWS_OF_METADATA.includes(metadataView))
    throw invalid(`Invalid value for view: ${metadataView}`, 'view')
  const isBasic = metadataView === 'BASIC'
  const fields = selected(entry.schema.fields, request.query.get('selectedFields'))
  return {
    kind: 'bigquery#table',
    etag: entry.etag,
    id: tableName(entry),
    selfLink: `${request.baseUrl}/projects/${projectId}/datasets/${datasetId}/tables/${encodeURIComponent(tableId)}`,
    tableReference: tableReference(entry),
    ...entry.sent,
    ...(fields.length > 0 ? { schema: { ...entry.schema, fields } } : {}),
    ...(isBasic ? {} : await storageCounts(request, entry)),
    creationTime: String(entry.createdAt),
    ...(isBasic ? {} : { lastModifiedTime: String(entry.modifiedAt) }),
    type: entry.type ?? 'TABLE',
    location: entry.location,
  }
}

function selected(fields: readonly FieldSchema[], names: string | null): readonly FieldSchema[] {
  if (!names) return fields
  const wanted = names.split(',').map((name) => (name.trim().split('.')[0] ?? '').toLowerCase())
  return fields.filter((field) => wanted.includes(field.name.toLowerCase()))
}

/** Bytes are always reported as zero: the local server has no figure that would match the service's. */
async function storageCounts(request: ApiRequest, entry: TableEntry): Promise<Record<string, unknown>> {
  const zeros = {
    ...{ numBytes: '0', numLongTermBytes: '0', numTotalLogicalBytes: '0' },
    ...{ numActiveLogicalBytes: '0', numLongTermLogicalBytes: '0' },
  }
  if (isView(entry)) return entry.type === 'VIEW' ? {} : { ...zeros, numRows: '0' }
  const name = physicalTable(entry.projectId, entry.datasetId, entry.tableId)
  const { reading, rows } = request.services
  const counted = await reading.use((connection) => connection.runAndReadAll(`SELECT count(*) FROM ${name}`))
  const buffer = rows.buffers.of(entry.incarnation)
  const streamingBuffer =
    buffer === undefined
      ? {}
      : {
          streamingBuffer: {
            estimatedRows: String(buffer.rows),
            estimatedBytes: '0',
            oldestEntryTime: String(buffer.oldestAt),
          },
        }
  return { ...zeros, numRows: String(counted.getRows()[0]?.[0] ?? 0), ...streamingBuffer }
}
