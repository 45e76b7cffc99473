// The pieces that write SQL call each other through this, so that no file imports in a circle.
import type { Ast } from './ast.ts'
import type { Scope } from './scope.ts'

export interface Writer {
  expression(node: Ast, scope: Scope): string
  /** A SELECT, set operation or parenthesised query, without parentheses around it. */
  query(node: Ast, scope: Scope): string
}
