// Elements of arrays by position, and of JSON values by position or name.
import { invalidQuery } from '../wire/api-error.ts'
import { isRepeated } from '../wire/table-schema.ts'
import { type Ast, bodyOf, child, children, kindOf, nameOf, only, unsupported } from './ast.ts'
import { jsonMember } from './names.ts'
import type { Scope } from './scope.ts'
import { coerceTo, elementOf, INT64, JSON_TYPE, kindOfType, type Typed, typed, typeName } from './typing.ts'
import type { Writer } from './writer.ts'

const POSITIONS: Readonly<Record<string, (array: string, at: string) => string>> = {
  '': (array, at) => `bq_at(${array}, ${at})`,
  OFFSET: (array, at) => `bq_at(${array}, ${at})`,
  ORDINAL: (array, at) => `bq_at(${array}, (${at}) - 1)`,
  SAFE_OFFSET: (array, at) => `bq_safe_at(${array}, ${at})`,
  SAFE_ORDINAL: (array, at) => `bq_safe_at(${array}, (${at}) - 1)`,
}

export function subscript(write: Writer, scope: Scope, body: Ast): Typed {
  only('subscript', body, 'this', 'index')
  const value = write.typed(child(body, 'this') ?? {}, scope)
  const node = child(body, 'index') ?? {}
  const named = kindOf(node) === 'function' ? nameOf(bodyOf(node)).toUpperCase() : ''
  const position = Object.hasOwn(POSITIONS, named) ? named : ''
  const index = write.typed(position === '' ? node : (children(bodyOf(node), 'args')[0] ?? {}), scope)
  if (value.type === undefined) throw unsupported('a subscript of a value whose type is not known here')
  if (isRepeated(value.type)) {
    const at = coerceTo(index, INT64, 'array position')
    return typed(
      (POSITIONS[position] as (a: string, i: string) => string)(value.sql, at),
      elementOf(value.type),
    )
  }
  if (kindOfType(value.type) !== 'JSON' || position !== '')
    throw invalidQuery(`Element access using [] is not supported on values of type ${typeName(value.type)}`)
  if (kindOfType(index.type) === 'STRING') {
    if (index.text === undefined) throw unsupported('a computed JSON member name')
    return typed(`json_extract(${value.sql}, '${jsonMember(index.text).replaceAll("'", "''")}')`, JSON_TYPE)
  }
  const at = coerceTo(index, INT64, 'JSON position')
  return typed(`(CASE WHEN ${at} >= 0 THEN json_extract(${value.sql}, '$[' || ${at} || ']') END)`, JSON_TYPE)
}
