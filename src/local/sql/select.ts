// Queries: SELECT with all its clauses, set operations, WITH.
import { invalidQuery } from '../wire/api-error.ts'
import { type FieldSchema, isRepeated, quoteName } from '../wire/table-schema.ts'
import { type Ast, bodyOf, child, children, kindOf, nameOf, only, unsupported } from './ast.ts'
import { fromClause } from './from.ts'
import { groupBy } from './group.ts'
import { condition } from './operators.ts'
import { type Output, orderBy, position } from './order.ts'
import { newScope, type Scope } from './scope.ts'
import { type Item, rowValue, selectItems } from './select-list.ts'
import { setOperation } from './set-operation.ts'
import { coerceTo, INT64, kindOfType, type Typed } from './typing.ts'
import type { Rows, Writer } from './writer.ts'

const CLAUSES = [
  ...['expressions', 'from', 'joins', 'where_clause', 'group_by', 'having', 'qualify', 'windows'],
  ...['order_by', 'limit', 'offset', 'distinct', 'with', 'kind'],
]

const NEED_FROM = [
  ['where_clause', 'WHERE'],
  ['group_by', 'GROUP BY'],
  ['having', 'HAVING'],
] as const

export function rows(write: Writer, outer: Scope, node: Ast): Rows {
  const kind = kindOf(node)
  const body = bodyOf(node)
  if (kind === 'select') return select(write, newScope(outer.statement, outer), body)
  const scope = newScope(outer.statement, outer)
  if (kind === 'subquery' || kind === 'paren') {
    only('a parenthesised query', body, 'this', 'alias', 'order_by', 'limit', 'offset', 'with')
    const ctes = withClause(write, scope, body)
    const inner = rows(write, scope, child(body, 'this') ?? {})
    const tail = tailClauses(write, outputScope(scope, inner), body, outputOf(inner))
    return ctes === '' && tail === ''
      ? inner
      : { ...inner, sql: `${ctes}SELECT * FROM (${inner.sql})${tail}` }
  }
  const ctes = withClause(write, scope, body)
  const combined = setOperation(write, scope, node)
  const tail = tailClauses(write, outputScope(scope, combined), body, outputOf(combined))
  return {
    ...combined,
    sql: tail === '' ? ctes + combined.sql : `${ctes}SELECT * FROM (${combined.sql})${tail}`,
  }
}

/** Where ORDER BY sees the columns of a finished query. */
function outputScope(scope: Scope, { fields, names }: Rows): Scope {
  const selected = fields.map((field, i): [string, Typed] => [
    field.name.toLowerCase(),
    { sql: quoteName(names[i] ?? ''), type: field },
  ])
  return { ...newScope(scope.statement, scope), selected: new Map(selected) }
}

function outputOf({ fields, names }: Rows): Output {
  const items = fields.map((field, i) => ({
    name: field.name,
    explicit: true,
    value: { sql: quoteName(names[i] ?? ''), type: field },
  }))
  return { items, distinct: false }
}

function select(write: Writer, empty: Scope, body: Ast): Rows {
  only('SELECT', body, ...CLAUSES)
  const windows = new Map(
    children(body, 'windows').map((window) => [
      nameOf(window['name']).toLowerCase(),
      child(window, 'spec') ?? {},
    ]),
  )
  const scope: Scope = { ...empty, windows }
  const ctes = withClause(write, scope, body)
  const from = fromClause(write, scope, body)
  for (const [key, keyword] of NEED_FROM)
    if (child(body, 'from') === undefined && child(body, key) !== undefined)
      throw invalidQuery(`Query without FROM clause cannot have a ${keyword} clause`)
  const listed = selectItems(write, scope, body)
  if (listed.length === 0) throw invalidQuery('SELECT list must not be empty')
  const named = listed.filter(({ explicit }) => explicit)
  const selected = new Map(named.map(({ name, value }) => [name.toLowerCase(), value]))
  const after: Scope = { ...scope, selected }
  const kind = nameOf(body['kind']).toUpperCase()
  const distinct = body['distinct'] === true
  if (distinct) checkVisible(write, after, listed, body)
  const clauses = [
    from,
    clause(write, scope, 'WHERE', child(body, 'where_clause')),
    groupBy(write, after, child(body, 'group_by'), listed),
    clause(write, after, 'HAVING', child(body, 'having')),
    clause(write, after, 'QUALIFY', child(body, 'qualify')),
  ].join('')
  const items = kind === '' ? listed : [rowValue(kind, listed)]
  const names = distinctNames(items.map(({ name }) => name))
  // What DISTINCT leaves is sorted from outside, where a key may be more than a column.
  const outside = distinct && kind === '' && items.some(({ value }) => kindOfType(value.type) === 'FLOAT')
  const output = kind === '' ? { items: listed, distinct, ...(outside && { names }) } : undefined
  const tail = tailClauses(write, after, body, output)
  const list = items.map(({ value }, i) => `${settled(value)} AS ${quoteName(names[i] ?? '')}`).join(', ')
  const all = `SELECT ${distinct ? 'DISTINCT ' : ''}${list}${clauses}`
  return {
    sql: outside && tail !== '' ? `${ctes}SELECT * FROM (${all})${tail}` : `${ctes}${all}${tail}`,
    fields: items.map(({ name, value }) => outputField(name, value)),
    names,
    value: kind !== '',
    unnamed: items.flatMap(({ numbered }, i) => (numbered === true ? [i] : [])),
    constants: items.map(({ value }) => value.constant),
  }
}

/** After DISTINCT, ORDER BY sees nothing but the SELECT list. */
function checkVisible(write: Writer, scope: Scope, listed: readonly Item[], body: Ast): void {
  const seen = new Map(listed.map(({ name, value }) => [name.toLowerCase(), value]))
  const visible: Scope = { ...newScope(scope.statement), selected: seen }
  for (const key of children(child(body, 'order_by') ?? {}, 'expressions')) {
    const node = child(key, 'this') ?? {}
    if (position(node) !== undefined) continue
    const { sql } = write.typed(node, scope)
    if (!listed.some(({ value }) => value.sql === sql)) write.typed(node, visible)
  }
}

/** A column that is only NULL, or an empty array, has INT64 for its type. */
function settled(value: Typed): string {
  if (value.type?.type !== 'NULL') return value.sql
  return `CAST(${value.sql} AS ${isRepeated(value.type) ? 'BIGINT[]' : 'BIGINT'})`
}

function outputField(name: string, { type }: Typed): FieldSchema {
  if (type === undefined) throw unsupported(`column ${name}: its type is not known here; CAST it`)
  return plainField(name, type)
}

/** A field as results show it: what a stored column says beyond its type is left out. */
function plainField(name: string, type: FieldSchema): FieldSchema {
  const { precision: _p, scale: _s, maxLength: _l, description: _d, policyTags: _t, ...kept } = type
  const mode = isRepeated(type) ? 'REPEATED' : 'NULLABLE'
  const fields = type.fields?.map((field) => plainField(field.name, field))
  return {
    ...kept,
    name,
    type: type.type === 'NULL' ? INT64.type : type.type,
    mode,
    ...(fields && { fields }),
  }
}

/** DuckDB takes a column by its name, so two of one name get different ones there. */
function distinctNames(names: readonly string[]): readonly string[] {
  const seen = new Set<string>()
  return names.map((name, i) => {
    const free = seen.has(name.toLowerCase()) ? `${name}:${i}` : name
    seen.add(free.toLowerCase())
    return free
  })
}

function clause(write: Writer, scope: Scope, keyword: string, body: Ast | undefined): string {
  const test = body === undefined ? undefined : child(body, 'this')
  return test === undefined ? '' : ` ${keyword} ${condition(write.typed(test, scope), `${keyword} clause`)}`
}

function tailClauses(write: Writer, scope: Scope, body: Ast, output?: Output): string {
  const keys = children(child(body, 'order_by') ?? {}, 'expressions')
  const order = keys.length === 0 ? '' : ` ORDER BY ${orderBy(write, scope, keys, output)}`
  return (
    order +
    limit(write, scope, 'LIMIT', child(body, 'limit')) +
    limit(write, scope, 'OFFSET', child(body, 'offset'))
  )
}

/** The parser wraps the number in a node of its own, but not everywhere. */
function limit(write: Writer, scope: Scope, keyword: string, node: Ast | undefined): string {
  if (node === undefined) return ''
  const value = kindOf(node) === 'this' ? child(node, 'this') : node
  return value === undefined ? '' : ` ${keyword} ${coerceTo(write.typed(value, scope), INT64, keyword)}`
}

function withClause(write: Writer, scope: Scope, body: Ast): string {
  const clauseBody = child(body, 'with')
  if (clauseBody === undefined) return ''
  only('WITH', clauseBody, 'ctes', 'recursive')
  const recursive = clauseBody['recursive'] === true
  const tables = children(clauseBody, 'ctes').map((cte) => {
    only('WITH', cte, 'alias', 'this', 'materialized')
    const name = nameOf(cte['alias'])
    const query = child(cte, 'this') ?? {}
    const first = recursive && kindOf(query) === 'union' ? child(bodyOf(query), 'left') : undefined
    // What the first part of a recursive union gives decides the columns of the whole.
    if (first !== undefined) scope.commonTables.set(name.toLowerCase(), rows(write, scope, first))
    const found = rows(write, scope, query)
    scope.commonTables.set(name.toLowerCase(), found)
    return `${quoteName(name)} AS (${found.sql})`
  })
  return `WITH ${recursive ? 'RECURSIVE ' : ''}${tables.join(', ')} `
}
