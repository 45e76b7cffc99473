// ORDER BY keys. BigQuery sorts NULL as the smallest value; DuckDB does not, so it is always written out.
import { type Ast, bodyOf, child, kindOf, only } from './ast.ts'
import type { Scope } from './scope.ts'
import type { Writer } from './writer.ts'

export function orderBy(write: Writer, scope: Scope, keys: readonly Ast[]): string {
  return keys
    .map((key) => {
      only('ORDER BY', key, 'this', 'desc', 'nulls_first', 'explicit_asc')
      const descending = key['desc'] === true
      const nullsFirst = typeof key['nulls_first'] === 'boolean' ? key['nulls_first'] : !descending
      return `${ordinalOr(write, scope, child(key, 'this') ?? {})} ${descending ? 'DESC' : 'ASC'} NULLS ${nullsFirst ? 'FIRST' : 'LAST'}`
    })
    .join(', ')
}

/** A whole number in ORDER BY or GROUP BY is the position of a column, not a value. */
export function ordinalOr(write: Writer, scope: Scope, node: Ast): string {
  const literal = kindOf(node) === 'literal' ? bodyOf(node) : undefined
  if (literal?.['literal_type'] === 'number' && /^\d+$/.test(String(literal['value'])))
    return String(literal['value'])
  return write.expression(node, scope)
}
