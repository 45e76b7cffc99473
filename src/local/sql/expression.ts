// Expressions: each kind of node the parser makes, written for DuckDB. A kind that is not here is refused.
import { invalidQuery } from '../wire/api-error.ts'
import { quoteName, quoteText } from '../wire/table-schema.ts'
import { type Ast, bodyOf, child, children, kindOf, nameOf, only, unsupported } from './ast.ts'
import { castTo, typedConstructor } from './cast.ts'
import { aggregate, namedAggregate } from './functions/aggregates.ts'
import { call, structOf } from './functions/call.ts'
import { extract, interval } from './functions/dates.ts'
import { AGGREGATE_NODES, FUNCTION_NODES } from './functions/node-names.ts'
import { literal } from './literal.ts'
import { parameter, type Scope } from './scope.ts'
import { windowed } from './window.ts'
import type { Writer } from './writer.ts'

type Write = (write: Writer, scope: Scope, body: Ast, node: Ast) => string

const BINARY: Readonly<Record<string, string>> = {
  add: '+',
  sub: '-',
  mul: '*',
  eq: '=',
  neq: '<>',
  lt: '<',
  lte: '<=',
  gt: '>',
  gte: '>=',
  and: 'AND',
  or: 'OR',
  concat: '||',
  null_safe_eq: 'IS NOT DISTINCT FROM',
  null_safe_neq: 'IS DISTINCT FROM',
  bitwise_and: '&',
  bitwise_or: '|',
  bitwise_left_shift: '<<',
  bitwise_right_shift: '>>',
}

const KINDS: Readonly<Record<string, Write>> = {
  literal: (_write, _scope, body) => literal(body),
  null: () => 'NULL',
  boolean: (_write, _scope, body) => (body['value'] === true ? 'true' : 'false'),
  column,
  dot: (write, scope, body) => `(${sub(write, scope, body, 'this')}).${quoteName(nameOf(body['field']))}`,
  parameter(_write, scope, body) {
    if (body['style'] === 'DoubleAt') throw unsupported(`system variable @@${nameOf(body)}`)
    return parameter(scope, nameOf(body)).sql
  },
  paren: (write, scope, body) => `(${sub(write, scope, body, 'this')})`,
  not: (write, scope, body) => `(NOT ${sub(write, scope, body, 'this')})`,
  neg,
  bitwise_not: (write, scope, body) => `(~${sub(write, scope, body, 'this')})`,
  bitwise_xor: (write, scope, body) =>
    `xor(${sub(write, scope, body, 'left')}, ${sub(write, scope, body, 'right')})`,
  div: (write, scope, body) =>
    `bq_divide(${sub(write, scope, body, 'left')}, ${sub(write, scope, body, 'right')})`,
  is_null: (write, scope, body) => `(${sub(write, scope, body, 'this')} IS ${notIf(body)}NULL)`,
  is_true: (write, scope, body) => `(${sub(write, scope, body, 'this')} IS ${notIf(body)}TRUE)`,
  is_false: (write, scope, body) => `(${sub(write, scope, body, 'this')} IS ${notIf(body)}FALSE)`,
  like(write, scope, body) {
    only('LIKE', body, 'left', 'right')
    return `(${sub(write, scope, body, 'left')} LIKE ${sub(write, scope, body, 'right')} ESCAPE '\\')`
  },
  between(write, scope, body) {
    only('BETWEEN', body, 'this', 'low', 'high', 'not')
    const range = `${sub(write, scope, body, 'low')} AND ${sub(write, scope, body, 'high')}`
    return `(${sub(write, scope, body, 'this')} ${notIf(body)}BETWEEN ${range})`
  },
  in: membership,
  exists(write, scope, body) {
    only('EXISTS', body, 'this', 'not')
    return `(${notIf(body)}EXISTS (${write.query(child(body, 'this') ?? {}, scope)}))`
  },
  case: cases,
  if_func(write, scope, body) {
    only('IF', body, 'condition', 'true_value', 'false_value')
    const [test, yes, no] = ['condition', 'true_value', 'false_value'].map((key) =>
      sub(write, scope, body, key),
    )
    return `(CASE WHEN ${test} THEN ${yes} ELSE ${no} END)`
  },
  coalesce: (write, scope, body) => `coalesce(${listOf(write, scope, body)})`,
  cast: (write, scope, body) => cast(write, scope, body, false),
  safe_cast: (write, scope, body) => cast(write, scope, body, true),
  subquery(write, scope, body, node) {
    only('subquery', body, 'this')
    return `(${write.query(node, scope)})`
  },
  select: (write, scope, _body, node) => `(${write.query(node, scope)})`,
  tuple: (write, scope, body) => structOf(write, scope, children(body, 'expressions')),
  array_func: (write, scope, body) => `[${listOf(write, scope, body)}]`,
  array: (write, scope, body) => `[${listOf(write, scope, body)}]`,
  subscript,
  extract,
  interval: (write, scope, _body, node) => interval(write, scope, node),
  function(write, scope, body) {
    only(nameOf(body), body, 'args')
    return call(write, scope, nameOf(body), children(body, 'args'))
  },
  aggregate_function: (write, scope, _body, node) => namedAggregate(write, scope, node),
  window_function: windowed,
}

export function expression(write: Writer, scope: Scope, node: Ast): string {
  const kind = kindOf(node)
  const body = bodyOf(node)
  const operator = BINARY[kind]
  if (operator !== undefined) {
    only(kind, body, 'left', 'right')
    return `(${sub(write, scope, body, 'left')} ${operator} ${sub(write, scope, body, 'right')})`
  }
  const known = Object.hasOwn(KINDS, kind) ? KINDS[kind] : undefined
  if (known !== undefined) return known(write, scope, body, node)
  const aggregateName = AGGREGATE_NODES[kind]
  if (aggregateName !== undefined) return aggregate(write, scope, aggregateName, body)
  const named = FUNCTION_NODES[kind]
  if (named !== undefined) {
    const [name, ...keys] = named
    only(name, body, ...keys, 'with_tz', ...(body['position'] === 'Both' ? ['position'] : []))
    const args = keys.map((key) => child(body, key)).filter((arg) => arg !== undefined)
    return call(write, scope, name, args)
  }
  throw unsupported(`${kind.toUpperCase().replaceAll('_', ' ')} expression`)
}

function sub(write: Writer, scope: Scope, body: Ast, key: string): string {
  const node = child(body, key)
  if (node === undefined) throw unsupported(`an expression without its ${key}`)
  return write.expression(node, scope)
}

function listOf(write: Writer, scope: Scope, body: Ast): string {
  return children(body, 'expressions')
    .map((item) => write.expression(item, scope))
    .join(', ')
}

function notIf(body: Ast): string {
  return body['not'] === true ? 'NOT ' : ''
}

function column(_write: Writer, scope: Scope, body: Ast): string {
  const name = nameOf(body['name'])
  const table = nameOf(body['table'])
  if (table.startsWith('@')) return `(${parameter(scope, table.slice(1)).sql}).${quoteName(name)}`
  if (name.startsWith('@')) return parameter(scope, name.slice(1)).sql
  return table === '' ? quoteName(name) : `${table.split('.').map(quoteName).join('.')}.${quoteName(name)}`
}

function neg(write: Writer, scope: Scope, body: Ast): string {
  const inner = child(body, 'this') ?? {}
  const value = bodyOf(inner)
  if (kindOf(inner) === 'literal' && value['literal_type'] === 'number')
    return literal({ ...value, value: `-${value['value']}` })
  return `(-${write.expression(inner, scope)})`
}

function membership(write: Writer, scope: Scope, body: Ast): string {
  only('IN', body, 'this', 'expressions', 'query', 'unnest', 'not')
  const value = sub(write, scope, body, 'this')
  const query = child(body, 'query')
  const unnest = child(body, 'unnest')
  if (query !== undefined) return `(${value} ${notIf(body)}IN (${write.query(query, scope)}))`
  if (unnest !== undefined)
    return `(${value} ${notIf(body)}IN (SELECT unnest(${write.expression(unnest, scope)})))`
  return `(${value} ${notIf(body)}IN (${listOf(write, scope, body)}))`
}

function cases(write: Writer, scope: Scope, body: Ast): string {
  only('CASE', body, 'operand', 'whens', 'else_')
  const operand = child(body, 'operand')
  const whens = (body['whens'] as readonly (readonly [Ast, Ast])[]).map(
    ([when, then]) => `WHEN ${write.expression(when, scope)} THEN ${write.expression(then, scope)}`,
  )
  const start = operand === undefined ? 'CASE' : `CASE ${write.expression(operand, scope)}`
  const otherwise = child(body, 'else_')
  return `(${start} ${whens.join(' ')}${otherwise === undefined ? '' : ` ELSE ${write.expression(otherwise, scope)}`} END)`
}

function cast(write: Writer, scope: Scope, body: Ast, safe: boolean): string {
  only('CAST', body, 'this', 'to')
  const value = child(body, 'this') ?? {}
  const type = child(body, 'to') ?? {}
  return typedConstructor(write, scope, value, type) ?? castTo(write.expression(value, scope), type, safe)
}

function subscript(write: Writer, scope: Scope, body: Ast): string {
  only('subscript', body, 'this', 'index')
  const value = sub(write, scope, body, 'this')
  const index = child(body, 'index') ?? {}
  const inner = bodyOf(index)
  const name = kindOf(index) === 'function' ? nameOf(inner).toUpperCase() : ''
  const argument = children(inner, 'args')[0]
  if (kindOf(index) === 'literal' && inner['literal_type'] === 'string')
    return `json_extract(CAST(${value} AS JSON), ${quoteText(`$."${String(inner['value']).replaceAll('"', '\\"')}"`)})`
  const at = argument === undefined ? write.expression(index, scope) : write.expression(argument, scope)
  if (name === 'SAFE_OFFSET') return `bq_safe_at(${value}, ${at})`
  if (name === 'ORDINAL') return `bq_at(${value}, (${at}) - 1)`
  if (name === 'SAFE_ORDINAL') return `bq_safe_at(${value}, (${at}) - 1)`
  if (name === 'OFFSET') return `bq_at(${value}, ${at})`
  if (name === '') return `bq_at(${value}, ${write.expression(index, scope)})`
  throw invalidQuery(`Function not found: ${name}`)
}
