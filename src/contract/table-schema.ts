// BigQuery's own description of a table's columns, as the API gives it.

/** One field; `fields` for RECORD (also spelt STRUCT). */
export interface TableField {
  readonly name: string
  /** `STRING`, `INTEGER` or `INT64`, `RECORD` or `STRUCT`, ...: both spellings occur. */
  readonly type: string
  /** Default `NULLABLE`. */
  readonly mode?: 'NULLABLE' | 'REQUIRED' | 'REPEATED'
  readonly fields?: readonly TableField[]
  readonly description?: string
  /** Characters for STRING, bytes for BYTES; a number as text. */
  readonly maxLength?: string
  /** Digits of NUMERIC and BIGNUMERIC; numbers as text. */
  readonly precision?: string
  readonly scale?: string
  /** A REQUIRED field with a default may be left out. */
  readonly defaultValueExpression?: string
  readonly rangeElementType?: { readonly type: string }
}
