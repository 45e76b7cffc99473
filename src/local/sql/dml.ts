// Statements that change rows: INSERT, UPDATE, DELETE, TRUNCATE.
import { PARTITION_TIME } from '../storage/stored-table.ts'
import { invalidQuery } from '../wire/api-error.ts'
import {
  type FieldSchema,
  findField,
  isRepeated,
  legacyType,
  quoteName,
  sameName,
} from '../wire/table-schema.ts'
import { type Ast, bodyOf, child, children, kindOf, nameOf, only } from './ast.ts'
import { fromClause } from './from.ts'
import {
  newScope,
  resolveTable,
  type Scope,
  type Source,
  type Statement,
  tablePath,
  tableSource,
} from './scope.ts'
import type { DmlStatement } from './statement.ts'
import { storedValue } from './stored-value.ts'
import { type Typed, typed, typeName } from './typing.ts'
import type { Writer } from './writer.ts'

export const ONE_SOURCE_ROW = 'UPDATE/MERGE must match at most one source row for each target row'

/** The table that a statement changes. */
export interface Target {
  readonly sql: string
  readonly fields: readonly FieldSchema[]
  readonly alias: string
  readonly source: Source
  /** Whether rows say themselves when they came in. */
  readonly partitionTime: boolean
}

export function findTarget(statement: Statement, path: readonly string[], alias: string): Target {
  const found = resolveTable(statement, path)
  if (found.writable !== true)
    throw invalidQuery(`${path.join('.')} is not a table whose rows can be changed`)
  const name = alias || (path[path.length - 1] ?? '')
  return {
    sql: found.sql,
    fields: found.fields,
    alias: name,
    source: tableSource(name, found),
    partitionTime: found.pseudo !== undefined,
  }
}

export function dml(write: Writer, scope: Scope, tree: Ast): DmlStatement {
  const body = bodyOf(tree)
  const table = child(body, 'table') ?? {}
  only('a target table', table, 'name', 'schema', 'catalog', 'alias')
  const alias = nameOf(body['alias']) || nameOf(table['alias'])
  const target = findTarget(scope.statement, tablePath(table), alias)
  const kind = kindOf(tree)
  const result = (sql: string): DmlStatement => ({
    kind: 'dml',
    statementType: kind === 'truncate' ? 'TRUNCATE_TABLE' : kind.toUpperCase(),
    sql,
    target: target.sql,
    fields: target.fields,
  })
  if (kind === 'insert') return result(insert(write, scope, body, target))
  if (kind === 'truncate') {
    only('TRUNCATE', body, 'table', 'target')
    return result(`DELETE FROM ${target.sql}`)
  }
  scope.sources.push(target.source)
  const place = `${target.sql} AS ${quoteName(target.alias)}`
  const where = child(child(body, 'where_clause') ?? {}, 'this')
  if (where === undefined) throw invalidQuery(`${kind.toUpperCase()} must have a WHERE clause`)
  if (kind === 'delete') {
    only('DELETE', body, 'table', 'alias', 'where_clause')
    return result(`DELETE FROM ${place} WHERE ${write.expression(where, scope)}`)
  }
  only('UPDATE', body, 'table', 'set', 'from_clause', 'from_joins', 'where_clause')
  const from = fromClause(write, scope, { from: body['from_clause'], joins: body['from_joins'] })
  const set = setList(assignments(write, scope, body, target))
  const condition = write.expression(where, scope)
  const update = result(`UPDATE ${place} SET ${set}${from} WHERE ${condition}`)
  if (from === '') return update
  const twice =
    `SELECT 1 FROM ${place} CROSS JOIN ${from.slice(' FROM '.length)} WHERE ${condition} ` +
    `GROUP BY ${quoteName(target.alias)}.rowid HAVING count(*) > 1 LIMIT 1`
  return { ...update, mustBeEmpty: { sql: twice, message: ONE_SOURCE_ROW } }
}

/** The columns and values of an INSERT; columns that are not named get their default. */
export function insertion(
  write: Writer,
  scope: Scope,
  target: Target,
  named: readonly string[],
): { columns: string; row: (values: readonly (Typed | undefined)[]) => string } {
  const fields = named.length > 0 ? named.map((name) => fieldNamed(target, name)) : target.fields
  const seen = new Set(fields.map(({ name }) => name))
  if (seen.size < fields.length) throw invalidQuery('Column names in an INSERT must be different')
  const defaulted = target.fields.filter(
    (field) => !seen.has(field.name) && field['defaultValueExpression'] !== undefined,
  )
  return {
    columns: [...fields, ...defaulted].map(({ name }) => quoteName(name)).join(', '),
    row(values) {
      if (values.length !== fields.length)
        throw invalidQuery(
          `Inserted row has wrong column count; Has ${values.length}, expected ${fields.length}`,
        )
      const given = fields.map((field, i) => {
        const value = values[i]
        return value === undefined ? defaultOf(write, scope, field) : stored(value, field, 'inserted into')
      })
      return [...given, ...defaulted.map((field) => defaultOf(write, scope, field))].join(', ')
    },
  }
}

function insert(write: Writer, scope: Scope, body: Ast, target: Target): string {
  only('INSERT', body, 'table', 'columns', 'values', 'query')
  const { columns, row } = insertion(write, scope, target, children(body, 'columns').map(nameOf))
  const into = `INSERT INTO ${target.sql} (${columns})`
  const source = child(body, 'query')
  if (source === undefined)
    return `${into} VALUES ${insertedRows(write, scope, body)
      .map((values) => `(${row(values)})`)
      .join(', ')}`
  const rows = write.rows(source, scope)
  const values = rows.names.map((name, i): Typed => {
    const constant = rows.constants[i]
    return { ...typed(`_source.${quoteName(name)}`, rows.fields[i]), ...(constant && { constant }) }
  })
  return `${into} SELECT ${row(values)} FROM (${rows.sql}) AS _source`
}

/** The values of VALUES lists; undefined stands for DEFAULT. */
export function insertedRows(
  write: Writer,
  scope: Scope,
  body: Ast,
): readonly (readonly (Typed | undefined)[])[] {
  return (body['values'] as readonly (readonly Ast[])[]).map((row) =>
    row.map((value) => (isDefault(value) ? undefined : write.typed(value, scope))),
  )
}

/** The SET list of an UPDATE: columns and their new values. */
export function assignments(write: Writer, scope: Scope, body: Ast, target: Target): Map<string, string> {
  const trees = new Map<string, Assigned>()
  for (const [column, value] of body['set'] as readonly (readonly [unknown, Ast])[]) {
    const path = nameOf(column).split('.')
    const [first = ''] = path
    const isColumn = findField(target.fields, first) !== undefined
    if (path.length > 1 && sameName(first, target.alias) && !isColumn) path.shift()
    assign(trees, path, isDefault(value) ? undefined : { value: write.typed(value, scope) })
  }
  const values = new Map<string, string>()
  for (const [name, assigned] of trees) {
    const field = fieldNamed(target, name)
    const old = `${quoteName(target.alias)}.${quoteName(field.name)}`
    values.set(
      field.name,
      assigned === 'default' ? defaultOf(write, scope, field) : newValue(assigned, field, old),
    )
  }
  return values
}

export function setList(values: ReadonlyMap<string, string>): string {
  return [...values].map(([name, value]) => `${quoteName(name)} = ${value}`).join(', ')
}

/** A new value, DEFAULT, or new values for some fields of a STRUCT. */
type Assigned = { readonly value: Typed } | 'default' | Map<string, Assigned>

function assign(
  into: Map<string, Assigned>,
  path: readonly string[],
  value: { value: Typed } | undefined,
): void {
  const [first = '', ...rest] = path
  const key = first.toLowerCase()
  const before = into.get(key)
  if (before !== undefined && (rest.length === 0 || !(before instanceof Map)))
    throw invalidQuery(`Update item ${path.join('.')} assigned more than once`)
  if (rest.length === 0) into.set(key, value ?? 'default')
  else {
    const inner = (before as Map<string, Assigned> | undefined) ?? new Map<string, Assigned>()
    into.set(key, inner)
    assign(inner, rest, value)
  }
}

function newValue(assigned: Assigned, field: FieldSchema, old: string): string {
  if (assigned === 'default') return 'NULL'
  if (!(assigned instanceof Map)) return stored(assigned.value, field, 'assigned to')
  if (legacyType(field.type) !== 'RECORD' || isRepeated(field))
    throw invalidQuery(`Cannot access a field of ${field.name}, which has type ${typeName(field)}`)
  const names = new Set((field.fields ?? []).map(({ name }) => name.toLowerCase()))
  for (const name of assigned.keys())
    if (!names.has(name)) throw invalidQuery(`Field name ${name} does not exist in ${typeName(field)}`)
  const parts = (field.fields ?? []).map((inner) => {
    const own = `(${old}).${quoteName(inner.name)}`
    const changed = assigned.get(inner.name.toLowerCase())
    return `${quoteName(inner.name)} := ${changed === undefined ? own : newValue(changed, inner, own)}`
  })
  return `struct_pack(${parts.join(', ')})`
}

function fieldNamed(target: Target, name: string): FieldSchema {
  const found =
    findField(target.fields, name) ??
    (target.partitionTime && sameName(name, PARTITION_TIME)
      ? { name: PARTITION_TIME, type: 'TIMESTAMP' }
      : undefined)
  if (found === undefined) throw invalidQuery(`Column ${name} is not present in table ${target.alias}`)
  return found
}

function isDefault(node: Ast): boolean {
  const body = bodyOf(node)
  const word =
    kindOf(node) === 'var'
      ? body['this']
      : kindOf(node) === 'column' && nameOf(body['table']) === ''
        ? nameOf(body['name'])
        : ''
  return String(word).toUpperCase() === 'DEFAULT'
}

function defaultOf(write: Writer, scope: Scope, field: FieldSchema): string {
  const text = field['defaultValueExpression']
  if (typeof text !== 'string') return 'NULL'
  return stored(scope.statement.expression(text, write, newScope(scope.statement)), field, 'inserted into')
}

function stored(value: Typed, field: FieldSchema, how: string): string {
  const sql = storedValue(value, field)
  if (sql !== undefined) return sql
  throw invalidQuery(
    `Value has type ${typeName(value.type)} which cannot be ${how} column ${field.name}, which has type ${typeName(field)}`,
  )
}
