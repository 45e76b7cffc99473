// Aggregate functions with their modifiers: DISTINCT, IGNORE NULLS, ORDER BY, LIMIT.
import { invalidQuery } from '../../wire/api-error.ts'
import { quoteText } from '../../wire/table-schema.ts'
import { type Ast, bodyOf, child, children, only, unsupported } from '../ast.ts'
import { orderBy } from '../order.ts'
import type { Scope } from '../scope.ts'
import type { Writer } from '../writer.ts'

const SIMPLE: Readonly<Record<string, string>> = {
  SUM: 'sum',
  AVG: 'avg',
  MIN: 'min',
  MAX: 'max',
  ANY_VALUE: 'any_value',
  STDDEV: 'stddev_samp',
  STDDEV_SAMP: 'stddev_samp',
  STDDEV_POP: 'stddev_pop',
  VARIANCE: 'var_samp',
  VAR_SAMP: 'var_samp',
  VAR_POP: 'var_pop',
  LOGICAL_OR: 'bool_or',
  LOGICAL_AND: 'bool_and',
  BIT_AND: 'bit_and',
  BIT_OR: 'bit_or',
  BIT_XOR: 'bit_xor',
}

const TWO_ARGUMENTS: Readonly<Record<string, string>> = {
  MAX_BY: 'arg_max',
  MIN_BY: 'arg_min',
  CORR: 'corr',
  COVAR_POP: 'covar_pop',
  COVAR_SAMP: 'covar_samp',
}

/**
 * Writes an aggregate, with `over` (an OVER clause or nothing) after it. LIMIT is applied around the
 * whole, which is why the clause is passed in.
 */
export function aggregate(write: Writer, scope: Scope, name: string, body: Ast, over = ''): string {
  const distinct = body['distinct'] === true ? 'DISTINCT ' : ''
  const argument = (): string => {
    const node = child(body, 'this')
    if (node === undefined) throw invalidQuery(`No matching signature for aggregate function ${name}`)
    return write.expression(node, scope)
  }
  if (name === 'COUNT') {
    only(name, body, 'this', 'star', 'distinct')
    return body['star'] === true ? `count(*)${over}` : `count(${distinct}${argument()})${over}`
  }
  if (name === 'COUNTIF') {
    only(name, body, 'this')
    return `count(*) FILTER (WHERE ${argument()})${over}`
  }
  if (name === 'APPROX_COUNT_DISTINCT') {
    only(name, body, 'this')
    return `count(DISTINCT ${argument()})${over}`
  }
  if (name === 'STRING_AGG') {
    only(name, body, 'this', 'separator', 'order_by', 'distinct')
    const separator = child(body, 'separator')
    const by = separator === undefined ? quoteText(',') : write.expression(separator, scope)
    return `string_agg(${distinct}${argument()}, ${by}${orderClause(write, scope, body)})${over}`
  }
  if (name === 'ARRAY_AGG') {
    only(name, body, 'this', 'order_by', 'distinct', 'ignore_nulls', 'limit')
    const value = argument()
    const filter = body['ignore_nulls'] === true ? ` FILTER (WHERE ${value} IS NOT NULL)` : ''
    const limit = child(body, 'limit')
    const all = `array_agg(${distinct}${value}${orderClause(write, scope, body)})${filter}${over}`
    return limit === undefined ? all : `(${all})[1:${write.expression(limit, scope)}]`
  }
  const simple = SIMPLE[name]
  if (simple === undefined) throw invalidQuery(`Function not found: ${name}`)
  only(name, body, 'this', 'distinct')
  return `${simple}(${distinct}${argument()})${over}`
}

/** Aggregates that the parser leaves as a name with a list of arguments. */
export function namedAggregate(write: Writer, scope: Scope, node: Ast, over = ''): string {
  const body = bodyOf(node)
  const name = String(body['name']).toUpperCase()
  only(name, body, 'args')
  const args = children(body, 'args').map((arg) => write.expression(arg, scope))
  const two = TWO_ARGUMENTS[name]
  if (two !== undefined && args.length === 2) return `${two}(${args.join(', ')})${over}`
  if (name === 'APPROX_QUANTILES' && args.length === 2) {
    const count = Number(literalNumber(children(body, 'args')[1]))
    if (!Number.isInteger(count) || count < 1) throw unsupported('APPROX_QUANTILES with a computed number')
    const points = Array.from({ length: count + 1 }, (_, i) => i / count)
    return `quantile_disc(${args[0]}, [${points.join(', ')}])${over}`
  }
  throw invalidQuery(`Function not found: ${name}`)
}

function literalNumber(node: Ast | undefined): unknown {
  return node === undefined ? undefined : (node['literal'] as Ast | undefined)?.['value']
}

function orderClause(write: Writer, scope: Scope, body: Ast): string {
  const keys = children(body, 'order_by')
  return keys.length === 0 ? '' : ` ORDER BY ${orderBy(write, scope, keys)}`
}
