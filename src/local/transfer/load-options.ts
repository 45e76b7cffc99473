// The options of a load job, checked: what is not understood here is refused, never passed over.
import { ApiError, invalid } from '../wire/api-error.ts'
import { acceptSchema, type TableSchema } from '../wire/table-schema.ts'
import type { CsvDialect } from './read-csv.ts'
import { type Disposition, disposition } from './write-result.ts'

type Format = 'CSV' | 'JSON' | 'PARQUET' | 'AVRO'

export interface LoadOptions {
  readonly format: Format
  readonly schema: TableSchema | undefined
  readonly autodetect: boolean
  readonly disposition: Disposition
  readonly maxBadRecords: number
  readonly ignoreUnknownValues: boolean
  readonly useAvroLogicalTypes: boolean
  readonly csv: CsvDialect & {
    /** Undefined: not asked for; with `autodetect`, the first record may then be a header. */
    readonly skipLeadingRows: number | undefined
    readonly nullMarker: string
    readonly allowQuotedNewlines: boolean
    readonly allowJaggedRows: boolean
  }
  /** Properties that a new table takes over. */
  readonly sent: Readonly<Record<string, unknown>>
}

const FORMATS: Readonly<Record<string, Format>> = {
  CSV: 'CSV',
  NEWLINE_DELIMITED_JSON: 'JSON',
  PARQUET: 'PARQUET',
  AVRO: 'AVRO',
}

const ENCODINGS: Readonly<Record<string, BufferEncoding>> = {
  'UTF-8': 'utf8',
  'ISO-8859-1': 'latin1',
  'UTF-16LE': 'utf16le',
}

/** Options that would change what the rows mean. */
const REFUSED = [
  ...['dateFormat', 'datetimeFormat', 'timeFormat', 'timestampFormat', 'timeZone', 'nullMarkers'],
  ...['hivePartitioningOptions', 'referenceFileSchemaUri', 'projectionFields', 'jsonExtension'],
  ...['sourceColumnMatch', 'fileSetSpecType', 'schemaInline'],
]

const KEPT_PROPERTIES = ['timePartitioning', 'rangePartitioning', 'clustering']

export function loadOptions(load: Readonly<Record<string, unknown>>): LoadOptions {
  for (const name of REFUSED)
    if (load[name] !== undefined && load[name] !== null && load[name] !== '')
      throw new ApiError(501, 'notImplemented', `Load option ${name} is not supported by the local BigQuery.`)
  const sent = Object.fromEntries(KEPT_PROPERTIES.filter((key) => load[key]).map((key) => [key, load[key]]))
  const properties = (load['destinationTableProperties'] ?? {}) as Record<string, unknown>
  return {
    format: formatOf(load),
    schema: load['schema'] ? acceptSchema(load['schema']) : undefined,
    autodetect: load['autodetect'] === true,
    disposition: disposition(load, 'WRITE_APPEND'),
    maxBadRecords: whole(load, 'maxBadRecords') ?? 0,
    ignoreUnknownValues: load['ignoreUnknownValues'] === true,
    useAvroLogicalTypes: load['useAvroLogicalTypes'] === true,
    csv: {
      delimiter: delimiterOf(load['fieldDelimiter']),
      quote: single(load, 'quote', '"'),
      encoding: encodingOf(load['encoding']),
      skipLeadingRows: whole(load, 'skipLeadingRows'),
      nullMarker: String(load['nullMarker'] ?? ''),
      allowQuotedNewlines: load['allowQuotedNewlines'] === true,
      allowJaggedRows: load['allowJaggedRows'] === true,
    },
    sent: { ...sent, ...properties },
  }
}

function formatOf(load: Readonly<Record<string, unknown>>): Format {
  const sent = String(load['sourceFormat'] || 'CSV')
  const format = FORMATS[sent]
  if (format !== undefined) return format
  if (['ORC', 'DATASTORE_BACKUP', 'GOOGLE_SHEETS'].includes(sent))
    throw new ApiError(501, 'notImplemented', `unsupported: the local BigQuery does not read ${sent} files.`)
  throw invalid(`Invalid value for sourceFormat: ${sent} is not a valid value`, 'sourceFormat')
}

function encodingOf(sent: unknown): BufferEncoding {
  const encoding = ENCODINGS[String(sent || 'UTF-8').toUpperCase()]
  if (encoding === undefined)
    throw new ApiError(501, 'notImplemented', `Encoding ${sent} is not supported by the local BigQuery.`)
  return encoding
}

/** One character, also written as `\t` or `tab`. */
export function delimiterOf(sent: unknown): string {
  const text = sent === undefined || sent === null || sent === '' ? ',' : String(sent)
  const meant = text === '\\t' || text.toLowerCase() === 'tab' ? '\t' : text
  if (meant.length !== 1) throw invalid(`Invalid value for fieldDelimiter: ${text}`, 'fieldDelimiter')
  return meant
}

function single(load: Readonly<Record<string, unknown>>, name: string, fallback: string): string {
  const text = String(load[name] ?? fallback)
  if (text.length > 1) throw invalid(`Invalid value for ${name}: ${text}`, name)
  return text
}

function whole(load: Readonly<Record<string, unknown>>, name: string): number | undefined {
  const value = load[name]
  if (value === undefined || value === null) return undefined
  const number = Number(value)
  if (!Number.isInteger(number) || number < 0) throw invalid(`Invalid value for ${name}: ${value}`, name)
  return number
}
