// TO_JSON and TO_JSON_STRING: a value of a known type as JSON text, written out field by field.
import { isRepeated, quoteName, quoteText } from '../../wire/table-schema.ts'
import { unsupported } from '../ast.ts'
import { elementOf, isStruct, kindOfType, type Type, typeName } from '../typing.ts'

let variables = 0

/** SQL for the JSON text of a value. Whole numbers beyond 2^53 become strings where `wide` says so. */
export function jsonText(sql: string, type: Type, wide: boolean, sorted: boolean): string {
  if (isRepeated(type)) {
    variables = (variables + 1) % 1_000_000
    const item = `item$${variables}`
    const each = jsonText(item, elementOf(type), wide, sorted)
    return `coalesce('[' || array_to_string(list_transform(${sql}, lambda ${item}: ${each}), ',') || ']', '${sorted ? '[]' : 'null'}')`
  }
  if (isStruct(type)) {
    const fields = [...(type.fields ?? [])]
    if (sorted) fields.sort((a, b) => (a.name < b.name ? -1 : 1))
    const members = fields.map((field) => {
      const value = jsonText(`(${sql}).${quoteName(field.name)}`, field, wide, sorted)
      return `${quoteText(`${JSON.stringify(field.name)}:`)} || ${value}`
    })
    return `(CASE WHEN ${sql} IS NULL THEN 'null' ELSE '{' || ${members.join(` || ',' || `) || `''`} || '}' END)`
  }
  return `coalesce(${scalarJson(sql, type, wide, sorted)}, 'null')`
}

function scalarJson(sql: string, type: Type, wide: boolean, value: boolean): string {
  const quoted = (text: string): string => `CAST(to_json(${text}) AS VARCHAR)`
  switch (kindOfType(type)) {
    case 'NULL':
      return `CAST(NULL AS VARCHAR)`
    case 'INTEGER':
      return wide
        ? `(CASE WHEN abs(CAST(${sql} AS HUGEINT)) > 9007199254740992 THEN '"' || CAST(${sql} AS VARCHAR) || '"' ELSE CAST(${sql} AS VARCHAR) END)`
        : `CAST(${sql} AS VARCHAR)`
    case 'BOOLEAN':
    case 'JSON':
      return `CAST(${sql} AS VARCHAR)`
    case 'FLOAT':
      return `${value ? 'js_float_json_value' : 'js_float_json'}(${sql})`
    case 'NUMERIC':
    case 'BIGNUMERIC': {
      const text = `bq_decimal_text(CAST(${sql} AS VARCHAR))`
      return wide ? `(CASE WHEN length(${text}) > 16 THEN '"' || ${text} || '"' ELSE ${text} END)` : text
    }
    case 'STRING':
    case 'GEOGRAPHY':
      return quoted(sql)
    case 'BYTES':
      return quoted(`to_base64(${sql})`)
    case 'DATE':
      return quoted(`bq_date_text(${sql})`)
    case 'TIME':
      return quoted(`bq_time_text(${sql})`)
    case 'DATETIME':
      return quoted(`replace(bq_datetime_text(${sql}), ' ', 'T')`)
    case 'TIMESTAMP':
      return quoted(`regexp_replace(replace(bq_timestamp_text(${sql}), ' ', 'T'), '\\+00$', 'Z')`)
    default:
      throw unsupported(`a value of type ${typeName(type)} as JSON`)
  }
}
