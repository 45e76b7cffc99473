// The pieces that write SQL call each other through this, so that no file imports in a circle.
import type { FieldSchema } from '../wire/table-schema.ts'
import type { Ast } from './ast.ts'
import type { Scope } from './scope.ts'
import type { Typed } from './typing.ts'

/** A query written for DuckDB; its columns carry the names of the fields, made distinct. */
export interface Rows {
  readonly sql: string
  readonly fields: readonly FieldSchema[]
  /** What each column is called inside DuckDB. */
  readonly names: readonly string[]
  /** Set for SELECT AS STRUCT and AS VALUE: each row is the value of the one column. */
  readonly value: boolean
  /** Which columns have no name but the number they were given, counted from 0. */
  readonly unnamed?: readonly number[]
  /** Which columns are literals, and so fit other types. */
  readonly constants: readonly Typed['constant'][]
}

export interface Writer {
  /** The SQL of an expression whose type does not matter to the caller. */
  expression(node: Ast, scope: Scope): string
  typed(node: Ast, scope: Scope): Typed
  /** A SELECT, set operation or parenthesised query, without parentheses around it. */
  query(node: Ast, scope: Scope): string
  rows(node: Ast, scope: Scope): Rows
}

/** How the call of one function is written. */
export type WriteCall = (write: Writer, scope: Scope, args: readonly Ast[]) => Typed
