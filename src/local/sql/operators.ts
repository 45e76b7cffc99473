// Operators between two values: arithmetic by signature, comparison by common type, conditions.
import { invalidQuery } from '../wire/api-error.ts'
import { isRepeated, quoteName } from '../wire/table-schema.ts'
import { type Ast, child, only, unsupported } from './ast.ts'
import type { Scope } from './scope.ts'
import { applySignature, readSignatures, type Signatures } from './signatures.ts'
import {
  BOOL,
  checkComparable,
  isStruct,
  kindOfType,
  type Type,
  type Typed,
  typed,
  typeName,
  unify,
} from './typing.ts'
import type { Writer } from './writer.ts'

const COMPARISONS: Readonly<Record<string, string>> = {
  eq: '=',
  neq: '<>',
  lt: '<',
  lte: '<=',
  gt: '>',
  gte: '>=',
  null_safe_eq: 'IS NOT DISTINCT FROM',
  null_safe_neq: 'IS DISTINCT FROM',
}

/** Node kinds with a left and a right side, and the signature they are called by. */
export const BINARY: Readonly<Record<string, string>> = {
  ...COMPARISONS,
  add: 'OP_ADD',
  sub: 'OP_SUB',
  mul: 'OP_MUL',
  div: 'OP_DIV',
  concat: 'OP_CONCAT',
  bitwise_and: 'OP_AND',
  bitwise_or: 'OP_OR',
  bitwise_xor: 'OP_XOR',
  bitwise_left_shift: 'OP_SHL',
  bitwise_right_shift: 'OP_SHR',
}

export const OPERATORS: Signatures = readSignatures(`
OP_NEG(INT64) INT64 = (-$1)
OP_NEG(NUMERIC) NUMERIC = (-$1)
OP_NEG(BIGNUMERIC) BIGNUMERIC = (-$1)
OP_NEG(FLOAT64) FLOAT64 = (-$1)
OP_NEG(INTERVAL) INTERVAL = (-$1)
OP_NOT(INT64) INT64 = (~$1)
OP_ADD(INT64, INT64) INT64 = ($1 + $2)
OP_ADD(NUMERIC, NUMERIC) NUMERIC = ($1 + $2)
OP_ADD(BIGNUMERIC, BIGNUMERIC) BIGNUMERIC = ($1 + $2)
OP_ADD(FLOAT64, FLOAT64) FLOAT64 = bq_float_add($1, $2)
OP_ADD(DATE, INT64) DATE = bq_date($1 + to_days(CAST($2 AS INTEGER)))
OP_ADD(INT64, DATE) DATE = bq_date($2 + to_days(CAST($1 AS INTEGER)))
OP_ADD(DATE, INTERVAL) DATETIME = (CAST($1 AS TIMESTAMP) + $2)
OP_ADD(DATETIME, INTERVAL) DATETIME = ($1 + $2)
OP_ADD(TIMESTAMP, INTERVAL) TIMESTAMP = ($1 + bq_without_months($2))
OP_ADD(INTERVAL, DATE) DATETIME = (CAST($2 AS TIMESTAMP) + $1)
OP_ADD(INTERVAL, DATETIME) DATETIME = ($2 + $1)
OP_ADD(INTERVAL, TIMESTAMP) TIMESTAMP = ($2 + bq_without_months($1))
OP_ADD(INTERVAL, INTERVAL) INTERVAL = ($1 + $2)
OP_SUB(INT64, INT64) INT64 = ($1 - $2)
OP_SUB(NUMERIC, NUMERIC) NUMERIC = ($1 - $2)
OP_SUB(BIGNUMERIC, BIGNUMERIC) BIGNUMERIC = ($1 - $2)
OP_SUB(FLOAT64, FLOAT64) FLOAT64 = bq_float_subtract($1, $2)
OP_SUB(DATE, INT64) DATE = bq_date($1 - to_days(CAST($2 AS INTEGER)))
OP_SUB(DATE, INTERVAL) DATETIME = (CAST($1 AS TIMESTAMP) - $2)
OP_SUB(DATETIME, INTERVAL) DATETIME = ($1 - $2)
OP_SUB(TIMESTAMP, INTERVAL) TIMESTAMP = ($1 - bq_without_months($2))
OP_SUB(DATE, DATE) INTERVAL = to_days(CAST($1 - $2 AS INTEGER))
OP_SUB(DATETIME, DATETIME) INTERVAL = to_microseconds(epoch_us($1) - epoch_us($2))
OP_SUB(TIMESTAMP, TIMESTAMP) INTERVAL = to_microseconds(epoch_us($1) - epoch_us($2))
OP_SUB(INTERVAL, INTERVAL) INTERVAL = ($1 - $2)
OP_MUL(INT64, INT64) INT64 = ($1 * $2)
OP_MUL(NUMERIC, NUMERIC) NUMERIC = bq_numeric_multiply($1, $2)
OP_MUL(FLOAT64, FLOAT64) FLOAT64 = bq_float_multiply($1, $2)
OP_MUL(INTERVAL, INT64) INTERVAL = ($1 * $2)
OP_MUL(INT64, INTERVAL) INTERVAL = ($2 * $1)
OP_DIV(INT64, INT64) FLOAT64 = (CAST($1 AS DOUBLE) / bq_divisor($2, $1))
OP_DIV(FLOAT64, FLOAT64) FLOAT64 = bq_float_divide($1, $2)
OP_DIV(NUMERIC, NUMERIC) NUMERIC = bq_numeric_divide($1, $2)
OP_CONCAT(STRING, STRING) STRING = ($1 || $2)
OP_CONCAT(BYTES, BYTES) BYTES = ($1 || $2)
OP_CONCAT(ARRAY<T>, ARRAY<T>) ARRAY<T> = bq_array_concat($1, $2)
OP_AND(INT64, INT64) INT64 = ($1 & $2)
OP_OR(INT64, INT64) INT64 = ($1 | $2)
OP_XOR(INT64, INT64) INT64 = xor($1, $2)
OP_SHL(INT64, INT64) INT64 = js_shift_left($1, $2)
OP_SHR(INT64, INT64) INT64 = js_shift_right($1, $2)
OP_LIKE(STRING, STRING) BOOL = ($1 LIKE $2 ESCAPE '\\')
`)

export function binary(kind: string, left: Typed, right: Typed): Typed {
  if (COMPARISONS[kind] !== undefined) return typed(compare(left, kind, right), BOOL)
  const name = BINARY[kind] ?? ''
  const [a, b] = [kindOfType(left.type), kindOfType(right.type)]
  if (name === 'OP_MUL' && (a === 'BIGNUMERIC' || b === 'BIGNUMERIC') && a !== 'FLOAT' && b !== 'FLOAT')
    throw unsupported('multiplication of BIGNUMERIC')
  if (name === 'OP_DIV' && (a === 'BIGNUMERIC' || b === 'BIGNUMERIC') && a !== 'FLOAT' && b !== 'FLOAT')
    throw unsupported('division of BIGNUMERIC')
  const result = applySignature(name.replace('OP_', 'operator '), OPERATORS.get(name) ?? [], [left, right])
  return left.constant === 'literal' && right.constant === 'literal' ? { ...result } : result
}

/** NaN equals nothing and is neither less nor greater, where DuckDB puts it above every number. */
export function compare(left: Typed, kind: string, right: Typed): string {
  const { sqls, type } = unify([left, right], COMPARISONS[kind] ?? kind)
  checkComparable(type, `operator ${COMPARISONS[kind]}`)
  if (type !== undefined && isRepeated(type))
    throw invalidQuery(`Equality is not defined for arguments of type ${typeName(type)}`)
  const [a, b] = sqls
  const plain = `(${a} ${COMPARISONS[kind]} ${b})`
  if (isStruct(type)) return structs(kind, [left, right], sqls, type as Type)
  if (kindOfType(type) !== 'FLOAT' || kind.startsWith('null_safe')) return plain
  const above = kind === 'lt' || kind === 'lte' ? [right, b] : [left, a]
  const [suspect, sql] = above as [Typed, string]
  const other = suspect === left ? right : left
  if (suspect.text !== undefined || kindOfType(suspect.type) !== 'FLOAT') return plain
  if ((kind === 'eq' || kind === 'neq') && other.text !== undefined) return plain
  return kind === 'neq' ? `(${plain} OR isnan(${sql}))` : `(${plain} AND NOT isnan(${sql}))`
}

/** Structs are equal if all their fields are: NULL in one leaves it open, and NaN equals nothing. */
function structs(kind: string, sides: readonly Typed[], sqls: readonly string[], type: Type): string {
  const [a = '', b = ''] = sqls
  if (kind.startsWith('null_safe')) return `(${a} ${COMPARISONS[kind]} ${b})`
  if (kind !== 'eq' && kind !== 'neq')
    throw invalidQuery(
      `Operator ${COMPARISONS[kind]} is not defined for arguments of type ${sides.map((side) => typeName(side.type)).join(' and ')}`,
    )
  const fields = type.fields ?? []
  const tests = fields.map((field) => {
    const [one, other] = ['x', 'y'].map((side) => typed(`(p$.${side}).${quoteName(field.name)}`, field))
    return compare(one as Typed, 'eq', other as Typed)
  })
  const both = `list_transform([struct_pack(x := ${a}, y := ${b})], lambda p$: ${tests.join(' AND ')})[1]`
  return kind === 'eq' ? `(${both})` : `(NOT ${both})`
}

/** A value where only TRUE, FALSE or NULL may stand. */
export function condition(value: Typed, what: string): string {
  const kind = kindOfType(value.type)
  if (value.type !== undefined && kind !== 'BOOLEAN' && value.constant !== 'null')
    throw invalidQuery(`${what} should return type BOOL, but returns ${typeName(value.type)}`)
  return value.sql
}

export function conditions(write: Writer, scope: Scope, body: Ast, operator: string): Typed {
  only(operator, body, 'left', 'right')
  const sides = ['left', 'right'].map((key) =>
    condition(write.typed(child(body, key) ?? {}, scope), operator),
  )
  return typed(`(${sides.join(` ${operator} `)})`, BOOL)
}
