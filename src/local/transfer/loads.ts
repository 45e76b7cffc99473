// Load jobs: files into a staging table, and from there into the destination in one commit.
import { randomUUID } from 'node:crypto'
import { stat } from 'node:fs/promises'
import type { Job } from '../jobs/job.ts'
import type { TableEntry } from '../storage/catalog.ts'
import { rowStorer } from '../streaming/store-rows.ts'
import { ApiError, invalid } from '../wire/api-error.ts'
import { duckdbType, quoteName, type TableSchema } from '../wire/table-schema.ts'
import { createBadRecords, TooManyBadRecords } from './bad-records.ts'
import { type LoadOptions, loadOptions } from './load-options.ts'
import { fileRows, fileSchema, type Row, type SourceFile } from './load-rows.ts'
import { parquetSchema, parquetSelect } from './read-parquet.ts'
import {
  checkCancelled,
  datasetAt,
  type Running,
  startTransfer,
  type TableName,
  type TransferEngine,
  type TransferRequest,
  tableReference,
  tableText,
} from './transfer.ts'
import { checkDestination, physicalName, writeRows } from './write-result.ts'

const BATCH_ROWS = 2_000

export interface Loads {
  readonly engine: TransferEngine
  /** Starts a load; `media` is an uploaded file, which must stay until the job is finished. */
  load(request: TransferRequest, media?: string): Job
}

export function createLoads(engine: TransferEngine): Loads {
  return { engine, load: (request, media) => startLoad(engine, request, media) }
}

function startLoad(engine: TransferEngine, request: TransferRequest, media: string | undefined): Job {
  const load = request.configuration['load'] as Readonly<Record<string, unknown>>
  const name = tableReference(load['destinationTable'], request.projectId, 'destinationTable')
  const { location } = datasetAt(engine.catalog, name, request.location)
  const options = loadOptions(load)
  const uris = (load['sourceUris'] ?? []) as readonly string[]
  if ((media === undefined) === (uris.length === 0))
    throw invalid(
      media === undefined
        ? 'Required parameter is missing: sourceUris'
        : 'Load configuration must not specify sourceUris with an upload.',
      'sourceUris',
    )
  return startTransfer(engine, { ...request, location }, async (running) => {
    const files: SourceFile[] =
      media === undefined
        ? uris.flatMap((uri) => engine.objects.match(uri))
        : [{ path: media, uri: undefined }]
    await checkDestination(engine, name, options.disposition)
    return runLoad(engine, running, name, options, files)
  })
}

async function runLoad(
  engine: TransferEngine,
  running: Running,
  name: TableName,
  options: LoadOptions,
  files: readonly SourceFile[],
): Promise<Record<string, unknown>> {
  const table = engine.catalog.findTable(name.projectId, name.datasetId, name.tableId)
  const first = files[0]
  if (first === undefined) throw invalid('The source matches no files.')
  const isParquet = options.format === 'PARQUET'
  const own = isParquet
    ? { schema: await parquetSchema(engine, first.path), skipped: 0 }
    : await fileSchema(first, options)
  const schema = chooseSchema(name, table, options, own.schema)
  const stage = `store."_staging".${quoteName(randomUUID())}`
  const columns = schema.fields.map((field) => `${quoteName(field.name)} ${duckdbType(field)}`)
  await engine.pool.use((connection) => connection.run(`CREATE TABLE ${stage} (${columns.join(', ')})`))
  try {
    const bad = createBadRecords(options.format, options.maxBadRecords, first.uri)
    let inputBytes = 0
    for (const file of files) {
      inputBytes += (await stat(file.path)).size
      if (isParquet) {
        const sql = await parquetSelect(engine, file.path, schema, options.ignoreUnknownValues)
        await engine.pool.use((connection) => connection.run(`INSERT INTO ${stage} ${sql}`))
      } else {
        const rows = fileRows(file, options, schema, own.skipped, bad)
        await storeAll(engine, running, stage, schema, rows)
      }
      checkCancelled(running.signal)
    }
    if (bad.count > 0) running.job.warnings = bad.messages
    const select = `SELECT * FROM ${stage}`
    const counted = await engine.pool.use((connection) =>
      connection.runAndReadAll(`SELECT count(*) FROM ${stage}`),
    )
    running.job.statistics = {
      load: {
        inputFiles: String(files.length),
        inputFileBytes: String(inputBytes),
        outputRows: String(counted.getRows()[0]?.[0] ?? 0),
        outputBytes: '0',
        badRecords: String(bad.count),
      },
    }
    checkCancelled(running.signal)
    await engine.mutex.run(`dml ${physicalName(name)}`, () =>
      writeRows(engine, name, options.disposition, {
        select,
        schema,
        sent: options.sent,
        record: running.record,
      }),
    )
    return running.job.statistics
  } catch (error) {
    delete running.job.statistics
    if (error instanceof TooManyBadRecords) running.job.warnings = error.messages
    throw error
  } finally {
    await engine.pool.use((connection) => connection.run(`DROP TABLE ${stage}`))
  }
}

async function storeAll(
  engine: TransferEngine,
  running: Running,
  stage: string,
  schema: TableSchema,
  rows: AsyncIterable<Row>,
): Promise<void> {
  const save = rowStorer(stage, schema.fields)
  let batch: Row[] = []
  async function flush(): Promise<void> {
    checkCancelled(running.signal)
    const full = batch
    batch = []
    if (full.length > 0) await engine.pool.use((connection) => save(connection, full))
  }
  for await (const row of rows) {
    batch.push(row)
    if (batch.length >= BATCH_ROWS) await flush()
  }
  await flush()
}

/** The schema the file is read with: the job's, the table's, or the file's own. */
function chooseSchema(
  name: TableName,
  table: TableEntry | undefined,
  options: LoadOptions,
  own: TableSchema | undefined,
): TableSchema {
  const known = table !== undefined && table.schema.fields.length > 0 ? table.schema : undefined
  const replaces = options.disposition.write === 'WRITE_TRUNCATE'
  if (options.schema !== undefined && options.schema.fields.length > 0) return options.schema
  if (own !== undefined && (known === undefined || replaces)) return own
  if (known === undefined) throw new ApiError(400, 'invalid', 'No schema specified on job or table.')
  if (own === undefined || !options.disposition.allow.has('ALLOW_FIELD_ADDITION')) return known
  const names = new Set(known.fields.map((field) => field.name.toLowerCase()))
  const added = own.fields.filter((field) => !names.has(field.name.toLowerCase()))
  if (added.length > 0 && options.format === 'CSV')
    throw invalid(
      `Provided Schema does not match Table ${tableText(name)}. CSV columns cannot be added by name.`,
    )
  return { fields: [...known.fields, ...added] }
}
