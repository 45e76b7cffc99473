// GROUP BY: columns, positions and names of the SELECT list, ROLLUP, CUBE and GROUPING SETS.
import { invalidQuery } from '../wire/api-error.ts'
import { isRepeated } from '../wire/table-schema.ts'
import { type Ast, bodyOf, child, children, kindOf, nameOf, only } from './ast.ts'
import { position } from './order.ts'
import type { Scope } from './scope.ts'
import type { Item } from './select-list.ts'
import { checkComparable, type Typed, typeName } from './typing.ts'
import type { Writer } from './writer.ts'

const SETS = ['ROLLUP', 'CUBE', 'GROUPING SETS']

export function groupBy(write: Writer, scope: Scope, body: Ast | undefined, items: readonly Item[]): string {
  if (body === undefined) return ''
  only('GROUP BY', body, 'expressions', 'all')
  if (body['all'] === true) return ' GROUP BY ALL'
  const keys = children(body, 'expressions').map((key) => grouping(write, scope, key, items))
  return ` GROUP BY ${keys.join(', ')}`
}

function grouping(write: Writer, scope: Scope, node: Ast, items: readonly Item[]): string {
  const body = bodyOf(node)
  const name = kindOf(node) === 'function' ? nameOf(body).toUpperCase() : ''
  if (SETS.includes(name)) {
    const parts = children(body, 'args').map((arg) => grouping(write, scope, arg, items))
    return `${name} (${parts.join(', ')})`
  }
  if (kindOf(node) === 'tuple')
    return `(${children(body, 'expressions')
      .map((one) => grouping(write, scope, one, items))
      .join(', ')})`
  if (kindOf(node) === 'paren') return grouping(write, scope, child(body, 'this') ?? {}, items)
  const at = position(node)
  const value: Typed | undefined = at === undefined ? write.typed(node, scope) : items[at - 1]?.value
  if (value === undefined) throw invalidQuery(`GROUP BY is out of SELECT clause range: ${at}`)
  checkComparable(value.type, 'Grouping')
  if (value.type !== undefined && isRepeated(value.type))
    throw invalidQuery(`Grouping by expressions of type ${typeName(value.type)} is not allowed`)
  return value.sql
}
