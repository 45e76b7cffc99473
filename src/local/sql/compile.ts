// A statement's text as something to run: rows to select, a change to rows, or a change to the catalog.
import { randomUUID } from 'node:crypto'
import type { QueryConfiguration } from '../jobs/job.ts'
import type { Catalog } from '../storage/catalog.ts'
import type { TableEntry } from '../storage/entries.ts'
import { invalidQuery } from '../wire/api-error.ts'
import { quoteName } from '../wire/table-schema.ts'
import { type Ast, bodyOf, children, kindOf, unsupported } from './ast.ts'
import { ddl } from './ddl/ddl.ts'
import { dml } from './dml.ts'
import { expression } from './expression.ts'
import { merge } from './merge.ts'
import type { BoundParameter } from './parameters.ts'
import type { Parser } from './parse.ts'
import { checkFilters } from './partition-filter.ts'
import { createReader } from './reader.ts'
import { type Statement as Context, newScope, type Scope } from './scope.ts'
import { rows } from './select.ts'
import { EMPTY_SESSION, type Session } from './session.ts'
import { specialTable } from './special-tables.ts'
import type { Statement } from './statement.ts'
import { tokenise } from './tokens.ts'
import { withDistinctNames } from './top-level.ts'
import { isStruct, type Typed } from './typing.ts'
import type { Rows, Writer } from './writer.ts'

export interface CompileRequest {
  readonly projectId: string
  readonly location: string
  readonly catalog: Catalog
  readonly defaultDataset: QueryConfiguration['defaultDataset']
  readonly parameters: ReadonlyMap<string, BoundParameter>
  readonly session: Session
  readonly changing: string[]
  readonly jobs: Context['jobs']
}

const writer: Writer = {
  expression: (node, scope) => expression(writer, scope, node).sql,
  typed: (node, scope) => expression(writer, scope, node),
  query: (node, scope) => rows(writer, scope, node).sql,
  rows: (node, scope) => rows(writer, scope, node),
}

export function contextOf(parser: Parser, request: CompileRequest): Context {
  const context: Context = {
    ...request,
    isolate: randomUUID(),
    parse: parser.parse,
    specialTable,
    expression(text, write, scope) {
      const [item] = children(bodyOf(one(parser, `SELECT ${text}`)), 'expressions')
      if (item === undefined || kindOf(item) === 'alias')
        throw invalidQuery(`Syntax error: Unexpected expression ${text}`)
      return (write ?? writer).typed(item, scope)
    },
    literal(text) {
      const value = context.expression(text, writer, newScope(context))
      if (value.text === undefined)
        throw invalidQuery(`Syntax error: Expected string literal but got ${text}`)
      return value.text
    },
    queryHere(text) {
      return writer.rows(one(parser, text), newScope(this))
    },
    query(text) {
      const { filtered: _filtered, ...rest } = this
      return topRows(one(parser, text), newScope({ ...rest, session: EMPTY_SESSION, parameters: new Map() }))
    },
  }
  return context
}

function one(parser: Parser, text: string): Ast {
  const [tree, ...others] = parser.parse(text)
  if (tree === undefined) throw invalidQuery('Syntax error: Unexpected end of statement')
  if (others.length > 0) throw invalidQuery('Syntax error: Expected end of input but got ";"')
  return tree
}

/** The value of an expression in the text of a script. */
export function compileExpression(context: Context, text: string): Typed {
  return context.expression(text, writer, newScope(context))
}

export function compileRows(context: Context, text: string): Rows {
  return topRows(one({ parse: context.parse }, text), newScope(context))
}

const QUERY_WORDS = ['SELECT', 'WITH', '(', 'FROM']
const DML_WORDS = ['INSERT', 'UPDATE', 'DELETE', 'TRUNCATE']
const KNOWN_ELSEWHERE = [
  'EXPORT',
  'LOAD',
  'GRANT',
  'REVOKE',
  'EXPLAIN',
  'DESCRIBE',
  'SHOW',
  'UNDROP',
  'ANALYZE',
]

export function compileStatement(from: Context, text: string): Statement {
  const filtered: TableEntry[] = []
  const statement = compileByWord({ ...from, filtered }, text)
  if (statement.kind !== 'ddl' && statement.statementType !== 'INSERT') checkFilters(text, filtered)
  return statement
}

function compileByWord(context: Context, text: string): Statement {
  const reader = createReader(text)
  const first = reader.peek()
  if (first.kind === 'end') throw invalidQuery('Syntax error: Unexpected end of statement')
  refuseTimeTravel(text)
  if (['CREATE', 'DROP', 'ALTER'].includes(first.upper)) return ddl(context, text)
  if (first.upper === 'MERGE') return merge(writer, context, text)
  if (KNOWN_ELSEWHERE.includes(first.upper)) throw unsupported(`${first.upper} statements`)
  if (DML_WORDS.includes(first.upper)) {
    const tree = one({ parse: context.parse }, text)
    if (!DML_WORDS.includes(kindOf(tree).toUpperCase())) throw reader.failAt(first)
    return dml(writer, newScope(context), tree)
  }
  if (!QUERY_WORDS.includes(first.upper)) throw reader.failAt(first)
  const result = compileRows(context, text)
  return {
    kind: 'rows',
    statementType: 'SELECT',
    sql: result.sql,
    fields: withDistinctNames(result.fields),
    names: result.names,
  }
}

/** The parser does not know FOR SYSTEM_TIME, and its complaint would say nothing. */
function refuseTimeTravel(text: string): void {
  const tokens = tokenise(text)
  const says = (i: number, word: string): boolean => tokens[i]?.upper === word
  const asks = (i: number): boolean =>
    says(i, 'FOR') &&
    ((says(i + 1, 'SYSTEM_TIME') && says(i + 2, 'AS')) || (says(i + 1, 'SYSTEM') && says(i + 2, 'TIME')))
  if (tokens.some((_token, i) => asks(i))) throw unsupported('FOR SYSTEM_TIME AS OF')
}

/** At the top, SELECT AS STRUCT and SELECT AS VALUE of a STRUCT show the fields as columns. */
function topRows(tree: Ast, scope: Scope): Rows {
  const result = writer.rows(withoutStruct(tree), scope)
  const [field] = result.fields
  if (!result.value || field?.fields === undefined || !isStruct(field)) return result
  const names = field.fields.map(({ name }) => name)
  const column = quoteName(result.names[0] ?? '')
  const list = names.map((name) => `(${column}).${quoteName(name)} AS ${quoteName(name)}`)
  const constants = names.map(() => undefined)
  return {
    sql: `SELECT ${list.join(', ')} FROM (${result.sql})`,
    fields: field.fields,
    names,
    value: false,
    constants,
  }
}

function withoutStruct(tree: Ast): Ast {
  const body = bodyOf(tree)
  return kindOf(tree) === 'select' && body['kind'] === 'STRUCT' ? { select: { ...body, kind: null } } : tree
}
