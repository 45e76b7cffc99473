// Queries: SELECT with all its clauses, set operations, WITH.
import { invalidQuery } from '../wire/api-error.ts'
import { quoteName } from '../wire/table-schema.ts'
import { type Ast, bodyOf, child, children, kindOf, nameOf, only, unsupported } from './ast.ts'
import { fromClause } from './from.ts'
import { structOf } from './functions/call.ts'
import { orderBy, ordinalOr } from './order.ts'
import { newScope, type Scope } from './scope.ts'
import { specification } from './window.ts'
import type { Writer } from './writer.ts'

const SET_OPERATIONS: Readonly<Record<string, string>> = {
  union: 'UNION',
  intersect: 'INTERSECT',
  except: 'EXCEPT',
}
const CLAUSES = [
  ...['expressions', 'from', 'joins', 'where_clause', 'group_by', 'having', 'qualify', 'windows'],
  ...['order_by', 'limit', 'offset', 'distinct', 'with', 'kind'],
]

export function query(write: Writer, outer: Scope, node: Ast): string {
  const kind = kindOf(node)
  const body = bodyOf(node)
  if (kind === 'select') return select(write, newScope(outer.statement, outer), body)
  if (kind === 'subquery' || kind === 'paren') {
    only('a parenthesised query', body, 'this', 'alias', 'order_by', 'limit', 'offset')
    const inner = query(write, outer, child(body, 'this') ?? {})
    const tail = tailClauses(write, newScope(outer.statement, outer), body)
    return tail === '' ? inner : `SELECT * FROM (${inner})${tail}`
  }
  const operation = SET_OPERATIONS[kind]
  if (operation === undefined) throw unsupported(`${kind.toUpperCase().replaceAll('_', ' ')} statement`)
  only(operation, body, 'left', 'right', 'all', 'distinct', 'order_by', 'limit', 'offset', 'with')
  const scope = newScope(outer.statement, outer)
  const ctes = withClause(write, scope, body)
  const [left, right] = ['left', 'right'].map((side) => query(write, scope, child(body, side) ?? {}))
  const all = body['all'] === true ? ' ALL' : ''
  return `${ctes}(${left}) ${operation}${all} (${right})${tailClauses(write, scope, body)}`
}

function select(write: Writer, scope: Scope, body: Ast): string {
  only('SELECT', body, ...CLAUSES)
  const ctes = withClause(write, scope, body)
  const from = fromClause(write, scope, body)
  const parts = [
    from,
    clause(write, scope, ' WHERE ', child(body, 'where_clause')),
    groupBy(write, scope, child(body, 'group_by')),
    clause(write, scope, ' HAVING ', child(body, 'having')),
    windows(write, scope, body),
    clause(write, scope, ' QUALIFY ', child(body, 'qualify')),
    tailClauses(write, scope, body),
  ].join('')
  const distinct = body['distinct'] === true ? 'DISTINCT ' : ''
  const kind = body['kind'] === null || body['kind'] === undefined ? '' : String(body['kind']).toUpperCase()
  if (kind === 'STRUCT') {
    const items = children(body, 'expressions')
    if (items.some((item) => kindOf(item) === 'star')) throw unsupported('SELECT AS STRUCT *')
    return `${ctes}SELECT ${distinct}${structOf(write, scope, items)}${parts}`
  }
  if (kind !== '') throw unsupported(`SELECT AS ${kind}`)
  return `${ctes}SELECT ${distinct}${selectList(write, scope, body)}${parts}`
}

function selectList(write: Writer, scope: Scope, body: Ast): string {
  let unnamed = 0
  const items = children(body, 'expressions')
  if (items.length === 0) throw invalidQuery('SELECT list must not be empty')
  return items
    .map((item) => {
      const inner = bodyOf(item)
      if (kindOf(item) === 'star') return star(write, scope, inner)
      if (kindOf(item) === 'alias') {
        only('a column alias', inner, 'this', 'alias')
        return `${write.expression(child(inner, 'this') ?? {}, scope)} AS ${quoteName(nameOf(inner['alias']))}`
      }
      const name = impliedName(item)
      return `${write.expression(item, scope)} AS ${quoteName(name === '' ? `f${unnamed++}_` : name)}`
    })
    .join(', ')
}

/** A column or field keeps its own name; every other expression is numbered. */
function impliedName(item: Ast): string {
  const body = bodyOf(item)
  if (kindOf(item) === 'column') {
    const name = nameOf(body['name'])
    return name.startsWith('@') ? '' : name
  }
  return kindOf(item) === 'dot' ? nameOf(body['field']) : ''
}

function star(write: Writer, scope: Scope, body: Ast): string {
  only('SELECT *', body, 'table', 'except', 'replace')
  const table = nameOf(body['table'])
  if (
    scope.sources.length === 0 &&
    children(body, 'table').length === 0 &&
    table === '' &&
    scope.parent === undefined
  )
    return '*'
  const special = scope.sources.filter(
    ({ star: own, starUnknown }) => own !== undefined || starUnknown === true,
  )
  const except = children(body, 'except').map((name) => quoteName(nameOf(name)))
  const replace = children(body, 'replace').map((entry) => {
    const value = kindOf(entry) === 'alias' ? bodyOf(entry) : entry
    return `${write.expression(child(value, 'this') ?? {}, scope)} AS ${quoteName(nameOf(value['alias']))}`
  })
  const tail =
    (except.length > 0 ? ` EXCLUDE (${except.join(', ')})` : '') +
    (replace.length > 0 ? ` REPLACE (${replace.join(', ')})` : '')
  if (table !== '') {
    const source = special.find(({ alias }) => alias.toLowerCase() === table.toLowerCase())
    if (source === undefined) return `${table.split('.').map(quoteName).join('.')}.*${tail}`
    if (source.star === undefined || tail !== '') throw unsupported(`${table}.* over UNNEST`)
    return source.star
  }
  if (special.length === 0) return `*${tail}`
  if (tail !== '' || special.some(({ starUnknown }) => starUnknown === true))
    throw unsupported('SELECT * over this UNNEST; name the columns')
  if (scope.sources.some(({ alias }) => alias === ''))
    throw unsupported('SELECT * over an unnamed subquery and UNNEST')
  return scope.sources.map((source) => source.star ?? `${quoteName(source.alias)}.*`).join(', ')
}

function clause(write: Writer, scope: Scope, keyword: string, body: Ast | undefined): string {
  const condition = body === undefined ? undefined : child(body, 'this')
  return condition === undefined ? '' : `${keyword}${write.expression(condition, scope)}`
}

function groupBy(write: Writer, scope: Scope, body: Ast | undefined): string {
  if (body === undefined) return ''
  only('GROUP BY', body, 'expressions', 'all')
  if (body['all'] === true) return ' GROUP BY ALL'
  const keys = children(body, 'expressions').map((key) => {
    const inner = bodyOf(key)
    const name = kindOf(key) === 'function' ? nameOf(inner).toUpperCase() : ''
    if (name === 'ROLLUP' || name === 'CUBE')
      return `${name} (${children(inner, 'args')
        .map((arg) => write.expression(arg, scope))
        .join(', ')})`
    return ordinalOr(write, scope, key)
  })
  return ` GROUP BY ${keys.join(', ')}`
}

function windows(write: Writer, scope: Scope, body: Ast): string {
  const named = children(body, 'windows').map(
    (window) =>
      `${quoteName(nameOf(window['name']))} AS (${specification(write, scope, child(window, 'spec') ?? {})})`,
  )
  return named.length === 0 ? '' : ` WINDOW ${named.join(', ')}`
}

function tailClauses(write: Writer, scope: Scope, body: Ast): string {
  const keys = children(child(body, 'order_by') ?? {}, 'expressions')
  const order = keys.length === 0 ? '' : ` ORDER BY ${orderBy(write, scope, keys)}`
  return (
    order +
    limit(write, scope, ' LIMIT ', child(body, 'limit')) +
    limit(write, scope, ' OFFSET ', child(body, 'offset'))
  )
}

/** The parser wraps the number in a node of its own, but not everywhere. */
function limit(write: Writer, scope: Scope, keyword: string, node: Ast | undefined): string {
  if (node === undefined) return ''
  const value = kindOf(node) === 'this' ? child(node, 'this') : node
  return value === undefined ? '' : `${keyword}${write.expression(value, scope)}`
}

function withClause(write: Writer, scope: Scope, body: Ast): string {
  const clauseBody = child(body, 'with')
  if (clauseBody === undefined) return ''
  only('WITH', clauseBody, 'ctes', 'recursive')
  const recursive = clauseBody['recursive'] === true
  const tables = children(clauseBody, 'ctes').map((cte) => {
    only('WITH', cte, 'alias', 'this', 'materialized')
    const name = nameOf(cte['alias'])
    if (recursive) scope.commonTables.add(name.toLowerCase())
    const sql = query(write, scope, child(cte, 'this') ?? {})
    scope.commonTables.add(name.toLowerCase())
    return `${quoteName(name)} AS (${sql})`
  })
  return `WITH ${recursive ? 'RECURSIVE ' : ''}${tables.join(', ')} `
}
