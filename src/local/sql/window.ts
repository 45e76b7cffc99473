// Window functions and their OVER clause.
import { invalidQuery } from '../wire/api-error.ts'
import { type Ast, bodyOf, child, children, kindOf, nameOf, only, unsupported } from './ast.ts'
import { aggregate, namedAggregate } from './functions/aggregates.ts'
import { AGGREGATE_NODES, WINDOW_NODES } from './functions/node-names.ts'
import { orderBy } from './order.ts'
import type { Scope } from './scope.ts'
import { coerceTo, FLOAT64, INT64, type Type, type Typed, typed, unify } from './typing.ts'
import type { Writer } from './writer.ts'

const NEED_ORDER = ['rank', 'dense_rank', 'percent_rank', 'cume_dist', 'n_tile', 'lag', 'lead']

export function windowed(write: Writer, scope: Scope, body: Ast): Typed {
  only('window function', body, 'this', 'over')
  const node = child(body, 'this') ?? {}
  const kind = kindOf(node)
  const inner = bodyOf(node)
  const over = named(scope, child(body, 'over') ?? {}, 0)
  const ordered = children(over, 'order_by').length > 0
  if (!ordered && NEED_ORDER.includes(kind))
    throw invalidQuery(`Window ORDER BY is required for analytic function ${kind.toUpperCase()}`)
  if (inner['distinct'] === true && (ordered || child(over, 'frame') !== undefined))
    throw invalidQuery('Window ORDER BY and frames are not allowed if DISTINCT is specified')
  const clause = ` OVER (${specification(write, scope, child(body, 'over') ?? {})})`
  const aggregateName = AGGREGATE_NODES[kind]
  if (aggregateName !== undefined) return aggregate(write, scope, aggregateName, inner, clause)
  if (kind === 'aggregate_function') return namedAggregate(write, scope, node, clause)
  const known = WINDOW_NODES[kind]
  if (known === undefined) throw invalidQuery(`Function not found: ${nameOf(inner) || kind}`)
  const [name, ...keys] = known
  only(name.toUpperCase(), inner, ...keys, 'ignore_nulls')
  const args = keys
    .map((key) => child(inner, key))
    .filter((arg) => arg !== undefined)
    .map((arg) => write.typed(arg, scope))
  const nulls = inner['ignore_nulls'] === true ? ' IGNORE NULLS' : ''
  const { sqls, type } = argumentsOf(name, args)
  return typed(`${name}(${sqls.join(', ')}${nulls})${clause}`, type)
}

function argumentsOf(
  name: string,
  args: readonly Typed[],
): { sqls: readonly string[]; type: Type | undefined } {
  const [value, second, third] = args
  if (value === undefined)
    return { sqls: [], type: /^(percent_rank|cume_dist)$/.test(name) ? FLOAT64 : INT64 }
  if (name === 'ntile') return { sqls: [coerceTo(value, INT64, 'NTILE')], type: INT64 }
  const count = second === undefined ? [] : [coerceTo(second, INT64, name.toUpperCase())]
  if (third === undefined) return { sqls: [value.sql, ...count], type: value.type }
  const { sqls, type } = unify([value, third], name.toUpperCase())
  return { sqls: [sqls[0] ?? '', ...count, sqls[1] ?? ''], type }
}

/** What stands in the parentheses of OVER; a named window is written out. */
function specification(write: Writer, scope: Scope, over: Ast): string {
  only('OVER', over, 'window_name', 'partition_by', 'order_by', 'frame')
  const spec = named(scope, over, 0)
  const partition = children(spec, 'partition_by').map((key) => write.expression(key, scope))
  const order = children(spec, 'order_by')
  const frame = child(spec, 'frame')
  return [
    partition.length > 0 && `PARTITION BY ${partition.join(', ')}`,
    order.length > 0 && `ORDER BY ${orderBy(write, scope, order, undefined, hasOffset(frame))}`,
    frame !== undefined && frameClause(write, scope, frame),
  ]
    .filter(Boolean)
    .join(' ')
}

function named(scope: Scope, over: Ast, depth: number): Ast {
  const keys = ['partition_by', 'order_by'].filter((key) => children(over, key).length > 0)
  const frame = child(over, 'frame')
  const name = nameOf(over['window_name'])
  if (name === '') return over
  const owner = scope.windows?.get(name.toLowerCase())
  if (owner === undefined || depth > 20) throw invalidQuery(`Unrecognized window alias ${name}`)
  const below = named(scope, owner, depth + 1)
  const own = Object.fromEntries(keys.map((key) => [key, over[key]]))
  return { ...below, ...own, ...(frame !== undefined && { frame }) }
}

/** A RANGE frame so far from the current value goes by that value alone. */
function hasOffset(frame: Ast | undefined): boolean {
  return [frame?.['start'], frame?.['end']].some(
    (one) => typeof one === 'object' && one !== null && String(frame?.['kind']).toUpperCase() === 'RANGE',
  )
}

function frameClause(write: Writer, scope: Scope, frame: Ast): string {
  only('window frame', frame, 'kind', 'start', 'end')
  const unit = String(frame['kind']).toUpperCase()
  if (unit !== 'ROWS' && unit !== 'RANGE') throw unsupported(`${unit} window frames`)
  const start = bound(write, scope, frame['start'])
  const end = frame['end']
  return end === null || end === undefined
    ? `${unit} ${start}`
    : `${unit} BETWEEN ${start} AND ${bound(write, scope, end)}`
}

const FIXED_BOUNDS: Readonly<Record<string, string>> = {
  UnboundedPreceding: 'UNBOUNDED PRECEDING',
  UnboundedFollowing: 'UNBOUNDED FOLLOWING',
  CurrentRow: 'CURRENT ROW',
}

function bound(write: Writer, scope: Scope, value: unknown): string {
  if (typeof value === 'string') return FIXED_BOUNDS[value] ?? 'CURRENT ROW'
  const node = value as Ast
  return `${write.expression(bodyOf(node), scope)} ${kindOf(node).toUpperCase()}`
}
