// UNNEST and paths to arrays in FROM: an array as a table.
import { invalidQuery } from '../wire/api-error.ts'
import { isRepeated, quoteName } from '../wire/table-schema.ts'
import { type Ast, child, nameOf, only, unsupported } from './ast.ts'
import type { FromItem } from './from.ts'
import { type Column, physicalAlias, type Scope } from './scope.ts'
import { elementOf, INT64, isStruct, type Typed, typed } from './typing.ts'
import type { Writer } from './writer.ts'

export function unnest(write: Writer, scope: Scope, body: Ast): FromItem {
  only('UNNEST', body, 'this', 'alias', 'with_ordinality', 'offset_alias')
  const offset = body['with_ordinality'] === true ? nameOf(body['offset_alias']) || 'offset' : undefined
  return arrayItem(write.typed(child(body, 'this') ?? {}, scope), scope, nameOf(body['alias']), offset)
}

/**
 * The element goes by the alias and, where it is a STRUCT, its fields are columns. The position is one
 * more column.
 */
export function arrayItem(array: Typed, scope: Scope, alias: string, offset: string | undefined): FromItem {
  const { sql, type } = array
  if (type === undefined) throw unsupported('UNNEST of a value whose type is not known here')
  if (!isRepeated(type)) throw invalidQuery('Values referenced in UNNEST must be arrays.')
  const name = quoteName(physicalAlias(alias))
  const element = typed(`${name}."v"`, type.type === 'NULL' ? INT64 : elementOf(type))
  const fields = isStruct(element.type) ? (element.type?.fields ?? []) : undefined
  const columns: Column[] = fields?.map((field) => ({
    name: field.name,
    value: typed(`(${element.sql}).${quoteName(field.name)}`, field),
  })) ?? [{ name: alias === '' ? 'f0_' : alias, value: element }]
  if (offset !== undefined) columns.push({ name: offset, value: typed(`${name}."o"`, INT64) })
  scope.sources.push({ alias, columns, ...(alias !== '' && { value: element }) })
  const position = offset === undefined ? '' : ', unnest(range(len(a))) AS "o"'
  const rows =
    offset === undefined
      ? `SELECT unnest(${sql}) AS "v"`
      : `SELECT unnest(a) AS "v"${position} FROM (SELECT ${sql} AS a)`
  return { sql: `(${rows}) AS ${name}`, lateral: true }
}
