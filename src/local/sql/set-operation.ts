// UNION, INTERSECT and EXCEPT: the parts agree in number of columns, and each column takes a common type.
import { invalidQuery } from '../wire/api-error.ts'
import { type FieldSchema, quoteName } from '../wire/table-schema.ts'
import { type Ast, bodyOf, child, kindOf, only, unsupported } from './ast.ts'
import type { Scope } from './scope.ts'
import { coerceTo, common, hasOtherNames, sameType, type Typed } from './typing.ts'
import type { Rows, Writer } from './writer.ts'

const SET_OPERATIONS: Readonly<Record<string, string>> = {
  union: 'UNION',
  intersect: 'INTERSECT',
  except: 'EXCEPT',
}

export function setOperation(write: Writer, scope: Scope, node: Ast): Rows {
  const body = bodyOf(node)
  const operation = SET_OPERATIONS[kindOf(node)]
  if (operation === undefined)
    throw unsupported(`${kindOf(node).toUpperCase().replaceAll('_', ' ')} statement`)
  only(operation, body, 'left', 'right', 'all', 'distinct', 'order_by', 'limit', 'offset', 'with')
  if (body['all'] !== true && body['distinct'] !== true)
    throw invalidQuery(`Syntax error: Expected keyword ALL or keyword DISTINCT after ${operation}`)
  const inner = child(body, 'left') ?? {}
  const other = kindOf(inner) !== kindOf(node) || (bodyOf(inner)['all'] === true) !== (body['all'] === true)
  if (SET_OPERATIONS[kindOf(inner)] !== undefined && other)
    throw invalidQuery(
      'Syntax error: Different set operations cannot be used in the same query without using parentheses for grouping',
    )
  if (body['all'] === true && operation !== 'UNION') throw invalidQuery(`${operation} ALL is not supported`)
  const left = write.rows(child(body, 'left') ?? {}, scope)
  const right = write.rows(child(body, 'right') ?? {}, scope)
  if (left.fields.length !== right.fields.length)
    throw invalidQuery(
      `Queries in ${operation} have mismatched column count; query 1 has ${left.fields.length} column(s), query 2 has ${right.fields.length} column(s)`,
    )
  const fields = left.fields.map((field, i): FieldSchema => {
    const type = common([column(left, i), column(right, i)], `${operation} column ${i + 1}`)
    return { ...(type ?? field), name: field.name }
  })
  const all = body['all'] === true ? ' ALL' : ''
  const sql = `(${converted(left, fields)}) ${operation}${all} (${converted(right, fields)})`
  return {
    sql,
    fields,
    names: left.names,
    ...(left.unnamed && { unnamed: left.unnamed }),
    value: left.value && right.value,
    constants: left.constants.map((one, i) => (one === right.constants[i] ? one : undefined)),
  }
}

function column({ fields, names, constants }: Rows, i: number): Typed {
  const constant = constants[i]
  const sql = quoteName(names[i] ?? '')
  return { sql, type: fields[i], ...(constant !== undefined && { constant }) }
}

function converted(part: Rows, fields: readonly FieldSchema[]): string {
  const fits = (field: FieldSchema, i: number): boolean => {
    const wanted = fields[i] as FieldSchema
    return sameType(field, wanted) && !hasOtherNames(field, wanted)
  }
  if (part.fields.every(fits)) return part.sql
  const list = fields.map((field, i) => {
    const value = coerceTo({ ...column(part, i) }, field, 'set operation')
    return `${value} AS ${quoteName(part.names[i] ?? '')}`
  })
  return `SELECT ${list.join(', ')} FROM (${part.sql})`
}
