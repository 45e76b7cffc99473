// CAST and SAFE_CAST, and constructors that name their type: ARRAY<T>[...], STRUCT<...>(...).
import { duckdbType, type FieldSchema, isRepeated, legacyType } from '../wire/table-schema.ts'
import { type Ast, bodyOf, child, children, kindOf, unsupported } from './ast.ts'
import type { Scope } from './scope.ts'
import { fieldFromType, structPack } from './types.ts'
import type { Writer } from './writer.ts'

const CHECKED: Readonly<Record<string, string>> = {
  STRING: 'bq_to_string',
  INTEGER: 'bq_to_int64',
  BOOLEAN: 'bq_to_bool',
  BYTES: 'bq_to_bytes',
}
const HAS_SAFE_FORM = ['INTEGER', 'BOOLEAN']

export function castTo(value: string, type: Ast, safe: boolean): string {
  const field = fieldFromType('', type)
  if (field['precision'] !== undefined || field['maxLength'] !== undefined)
    throw unsupported('CAST to a type with a length or precision')
  return castToField(value, field, safe)
}

function castToField(value: string, field: FieldSchema, safe: boolean): string {
  const type = legacyType(field.type)
  const checked = isRepeated(field) ? undefined : CHECKED[type]
  if (checked !== undefined)
    return `${checked}${safe && HAS_SAFE_FORM.includes(type) ? '_safe' : ''}(${value})`
  if (type === 'JSON') throw unsupported('CAST to JSON')
  return `${safe ? 'TRY_CAST' : 'CAST'}(${value} AS ${duckdbType(field)})`
}

/** Fields of a constructed STRUCT take their names from the type, in order. */
export function typedConstructor(write: Writer, scope: Scope, value: Ast, type: Ast): string | undefined {
  const kind = kindOf(value)
  const body = bodyOf(value)
  const field = fieldFromType('', type)
  if ((kind === 'array' || kind === 'array_func') && isRepeated(field)) {
    const element = (child(type, 'element_type') ?? {}) as Ast
    const items = children(body, 'expressions').map(
      (item) => typedConstructor(write, scope, item, element) ?? write.expression(item, scope),
    )
    return `CAST([${items.join(', ')}] AS ${duckdbType(field)})`
  }
  const args = structArguments(kind, body)
  if (args === undefined || type['data_type'] !== 'struct' || field.fields === undefined) return undefined
  if (args.length !== field.fields.length)
    throw unsupported('STRUCT with another number of fields than its type')
  const types = children(type, 'fields')
  const entries = field.fields.map((entry, i): [string, string] => {
    const arg = args[i] ?? {}
    const plain = kindOf(arg) === 'alias' ? (child(bodyOf(arg), 'this') ?? {}) : arg
    const nested = typedConstructor(write, scope, plain, (types[i]?.['data_type'] ?? {}) as Ast)
    return [entry.name, nested ?? `CAST(${write.expression(plain, scope)} AS ${duckdbType(entry)})`]
  })
  return structPack(entries)
}

function structArguments(kind: string, body: Ast): readonly Ast[] | undefined {
  if (kind === 'tuple') return children(body, 'expressions')
  if (kind === 'function' && body['name'] === 'STRUCT') return children(body, 'args')
  if (kind === 'struct' && Array.isArray(body['fields']))
    return (body['fields'] as readonly (readonly [unknown, Ast])[]).map(([, value]) => value)
  return undefined
}
