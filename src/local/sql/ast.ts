// Reading the parser's tree, which is plain JSON: every node is an object with one key, its kind.
import { ApiError } from '../wire/api-error.ts'

export type Ast = Readonly<Record<string, unknown>>

export function kindOf(node: Ast): string {
  return Object.keys(node)[0] ?? ''
}

export function bodyOf(node: Ast): Ast {
  return (node[kindOf(node)] ?? {}) as Ast
}

export function child(body: Ast, key: string): Ast | undefined {
  const value = body[key]
  return typeof value === 'object' && value !== null ? (value as Ast) : undefined
}

export function children(body: Ast, key: string): readonly Ast[] {
  const value = body[key]
  return Array.isArray(value) ? (value as Ast[]) : []
}

/** The text of an identifier node, or of a plain string. */
export function nameOf(value: unknown): string {
  if (typeof value === 'string') return value
  const name = (value as { name?: unknown } | null | undefined)?.name
  return typeof name === 'string' ? name : ''
}

/** NOT, where a node says so of itself. */
export function notIf(body: Ast): string {
  return body['not'] === true ? 'NOT ' : ''
}

export function unsupported(what: string): ApiError {
  return new ApiError(400, 'invalidQuery', `Unsupported by the local BigQuery: ${what}`, {
    location: 'query',
  })
}

/** Spellings and source positions: they carry no meaning. */
const NOTATION =
  /^(span|quoted|original_name|name|.*_comments|comments|alias_explicit_as|alias_first|alias_keyword|kind_text|.*_side_text|use_inner_keyword|use_outer_keyword|nesting_group|no_parens|bracket_notation|double_colon_syntax|inferred_type|trailing_comments|offset_position|no_from|use_bracket_syntax|trim_type_explicit|position_explicit|comma_syntax)$/

/** Refuses a node that says something no one would read: what is dropped in silence gives wrong answers. */
export function only(what: string, body: Ast, ...read: readonly string[]): void {
  for (const [key, value] of Object.entries(body)) {
    if (read.includes(key) || NOTATION.test(key)) continue
    if (value === null || value === false || value === undefined) continue
    if (Array.isArray(value) && value.length === 0) continue
    throw unsupported(`${key.toUpperCase().replaceAll('_', ' ')} in ${what}`)
  }
}
