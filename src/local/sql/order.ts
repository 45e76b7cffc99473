// ORDER BY keys. BigQuery sorts NULL as the smallest value; DuckDB does not, so it is always written out.
import { invalidQuery } from '../wire/api-error.ts'
import { isRepeated } from '../wire/table-schema.ts'
import { type Ast, bodyOf, child, kindOf, only } from './ast.ts'
import type { Scope } from './scope.ts'
import type { Item } from './select-list.ts'
import { checkComparable, isStruct, typeName } from './typing.ts'
import type { Writer } from './writer.ts'

export function orderBy(write: Writer, scope: Scope, keys: readonly Ast[], items?: readonly Item[]): string {
  return keys
    .map((key) => {
      only('ORDER BY', key, 'this', 'desc', 'nulls_first', 'explicit_asc')
      const descending = key['desc'] === true
      const nullsFirst = typeof key['nulls_first'] === 'boolean' ? key['nulls_first'] : !descending
      return `${orderKey(write, scope, child(key, 'this') ?? {}, items)} ${descending ? 'DESC' : 'ASC'} NULLS ${nullsFirst ? 'FIRST' : 'LAST'}`
    })
    .join(', ')
}

function orderKey(write: Writer, scope: Scope, node: Ast, items: readonly Item[] | undefined): string {
  const at = position(node)
  if (at !== undefined) {
    if (items !== undefined && (at < 1 || at > items.length))
      throw invalidQuery(`ORDER BY is out of SELECT clause range: ${at}`)
    return String(at)
  }
  const { sql, type } = write.typed(node, scope)
  checkComparable(type, 'ORDER BY')
  if (type !== undefined && (isRepeated(type) || isStruct(type)))
    throw invalidQuery(`ORDER BY does not support expressions of type ${typeName(type)}`)
  // By its place, where it has one: DISTINCT and set operations know no other form.
  const place = items?.findIndex(({ value }) => value.sql === sql) ?? -1
  return place < 0 || /^CAST\(/.test(sql) ? sql : String(place + 1)
}

/** A whole number in ORDER BY or GROUP BY is the position of a column, not a value. */
export function position(node: Ast): number | undefined {
  const literal = kindOf(node) === 'literal' ? bodyOf(node) : undefined
  return literal?.['literal_type'] === 'number' && /^\d+$/.test(String(literal['value']))
    ? Number(literal['value'])
    : undefined
}
