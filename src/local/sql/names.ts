// What a name or a path of names stands for: a column, a field of one, a whole row, a parameter.
import { invalidQuery } from '../wire/api-error.ts'
import { findField, isRepeated, quoteName, quoteText, sameName } from '../wire/table-schema.ts'
import { type Ast, bodyOf, child, kindOf, nameOf } from './ast.ts'
import { type Column, columnsOf, parameter, type Scope, type Source } from './scope.ts'
import { structPack } from './types.ts'
import { JSON_TYPE, kindOfType, structOf, type Typed, typed, typeName } from './typing.ts'

/** The names of a dotted path, outermost first; undefined for other expressions. */
export function pathOf(node: Ast): readonly string[] | undefined {
  const body = bodyOf(node)
  if (kindOf(node) === 'column') {
    const table = nameOf(body['table'])
    return [...(table === '' ? [] : table.split('.')), nameOf(body['name'])]
  }
  if (kindOf(node) !== 'dot') return undefined
  const owner = pathOf(child(body, 'this') ?? {})
  return owner === undefined ? undefined : [...owner, nameOf(body['field'])]
}

export function nameValue(scope: Scope, path: readonly string[]): Typed {
  const [first = '', ...rest] = path
  if (first.startsWith('@')) {
    const { sql, field } = parameter(scope, first.slice(1))
    return rest.reduce(member, { sql, type: field, constant: 'literal' } as Typed)
  }
  for (let level: Scope | undefined = scope; level !== undefined; level = level.parent) {
    const found = inLevel(level, first, rest)
    if (found !== undefined) return found
  }
  const variable = scope.statement.session.variable(first)
  if (variable !== undefined) return rest.reduce(member, variable)
  throw invalidQuery(`Unrecognized name: ${path.join('.')}`)
}

function inLevel(level: Scope, first: string, rest: readonly string[]): Typed | undefined {
  const selected = level.selected?.get(first.toLowerCase())
  if (selected !== undefined) return rest.reduce(member, selected)
  const source = level.sources.find(({ alias }) => sameName(alias, first))
  if (source?.value !== undefined) return rest.reduce(member, source.value)
  if (source !== undefined && rest.length > 0) return ofSource(source, rest)
  const columns = level.sources.flatMap((one) =>
    (columnsOf(one) ?? []).filter(({ name, numbered }) => numbered !== true && sameName(name, first)),
  )
  const shown = columns.length > 1 ? columns.filter(({ hidden }) => hidden !== 'merged') : columns
  if (shown.length > 1) throw invalidQuery(`Column name ${first} is ambiguous`)
  if (shown[0] !== undefined) return rest.reduce(member, shown[0].value)
  if (source !== undefined) return wholeRow(source)
  if (level.sources.some((one) => columnsOf(one) === undefined))
    return typed([first, ...rest].map(quoteName).join('.'), undefined)
  return undefined
}

function ofSource(source: Source, path: readonly string[]): Typed {
  const [name = '', ...rest] = path
  const columns = columnsOf(source)
  if (columns === undefined) return typed([source.alias, ...path].map(quoteName).join('.'), undefined)
  const found = columns.filter((column) => column.numbered !== true && sameName(column.name, name))
  if (found.length > 1) throw invalidQuery(`Column name ${name} is ambiguous`)
  if (found[0] === undefined) throw invalidQuery(`Name ${name} not found inside ${source.alias}`)
  return rest.reduce(member, found[0].value)
}

/** A table's name as a value is a STRUCT of its columns. */
function wholeRow(source: Source): Typed {
  const columns = columnsOf(source)
  if (columns === undefined) throw invalidQuery(`Unrecognized name: ${source.alias}`)
  return rowOf(columns.filter(({ hidden }) => hidden === undefined))
}

function rowOf(columns: readonly Column[]): Typed {
  return typed(
    structPack(columns.map(({ name, value }) => [name, value.sql])),
    structOf(columns.map(({ name, value }) => ({ ...(value.type ?? { type: 'NULL' }), name }))),
  )
}

/** A field of a STRUCT or a member of a JSON object. */
export function member(owner: Typed, name: string): Typed {
  const { sql, type } = owner
  if (type === undefined) return typed(`(${sql}).${quoteName(name)}`, undefined)
  if (kindOfType(type) === 'JSON')
    return typed(`json_extract(${sql}, ${quoteText(jsonMember(name))})`, JSON_TYPE)
  const field = isRepeated(type) ? undefined : findField(type.fields ?? [], name)
  if (field !== undefined) return typed(`(${sql}).${quoteName(field.name)}`, field)
  if (!isRepeated(type) && type.fields !== undefined)
    throw invalidQuery(`Field name ${name} does not exist in ${typeName(type)}`)
  throw invalidQuery(`Cannot access field ${name} on a value with type ${typeName(type)}`)
}

export function jsonMember(name: string): string {
  return `$."${name.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`
}
