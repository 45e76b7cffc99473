// IN: a list, a subquery or an array, compared as = compares.
import { invalidQuery } from '../wire/api-error.ts'
import { isRepeated } from '../wire/table-schema.ts'
import { type Ast, child, children, notIf, only } from './ast.ts'
import { compare } from './operators.ts'
import type { Scope } from './scope.ts'
import { BOOL, elementOf, isStruct, kindOfType, type Type, type Typed, typed, unify } from './typing.ts'
import type { Writer } from './writer.ts'

export function membership(write: Writer, scope: Scope, body: Ast): Typed {
  only('IN', body, 'this', 'expressions', 'query', 'unnest', 'not')
  const value = write.typed(child(body, 'this') ?? {}, scope)
  const query = child(body, 'query')
  const unnest = child(body, 'unnest')
  if (query === undefined && unnest === undefined) {
    const items = children(body, 'expressions').map((item) => write.typed(item, scope))
    const { sqls, type } = unify([value, ...items], 'IN')
    const plainly = kindOfType(type) !== 'FLOAT' && !isStruct(type)
    if (!plainly && !items.every((item) => item.text !== undefined))
      return typed(`(${notIf(body)}(${items.map((item) => compare(value, 'eq', item)).join(' OR ')}))`, BOOL)
    return typed(`(${sqls[0]} ${notIf(body)}IN (${sqls.slice(1).join(', ')}))`, BOOL)
  }
  let members: Typed
  let list: string
  if (query !== undefined) {
    const rows = write.rows(query, scope)
    if (rows.fields.length !== 1) throw invalidQuery('Subquery of type IN must have only one output column')
    members = typed('"m"', rows.fields[0])
    list = rows.sql
  } else {
    const array = write.typed(unnest ?? {}, scope)
    if (array.type !== undefined && !isRepeated(array.type))
      throw invalidQuery('Values referenced in UNNEST must be arrays.')
    members = typed('"m"', array.type && elementOf(array.type))
    list = `SELECT unnest(${array.sql})`
  }
  const { sqls, type } = unify([value, members], 'IN')
  if (sqls[1] !== '"m"') list = `SELECT ${sqls[1]} FROM (${list}) AS "_in" ("m")`
  if (isStruct(type)) return typed(`(${notIf(body)}${among(sqls[0] ?? '', list, type as Type)})`, BOOL)
  // NaN equals nothing, so it is as if it were not there.
  if (kindOfType(type) === 'FLOAT')
    list = `SELECT "m" FROM (${list}) AS "_in" ("m") WHERE "m" IS NULL OR NOT isnan("m")`
  return typed(`(${sqls[0]} ${notIf(body)}IN (${list}))`, BOOL)
}

/** Whether a struct equals one of a list, where a NULL field leaves it open. */
function among(value: string, list: string, type: Type): string {
  const test = compare(typed('s$.v', type), 'eq', typed('e$', type))
  const tests = `list_transform(s$.l, lambda e$: ${test})`
  return `list_transform([struct_pack(v := ${value}, l := ARRAY(${list}))], lambda s$: bq_any(${tests}))[1]`
}
