// A query request as something to run: rows to select, a change to rows, or a change to the catalog.
import type { QueryConfiguration } from '../jobs/job.ts'
import type { Catalog } from '../storage/catalog.ts'
import { invalidQuery } from '../wire/api-error.ts'
import { type Ast, bodyOf, kindOf, unsupported } from './ast.ts'
import { type Ddl, ddl } from './ddl.ts'
import { type Dml, dml } from './dml.ts'
import { expression } from './expression.ts'
import { bindParameters } from './parameters.ts'
import type { Parser } from './parse.ts'
import { type Statement as Context, newScope } from './scope.ts'
import { query } from './select.ts'
import type { Writer } from './writer.ts'

interface Rows {
  readonly kind: 'rows'
  readonly statementType: 'SELECT'
  readonly sql: string
}

export type Statement = Rows | Dml | Ddl

export interface CompileRequest {
  readonly projectId: string
  readonly location: string
  readonly catalog: Catalog
  readonly query: QueryConfiguration
}

const writer: Writer = {
  expression: (node, scope) => expression(writer, scope, node),
  query: (node, scope) => query(writer, scope, node),
}

export async function compile(parser: Parser, request: CompileRequest): Promise<Statement> {
  const trees = parser.parse(request.query.query)
  const [tree, ...others] = trees
  if (tree === undefined) throw invalidQuery('Syntax error: Unexpected end of statement')
  if (others.length > 0) throw unsupported('scripts of several statements')
  const context: Context = {
    catalog: request.catalog,
    projectId: request.projectId,
    location: request.location,
    defaultDataset: request.query.defaultDataset,
    parameters: bindParameters(request.query.queryParameters),
  }
  return statement(context, tree)
}

/** At the top, SELECT AS STRUCT shows the fields as columns. */
function withoutStruct(tree: Ast): Ast {
  const body = bodyOf(tree)
  return kindOf(tree) === 'select' && body['kind'] === 'STRUCT' ? { select: { ...body, kind: null } } : tree
}

function statement(context: Context, tree: Ast): Statement {
  const scope = newScope(context)
  switch (kindOf(tree)) {
    case 'insert':
    case 'update':
    case 'delete':
    case 'truncate':
      return dml(writer, scope, tree)
    case 'create_table':
    case 'create_schema':
    case 'drop_table':
    case 'drop_schema':
      return ddl(writer, scope, tree)
    default:
      return { kind: 'rows', statementType: 'SELECT', sql: query(writer, scope, withoutStruct(tree)) }
  }
}
