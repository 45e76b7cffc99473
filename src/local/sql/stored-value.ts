// Values on their way into a table: of the column's type, within its length or precision, and without
// what a column cannot hold.
import { type FieldSchema, isRepeated, legacyType, quoteText } from '../wire/table-schema.ts'
import { coerce, type Typed, typeName } from './typing.ts'

/** A value as its column holds it; undefined where it does not fit the column. */
export function storedValue(value: Typed, field: FieldSchema): string | undefined {
  const sql = coerce(value, field)
  if (sql === undefined) return undefined
  if (!isRepeated(field)) return limited(sql, field)
  const message = `Array cannot have a null element; error in writing field ${field.name}`
  return `(CASE WHEN list_count(${sql}) < len(${sql}) THEN ${failing(message, `len(${sql})`)} ELSE ${sql} END)`
}

/** An error that the engine cannot raise before it sees a row. */
function failing(message: string, depends: string): string {
  return `bq_fail_at(${quoteText(message)}, ${depends})`
}

function limited(sql: string, field: FieldSchema): string {
  const [length, precision] = [Number(field['maxLength'] ?? 0), Number(field['precision'] ?? 0)]
  const type = legacyType(field.type)
  if (length > 0) {
    const size = type === 'BYTES' ? `octet_length(${sql})` : `length(${sql})`
    const message = failing(
      `Value of type ${typeName(field)}(${length}) is too long for column ${field.name}`,
      size,
    )
    return `(CASE WHEN ${size} > ${length} THEN ${message} ELSE ${sql} END)`
  }
  if (precision > 0 && type === 'NUMERIC')
    return `CAST(CAST(${sql} AS DECIMAL(${precision}, ${Number(field['scale'] ?? 0)})) AS DECIMAL(38,9))`
  return sql
}
