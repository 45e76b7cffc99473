// Parquet files: the engine reads them; their columns are checked against the schema before it does.
import { invalid } from '../wire/api-error.ts'
import { fieldOf } from '../wire/duckdb-fields.ts'
import {
  duckdbType,
  type FieldSchema,
  findField,
  isRepeated,
  isRequired,
  legacyType,
  quoteName,
  quoteText,
  type TableSchema,
} from '../wire/table-schema.ts'
import type { TransferEngine } from './transfer.ts'

/** Which other types a column's values may be stored as, without loss. */
const WIDENINGS: Readonly<Record<string, readonly string[]>> = {
  INTEGER: ['NUMERIC', 'BIGNUMERIC', 'FLOAT'],
  NUMERIC: ['BIGNUMERIC'],
  STRING: ['JSON', 'GEOGRAPHY'],
}

export async function parquetSchema(engine: TransferEngine, path: string): Promise<TableSchema> {
  return engine.pool.use(async (connection) => {
    try {
      const prepared = await connection.prepare(`SELECT * FROM read_parquet(${quoteText(path)})`)
      try {
        const fields = Array.from({ length: prepared.columnCount }, (_, i) =>
          fieldOf(prepared.columnName(i), prepared.columnType(i)),
        )
        return { fields }
      } finally {
        prepared.destroySync()
      }
    } catch (cause) {
      const [said = ''] = (cause instanceof Error ? cause.message : String(cause)).split('\n')
      // Where the file lies here is nobody's business.
      const text = said.replaceAll(`File '${path}'`, 'the file').replaceAll(path, 'the file')
      throw invalid(`Error while reading data, error message: not a readable Parquet file: ${text}`)
    }
  })
}

/** A SELECT of the file's rows in the order of the schema's columns. */
export async function parquetSelect(
  engine: TransferEngine,
  path: string,
  schema: TableSchema,
  ignoreUnknownValues: boolean,
): Promise<string> {
  const found = (await parquetSchema(engine, path)).fields
  const byName = new Map(found.map((field) => [field.name.toLowerCase(), field]))
  const wanted = new Set(schema.fields.map((field) => field.name.toLowerCase()))
  const unknown = found.find((field) => !wanted.has(field.name.toLowerCase()))
  if (unknown !== undefined && !ignoreUnknownValues)
    throw invalid(`Error while reading data, error message: no such field: ${unknown.name}.`)
  const columns = schema.fields.map((field) => {
    const source = byName.get(field.name.toLowerCase())
    if (source === undefined) {
      if (isRequired(field))
        throw invalid(`Error while reading data, error message: Missing required field: ${field.name}.`)
      return isRepeated(field) ? '[]' : 'NULL'
    }
    checkType(source, field, field.name)
    const column = `CAST(${quoteName(source.name)} AS ${duckdbType(field)})`
    return isRepeated(field) ? `COALESCE(${column}, [])` : column
  })
  return `SELECT ${columns.join(', ')} FROM read_parquet(${quoteText(path)})`
}

function checkType(source: FieldSchema, target: FieldSchema, path: string): void {
  const [from, to] = [legacyType(source.type), legacyType(target.type)]
  const fits = from === to || WIDENINGS[from]?.includes(to) === true
  if (!fits || isRepeated(source) !== isRepeated(target))
    throw invalid(
      `Error while reading data, error message: Parquet column '${path}' has type ${from} which does not match the target type ${to}.`,
    )
  for (const child of target.fields ?? []) {
    const other = findField(source.fields ?? [], child.name)
    if (other !== undefined) checkType(other, child, `${path}.${child.name}`)
  }
  const names = (fields: readonly FieldSchema[] = []): string =>
    fields.map((f) => f.name.toLowerCase()).join()
  if (names(source.fields) !== names(target.fields))
    throw invalid(`Error while reading data, error message: the fields of '${path}' differ from the table's.`)
}
