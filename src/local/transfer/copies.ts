// Copy jobs: the rows of one or more tables into another.
import type { Job } from '../jobs/job.ts'
import type { TableEntry } from '../storage/catalog.ts'
import { ApiError, invalid } from '../wire/api-error.ts'
import { quoteName } from '../wire/table-schema.ts'
import {
  datasetAt,
  startTransfer,
  type TransferEngine,
  type TransferRequest,
  tableReference,
} from './transfer.ts'
import { checkDestination, disposition, physicalName, writeRows } from './write-result.ts'

/** Properties of the source that a copy takes along. */
const COPIED = ['timePartitioning', 'rangePartitioning', 'clustering', 'description', 'labels']

export function startCopy(engine: TransferEngine, request: TransferRequest): Job {
  const { projectId } = request
  const copy = request.configuration['copy'] as Readonly<Record<string, unknown>>
  const target = tableReference(copy['destinationTable'], projectId, 'destinationTable')
  const { location } = datasetAt(engine.catalog, target, request.location)
  const operation = String(copy['operationType'] || 'COPY')
  if (operation !== 'COPY' && operation !== 'CLONE')
    throw new ApiError(
      501,
      'notImplemented',
      `Copy operation ${operation} is not supported by the local BigQuery.`,
    )
  const sent = (copy['sourceTables'] as unknown[] | undefined) ?? [copy['sourceTable']]
  const sources = sent.map((reference) => {
    const name = tableReference(reference, projectId, 'sourceTable')
    datasetAt(engine.catalog, name, request.location)
    return engine.catalog.table(name.projectId, name.datasetId, name.tableId)
  })
  const how = disposition(copy, 'WRITE_EMPTY')
  const [first] = sources
  if (first === undefined) throw invalid('Required parameter is missing: sourceTables', 'sourceTables')
  for (const source of sources) checkSource(source, first)
  return startTransfer(engine, { ...request, location }, async ({ job, record }) => {
    await checkDestination(engine, target, how)
    const columns = first.schema.fields.map((field) => quoteName(field.name)).join(', ') || '*'
    const select = sources
      .map((source) => `SELECT ${columns} FROM ${physicalName(source)}`)
      .join(' UNION ALL ')
    const counted = await engine.pool.use((connection) =>
      connection.runAndReadAll(`SELECT count(*) FROM (${select})`),
    )
    const rows = String(counted.getRows()[0]?.[0] ?? 0)
    job.statistics = { copy: { copiedRows: rows, copiedLogicalBytes: '0' } }
    const kept = Object.fromEntries(
      COPIED.filter((key) => first.sent[key]).map((key) => [key, first.sent[key]]),
    )
    await engine.mutex.run(`dml ${physicalName(target)}`, () =>
      writeRows(engine, target, how, { select, schema: first.schema, sent: kept, record }),
    )
    return job.statistics
  })
}

function checkSource(source: TableEntry, first: TableEntry): void {
  if (source.type !== undefined && source.type !== 'TABLE')
    throw invalid(`Copy of a ${source.type} is not supported: ${source.tableId}`)
  const shape = ({ schema }: TableEntry): string =>
    JSON.stringify(
      schema.fields.map(({ name, type, mode, fields }) => [name, type, mode ?? 'NULLABLE', fields]),
    )
  if (shape(source) !== shape(first))
    throw invalid(`Source tables have different schemas: ${first.tableId} and ${source.tableId}`)
}
