// CSV, JSON and Avro files as rows: which schema they are read with, and each record as a row or a fault.
import { createReadStream } from 'node:fs'
import { open } from 'node:fs/promises'
import { createGunzip } from 'node:zlib'
import { fault, rowConverter } from '../streaming/convert-row.ts'
import { ApiError, invalid } from '../wire/api-error.ts'
import { type FieldSchema, isRepeated, legacyType, type TableSchema } from '../wire/table-schema.ts'
import { avroSchema, readAvro } from './avro/read-avro.ts'
import type { BadRecords } from './bad-records.ts'
import { detectCsv, detectJson, SAMPLE_RECORDS } from './detect-schema.ts'
import type { LoadOptions } from './load-options.ts'
import { type CsvRecord, readCsv } from './read-csv.ts'
import { parseExact, readLines } from './read-lines.ts'

export interface SourceFile {
  readonly path: string
  readonly uri: string | undefined
}

export type Row = Record<string, unknown>

/** What a file says about its own schema; undefined where it says nothing and was not asked to guess. */
export interface FileSchema {
  readonly schema: TableSchema | undefined
  /** Leading CSV records that are no data. */
  readonly skipped: number
}

export async function fileSchema(file: SourceFile, options: LoadOptions): Promise<FileSchema> {
  if (options.format === 'AVRO')
    return { schema: await avroSchema(file.path, options.useAvroLogicalTypes), skipped: 0 }
  const asked = options.csv.skipLeadingRows
  if (!options.autodetect) return { schema: undefined, skipped: asked ?? 0 }
  if (options.format === 'JSON') {
    const rows: object[] = []
    for await (const line of readLines(await content(file.path))) {
      if (line.trim() !== '') rows.push(objectOf(line) ?? {})
      if (rows.length === SAMPLE_RECORDS) break
    }
    return { schema: detectJson(rows), skipped: 0 }
  }
  const skipped = Math.max((asked ?? 1) - 1, 0)
  const sample: CsvRecord[] = []
  for await (const record of readCsv(await content(file.path), options.csv)) {
    if (record.number > skipped) sample.push(record)
    if (sample.length === SAMPLE_RECORDS) break
  }
  const { schema, hasHeader } = detectCsv(sample, asked === 0 ? 'no' : 'maybe')
  if (hasHeader || (asked ?? 0) === 0) return { schema, skipped: hasHeader ? skipped + 1 : 0 }
  return { schema: detectCsv(sample.slice(1), 'no').schema, skipped: asked ?? 0 }
}

export async function* fileRows(
  file: SourceFile,
  options: LoadOptions,
  schema: TableSchema,
  skipped: number,
  bad: BadRecords,
): AsyncGenerator<Row> {
  if (options.format === 'CSV') yield* csvRows(file, options, schema, skipped, bad)
  else yield* jsonRows(file, options, schema, bad)
}

async function* jsonRows(
  file: SourceFile,
  options: LoadOptions,
  schema: TableSchema,
  bad: BadRecords,
): AsyncGenerator<Row> {
  const isAvro = options.format === 'AVRO'
  const rules = { ignoreUnknownValues: options.ignoreUnknownValues, plainJson: !isAvro }
  const convert = rowConverter(schema.fields, rules)
  let position = 0
  const records = isAvro
    ? readAvro(file.path, options.useAvroLogicalTypes)
    : readLines(await content(file.path))
  for await (const record of records) {
    const start = position
    const faults = [] as ReturnType<typeof fault>[]
    let row: Row | undefined
    if (typeof record === 'string') {
      position += Buffer.byteLength(record) + 1
      if (record.trim() === '') continue
      const value = objectOf(record)
      if (value === undefined) faults.push(fault('Parser terminated before end of string'))
      else row = convert(value, faults)
    } else row = convert(record, faults)
    if (row !== undefined && faults.length === 0) yield row
    else
      bad.add(
        `JSON parsing error in row starting at position ${start}: ${faults.map((one) => withField(one)).join(' ')}`,
      )
  }
}

function withField(one: ReturnType<typeof fault>): string {
  const isNamed = one.location === '' || one.message.includes(one.location)
  return isNamed ? one.message : `${one.message} Field: ${one.location}`
}

function objectOf(line: string): object | undefined {
  try {
    const value = parseExact(line)
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : undefined
  } catch {
    return undefined
  }
}

async function* csvRows(
  file: SourceFile,
  options: LoadOptions,
  schema: TableSchema,
  skipped: number,
  bad: BadRecords,
): AsyncGenerator<Row> {
  const { csv } = options
  const { fields } = schema
  for (const field of fields)
    if (isRepeated(field) || legacyType(field.type) === 'RECORD')
      throw invalid(`Field ${field.name}: CSV files hold no repeated or nested fields.`)
  const convert = rowConverter(fields, { ignoreUnknownValues: false })
  for await (const record of readCsv(await content(file.path), csv)) {
    if (record.number <= skipped) continue
    const message = csvFault(record, fields, options)
    if (message !== undefined) {
      bad.add(message)
      continue
    }
    const faults = [] as ReturnType<typeof fault>[]
    const row: Row = {}
    for (const [i, field] of fields.entries()) {
      const cell = record.fields[i]
      const isNull = cell === undefined || (!cell.quoted && cell.text === csv.nullMarker)
      const isEmpty = cell?.text === '' && !/^(STRING|BYTES)$/.test(legacyType(field.type))
      row[field.name] = isNull || (isEmpty && csv.nullMarker === '') ? null : csvValue(field, cell.text)
    }
    const stored = convert(row, faults)
    if (faults.length === 0) yield stored
    else
      bad.add(
        faults
          .map(({ location, message: text }) => {
            const position = fields.findIndex((field) => field.name === location)
            const shown = record.fields[position]?.text
            return `Could not parse '${shown}' as ${fields[position]?.type} for field ${location} (position ${position}) in record ${record.number} with message '${text}'`
          })
          .join('; '),
      )
  }
}

function csvFault(
  record: CsvRecord,
  fields: readonly FieldSchema[],
  { csv, ignoreUnknownValues }: LoadOptions,
): string | undefined {
  const place = `in record ${record.number}.`
  if (record.fault !== undefined) return `Error detected while parsing ${place} ${record.fault}`
  if (record.spansLines && !csv.allowQuotedNewlines)
    return `Error detected while parsing ${place} A quoted field holds a line end; set allowQuotedNewlines.`
  if (record.fields.length > fields.length && !ignoreUnknownValues)
    return `Too many values in row ${place} Found ${record.fields.length} column(s) while expected ${fields.length}.`
  if (record.fields.length < fields.length && !csv.allowJaggedRows)
    return `CSV processing encountered too few values ${place} Found ${record.fields.length} column(s) while expected ${fields.length}.`
  return undefined
}

const TRUE = /^(true|t|yes|y|1)$/i
const FALSE = /^(false|f|no|n|0)$/i

function csvValue(field: FieldSchema, text: string): unknown {
  if (legacyType(field.type) !== 'BOOLEAN') return text
  return TRUE.test(text) ? true : FALSE.test(text) ? false : text
}

/** A file's bytes, unzipped where they are gzip. */
async function content(path: string): Promise<AsyncIterable<Buffer>> {
  const file = await open(path)
  const start = Buffer.alloc(2)
  try {
    await file.read(start, 0, 2, 0)
  } finally {
    await file.close()
  }
  const source = createReadStream(path)
  if (start[0] !== 0x1f || start[1] !== 0x8b) return source
  const unzipped = createGunzip()
  source.on('error', (error) => unzipped.destroy(error)).pipe(unzipped)
  return guarded(unzipped)
}

async function* guarded(source: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  try {
    yield* source
  } catch {
    throw new ApiError(400, 'invalid', 'Error while reading data, error message: the gzip data is damaged.')
  }
}
