// Window functions and their OVER clause.
import { invalidQuery } from '../wire/api-error.ts'
import { quoteName } from '../wire/table-schema.ts'
import { type Ast, bodyOf, child, children, kindOf, nameOf, only } from './ast.ts'
import { aggregate, namedAggregate } from './functions/aggregates.ts'
import { AGGREGATE_NODES, WINDOW_NODES } from './functions/node-names.ts'
import { orderBy } from './order.ts'
import type { Scope } from './scope.ts'
import type { Writer } from './writer.ts'

export function windowed(write: Writer, scope: Scope, body: Ast): string {
  only('window function', body, 'this', 'over')
  const node = child(body, 'this') ?? {}
  const kind = kindOf(node)
  const inner = bodyOf(node)
  const clause = ` OVER ${overClause(write, scope, child(body, 'over') ?? {})}`
  const aggregateName = AGGREGATE_NODES[kind]
  if (aggregateName !== undefined) return aggregate(write, scope, aggregateName, inner, clause)
  if (kind === 'aggregate_function') return namedAggregate(write, scope, node, clause)
  const known = WINDOW_NODES[kind]
  if (known === undefined) throw invalidQuery(`Function not found: ${nameOf(inner) || kind}`)
  const [name, ...keys] = known
  only(name.toUpperCase(), inner, ...keys, 'ignore_nulls')
  const args = keys.map((key) => child(inner, key)).filter((arg) => arg !== undefined)
  const nulls = inner['ignore_nulls'] === true ? ' IGNORE NULLS' : ''
  return `${name}(${args.map((arg) => write.expression(arg, scope)).join(', ')}${nulls})${clause}`
}

function overClause(write: Writer, scope: Scope, over: Ast): string {
  only('OVER', over, 'window_name', 'partition_by', 'order_by', 'frame')
  const name = nameOf(over['window_name'])
  const rest = specification(write, scope, over)
  return name !== '' && rest === ''
    ? quoteName(name)
    : `(${[name && quoteName(name), rest].filter(Boolean).join(' ')})`
}

export function specification(write: Writer, scope: Scope, spec: Ast): string {
  const partition = children(spec, 'partition_by').map((key) => write.expression(key, scope))
  const order = children(spec, 'order_by')
  const frame = child(spec, 'frame')
  return [
    partition.length > 0 && `PARTITION BY ${partition.join(', ')}`,
    order.length > 0 && `ORDER BY ${orderBy(write, scope, order)}`,
    frame !== undefined && frameClause(write, scope, frame),
  ]
    .filter(Boolean)
    .join(' ')
}

function frameClause(write: Writer, scope: Scope, frame: Ast): string {
  only('window frame', frame, 'kind', 'start', 'end')
  const unit = String(frame['kind']).toUpperCase()
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
