// Views that come through tables.insert: their query, and the schema it gives.
import { startQuery } from '../jobs/run-query.ts'
import { ApiError, invalid } from '../wire/api-error.ts'
import type { FieldSchema, TableSchema } from '../wire/table-schema.ts'
import { type ApiRequest, part } from './route.ts'

export interface ViewDefinition {
  readonly type: 'VIEW' | 'MATERIALIZED_VIEW'
  readonly query: string
}

export function viewOf(body: Readonly<Record<string, unknown>>): ViewDefinition | undefined {
  const view = (body['view'] ?? body['materializedView']) as
    | { query?: unknown; useLegacySql?: unknown }
    | undefined
  if (view === undefined || view === null) return undefined
  const isView = body['view'] !== undefined
  if (typeof view.query !== 'string' || view.query.trim() === '')
    throw invalid(`Required parameter is missing: ${isView ? 'view' : 'materializedView'}.query`)
  // As for queries, the API's default is legacy SQL.
  if (isView && view.useLegacySql !== false)
    throw invalid(
      'Legacy SQL is not supported by the local BigQuery: send "useLegacySql": false.',
      'useLegacySql',
    )
  return { type: isView ? 'VIEW' : 'MATERIALIZED_VIEW', query: view.query }
}

/** The columns of the query; a schema that came along may only describe them. */
export async function viewSchema(request: ApiRequest, query: string, sent: unknown): Promise<TableSchema> {
  const projectId = part(request, 'project')
  const { location } = request.services.catalog.dataset(projectId, part(request, 'dataset'))
  const job = startQuery(request.services.queries, {
    projectId,
    location,
    configuration: { query: { query, useLegacySql: false } },
    dryRun: true,
  })
  await job.finished
  if (job.failure !== undefined)
    throw new ApiError(job.failure.status, job.failure.proto.reason, job.failure.proto.message)
  const derived = job.outcome?.schema
  if (derived === undefined || job.outcome?.statementType !== 'SELECT')
    throw invalid('The query of a view must be a SELECT statement.')
  const described = (sent as { fields?: readonly FieldSchema[] } | undefined)?.fields ?? []
  const fields = derived.fields.map((field) => {
    const description = described.find((other) => other.name === field.name)?.['description']
    return description === undefined ? field : { ...field, description }
  })
  const extra = described.find((other) => !fields.some((field) => field.name === other.name))
  if (extra !== undefined) throw invalid(`Schema field ${extra.name} is not a column of the view's query.`)
  return { fields }
}
