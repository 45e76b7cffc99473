// BigQuery's type names: two spellings of some, one here.

/** The spelling that this room uses; the API gives legacy names (`INTEGER`) and takes both. */
export type FieldType =
  | 'BIGNUMERIC'
  | 'BOOL'
  | 'BYTES'
  | 'DATE'
  | 'DATETIME'
  | 'FLOAT64'
  | 'GEOGRAPHY'
  | 'INT64'
  | 'INTERVAL'
  | 'JSON'
  | 'NUMERIC'
  | 'RANGE'
  | 'STRING'
  | 'STRUCT'
  | 'TIME'
  | 'TIMESTAMP'

const aliases: Readonly<Record<string, FieldType>> = {
  BIGDECIMAL: 'BIGNUMERIC',
  BOOLEAN: 'BOOL',
  DECIMAL: 'NUMERIC',
  FLOAT: 'FLOAT64',
  INTEGER: 'INT64',
  RECORD: 'STRUCT',
}

/** The type that a schema's `type` means; names that nobody knew when this was written stay as they are. */
export function fieldTypeOf(type: string): FieldType {
  const name = type.toUpperCase()
  return aliases[name] ?? (name as FieldType)
}
