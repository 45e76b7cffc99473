// Rows that passed the converter, into a table of the engine: one statement for a whole batch.
import type { Connection } from '../storage/engine.ts'
import {
  duckdbElementType,
  type FieldSchema,
  isRepeated,
  legacyType,
  quoteName,
} from '../wire/table-schema.ts'

/** Prepares the statement for a table; the function it returns stores one batch and commits it. */
export function rowStorer(
  table: string,
  fields: readonly FieldSchema[],
): (connection: Connection, rows: readonly unknown[]) => Promise<void> {
  const names = fields.map((field) => quoteName(field.name))
  const structure = JSON.stringify([jsonStructure(fields)])
  const sql =
    `INSERT INTO ${table} (${names.join(', ')}) SELECT ${names.map((name) => `r.${name}`).join(', ')} ` +
    `FROM (SELECT unnest(from_json_strict($1::JSON, $2)) AS r)`
  return async (connection, rows) => {
    await connection.run(sql, [JSON.stringify(rows), structure])
  }
}

/** The shape `from_json_strict` reads: text where a cast on insert does the rest. */
function jsonStructure(fields: readonly FieldSchema[]): Record<string, unknown> {
  return Object.fromEntries(
    fields.map((field) => {
      const element = elementStructure(field)
      return [field.name, isRepeated(field) ? [element] : element]
    }),
  )
}

function elementStructure(field: FieldSchema): unknown {
  const type = legacyType(field.type)
  if (type === 'RECORD') return jsonStructure(field.fields ?? [])
  if (type === 'RANGE') {
    const bound = { type: field.rangeElementType?.type ?? 'DATE' }
    return jsonStructure(['start', 'end'].map((name) => ({ ...bound, name })))
  }
  return ['JSON', 'GEOGRAPHY', 'BYTES', 'INTERVAL', 'TIMESTAMP'].includes(type)
    ? 'VARCHAR'
    : duckdbElementType(field)
}
