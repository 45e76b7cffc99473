// Extract jobs: the rows of a table into an object of the local Cloud Storage.
import { createWriteStream } from 'node:fs'
import { rm } from 'node:fs/promises'
import { Readable, type Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGzip } from 'node:zlib'
import type { Job } from '../jobs/job.ts'
import type { TableEntry } from '../storage/catalog.ts'
import { ApiError, invalid } from '../wire/api-error.ts'
import { isRepeated, legacyType, quoteName, quoteText } from '../wire/table-schema.ts'
import { avroFile } from './avro/write-avro.ts'
import { csvLine, jsonLine } from './extract-text.ts'
import { delimiterOf } from './load-options.ts'
import {
  checkCancelled,
  datasetAt,
  type Running,
  startTransfer,
  type TransferEngine,
  type TransferRequest,
  tableReference,
} from './transfer.ts'
import { physicalName } from './write-result.ts'

interface ExtractOptions {
  readonly format: string
  readonly compression: string
  readonly delimiter: string
  readonly printHeader: boolean
  readonly useAvroLogicalTypes: boolean
}

const COMPRESSIONS: Readonly<Record<string, readonly string[]>> = {
  CSV: ['NONE', 'GZIP'],
  NEWLINE_DELIMITED_JSON: ['NONE', 'GZIP'],
  PARQUET: ['NONE', 'GZIP', 'SNAPPY', 'ZSTD'],
  AVRO: ['NONE', 'DEFLATE'],
}

export function startExtract(engine: TransferEngine, request: TransferRequest): Job {
  const extract = request.configuration['extract'] as Readonly<Record<string, unknown>>
  if (extract['sourceModel'] !== undefined)
    throw new ApiError(501, 'notImplemented', 'Models are not supported by the local BigQuery.')
  const name = tableReference(extract['sourceTable'], request.projectId, 'sourceTable')
  const { location } = datasetAt(engine.catalog, name, request.location)
  const table = engine.catalog.table(name.projectId, name.datasetId, name.tableId)
  if (table.type === 'VIEW') throw invalid(`Extract of a view is not supported: ${name.tableId}`)
  const uris = (extract['destinationUris'] as string[] | undefined) ?? [
    String(extract['destinationUri'] ?? ''),
  ]
  const [uri = ''] = uris
  const [, bucket = '', object = ''] = /^gs:\/\/([^/]+)\/(.+)$/.exec(uri) ?? []
  if (object === '' || uris.length > 1) throw invalid('Extract needs one gs:// address.', 'destinationUris')
  const options = extractOptions(extract)
  const isNested = table.schema.fields.some(
    (field) => isRepeated(field) || legacyType(field.type) === 'RECORD',
  )
  if (isNested && options.format === 'CSV')
    throw invalid('Operation cannot be performed on a nested schema. Field: CSV files hold no nested fields.')
  return startTransfer(engine, { ...request, location }, async (running) => {
    engine.objects.bucket(bucket)
    const path = engine.newPath()
    try {
      await writeFile(engine, running, table, options, path)
      const place = { bucket, name: object.replace('*', '000000000000') }
      await engine.objects.put({ ...place, contentType: 'application/octet-stream', metadata: {} }, path)
    } finally {
      await rm(path, { force: true })
    }
    return { extract: { destinationUriFileCounts: ['1'], inputBytes: '0' } }
  })
}

function extractOptions(extract: Readonly<Record<string, unknown>>): ExtractOptions {
  const format = String(extract['destinationFormat'] || 'CSV')
  const compression = String(extract['compression'] || 'NONE')
  const allowed = COMPRESSIONS[format]
  if (allowed === undefined)
    throw invalid(`Invalid value for destinationFormat: ${format}`, 'destinationFormat')
  if (!allowed.includes(compression))
    throw new ApiError(
      501,
      'notImplemented',
      `unsupported: ${compression} compression of ${format} extracts.`,
    )
  return {
    format,
    compression,
    delimiter: delimiterOf(extract['fieldDelimiter']),
    printHeader: extract['printHeader'] !== false,
    useAvroLogicalTypes: extract['useAvroLogicalTypes'] === true,
  }
}

async function writeFile(
  engine: TransferEngine,
  running: Running,
  table: TableEntry,
  options: ExtractOptions,
  path: string,
): Promise<void> {
  const { fields } = table.schema
  const columns = fields.map((field) => quoteName(field.name)).join(', ')
  const select = `SELECT ${columns} FROM ${physicalName(table)}`
  await engine.pool.use(async (connection) => {
    if (options.format === 'PARQUET') {
      const codec = options.compression === 'NONE' ? 'UNCOMPRESSED' : options.compression
      await connection.run(`COPY (${select}) TO ${quoteText(path)} (FORMAT parquet, COMPRESSION ${codec})`)
      return
    }
    const stream = await connection.stream(select)
    async function* rows(): AsyncGenerator<readonly unknown[][]> {
      for (let chunk = await stream.fetchChunk(); chunk !== null; chunk = await stream.fetchChunk()) {
        checkCancelled(running.signal)
        if (chunk.rowCount === 0) return
        yield chunk.getRows()
      }
    }
    if (options.format === 'AVRO') {
      const file = avroFile(table.tableId, fields, options)
      await pipeline(Readable.from(file(rows() as never)), createWriteStream(path))
      return
    }
    const line = options.format === 'CSV' ? csvLine(fields, options.delimiter) : jsonLine(fields)
    async function* text(): AsyncGenerator<string> {
      if (options.format === 'CSV' && options.printHeader)
        yield `${fields.map((field) => field.name).join(options.delimiter)}\n`
      for await (const chunk of rows()) yield chunk.map((values) => line(values as never)).join('')
    }
    const zip: Transform[] = options.compression === 'GZIP' ? [createGzip()] : []
    await pipeline([Readable.from(text()), ...zip, createWriteStream(path)])
  })
}
