// ORDER BY keys. BigQuery sorts NULL as the smallest value; DuckDB does not, so it is always written out.
import { invalidQuery } from '../wire/api-error.ts'
import { isRepeated, quoteName } from '../wire/table-schema.ts'
import { type Ast, bodyOf, child, kindOf, only } from './ast.ts'
import type { Scope } from './scope.ts'
import type { Item } from './select-list.ts'
import { checkComparable, isStruct, kindOfType, type Typed, typeName } from './typing.ts'
import type { Writer } from './writer.ts'

/** The SELECT list that ORDER BY stands under. */
export interface Output {
  readonly items: readonly Item[]
  readonly distinct: boolean
  /** The columns of the finished list, where the keys stand outside of it. */
  readonly names?: readonly string[]
}

/** `plain` where DuckDB takes no key but the one that is written; in a window, that key must not be NaN. */
export function orderBy(
  write: Writer,
  scope: Scope,
  keys: readonly Ast[],
  output?: Output,
  plain: boolean = output?.distinct === true,
): string {
  return keys
    .map((node) => {
      only('ORDER BY', node, 'this', 'desc', 'nulls_first', 'explicit_asc')
      const descending = node['desc'] === true
      const nullsFirst = typeof node['nulls_first'] === 'boolean' ? node['nulls_first'] : !descending
      const nulls = `NULLS ${nullsFirst ? 'FIRST' : 'LAST'}`
      const { place, value } = orderKey(write, scope, child(node, 'this') ?? {}, output)
      const float = kindOfType(value?.type) === 'FLOAT'
      const key = float && plain && output === undefined ? `bq_no_nan(${place})` : place
      const sorted = `${key} ${descending ? 'DESC' : 'ASC'} ${nulls}`
      // NaN comes below all numbers; DuckDB has it above them. DISTINCT leaves no room for a second key.
      const column = output?.names?.[Number(place) - 1]
      if (column !== undefined && float)
        return `isnan(${quoteName(column)}) ${descending ? 'ASC' : 'DESC'} ${nulls}, ${sorted}`
      if (value === undefined || !float || plain) return sorted
      return `isnan(${value.sql}) ${descending ? 'ASC' : 'DESC'} ${nulls}, ${sorted}`
    })
    .join(', ')
}

/** A key by its place in the SELECT list, where it has one: DISTINCT and set operations know no other form. */
function orderKey(
  write: Writer,
  scope: Scope,
  node: Ast,
  output: Output | undefined,
): { readonly place: string; readonly value: Typed | undefined } {
  const items = output?.items
  const at = position(node)
  const value = at === undefined ? write.typed(node, scope) : items?.[at - 1]?.value
  if (value === undefined) {
    if (items !== undefined) throw invalidQuery(`ORDER BY is out of SELECT clause range: ${at}`)
    return { place: String(at), value }
  }
  checkComparable(value.type, 'ORDER BY')
  if (value.type !== undefined && (isRepeated(value.type) || isStruct(value.type)))
    throw invalidQuery(`ORDER BY does not support expressions of type ${typeName(value.type)}`)
  const place = at ?? (items?.findIndex((item) => item.value.sql === value.sql) ?? -1) + 1
  return {
    place:
      place === 0 || (at === undefined && output?.names === undefined && /^CAST\(/.test(value.sql))
        ? value.sql
        : String(place),
    value,
  }
}

/** A whole number in ORDER BY or GROUP BY is the position of a column, not a value. */
export function position(node: Ast): number | undefined {
  const literal = kindOf(node) === 'literal' ? bodyOf(node) : undefined
  return literal?.['literal_type'] === 'number' && /^\d+$/.test(String(literal['value']))
    ? Number(literal['value'])
    : undefined
}
