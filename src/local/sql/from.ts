// FROM: tables, subqueries and joins, and what each of them brings into scope.
import { invalidQuery } from '../wire/api-error.ts'
import { quoteName } from '../wire/table-schema.ts'
import { type Ast, bodyOf, child, children, kindOf, nameOf, only, unsupported } from './ast.ts'
import { nameValue } from './names.ts'
import { compare, condition } from './operators.ts'
import { pivot, unpivot } from './pivot.ts'
import {
  type Column,
  columnsOf,
  commonTable,
  findSource,
  physicalAlias,
  resolveTable,
  type Scope,
  tablePath,
  tableSource,
} from './scope.ts'
import { isStruct, typed, unify } from './typing.ts'
import { arrayItem, unnest } from './unnest.ts'
import { tableFunction } from './user-functions.ts'
import type { Rows, Writer } from './writer.ts'

const JOINS: Readonly<Record<string, string>> = {
  Inner: 'JOIN',
  Left: 'LEFT JOIN',
  Right: 'RIGHT JOIN',
  Full: 'FULL JOIN',
  Cross: 'CROSS JOIN',
  Implicit: 'CROSS JOIN',
}

export interface FromItem {
  readonly sql: string
  /** Reads columns of the items before it. */
  readonly lateral: boolean
}

export function fromClause(write: Writer, scope: Scope, select: Ast): string {
  const items = children(child(select, 'from') ?? {}, 'expressions')
  if (items.length === 0) return ''
  const written = items.map((item, i) => {
    const { sql, lateral } = fromItem(write, scope, item)
    return i === 0 ? sql : `CROSS JOIN ${lateral ? 'LATERAL ' : ''}${sql}`
  })
  const joins = children(select, 'joins').map((join) => joinClause(write, scope, join))
  checkAliases(scope)
  return ` FROM ${[...written, ...joins].join(' ')}`
}

function checkAliases(scope: Scope): void {
  const seen = new Set<string>()
  for (const { alias } of scope.sources) {
    const name = alias.toLowerCase()
    if (name !== '' && seen.has(name))
      throw invalidQuery(`Duplicate table alias ${alias} in the same FROM clause`)
    seen.add(name)
  }
}

function joinClause(write: Writer, scope: Scope, join: Ast): string {
  only('JOIN', join, 'this', 'on', 'using', 'kind')
  const kind = JOINS[String(join['kind'])]
  if (kind === undefined) throw unsupported(`${join['kind']} JOIN`)
  const before = scope.sources.length
  const { sql, lateral } = fromItem(write, scope, child(join, 'this') ?? {})
  const on = child(join, 'on')
  const using = children(join, 'using').map((name) => nameOf(name))
  const keyword = `${kind} ${lateral ? 'LATERAL ' : ''}${sql}`
  if (kind === 'CROSS JOIN') return keyword
  if (on !== undefined) return `${keyword} ON ${condition(write.typed(on, scope), 'JOIN ON clause')}`
  if (using.length > 0) return `${keyword} ON ${merge(scope, before, using, kind)}`
  if (!lateral) throw invalidQuery(`${kind} must have an immediately following ON or USING clause`)
  return `${keyword} ON true`
}

/** USING makes one column of two; it stands before all others, and both can still be named with their table. */
function merge(scope: Scope, before: number, names: readonly string[], kind: string): string {
  const tests: string[] = []
  const merged: Column[] = names.map((name) => {
    const left = take(scope, 0, before, name)
    const right = take(scope, before, scope.sources.length, name)
    const { sqls, type } = unify([left.value, right.value], 'USING')
    tests.push(compare(left.value, 'eq', right.value))
    const both =
      kind === 'RIGHT JOIN' ? sqls[1] : kind === 'FULL JOIN' ? `coalesce(${sqls.join(', ')})` : sqls[0]
    return { name: left.name, value: typed(both ?? '', type) }
  })
  scope.sources.unshift({ alias: '', columns: merged })
  return tests.join(' AND ')
}

function take(scope: Scope, from: number, to: number, name: string): Column {
  const wanted = name.toLowerCase()
  const found: Column[] = []
  for (let i = from; i < to; i++) {
    const source = scope.sources[i]
    const columns = source && columnsOf(source)
    if (source === undefined || columns === undefined)
      throw unsupported('USING where the columns are not known')
    const hit = columns.find((column) => column.name.toLowerCase() === wanted && column.hidden !== 'merged')
    if (hit === undefined) continue
    found.push(hit)
    const rest = columns.map((column) => (column === hit ? { ...column, hidden: 'merged' as const } : column))
    scope.sources[i] = { ...source, columns: rest }
  }
  const [only] = found
  if (only === undefined)
    throw invalidQuery(
      `Column ${name} in USING clause not found on ${from === 0 ? 'left' : 'right'} side of join`,
    )
  if (found.length > 1) throw invalidQuery(`Column ${name} in USING clause is ambiguous`)
  return only
}

function fromItem(write: Writer, scope: Scope, node: Ast): FromItem {
  const body = bodyOf(node)
  switch (kindOf(node)) {
    case 'table':
      return table(scope, body)
    case 'subquery': {
      only('subquery', body, 'this', 'alias')
      const inner = write.rows(child(body, 'this') ?? {}, scope)
      return rowsItem(scope, `(${inner.sql})`, inner, nameOf(body['alias']))
    }
    case 'alias': {
      only('an alias', body, 'this', 'alias')
      const inner = child(body, 'this') ?? {}
      return fromItem(write, scope, { [kindOf(inner)]: { ...bodyOf(inner), alias: body['alias'] } })
    }
    case 'unnest':
      return unnest(write, scope, body)
    case 'function': {
      only('a table function', body, 'args', 'alias')
      const path = nameOf(body['name']).split('.')
      const found = tableFunction(write, scope, path, children(body, 'args'))
      const alias = nameOf(body['alias']) || (path[path.length - 1] ?? '')
      const name = physicalAlias(alias)
      scope.sources.push({ alias, columns: columnsOf(tableSource(name, found)) ?? [] })
      return { sql: `${found.sql} AS ${quoteName(name)}`, lateral: false }
    }
    case 'joined_table': {
      only('a join in parentheses', body, 'left', 'joins')
      const { sql } = fromItem(write, scope, child(body, 'left') ?? {})
      const joins = children(body, 'joins').map((join) => joinClause(write, scope, join))
      return { sql: `(${[sql, ...joins].join(' ')})`, lateral: false }
    }
    case 'pivot':
      return rewritten(write, scope, body, pivot)
    case 'unpivot':
      return rewritten(write, scope, body, unpivot)
    default:
      throw unsupported(`${kindOf(node).toUpperCase().replaceAll('_', ' ')} in FROM`)
  }
}

/** PIVOT and UNPIVOT: a query over their input, which is written in a scope of its own. */
function rewritten(
  write: Writer,
  scope: Scope,
  body: Ast,
  make: (write: Writer, inner: Scope, body: Ast, from: string) => Rows,
): FromItem {
  const inner: Scope = { ...scope, sources: [], parent: scope }
  const { sql } = fromItem(write, inner, child(body, 'this') ?? {})
  const found = make(write, inner, body, sql)
  return rowsItem(scope, `(${found.sql})`, found, nameOf(body['alias']))
}

function rowsItem(scope: Scope, sql: string, inner: Rows, alias: string): FromItem {
  const { fields, names, value: plain, unnamed } = inner
  const name = quoteName(physicalAlias(alias))
  const values = fields.map((field, i) => typed(`${name}.${quoteName(names[i] ?? '')}`, field))
  const [value] = values
  let columns: Column[] = fields.map((field, i) => ({
    name: field.name,
    value: values[i] ?? typed('', field),
    ...(unnamed?.includes(i) === true && { numbered: true }),
  }))
  if (plain && value !== undefined)
    columns = isStruct(value.type)
      ? (value.type?.fields ?? []).map((field) => ({
          name: field.name,
          value: typed(`(${value.sql}).${quoteName(field.name)}`, field),
        }))
      : [{ name: alias === '' ? 'f0_' : alias, value }]
  scope.sources.push({ alias, columns, ...(plain && value !== undefined && alias !== '' && { value }) })
  return { sql: `${sql} AS ${name}`, lateral: false }
}

function table(scope: Scope, body: Ast): FromItem {
  only('a table reference', body, 'name', 'schema', 'catalog', 'alias')
  const path = tablePath(body)
  const [first = ''] = path
  const given = nameOf(body['alias'])
  const alias = given === '' ? (path[path.length - 1] ?? '') : given
  const common = path.length === 1 ? commonTable(scope, first) : undefined
  if (common !== undefined) return rowsItem(scope, quoteName(first), common, alias)
  if (path.length > 1 && findSource(scope, first) !== undefined)
    return arrayItem(nameValue(scope, path), scope, alias, undefined)
  const found = resolveTable(scope.statement, path)
  const name = physicalAlias(alias)
  scope.sources.push({ alias, columns: columnsOf(tableSource(name, found)) ?? [] })
  return { sql: `${found.sql} AS ${quoteName(name)}`, lateral: false }
}
