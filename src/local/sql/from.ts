// FROM: tables, subqueries, joins and UNNEST, and what each of them brings into scope.
import { invalidQuery } from '../wire/api-error.ts'
import { type FieldSchema, isRepeated, legacyType, quoteName } from '../wire/table-schema.ts'
import { type Ast, bodyOf, child, children, kindOf, nameOf, only, unsupported } from './ast.ts'
import {
  findField,
  findSource,
  isCommonTable,
  parameter,
  resolveTable,
  type Scope,
  type Source,
  tablePath,
} from './scope.ts'
import type { Writer } from './writer.ts'

const JOINS: Readonly<Record<string, string>> = {
  Inner: 'JOIN',
  Left: 'LEFT JOIN',
  Right: 'RIGHT JOIN',
  Full: 'FULL JOIN',
  Cross: 'CROSS JOIN',
}

export function fromClause(write: Writer, scope: Scope, select: Ast): string {
  const items = children(child(select, 'from') ?? {}, 'expressions')
  if (items.length === 0) return ''
  const written = items.map((item, i) => {
    const { sql, lateral } = fromItem(write, scope, item)
    return i === 0 ? sql : `CROSS JOIN ${lateral ? 'LATERAL ' : ''}${sql}`
  })
  const joins = children(select, 'joins').map((join) => joinClause(write, scope, join))
  return ` FROM ${[...written, ...joins].join(' ')}`
}

function joinClause(write: Writer, scope: Scope, join: Ast): string {
  only('JOIN', join, 'this', 'on', 'using', 'kind')
  const kind = JOINS[String(join['kind'])]
  if (kind === undefined) throw unsupported(`${join['kind']} JOIN`)
  const { sql, lateral } = fromItem(write, scope, child(join, 'this') ?? {})
  const on = child(join, 'on')
  const using = children(join, 'using').map((name) => quoteName(nameOf(name)))
  const keyword = `${kind} ${lateral ? 'LATERAL ' : ''}${sql}`
  if (kind === 'CROSS JOIN') return keyword
  if (on !== undefined) return `${keyword} ON ${write.expression(on, scope)}`
  if (using.length > 0) return `${keyword} USING (${using.join(', ')})`
  if (!lateral) throw invalidQuery(`${kind} must have an immediately following ON or USING clause`)
  return `${keyword} ON true`
}

interface FromItem {
  readonly sql: string
  /** Reads columns of the items before it. */
  readonly lateral: boolean
}

function fromItem(write: Writer, scope: Scope, node: Ast): FromItem {
  const body = bodyOf(node)
  switch (kindOf(node)) {
    case 'table':
      return table(scope, body)
    case 'subquery': {
      only('subquery', body, 'this', 'alias')
      const alias = nameOf(body['alias'])
      const sql = `(${write.query(child(body, 'this') ?? {}, scope)})`
      if (alias !== '') scope.sources.push({ alias })
      return { sql: alias === '' ? sql : `${sql} AS ${quoteName(alias)}`, lateral: false }
    }
    case 'alias': {
      only('an alias', body, 'this', 'alias')
      const inner = child(body, 'this') ?? {}
      return fromItem(write, scope, { [kindOf(inner)]: { ...bodyOf(inner), alias: body['alias'] } })
    }
    case 'unnest':
      return unnest(write, scope, body)
    default:
      throw unsupported(`${kindOf(node).toUpperCase().replaceAll('_', ' ')} in FROM`)
  }
}

function table(scope: Scope, body: Ast): FromItem {
  only('a table reference', body, 'name', 'schema', 'catalog', 'alias')
  const path = tablePath(body)
  const [first = ''] = path
  const given = nameOf(body['alias'])
  const alias = given === '' ? (path[path.length - 1] ?? '') : given
  if (path.length === 1 && isCommonTable(scope, first)) {
    scope.sources.push({ alias })
    return { sql: `${quoteName(first)} AS ${quoteName(alias)}`, lateral: false }
  }
  if (path.length > 1 && findSource(scope, first) !== undefined)
    return arrayItem(path.map(quoteName).join('.'), findField(scope, path), scope, alias, undefined)
  const found = resolveTable(scope.statement, path)
  scope.sources.push({ alias, fields: found.fields })
  return { sql: `${found.sql} AS ${quoteName(alias)}`, lateral: false }
}

function unnest(write: Writer, scope: Scope, body: Ast): FromItem {
  only('UNNEST', body, 'this', 'alias', 'with_ordinality', 'offset_alias')
  const array = child(body, 'this') ?? {}
  const offset = body['with_ordinality'] === true ? nameOf(body['offset_alias']) || 'offset' : undefined
  return arrayItem(
    write.expression(array, scope),
    arrayField(scope, array),
    scope,
    nameOf(body['alias']),
    offset,
  )
}

let anonymous = 0

/**
 * An array as a table: its element under the alias and, where the element is a STRUCT, the fields beside it.
 * The position is one more column.
 */
function arrayItem(
  array: string,
  field: FieldSchema | undefined,
  scope: Scope,
  alias: string,
  offset: string | undefined,
): FromItem {
  if (field !== undefined && !isRepeated(field))
    throw invalidQuery('Values referenced in UNNEST must be arrays.')
  const position = offset === undefined ? '' : `, unnest(range(len(${array}))) AS ${quoteName(offset)}`
  const struct = field === undefined ? undefined : legacyType(field.type) === 'RECORD'
  const table = alias === '' ? `_unnest_${anonymous++ % 1_000_000}` : alias
  const name = quoteName(table)
  const element = `SELECT unnest(${array}) AS ${name}${position}`
  const offsetField: FieldSchema[] = offset === undefined ? [] : [{ name: offset, type: 'INTEGER' }]
  if (struct === true) {
    const fields = field?.fields ?? []
    const members = fields.map((member) => `${name}.${quoteName(member.name)} AS ${quoteName(member.name)}`)
    const shadowed = fields.some((member) => member.name.toLowerCase() === table.toLowerCase())
    const whole = shadowed ? [] : [`${name} AS ${name}`]
    const columns = [...whole, ...members, ...(offset === undefined ? [] : [quoteName(offset)])]
    const star = shadowed ? `${name}.*` : `${name}.* EXCLUDE (${name})`
    scope.sources.push({ alias: table, fields: [...fields, ...offsetField], star })
    return { sql: `(SELECT ${columns.join(', ')} FROM (${element}) AS ${name}) AS ${name}`, lateral: true }
  }
  const source: Source = {
    alias: table,
    ...(struct === undefined ? { starUnknown: true } : { star: `${name}.*` }),
  }
  scope.sources.push(source)
  return { sql: `(${element}) AS ${name}`, lateral: true }
}

/** What is known of an array expression's elements without asking the engine. */
function arrayField(scope: Scope, node: Ast): FieldSchema | undefined {
  const body = bodyOf(node)
  switch (kindOf(node)) {
    case 'column': {
      const [table, name] = [nameOf(body['table']), nameOf(body['name'])]
      if (name.startsWith('@')) return parameter(scope, name.slice(1)).field
      return findField(scope, [...(table === '' ? [] : table.split('.')), name])
    }
    case 'dot': {
      const owner = arrayField(scope, child(body, 'this') ?? {})
      return owner?.fields?.find((field) => field.name.toLowerCase() === nameOf(body['field']).toLowerCase())
    }
    case 'array_func':
    case 'array': {
      const [first] = children(body, 'expressions')
      if (first === undefined) return undefined
      const kind = kindOf(first)
      if (kind === 'literal') return { name: '', type: 'STRING', mode: 'REPEATED' }
      if (kind !== 'function' || bodyOf(first)['name'] !== 'STRUCT') return undefined
      const names = children(bodyOf(first), 'args').map((arg) =>
        kindOf(arg) === 'alias' ? nameOf(bodyOf(arg)['alias']) : '',
      )
      if (names.includes('')) return undefined
      return {
        name: '',
        type: 'RECORD',
        mode: 'REPEATED',
        fields: names.map((name) => ({ name, type: 'STRING' })),
      }
    }
    case 'function':
      return /^(GENERATE_ARRAY|GENERATE_DATE_ARRAY|SPLIT)$/i.test(nameOf(body))
        ? { name: '', type: 'STRING', mode: 'REPEATED' }
        : undefined
    default:
      return undefined
  }
}
