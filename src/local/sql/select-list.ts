// The SELECT list: named and unnamed expressions, * with EXCEPT and REPLACE, fields of a STRUCT.
import { invalidQuery } from '../wire/api-error.ts'
import { quoteName } from '../wire/table-schema.ts'
import { type Ast, bodyOf, child, children, kindOf, nameOf, only, unsupported } from './ast.ts'
import { member, pathOf } from './names.ts'
import { type Column, columnsOf, type Scope, type Source } from './scope.ts'
import { structPack } from './types.ts'
import { INT64, isStruct, structOf, type Typed, typed, typeName } from './typing.ts'
import type { Writer } from './writer.ts'

export interface Item {
  readonly name: string
  /** The name can be used by later clauses. */
  readonly explicit: boolean
  /** It has no name but the number it was given. */
  readonly numbered?: boolean
  readonly value: Typed
}

export function selectItems(write: Writer, scope: Scope, body: Ast): readonly Item[] {
  const items = children(body, 'expressions').flatMap((node): readonly Item[] => {
    const inner = bodyOf(node)
    if (kindOf(node) === 'star') return star(write, scope, inner)
    if (kindOf(node) === 'dot' && nameOf(inner['field']) === '*')
      return fieldsOf(write.typed(child(inner, 'this') ?? {}, scope))
    if (kindOf(node) === 'alias') {
      only('a column alias', inner, 'this', 'alias')
      return [
        {
          name: nameOf(inner['alias']),
          explicit: true,
          value: write.typed(child(inner, 'this') ?? {}, scope),
        },
      ]
    }
    const name = impliedName(node)
    const value = write.typed(node, scope)
    // A bare column keeps its name, but a clause that uses the name means the column itself.
    return [{ name, explicit: false, value, ...(name === '' && { numbered: true }) }]
  })
  let unnamed = 0
  return items.map((item) => (item.numbered === true ? { ...item, name: `f${unnamed++}_` } : item))
}

/** A column or field keeps its own name; every other expression is numbered. */
export function impliedName(node: Ast): string {
  if (kindOf(node) === 'dot') return nameOf(bodyOf(node)['field'])
  const path = pathOf(node)
  const name = path?.[path.length - 1] ?? ''
  return name.startsWith('@') ? '' : name
}

function star(write: Writer, scope: Scope, body: Ast): readonly Item[] {
  only('SELECT *', body, 'table', 'except', 'replace')
  const table = nameOf(body['table'])
  const columns =
    table === ''
      ? scope.sources.flatMap(shown).filter(({ hidden }) => hidden === undefined)
      : ofAlias(write, scope, table)
  if (table === '' && scope.sources.length === 0) throw invalidQuery('SELECT * must have a FROM clause')
  const except = children(body, 'except').map((name) => nameOf(name).toLowerCase())
  const replaced = new Map(
    children(body, 'replace').map((entry): [string, Typed] => {
      const value = kindOf(entry) === 'alias' ? bodyOf(entry) : entry
      return [nameOf(value['alias']).toLowerCase(), write.typed(child(value, 'this') ?? {}, scope)]
    }),
  )
  for (const name of [...except, ...replaced.keys()])
    if (!columns.some((column) => column.name.toLowerCase() === name))
      throw invalidQuery(`Column ${name} in SELECT * EXCEPT or REPLACE list does not exist`)
  return columns
    .filter(({ name }) => !except.includes(name.toLowerCase()))
    .map(({ name, value, numbered }) => ({
      name,
      explicit: replaced.has(name.toLowerCase()),
      ...(numbered === true && { numbered }),
      value: replaced.get(name.toLowerCase()) ?? value,
    }))
}

function shown(source: Source): readonly Column[] {
  const columns = columnsOf(source)
  if (columns === undefined) throw unsupported('SELECT * here: the columns are not known; name them')
  return columns
}

function ofAlias(write: Writer, scope: Scope, name: string): readonly Column[] {
  const path = name.split('.')
  const wanted = name.toLowerCase()
  const source = scope.sources.find(({ alias }) => alias.toLowerCase() === wanted)
  if (source !== undefined) return shown(source).filter(({ hidden }) => hidden !== 'pseudo')
  const [first = '', ...rest] = path
  const owner = write.typed({ column: { name: { name: first } } }, scope)
  return fieldsOf(rest.reduce(member, owner))
}

function fieldsOf(owner: Typed): readonly Item[] {
  const { sql, type } = owner
  if (!isStruct(type)) throw invalidQuery(`Dot-star is not supported for type ${typeName(type)}`)
  return (type?.fields ?? []).map((field) => ({
    name: field.name,
    explicit: false,
    value: typed(`(${sql}).${quoteName(field.name)}`, field),
  }))
}

/** SELECT AS STRUCT makes one value of the columns, SELECT AS VALUE takes the only one. */
export function rowValue(kind: string, items: readonly Item[]): Item {
  const [first] = items
  if (kind === 'VALUE') {
    if (first === undefined || items.length !== 1)
      throw invalidQuery('SELECT AS VALUE query must have exactly one column')
    return first
  }
  if (kind !== 'STRUCT') throw unsupported(`SELECT AS ${kind}`)
  const value = typed(
    structPack(items.map(({ name, value }): [string, string] => [name, value.sql])),
    structOf(items.map(({ name, value }) => ({ ...(value.type ?? INT64), name }))),
  )
  return { name: 'f0_', explicit: false, value }
}
