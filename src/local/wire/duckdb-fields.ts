// The BigQuery field that describes a DuckDB column: how query results get their schema.
import type { DuckDBType } from '@duckdb/node-api'
import type { FieldSchema } from './table-schema.ts'

interface TypeParts {
  readonly alias?: string
  readonly scale?: number
  readonly valueType?: DuckDBType
  readonly entryNames?: readonly string[]
  readonly entryTypes?: readonly DuckDBType[]
}

export function fieldOf(name: string, type: DuckDBType): FieldSchema {
  const parts = type as TypeParts
  if (parts.valueType !== undefined) return { ...fieldOf(name, parts.valueType), mode: 'REPEATED' }
  if (parts.entryNames !== undefined)
    return {
      name,
      type: 'RECORD',
      mode: 'NULLABLE',
      fields: parts.entryNames.map((entry, i) => fieldOf(entry, parts.entryTypes?.[i] as DuckDBType)),
    }
  return { name, type: scalarType(String(type), parts), mode: 'NULLABLE' }
}

function scalarType(text: string, parts: TypeParts): string {
  if (parts.alias === 'JSON') return 'JSON'
  if (text.startsWith('DECIMAL')) return parts.scale === 15 ? 'BIGNUMERIC' : 'NUMERIC'
  const found = SCALARS[text]
  if (found === undefined) throw new Error(`The local BigQuery cannot return values of type ${text}`)
  return found
}

const SCALARS: Readonly<Record<string, string>> = {
  VARCHAR: 'STRING',
  BLOB: 'BYTES',
  BIGINT: 'INTEGER',
  INTEGER: 'INTEGER',
  SMALLINT: 'INTEGER',
  TINYINT: 'INTEGER',
  UBIGINT: 'INTEGER',
  UINTEGER: 'INTEGER',
  USMALLINT: 'INTEGER',
  UTINYINT: 'INTEGER',
  HUGEINT: 'INTEGER',
  DOUBLE: 'FLOAT',
  FLOAT: 'FLOAT',
  BOOLEAN: 'BOOLEAN',
  DATE: 'DATE',
  TIME: 'TIME',
  TIMESTAMP: 'DATETIME',
  'TIMESTAMP WITH TIME ZONE': 'TIMESTAMP',
  INTERVAL: 'INTERVAL',
  SQLNULL: 'INTEGER',
}
