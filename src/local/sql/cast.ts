// CAST and SAFE_CAST, and constructors that name their type: ARRAY<T>[...], STRUCT<...>(...).
import { invalidQuery } from '../wire/api-error.ts'
import { duckdbType, type FieldSchema, isRepeated, legacyType } from '../wire/table-schema.ts'
import { type Ast, bodyOf, child, children, kindOf, unsupported } from './ast.ts'
import { outsideTry } from './functions/safe.ts'
import type { Scope } from './scope.ts'
import { applySignature, readSignatures } from './signatures.ts'
import { fieldFromType, structPack } from './types.ts'
import {
  arrayOf,
  coerceTo,
  elementOf,
  isStruct,
  sameType,
  scalar,
  type Type,
  type Typed,
  typed,
  typeName,
} from './typing.ts'
import type { Writer } from './writer.ts'

/** By target type: what may be cast to it, and how. */
const CASTS = readSignatures(`
STRING(STRING) STRING = $1
STRING(BYTES) STRING = decode($1)
STRING(INT64) STRING = CAST($1 AS VARCHAR)
STRING(BOOL) STRING = CAST($1 AS VARCHAR)
STRING(FLOAT64) STRING = js_float_text($1)
STRING(NUMERIC) STRING = bq_decimal_text(CAST($1 AS VARCHAR))
STRING(BIGNUMERIC) STRING = bq_decimal_text(CAST($1 AS VARCHAR))
STRING(DATE) STRING = bq_date_text($1)
STRING(TIME) STRING = bq_time_text($1)
STRING(DATETIME) STRING = bq_datetime_text($1)
STRING(TIMESTAMP) STRING = bq_timestamp_text($1)
STRING(INTERVAL) STRING = js_interval_text($1)
BYTES(BYTES) BYTES = $1
BYTES(STRING) BYTES = encode($1)
INTEGER(INT64) INT64 = $1
INTEGER(BOOL) INT64 = CAST($1 AS BIGINT)
INTEGER(FLOAT64) INT64 = bq_float_to_int64($1)
INTEGER(NUMERIC) INT64 = CAST(round($1) AS BIGINT)
INTEGER(BIGNUMERIC) INT64 = CAST(round($1) AS BIGINT)
INTEGER(STRING) INT64 = bq_text_to_int64($1)
FLOAT(FLOAT64) FLOAT64 = $1
FLOAT(INT64) FLOAT64 = CAST($1 AS DOUBLE)
FLOAT(NUMERIC) FLOAT64 = CAST($1 AS DOUBLE)
FLOAT(BIGNUMERIC) FLOAT64 = CAST($1 AS DOUBLE)
FLOAT(STRING) FLOAT64 = bq_text_to_float64($1)
NUMERIC(NUMERIC) NUMERIC = $1
NUMERIC(INT64) NUMERIC = CAST($1 AS DECIMAL(38,9))
NUMERIC(BIGNUMERIC) NUMERIC = CAST($1 AS DECIMAL(38,9))
NUMERIC(FLOAT64) NUMERIC = CAST(js_float_decimal($1, 9) AS DECIMAL(38,9))
NUMERIC(STRING) NUMERIC = CAST(js_text_decimal($1, 9) AS DECIMAL(38,9))
BIGNUMERIC(BIGNUMERIC) BIGNUMERIC = $1
BIGNUMERIC(INT64) BIGNUMERIC = CAST($1 AS DECIMAL(38,15))
BIGNUMERIC(NUMERIC) BIGNUMERIC = CAST($1 AS DECIMAL(38,15))
BIGNUMERIC(STRING) BIGNUMERIC = CAST(js_text_decimal($1, 15) AS DECIMAL(38,15))
BOOLEAN(BOOL) BOOL = $1
BOOLEAN(INT64) BOOL = ($1 <> 0)
BOOLEAN(STRING) BOOL = bq_text_to_bool($1)
DATE(DATE) DATE = $1
DATE(DATETIME) DATE = CAST($1 AS DATE)
DATE(TIMESTAMP) DATE = CAST(timezone('UTC', $1) AS DATE)
DATE(STRING) DATE = bq_text_to_date($1)
TIME(TIME) TIME = $1
TIME(DATETIME) TIME = CAST($1 AS TIME)
TIME(TIMESTAMP) TIME = CAST(timezone('UTC', $1) AS TIME)
TIME(STRING) TIME = bq_text_to_time($1)
DATETIME(DATETIME) DATETIME = $1
DATETIME(DATE) DATETIME = CAST($1 AS TIMESTAMP)
DATETIME(TIMESTAMP) DATETIME = timezone('UTC', $1)
DATETIME(STRING) DATETIME = bq_text_to_datetime($1)
TIMESTAMP(TIMESTAMP) TIMESTAMP = $1
TIMESTAMP(DATE) TIMESTAMP = timezone('UTC', CAST($1 AS TIMESTAMP))
TIMESTAMP(DATETIME) TIMESTAMP = timezone('UTC', $1)
TIMESTAMP(STRING) TIMESTAMP = bq_text_to_timestamp($1)
INTERVAL(INTERVAL) INTERVAL = $1
INTERVAL(STRING) INTERVAL = bq_text_to_interval($1)
JSON(JSON) JSON = $1
GEOGRAPHY(GEOGRAPHY) GEOGRAPHY = $1
`)

export function castTo(value: Typed, type: Ast, safe: boolean): Typed {
  const field = fieldFromType('', type)
  if (!safe) return limited(castToType(value, field), field)
  if (value.constant === 'null') return castToType(value, field)
  return outsideTry([value], ([held]) => limited(castToType(held as Typed, field), field))
}

export function castToType(value: Typed, to: Type): Typed {
  const from = value.type
  if (value.constant === 'null')
    return typed(`CAST(${value.fails ? value.sql : 'NULL'} AS ${duckdbType(to)})`, to)
  if (from !== undefined && sameType(from, to)) return typed(coerceTo(value, to, 'CAST'), to)
  if (isRepeated(to) || isStruct(to)) {
    if (from === undefined) throw unsupported('CAST of a value whose type is not known here')
    return castNested(value, from, to)
  }
  const name = legacyType(to.type)
  const overloads = CASTS.get(name)
  if (overloads === undefined) throw unsupported(`CAST to ${typeName(to)}`)
  const exact = overloads.filter(
    ({ parameters: [one] }) => from === undefined || sameType(scalar(one?.name ?? ''), from),
  )
  if (exact.length === 0 || (from === undefined && overloads.length > 1))
    throw invalidQuery(`Invalid cast from ${typeName(from)} to ${typeName(to)}`)
  return typed(applySignature(`CAST to ${typeName(to)}`, exact, [value]).sql, to)
}

function castNested(value: Typed, from: Type, to: Type): Typed {
  const fault = invalidQuery(`Invalid cast from ${typeName(from)} to ${typeName(to)}`)
  if (isRepeated(from) !== isRepeated(to)) throw fault
  if (isRepeated(to)) {
    if (from.type === 'NULL') return typed(coerceTo(value, to, 'CAST'), to)
    const each = castToType(typed('x$', elementOf(from)), elementOf(to))
    return typed(`list_transform(${value.sql}, lambda x$: ${each.sql})`, to)
  }
  const [inner, outer] = [from.fields ?? [], to.fields ?? []]
  if (!isStruct(from) || inner.length !== outer.length) throw fault
  const entries = outer.map((field, i): [string, string] => {
    const own = inner[i] as FieldSchema
    return [field.name, castToType(typed(`(${value.sql})."${own.name}"`, own), field).sql]
  })
  return typed(`(CASE WHEN (${value.sql}) IS NOT NULL THEN ${structPack(entries)} END)`, to)
}

/** Lengths and precisions in a type are limits on the value. */
function limited(value: Typed, field: FieldSchema): Typed {
  const { maxLength, precision, scale } = field
  if (maxLength !== undefined) return { ...value, sql: `bq_limit_length(${value.sql}, ${maxLength})` }
  if (precision === undefined) return value
  const digits = Number(scale ?? 0)
  const type = duckdbType({ name: '', type: field.type })
  return { ...value, sql: `CAST(CAST(${value.sql} AS DECIMAL(${precision},${digits})) AS ${type})` }
}

/** Fields of a constructed STRUCT take their names from the type, in order. */
export function typedConstructor(write: Writer, scope: Scope, value: Ast, type: Ast): Typed | undefined {
  const kind = kindOf(value)
  const body = bodyOf(value)
  if ((kind === 'array' || kind === 'array_func') && type['data_type'] === 'array') {
    const field = fieldFromType('', type)
    const element = (child(type, 'element_type') ?? {}) as Ast
    const items = children(body, 'expressions').map((item) => member(write, scope, item, element))
    return typed(`CAST([${items.join(', ')}] AS ${duckdbType(field)})`, arrayOf(elementOf(field)))
  }
  const args = structArguments(kind, body)
  if (args === undefined || type['data_type'] !== 'struct') return undefined
  const field = fieldFromType('', type)
  if (args.length !== field.fields?.length)
    throw invalidQuery('STRUCT constructor has another number of values than its type has fields')
  const types = children(type, 'fields')
  const entries = field.fields.map((entry, i): [string, string] => {
    const arg = args[i] ?? {}
    const plain = kindOf(arg) === 'alias' ? (child(bodyOf(arg), 'this') ?? {}) : arg
    return [entry.name, member(write, scope, plain, (types[i]?.['data_type'] ?? {}) as Ast)]
  })
  return typed(structPack(entries), field)
}

function member(write: Writer, scope: Scope, value: Ast, type: Ast): string {
  const constructed = typedConstructor(write, scope, value, type)
  return constructed?.sql ?? coerceTo(write.typed(value, scope), fieldFromType('', type), 'constructor')
}

function structArguments(kind: string, body: Ast): readonly Ast[] | undefined {
  if (kind === 'tuple') return children(body, 'expressions')
  if (kind === 'paren') return [child(body, 'this') ?? {}]
  if (kind === 'function' && String(body['name']).toUpperCase() === 'STRUCT') return children(body, 'args')
  if (kind === 'struct' && Array.isArray(body['fields']))
    return (body['fields'] as readonly (readonly [unknown, Ast])[]).map(([, value]) => value)
  return undefined
}
