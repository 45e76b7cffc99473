// The options of Upsert -> the configuration of its load job.
import type { Job } from '../../bigquery/jobs.ts'
import type { UpsertOptions } from '../../contract/options/upsert.ts'
import type { TableField } from '../../contract/table-schema.ts'
import { ConnectorError } from '../../errors.ts'
import type { TableName } from './table-names.ts'

type Load = NonNullable<NonNullable<Job['configuration']>['load']>

/** Whether the file says nothing of its columns, and BigQuery is not asked to guess them. */
export function needsSchema({ sourceFormat, autodetectCSV, autodetectJSON }: UpsertOptions): boolean {
  if (sourceFormat === 'CSV') return !autodetectCSV
  return sourceFormat === 'NEWLINE_DELIMITED_JSON' && !autodetectJSON
}

/**
 * The columns that the option tableSchema gives: `{"fields": [...]}`, or the list alone.
 * @throws ConnectorError `BQC_CONFIG_INVALID`
 */
export function schemaOf({ tableSchema }: UpsertOptions): readonly TableField[] | undefined {
  if (tableSchema.trim() === '') return undefined
  const wanted = 'must be JSON: {"fields": [{"name": "id", "type": "INTEGER"}, ...]}'
  try {
    const parsed = JSON.parse(tableSchema)
    const fields = Array.isArray(parsed) ? parsed : parsed.fields
    if (Array.isArray(fields) && fields.every((field) => typeof field?.name === 'string')) return fields
  } catch {}
  throw new ConnectorError('BQC_CONFIG_INVALID', `The tableSchema ${wanted}.`, {
    faults: [{ path: '/tableSchema', message: wanted }],
  })
}

/** @param fields columns that are sent along, where the format has none of its own. */
export function loadOf(
  options: UpsertOptions,
  destination: TableName,
  fields: readonly TableField[] | undefined,
): Load {
  const { sourceFormat } = options
  return {
    destinationTable: { ...destination },
    sourceFormat,
    writeDisposition: options.writeDisposition,
    createDisposition: options.createDisposition,
    ...(fields !== undefined && needsSchema(options) ? { schema: { fields: fields.map(plain) } } : {}),
    ...ofFormat[sourceFormat](options),
  }
}

const ofFormat: Readonly<Record<UpsertOptions['sourceFormat'], (options: UpsertOptions) => Load>> = {
  CSV: (options) => ({
    encoding: options.encoding,
    fieldDelimiter: options.fieldDelimiter,
    // None is not zero: that would tell autodetection that there is no header.
    ...(options.skipLeadingRows === undefined ? {} : { skipLeadingRows: options.skipLeadingRows }),
    // An empty text is a value for both.
    quote: options.quote,
    nullMarker: options.nullMarker,
    allowQuotedNewlines: options.allowQuotedNewlines,
    allowJaggedRows: options.allowJaggedRows,
    autodetect: options.autodetectCSV,
    maxBadRecords: options.maxBadRecordsCSV,
  }),
  NEWLINE_DELIMITED_JSON: (options) => ({
    encoding: options.encoding,
    autodetect: options.autodetectJSON,
    maxBadRecords: options.maxBadRecordsJSON,
  }),
  PARQUET: ({ enumAsString, enableListInference }) => ({
    parquetOptions: { enumAsString, enableListInference },
  }),
  AVRO: ({ useAvroLogicalTypes }) => ({ useAvroLogicalTypes }),
  ORC: () => ({}),
}

/** What a column is; what else the target's column has (defaults, tags) is none of the staging's. */
function plain({
  name,
  type,
  mode,
  fields,
  maxLength,
  precision,
  scale,
  rangeElementType,
}: TableField): object {
  return { name, type, mode, fields: fields?.map(plain), maxLength, precision, scale, rangeElementType }
}
