// Statements that change rows: INSERT, UPDATE, DELETE, TRUNCATE.
import { invalidQuery } from '../wire/api-error.ts'
import { quoteName } from '../wire/table-schema.ts'
import { type Ast, bodyOf, child, children, kindOf, nameOf, only } from './ast.ts'
import { fromClause } from './from.ts'
import { resolveTable, type Scope, tablePath } from './scope.ts'
import type { Writer } from './writer.ts'

export interface Dml {
  readonly kind: 'dml'
  readonly statementType: 'INSERT' | 'UPDATE' | 'DELETE' | 'TRUNCATE_TABLE'
  readonly sql: string
  /** The physical table; statements on one table take turns. */
  readonly target: string
}

export function dml(write: Writer, scope: Scope, tree: Ast): Dml {
  const body = bodyOf(tree)
  const table = child(body, 'table') ?? {}
  only('a target table', table, 'name', 'schema', 'catalog', 'alias')
  const found = resolveTable(scope.statement, tablePath(table))
  const alias = nameOf(body['alias']) || nameOf(table['alias']) || found.name.tableId
  const result = (statementType: Dml['statementType'], sql: string): Dml => ({
    kind: 'dml',
    statementType,
    sql,
    target: found.sql,
  })
  switch (kindOf(tree)) {
    case 'insert':
      return result(
        'INSERT',
        insert(
          write,
          scope,
          body,
          found.sql,
          found.fields.map((field) => field.name),
        ),
      )
    case 'truncate':
      only('TRUNCATE', body, 'table', 'target')
      return result('TRUNCATE_TABLE', `DELETE FROM ${found.sql}`)
  }
  scope.sources.push({ alias, fields: found.fields })
  const target = `${found.sql} AS ${quoteName(alias)}`
  const name = kindOf(tree).toUpperCase()
  const where = child(child(body, 'where_clause') ?? {}, 'this')
  if (where === undefined) throw invalidQuery(`${name} must have a WHERE clause`)
  if (kindOf(tree) === 'delete') {
    only('DELETE', body, 'table', 'alias', 'where_clause')
    return result('DELETE', `DELETE FROM ${target} WHERE ${write.expression(where, scope)}`)
  }
  only('UPDATE', body, 'table', 'set', 'from_clause', 'where_clause')
  const from = fromClause(write, scope, { from: body['from_clause'] })
  const assignments = (body['set'] as readonly (readonly [unknown, Ast])[]).map(([column, value]) => {
    const path = nameOf(column).split('.')
    if (path.length > 1 && path[0]?.toLowerCase() === alias.toLowerCase()) path.shift()
    if (path.length > 1) throw invalidQuery('The local BigQuery cannot update a field inside a STRUCT')
    return `${quoteName(path[0] ?? '')} = ${write.expression(value, scope)}`
  })
  return result(
    'UPDATE',
    `UPDATE ${target} SET ${assignments.join(', ')}${from} WHERE ${write.expression(where, scope)}`,
  )
}

function insert(write: Writer, scope: Scope, body: Ast, target: string, all: readonly string[]): string {
  only('INSERT', body, 'table', 'columns', 'values', 'query')
  const named = children(body, 'columns').map(nameOf)
  const columns = named.length > 0 ? named : all
  const into = `INSERT INTO ${target} (${columns.map(quoteName).join(', ')})`
  const source = child(body, 'query')
  if (source !== undefined) return `${into} ${write.query(source, scope)}`
  const rows = (body['values'] as readonly (readonly Ast[])[]).map((row) => {
    if (row.length !== columns.length) throw invalidQuery('Inserted row has wrong column count')
    return `(${row.map((value) => (isDefault(value) ? 'DEFAULT' : write.expression(value, scope))).join(', ')})`
  })
  return `${into} VALUES ${rows.join(', ')}`
}

function isDefault(node: Ast): boolean {
  return kindOf(node) === 'var' && String(bodyOf(node)['this']).toUpperCase() === 'DEFAULT'
}
