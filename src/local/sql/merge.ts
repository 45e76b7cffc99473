// MERGE: read from its text, because the parser knows only some of its forms, and run by DuckDB's own MERGE.
import { PARTITION_TIME } from '../storage/stored-table.ts'
import { invalidQuery } from '../wire/api-error.ts'
import { quoteName } from '../wire/table-schema.ts'
import { type Ast, bodyOf, children, nameOf } from './ast.ts'
import {
  assignments,
  findTarget,
  insertedRows,
  insertion,
  ONE_SOURCE_ROW,
  setList,
  type Target,
} from './dml.ts'
import { fromClause } from './from.ts'
import { createReader, type Reader } from './reader.ts'
import { columnsOf, newScope, type Scope, type Statement } from './scope.ts'
import type { DmlStatement } from './statement.ts'
import type { Writer } from './writer.ts'

/** Whose columns a clause may name. */
interface Sides {
  readonly target: Target
  readonly both: Scope
  readonly targetOnly: Scope
  readonly sourceOnly: Scope
}

export function merge(write: Writer, statement: Statement, sql: string): DmlStatement {
  const reader = createReader(sql)
  reader.expect('MERGE')
  reader.takes('INTO')
  const path = reader.path()
  const alias = reader.takes('AS') || !reader.sees('USING') ? reader.name() : ''
  const target = findTarget(statement, path, alias)
  reader.expect('USING')
  const [select] = statement.parse(`SELECT 1 FROM ${reader.until('ON')}`)
  const sourceOnly = newScope(statement)
  const source = fromClause(write, sourceOnly, bodyOf(select ?? {})).slice(' FROM '.length)
  const [targetOnly, both] = [newScope(statement), newScope(statement)]
  targetOnly.sources.push(target.source)
  both.sources.push(target.source, ...sourceOnly.sources)
  reader.expect('ON')
  const on = nullSafe(condition(write, both, reader.until('WHEN')))

  const sides = { target, both, targetOnly, sourceOnly }
  const clauses: string[] = []
  const matching: string[] = []
  while (reader.takes('WHEN')) clauses.push(whenClause(write, reader, sides, matching))
  if (clauses.length === 0) throw reader.fail()
  reader.finish()
  const place = `${target.sql} AS ${quoteName(target.alias)}`
  const twice =
    `SELECT 1 FROM ${place} JOIN ${source} ON ${on} WHERE ${matching.join(' OR ')} ` +
    `GROUP BY ${quoteName(target.alias)}.rowid HAVING count(*) > 1 LIMIT 1`
  return {
    kind: 'dml',
    statementType: 'MERGE',
    target: target.sql,
    fields: target.fields,
    ...(matching.length === 0 ? {} : { mustBeEmpty: { sql: twice, message: ONE_SOURCE_ROW } }),
    sql: `MERGE INTO ${place} USING ${source} ON ${on} ${clauses.join(' ')} RETURNING merge_action`,
    actions: true,
  }
}

function whenClause(write: Writer, reader: Reader, sides: Sides, matching: string[]): string {
  const not = reader.takes('NOT')
  reader.expect('MATCHED')
  const bySource = not && reader.takes('BY', 'SOURCE')
  if (not && !bySource) reader.takes('BY', 'TARGET')
  const scope = bySource ? sides.targetOnly : not ? sides.sourceOnly : sides.both
  const when = `WHEN ${not ? `NOT MATCHED BY ${bySource ? 'SOURCE' : 'TARGET'}` : 'MATCHED'}`
  const test = reader.takes('AND') ? condition(write, scope, reader.until('THEN')) : undefined
  if (!not) matching.push(test === undefined ? 'true' : `(${test})`)
  reader.expect('THEN')
  const start = `${when}${test === undefined ? '' : ` AND ${test}`} THEN`
  if (reader.takes('DELETE')) return `${start} DELETE`
  const { statement } = scope
  if (reader.takes('UPDATE', 'SET') && (!not || bySource)) {
    const [tree] = statement.parse(`UPDATE t SET ${reader.until('WHEN', ';')} WHERE true`)
    const values = assignments(write, scope, bodyOf(tree ?? {}), sides.target)
    if (bySource) keepOthers(values, sides.target)
    return `${start} UPDATE SET ${setList(values)}`
  }
  if (!not || bySource) throw reader.failAt(reader.peek(), 'keyword UPDATE or keyword DELETE')
  reader.expect('INSERT')
  return `${start} INSERT ${inserted(write, reader, sides)}`
}

/**
 * Columns that the clause does not set, it sets to what they are. With RETURNING, DuckDB 1.5.6 reads them here
 * from memory that nobody wrote (duckdb/duckdb#24666, #24212): SIGSEGV or an internal error, now and then.
 */
function keepOthers(values: Map<string, string>, { fields, alias, partitionTime }: Target): void {
  for (const name of [...fields.map((field) => field.name), ...(partitionTime ? [PARTITION_TIME] : [])])
    if (!values.has(name)) values.set(name, `${quoteName(alias)}.${quoteName(name)}`)
}

function inserted(write: Writer, reader: Reader, { target, sourceOnly: scope }: Sides): string {
  const text = reader.until('WHEN', ';')
  const rowForm = /^(\([\s\S]*\))?\s*ROW$/i.exec(text)
  const [tree] = scope.statement.parse(
    `INSERT INTO t ${rowForm === null ? text : `${rowForm[1] ?? ''} VALUES (1)`}`,
  )
  const body: Ast = bodyOf(tree ?? {})
  const { columns, row } = insertion(write, scope, target, children(body, 'columns').map(nameOf))
  if (rowForm === null) {
    const rows = insertedRows(write, scope, body)
    if (rows.length !== 1) throw invalidQuery('Syntax error: INSERT in MERGE takes one row of VALUES')
    return `(${columns}) VALUES (${row(rows[0] ?? [])})`
  }
  const values = scope.sources.flatMap((source) =>
    (columnsOf(source) ?? []).filter(({ hidden }) => hidden === undefined).map(({ value }) => value),
  )
  return `(${columns}) VALUES (${row(values)})`
}

const EQUAL_OR_BOTH_NULL = /\(\(([^()']+) = ([^()']+)\) OR \(\(\1 IS NULL\) AND \(\2 IS NULL\)\)\)/g

/**
 * `a = b OR (a IS NULL AND b IS NULL)` as DuckDB can look it up in a hash table; else it compares every row with
 * every other. It is how DuckDB reads that condition itself, only too late to join by it.
 */
function nullSafe(on: string): string {
  return on.replace(EQUAL_OR_BOTH_NULL, '($1 IS NOT DISTINCT FROM $2)')
}

function condition(write: Writer, scope: Scope, text: string): string {
  return scope.statement.expression(text, write, scope).sql
}
