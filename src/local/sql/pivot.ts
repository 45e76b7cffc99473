// PIVOT turns rows into columns, UNPIVOT columns into rows; both are written as plain queries.
import { invalidQuery } from '../wire/api-error.ts'
import { type FieldSchema, quoteName, quoteText } from '../wire/table-schema.ts'
import { type Ast, bodyOf, child, children, kindOf, nameOf, only, unsupported } from './ast.ts'
import { pathOf } from './names.ts'
import { type Column, columnsOf, type Scope } from './scope.ts'
import { STRING, type Typed, unify } from './typing.ts'
import type { Rows, Writer } from './writer.ts'

/** Aggregates that skip NULL, so that rows of other pivot values can be hidden from them as NULL. */
const SKIP_NULL = ['sum', 'avg', 'min', 'max', 'count', 'any_value', 'string_agg', 'count_if']

function result(columns: readonly (readonly [name: string, value: Typed])[], tail: string): Rows {
  const fields = columns.map(
    ([name, { type }]): FieldSchema => ({ mode: 'NULLABLE', ...(type ?? STRING), name }),
  )
  const list = columns.map(([name, { sql }]) => `${sql} AS ${quoteName(name)}`).join(', ')
  const names = fields.map(({ name }) => name)
  return { sql: `SELECT ${list}${tail}`, fields, names, value: false, constants: names.map(() => undefined) }
}

function inputColumns(scope: Scope): readonly Column[] {
  return scope.sources.flatMap((source) => columnsOf(source) ?? [])
}

export function pivot(write: Writer, scope: Scope, body: Ast, from: string): Rows {
  only('PIVOT', body, 'this', 'expressions', 'fields', 'alias')
  const [field, ...more] = children(body, 'fields')
  if (field === undefined || more.length > 0 || kindOf(field) !== 'in')
    throw unsupported('this form of PIVOT')
  const key = child(bodyOf(field), 'this') ?? {}
  const aggregates = children(body, 'expressions').map(named)
  const used = new Set([...names(key), ...aggregates.flatMap(({ node }) => names(node))])
  const kept = inputColumns(scope).filter(({ name }) => !used.has(name.toLowerCase()))
  const pivoted = children(bodyOf(field), 'expressions').flatMap((entry) => {
    const { node: value, name } = named(entry)
    return aggregates.map(({ node, name: prefix }): [string, Typed] => [
      [prefix, name === '' ? valueName(value) : name].filter(Boolean).join('_'),
      write.typed(among(node, key, value), scope),
    ])
  })
  const groups = kept.map(({ value }) => value.sql)
  const tail = ` FROM ${from}${groups.length === 0 ? '' : ` GROUP BY ${groups.join(', ')}`}`
  return result([...kept.map(({ name, value }): [string, Typed] => [name, value]), ...pivoted], tail)
}

function named(node: Ast): { node: Ast; name: string } {
  const body = bodyOf(node)
  if (kindOf(node) !== 'alias' && kindOf(node) !== 'pivot_alias') return { node, name: '' }
  const alias = child(body, 'alias')
  const path = alias !== undefined && kindOf(alias) === 'column' ? pathOf(alias) : undefined
  return { node: child(body, 'this') ?? {}, name: path?.[0] ?? nameOf(body['alias']) }
}

/** The aggregate over the rows in which the key has the value. */
function among(node: Ast, key: Ast, value: Ast): Ast {
  const kind = kindOf(node)
  const body = bodyOf(node)
  if (!SKIP_NULL.includes(kind)) throw unsupported(`${kind.toUpperCase()} in PIVOT`)
  const test = { null_safe_eq: { left: key, right: value } }
  if (kind === 'count' && body['star'] === true) return { count_if: { this: test } }
  return {
    [kind]: {
      ...body,
      this: { if_func: { condition: test, true_value: child(body, 'this'), false_value: { null: {} } } },
    },
  }
}

/** How BigQuery names the column of a value without an alias. */
function valueName(node: Ast): string {
  const body = bodyOf(node)
  if (kindOf(node) === 'boolean') return body['value'] === true ? 'TRUE' : 'FALSE'
  if (kindOf(node) !== 'literal') throw unsupported('PIVOT over a computed value without an alias')
  const text = String(body['value'])
  if (body['literal_type'] === 'string') return text
  return `_${text.replaceAll('.', '_point_').replaceAll('-', '_')}`
}

/** All column names in a tree, in lower case. */
function names(node: unknown): readonly string[] {
  if (typeof node !== 'object' || node === null) return []
  if (Array.isArray(node)) return node.flatMap(names)
  const own =
    kindOf(node as Ast) === 'column' ? [(pathOf(node as Ast) ?? []).at(-1)?.toLowerCase() ?? ''] : []
  return [...own, ...Object.values(node).flatMap(names)]
}

function quoted(text: string): Typed {
  return { sql: quoteText(text), type: STRING, constant: 'literal' }
}

export function unpivot(write: Writer, scope: Scope, body: Ast, from: string): Rows {
  only('UNPIVOT', body, 'this', 'value_column', 'name_column', 'columns', 'alias', 'include_nulls')
  const columns = children(body, 'columns').map((node) => {
    const { node: column } = named(node)
    const label = kindOf(node) === 'pivot_alias' ? child(bodyOf(node), 'alias') : undefined
    const name = label === undefined ? quoted(pathOf(column)?.at(-1) ?? '') : write.typed(label, scope)
    if (name.constant !== 'literal') throw invalidQuery('UNPIVOT names a column by a STRING or INT64 literal')
    return {
      column: write.typed(column, scope),
      name,
      source: names(column)[0],
    }
  })
  if (columns.length === 0) throw invalidQuery('UNPIVOT needs columns')
  const used = columns.map(({ source }) => source)
  const kept = inputColumns(scope).filter(({ name }) => !used.includes(name.toLowerCase()))
  const { sqls, type } = unify(
    columns.map(({ column }) => column),
    'UNPIVOT',
  )
  const labels = unify(
    columns.map(({ name }) => name),
    'UNPIVOT',
  )
  const pairs = sqls.map((sql, i) => `struct_pack(n := ${labels.sqls[i]}, v := ${sql})`)
  const value: Typed = { sql: '"_pair"."p".v', type }
  const lateral = `CROSS JOIN LATERAL (SELECT unnest([${pairs.join(', ')}]) AS "p") AS "_pair"`
  const where = body['include_nulls'] === true ? '' : ` WHERE ${value.sql} IS NOT NULL`
  return result(
    [
      ...kept.map((column): [string, Typed] => [column.name, column.value]),
      [nameOf(body['value_column']), value],
      [nameOf(body['name_column']), { sql: '"_pair"."p".n', type: labels.type }],
    ],
    ` FROM ${from} ${lateral}${where}`,
  )
}
