// Types as SQL writes them: the parser's type nodes as DuckDB types and as table fields.
import { type FieldSchema, legacyType, quoteName } from '../wire/table-schema.ts'
import { type Ast, children, nameOf, unsupported } from './ast.ts'

const PARSED_NAMES: Readonly<Record<string, string>> = {
  int: 'INTEGER',
  big_int: 'INTEGER',
  small_int: 'INTEGER',
  tiny_int: 'INTEGER',
  double: 'FLOAT',
  float: 'FLOAT',
  boolean: 'BOOLEAN',
  string: 'STRING',
  text: 'STRING',
  date: 'DATE',
  time: 'TIME',
  timestamp: 'TIMESTAMP',
  decimal: 'NUMERIC',
  json: 'JSON',
  geography: 'GEOGRAPHY',
  interval: 'INTERVAL',
}

const KNOWN = new Set([...Object.values(PARSED_NAMES), 'BYTES', 'DATETIME', 'BIGNUMERIC'])

/** A parsed type as a table field of the given name. */
export function fieldFromType(name: string, type: Ast): FieldSchema {
  const kind = String(type['data_type'])
  if (kind === 'array') return { ...fieldFromType(name, type['element_type'] as Ast), mode: 'REPEATED' }
  if (kind === 'struct') {
    const fields = children(type, 'fields').map((field, i) =>
      fieldFromType(nameOf(field['name']) || anonymousField(i), (field['data_type'] ?? {}) as Ast),
    )
    return { name, type: 'RECORD', fields }
  }
  if (kind === 'interval' && type['unit'] !== undefined && type['unit'] !== null)
    throw unsupported(`INTERVAL ${type['unit']} as a type`)
  const scalar = legacyType(PARSED_NAMES[kind] ?? nameOf(type['name']))
  if (!KNOWN.has(scalar)) throw unsupported(`type ${scalar || kind}`)
  const attributes: Record<string, string> = {}
  if (typeof type['precision'] === 'number' && scalar === 'NUMERIC')
    attributes['precision'] = String(type['precision'])
  if (typeof type['scale'] === 'number' && scalar === 'NUMERIC') attributes['scale'] = String(type['scale'])
  if (typeof type['length'] === 'number') attributes['maxLength'] = String(type['length'])
  return { name, type: scalar, ...attributes }
}

/** How a struct field without a name is called, here and in results. */
export function anonymousField(index: number): string {
  return `_field_${index + 1}`
}

export function structPack(entries: readonly (readonly [name: string, sql: string])[]): string {
  return `struct_pack(${entries.map(([name, sql]) => `${quoteName(name)} := ${sql}`).join(', ')})`
}
