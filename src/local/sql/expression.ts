// Expressions: each kind of node the parser makes, written for DuckDB with its type. A kind that is not
// here is refused.
import { invalidQuery } from '../wire/api-error.ts'
import { isRepeated } from '../wire/table-schema.ts'
import { type Ast, bodyOf, child, children, kindOf, nameOf, notIf, only, unsupported } from './ast.ts'
import { castTo, typedConstructor } from './cast.ts'
import { aggregate, namedAggregate } from './functions/aggregates.ts'
import { call, structValue } from './functions/call.ts'
import { castFormat } from './functions/cast-format.ts'
import { extract } from './functions/dates.ts'
import { interval } from './functions/interval.ts'
import { AGGREGATE_NODES, FUNCTION_NODES, readName, UNREAD_AGGREGATES } from './functions/node-names.ts'
import { literal } from './literal.ts'
import { membership } from './membership.ts'
import { member, nameValue, pathOf } from './names.ts'
import { BINARY, binary, compare, condition, conditions } from './operators.ts'
import type { Scope } from './scope.ts'
import { subscript } from './subscript.ts'
import { fieldFromType } from './types.ts'
import { arrayOf, BOOL, common, INT64, scalar, type Typed, typed, unify } from './typing.ts'
import { windowed } from './window.ts'
import type { Writer } from './writer.ts'

type Write = (write: Writer, scope: Scope, body: Ast, node: Ast) => Typed

const KINDS: Readonly<Record<string, Write>> = {
  literal: (_write, _scope, body) => literal(body),
  null: () => typed('NULL', scalar('NULL')),
  boolean: (_write, _scope, body) => typed(body['value'] === true ? 'true' : 'false', BOOL),
  column: path,
  dot: path,
  parameter(_write, scope, body) {
    const system = body['style'] === 'DoubleAt' ? scope.statement.session.system(nameOf(body)) : undefined
    if (system !== undefined) return system
    if (body['style'] === 'DoubleAt') throw unsupported(`system variable @@${nameOf(body)}`)
    return nameValue(scope, [`@${nameOf(body)}`])
  },
  paren: (write, scope, body) => sub(write, scope, body, 'this'),
  not: (write, scope, body) => typed(`(NOT ${condition(sub(write, scope, body, 'this'), 'NOT')})`, BOOL),
  and: (write, scope, body) => conditions(write, scope, body, 'AND'),
  or: (write, scope, body) => conditions(write, scope, body, 'OR'),
  neg,
  is_null: (write, scope, body) =>
    typed(`(${sub(write, scope, body, 'this').sql} IS ${notIf(body)}NULL)`, BOOL),
  is_true: (write, scope, body) =>
    typed(`(${condition(sub(write, scope, body, 'this'), 'IS TRUE')} IS ${notIf(body)}TRUE)`, BOOL),
  is_false: (write, scope, body) =>
    typed(`(${condition(sub(write, scope, body, 'this'), 'IS FALSE')} IS ${notIf(body)}FALSE)`, BOOL),
  like,
  between(write, scope, body) {
    only('BETWEEN', body, 'this', 'low', 'high', 'not')
    const [value, low, high] = ['this', 'low', 'high'].map((key) => sub(write, scope, body, key))
    if (value === undefined || low === undefined || high === undefined) throw invalidQuery('Syntax error')
    const both = `${compare(value, 'gte', low)} AND ${compare(value, 'lte', high)}`
    return typed(`(${notIf(body)}(${both}))`, BOOL)
  },
  in: membership,
  exists(write, scope, body) {
    only('EXISTS', body, 'this', 'not')
    return typed(`(${notIf(body)}EXISTS (${write.query(child(body, 'this') ?? {}, scope)}))`, BOOL)
  },
  case: cases,
  if_func(write, scope, body) {
    only('IF', body, 'condition', 'true_value', 'false_value')
    const [test, ...results] = ['condition', 'true_value', 'false_value'].map((key) =>
      sub(write, scope, body, key),
    )
    const { sqls, type } = unify(results, 'IF')
    return typed(`(CASE WHEN ${condition(test as Typed, 'IF')} THEN ${sqls[0]} ELSE ${sqls[1]} END)`, type)
  },
  coalesce(write, scope, body) {
    const { sqls, type } = unify(listOf(write, scope, body), 'COALESCE')
    return typed(`coalesce(${sqls.join(', ')})`, type)
  },
  cast: (write, scope, body) => cast(write, scope, body, false),
  safe_cast: (write, scope, body) => cast(write, scope, body, true),
  subquery(write, scope, body, node) {
    only('subquery', body, 'this')
    return scalarQuery(write, scope, node)
  },
  select: (write, scope, _body, node) => scalarQuery(write, scope, node),
  tuple: (write, scope, body) => structValue(write, scope, children(body, 'expressions')),
  array_func: array,
  array,
  subscript,
  extract,
  interval: (write, scope, _body, node) => interval(write, scope, node),
  function(write, scope, body, node) {
    if (UNREAD_AGGREGATES.includes(nameOf(body).toUpperCase())) return namedAggregate(write, scope, node)
    only(nameOf(body), body, 'args')
    return call(write, scope, readName(nameOf(body)), children(body, 'args'))
  },
  method_call(write, scope, body) {
    const family = pathOf(child(body, 'this') ?? {})
    if (family === undefined) throw unsupported('a chained function call')
    return call(write, scope, [...family, nameOf(body['method'])].join('.'), children(body, 'args'))
  },
  last_day(write, scope, body) {
    const unit = body['unit'] as unknown
    const week = (unit as Ast | null)?.['WeekWithModifier']
    const name = (text: unknown): Ast => ({ var: { this: String(text) } })
    const given = week === undefined ? name(unit) : { function: { name: 'WEEK', args: [name(week)] } }
    const args = [child(body, 'this') ?? {}, ...(unit === null || unit === undefined ? [] : [given])]
    return call(write, scope, 'LAST_DAY', args)
  },
  json_object(write, scope, body) {
    only('JSON_OBJECT', body, 'pairs')
    return call(write, scope, 'JSON_OBJECT', (body['pairs'] as readonly Ast[][]).flat())
  },
  bitwise_not: (write, scope, body) => call(write, scope, 'OP_NOT', [child(body, 'this') ?? {}]),
  j_s_o_n_array: (write, scope, body) => call(write, scope, 'JSON_ARRAY', children(body, 'expressions')),
  aggregate_function: (write, scope, _body, node) => namedAggregate(write, scope, node),
  window_function: windowed,
}

export function expression(write: Writer, scope: Scope, node: Ast): Typed {
  const kind = kindOf(node)
  const body = bodyOf(node)
  const operator = BINARY[kind]
  if (operator !== undefined) {
    only(kind, body, 'left', 'right')
    return binary(kind, sub(write, scope, body, 'left'), sub(write, scope, body, 'right'))
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

function sub(write: Writer, scope: Scope, body: Ast, key: string): Typed {
  const node = child(body, key)
  if (node === undefined) throw unsupported(`an expression without its ${key}`)
  return write.typed(node, scope)
}

function listOf(write: Writer, scope: Scope, body: Ast): readonly Typed[] {
  return children(body, 'expressions').map((item) => write.typed(item, scope))
}

function path(write: Writer, scope: Scope, body: Ast, node: Ast): Typed {
  const names = pathOf(node)
  if (names !== undefined) return nameValue(scope, names)
  return member(sub(write, scope, body, 'this'), nameOf(body['field']))
}

function neg(write: Writer, scope: Scope, body: Ast): Typed {
  const inner = child(body, 'this') ?? {}
  const value = bodyOf(inner)
  if (kindOf(inner) === 'literal' && value['literal_type'] === 'number')
    return literal({ ...value, value: `-${value['value']}` })
  return call(write, scope, 'OP_NEG', [inner])
}

function like(write: Writer, scope: Scope, body: Ast): Typed {
  only('LIKE', body, 'left', 'right', 'quantifier')
  const left = child(body, 'left') ?? {}
  const right = child(body, 'right') ?? {}
  const quantifier = nameOf(body['quantifier'])
  if (quantifier === '') return call(write, scope, 'OP_LIKE', [left, right])
  if (kindOf(right) !== 'tuple' && kindOf(right) !== 'paren') throw unsupported('this form of LIKE ANY')
  const patterns = kindOf(right) === 'paren' ? [right] : children(bodyOf(right), 'expressions')
  const each = patterns.map((pattern) => call(write, scope, 'OP_LIKE', [left, pattern]).sql)
  return typed(`(${each.join(quantifier.toUpperCase() === 'ALL' ? ' AND ' : ' OR ')})`, BOOL)
}

function cases(write: Writer, scope: Scope, body: Ast): Typed {
  only('CASE', body, 'operand', 'whens', 'else_')
  const operandNode = child(body, 'operand')
  const operand = operandNode && write.typed(operandNode, scope)
  const whens = body['whens'] as readonly (readonly [Ast, Ast])[]
  const tests = whens.map(([when]) => {
    const test = write.typed(when, scope)
    return operand === undefined ? condition(test, 'CASE') : compare(operand, 'eq', test)
  })
  const otherwise = child(body, 'else_')
  const results = whens.map(([, then]) => write.typed(then, scope))
  if (otherwise !== undefined) results.push(write.typed(otherwise, scope))
  const { sqls, type } = unify(results, 'CASE')
  const branches = tests.map((test, i) => `WHEN ${test} THEN ${sqls[i]}`).join(' ')
  return typed(`(CASE ${branches}${otherwise === undefined ? '' : ` ELSE ${sqls[tests.length]}`} END)`, type)
}

function cast(write: Writer, scope: Scope, body: Ast, safe: boolean): Typed {
  only('CAST', body, 'this', 'to', 'format')
  const value = child(body, 'this') ?? {}
  const type = child(body, 'to') ?? {}
  const format = child(body, 'format')
  if (format !== undefined)
    return castFormat(write.typed(value, scope), fieldFromType('', type), write.typed(format, scope), safe)
  // A CAST of one of these forms without a type of its own looks the same but for the kind of its value.
  const constructed = ['array', 'struct'].includes(kindOf(value))
    ? typedConstructor(write, scope, value, type)
    : undefined
  return constructed ?? castTo(write.typed(value, scope), type, safe)
}

function array(write: Writer, scope: Scope, body: Ast): Typed {
  const items = listOf(write, scope, body)
  if (items.length === 0) return typed('CAST([] AS BIGINT[])', { name: '', type: 'NULL', mode: 'REPEATED' })
  const element = common(items, 'ARRAY')
  if (element !== undefined && isRepeated(element))
    throw invalidQuery(
      'Cannot construct array with element type ARRAY because nested arrays are not supported',
    )
  const { sqls } = unify(items, 'ARRAY')
  const literals = items.every(({ constant }) => constant !== undefined)
  const type = element === undefined ? undefined : arrayOf(element.type === 'NULL' ? INT64 : element)
  return {
    ...typed(`[${sqls.join(', ')}]`, type),
    ...(literals && { constant: 'literal' as const, parts: items }),
  }
}

/** A query as a value: one column, at most one row. */
function scalarQuery(write: Writer, scope: Scope, node: Ast): Typed {
  const rows = write.rows(node, scope)
  const [field] = rows.fields
  if (rows.fields.length !== 1 || field === undefined)
    throw invalidQuery('Scalar subquery cannot have more than one column unless using SELECT AS STRUCT')
  return typed(`(${rows.sql})`, field)
}
