// Aggregate functions with their modifiers: DISTINCT, IGNORE NULLS, HAVING MAX, ORDER BY, LIMIT.
import { invalidQuery } from '../../wire/api-error.ts'
import { type FieldSchema, isRepeated, quoteText } from '../../wire/table-schema.ts'
import { type Ast, bodyOf, child, children, only, unsupported } from '../ast.ts'
import { orderBy } from '../order.ts'
import type { Scope } from '../scope.ts'
import { applySignature, readSignatures } from '../signatures.ts'
import {
  arrayOf,
  checkComparable,
  coerceTo,
  elementOf,
  FLOAT64,
  INT64,
  kindOfType,
  structOf,
  type Typed,
  typed,
  typeName,
} from '../typing.ts'
import type { Writer } from '../writer.ts'

/** `agg(x)` stands for the aggregate: DISTINCT goes inside it, FILTER and OVER behind it. */
const AGGREGATES = readSignatures(`
SUM(INT64) INT64 = CAST({sum($1)} AS BIGINT)
SUM(NUMERIC) NUMERIC = bq_digits({sum($1)}, 99999999999999999999999999999.999999999)
SUM(BIGNUMERIC) BIGNUMERIC = bq_digits({sum($1)}, 99999999999999999999999.999999999999999)
SUM(FLOAT64) FLOAT64 = bq_float_total({sum($1)}, {bool_or(isinf($1))})
SUM(INTERVAL) INTERVAL = {sum($1)}
AVG(INT64) FLOAT64 = {avg($1)}
AVG(NUMERIC) NUMERIC = bq_numeric_average({sum($1)}, {count($1)})
AVG(FLOAT64) FLOAT64 = bq_float_total({avg($1)}, {bool_or(isinf($1))})
MIN(FLOAT64) FLOAT64 = (CASE WHEN {bool_or(isnan($1))} THEN CAST('nan' AS DOUBLE) ELSE {min($1)} END)
MIN(T) T = {min($1)}
MAX(T) T = {max($1)}
ANY_VALUE(T) T = {any_value($1)}
STDDEV|STDDEV_SAMP(FLOAT64) FLOAT64 = {stddev_samp($1)}
STDDEV_POP(FLOAT64) FLOAT64 = {stddev_pop($1)}
VARIANCE|VAR_SAMP(FLOAT64) FLOAT64 = {var_samp($1)}
VAR_POP(FLOAT64) FLOAT64 = {var_pop($1)}
LOGICAL_OR(BOOL) BOOL = {bool_or($1)}
LOGICAL_AND(BOOL) BOOL = {bool_and($1)}
BIT_AND(INT64) INT64 = {bit_and($1)}
BIT_OR(INT64) INT64 = {bit_or($1)}
BIT_XOR(INT64) INT64 = {bit_xor($1)}
COUNT(T) INT64 = {count($1)}
COUNTIF(BOOL) INT64 = {count(CASE WHEN $1 THEN 1 END)}
APPROX_COUNT_DISTINCT(T) INT64 = count(DISTINCT $1)
CORR(FLOAT64, FLOAT64) FLOAT64 = {corr($1, $2)}
COVAR_POP(FLOAT64, FLOAT64) FLOAT64 = {covar_pop($1, $2)}
COVAR_SAMP(FLOAT64, FLOAT64) FLOAT64 = {covar_samp($1, $2)}
MAX_BY(T, U) T = {arg_max($1, $2)}
MIN_BY(T, U) T = {arg_min($1, $2)}
ARRAY_CONCAT_AGG(ARRAY<T>) ARRAY<T> = flatten({array_agg($1)})
`)

const ORDERED = ['MIN', 'MAX']

/** Writes an aggregate, with `over` (an OVER clause or nothing) behind it. */
export function aggregate(write: Writer, outer: Scope, name: string, body: Ast, over = ''): Typed {
  const scope = over === '' ? withoutSelected(outer) : outer
  if (name === 'COUNT' && body['star'] === true) {
    only(name, body, 'star')
    return typed(`count(*)${over}`, INT64)
  }
  const node = child(body, 'this')
  if (node === undefined)
    throw invalidQuery(`No matching signature for aggregate function ${name} for no arguments`)
  const value = write.typed(node, scope)
  if (name === 'STRING_AGG') return stringAgg(write, scope, body, value, over)
  if (name === 'ARRAY_AGG') return arrayAgg(write, scope, body, value, over)
  only(name, body, 'this', 'distinct', 'having_max', ...(name === 'ARRAY_CONCAT_AGG' ? ['order_by'] : []))
  if (ORDERED.includes(name)) {
    checkComparable(value.type, name)
    if (value.type !== undefined && kindOfType(value.type) === '')
      throw invalidQuery(`${name} is not defined for arguments of type ${typeName(value.type)}`)
  }
  const extreme = body['having_max'] as readonly [Ast, boolean] | undefined
  if (Array.isArray(extreme)) {
    if (name !== 'ANY_VALUE') throw unsupported(`HAVING MAX in ${name}`)
    return simple(extreme[1] ? 'MAX_BY' : 'MIN_BY', [value, write.typed(extreme[0], scope)], '', '', over)
  }
  const distinct = body['distinct'] === true ? 'DISTINCT ' : ''
  if (name === 'ARRAY_CONCAT_AGG') {
    const { type } = value
    if (type !== undefined && !isRepeated(type)) throw invalidQuery('ARRAY_CONCAT_AGG needs an ARRAY')
    return simple(
      name,
      [value],
      distinct,
      `${orderClause(write, scope, body)}`,
      ` FILTER (WHERE ${value.sql} IS NOT NULL)${over}`,
    )
  }
  return simple(name, [value], distinct, '', over)
}

/** HAVING and ORDER BY see the names of the SELECT list, but not inside an aggregate. */
function withoutSelected(scope: Scope): Scope {
  const { selected: _selected, ...rest } = scope
  return rest
}

function simple(name: string, args: readonly Typed[], distinct: string, order: string, over: string): Typed {
  const overloads = AGGREGATES.get(name)
  if (overloads === undefined) throw invalidQuery(`Function not found: ${name}`)
  if (name === 'AVG' && kindOfType(args[0]?.type) === 'BIGNUMERIC') throw unsupported('AVG of BIGNUMERIC')
  const modifiers = { before: distinct, after: order, behind: over }
  return applySignature(`aggregate function ${name}`, overloads, args, modifiers)
}

function stringAgg(write: Writer, scope: Scope, body: Ast, value: Typed, over: string): Typed {
  only('STRING_AGG', body, 'this', 'separator', 'order_by', 'distinct', 'limit')
  if (
    value.type !== undefined &&
    !['STRING', 'BYTES'].includes(kindOfType(value.type)) &&
    value.constant !== 'null'
  )
    throw invalidQuery(
      `No matching signature for aggregate function STRING_AGG for argument types: ${typeName(value.type)}`,
    )
  if (kindOfType(value.type) === 'BYTES') throw unsupported('STRING_AGG of BYTES')
  const separator = child(body, 'separator')
  const by = separator === undefined ? quoteText(',') : write.expression(separator, scope)
  const limit = child(body, 'limit')
  const order = orderClause(write, scope, body)
  const distinct = body['distinct'] === true ? 'DISTINCT ' : ''
  if (limit === undefined && (distinct === '' || order === ''))
    return typed(`string_agg(${distinct}${value.sql}, ${by}${order})${over}`, value.type)
  const list = arrayAgg(write, scope, { ...body, separator: null, ignore_nulls: true }, value, over)
  return typed(`nullif(array_to_string(${list.sql}, ${by}), NULL)`, value.type)
}

function arrayAgg(write: Writer, scope: Scope, body: Ast, value: Typed, over: string): Typed {
  only('ARRAY_AGG', body, 'this', 'order_by', 'distinct', 'ignore_nulls', 'limit')
  const { sql, type } = value
  if (type !== undefined && isRepeated(type))
    throw invalidQuery(`The argument to ARRAY_AGG must not be an array type but was ${typeName(type)}`)
  const filter = body['ignore_nulls'] === true ? ` FILTER (WHERE ${sql} IS NOT NULL)` : ''
  const limit = child(body, 'limit')
  const keys = children(body, 'order_by')
  const distinct = body['distinct'] === true
  let all: string
  if (distinct && keys.length > 0) {
    // DuckDB sorts DISTINCT values only by themselves, and so does BigQuery.
    const [key] = keys
    const own = key && write.expression(child(key, 'this') ?? {}, scope)
    if (keys.length > 1 || own !== sql)
      throw invalidQuery(
        'An aggregate function that has both DISTINCT and ORDER BY arguments can only ORDER BY expressions that are arguments to the function',
      )
    const descending = key?.['desc'] === true
    const nullsFirst = typeof key?.['nulls_first'] === 'boolean' ? key['nulls_first'] : !descending
    const list = `array_agg(DISTINCT ${sql})${filter}${over}`
    const direction = descending ? 'DESC' : 'ASC'
    all =
      kindOfType(type) === 'FLOAT'
        ? `bq_sort_floats(${list}, '${direction}', ${nullsFirst === descending})`
        : `list_sort(${list}, '${direction}', 'NULLS ${nullsFirst ? 'FIRST' : 'LAST'}')`
  } else
    all = `array_agg(${distinct ? 'DISTINCT ' : ''}${sql}${orderClause(write, scope, body)})${filter}${over}`
  const element = type === undefined || type.type === 'NULL' ? INT64 : type
  if (limit !== undefined) all = `(${all})[1:${coerceTo(write.typed(limit, scope), INT64, 'LIMIT')}]`
  return typed(all, arrayOf(element))
}

/** Aggregates that the parser leaves as a name with a list of arguments. */
export function namedAggregate(write: Writer, outer: Scope, node: Ast, over = ''): Typed {
  const body = bodyOf(node)
  const name = String(body['name']).toUpperCase()
  const scope = over === '' ? withoutSelected(outer) : outer
  only(name, body, 'args', ...(name.startsWith('PERCENTILE') ? ['ignore_nulls'] : []))
  const args = children(body, 'args').map((arg) => write.typed(arg, scope))
  const [value, second] = args
  if (name.startsWith('APPROX_') && value !== undefined) return approximate(name, value, args, over)
  if (name.startsWith('PERCENTILE_') && value !== undefined && second !== undefined) {
    if (over === '') throw invalidQuery(`Analytic function ${name} cannot be called without an OVER clause`)
    if (body['ignore_nulls'] === false) throw unsupported(`${name} with RESPECT NULLS`)
    if (second.constant !== 'literal') throw unsupported(`${name} with a computed percentile`)
    if (name === 'PERCENTILE_DISC')
      return typed(`quantile_disc(${value.sql}, ${second.sql})${over}`, value.type)
    return typed(`quantile_cont(${coerceTo(value, FLOAT64, name)}, ${second.sql})${over}`, FLOAT64)
  }
  return simple(name, args, '', '', over)
}

/** Exact where BigQuery estimates; ties go by the value. */
function approximate(name: string, value: Typed, args: readonly Typed[], over: string): Typed {
  const type = value.type ?? INT64
  const number = args[args.length - 1]?.text
  if (name === 'APPROX_QUANTILES' && args.length === 2) {
    const count = Number(number)
    if (!Number.isInteger(count) || count < 1) throw unsupported('APPROX_QUANTILES with a computed number')
    const points = Array.from({ length: count + 1 }, (_, i) => i / count)
    return typed(`quantile_disc(${value.sql}, [${points.join(', ')}])${over}`, arrayOf(elementOf(type)))
  }
  if (over !== '') throw unsupported(`${name} with OVER`)
  const counted = (field: FieldSchema): Typed['type'] =>
    arrayOf(structOf([{ ...type, name: 'value' }, field]))
  if (name === 'APPROX_TOP_COUNT' && args.length === 2)
    return typed(
      `bq_top_count(array_agg(${value.sql}), ${number})`,
      counted({ name: 'count', type: 'INTEGER' }),
    )
  if (name === 'APPROX_TOP_SUM' && args.length === 3 && args[1] !== undefined)
    return typed(
      `bq_top_sum(array_agg(struct_pack(v := ${value.sql}, w := ${args[1].sql})), ${number})`,
      counted({ ...(args[1].type ?? INT64), name: 'sum' }),
    )
  throw invalidQuery(`Function not found: ${name}`)
}

function orderClause(write: Writer, scope: Scope, body: Ast): string {
  const keys = children(body, 'order_by')
  return keys.length === 0 ? '' : ` ORDER BY ${orderBy(write, scope, keys)}`
}
