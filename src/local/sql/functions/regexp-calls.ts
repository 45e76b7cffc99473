// REGEXP_EXTRACT and REGEXP_EXTRACT_ALL: what they return depends on the groups of the expression.
import { invalidQuery } from '../../wire/api-error.ts'
import { type Ast, unsupported } from '../ast.ts'
import { regexpGroups } from '../native/text-functions.ts'
import type { Scope } from '../scope.ts'
import { arrayOf, coerceTo, INT64, kindOfType, STRING, type Typed, typed } from '../typing.ts'
import type { WriteCall, Writer } from '../writer.ts'

export const REGEXP_CALLS: Readonly<Record<string, WriteCall>> = {
  REGEXP_EXTRACT: regexpExtract,
  REGEXP_SUBSTR: regexpExtract,
  REGEXP_EXTRACT_ALL(write, scope, args) {
    if (args.length !== 2) throw invalidQuery('No matching signature for function REGEXP_EXTRACT_ALL')
    const [text = '', pattern] = given(write, scope, args, 'REGEXP_EXTRACT_ALL')
    return typed(matches(text, pattern), arrayOf(STRING))
  },
}

interface Pattern {
  readonly sql: string
  /** Known for a literal. */
  readonly text: string | undefined
}

function regexpExtract(write: Writer, scope: Scope, args: readonly Ast[]): Typed {
  if (args.length < 2 || args.length > 4)
    throw invalidQuery('No matching signature for function REGEXP_EXTRACT')
  const [text = '', pattern, from, occurrence = '1'] = given(write, scope, args, 'REGEXP_EXTRACT')
  const rest = from === undefined ? text : `substr(${text}, bq_positive_place(${from}))`
  return typed(`list_extract(${matches(rest, pattern)}, bq_positive_place(${occurrence}))`, STRING)
}

function given(
  write: Writer,
  scope: Scope,
  args: readonly Ast[],
  name: string,
): [text: string, pattern: Pattern, ...numbers: string[]] {
  const [text, pattern, ...numbers] = args.map((arg, i) => {
    const value = write.typed(arg, scope)
    if (kindOfType(value.type) === 'BYTES') throw unsupported(`${name} of BYTES`)
    return { sql: coerceTo(value, i < 2 ? STRING : INT64, name), text: value.text }
  })
  const none = { sql: 'NULL', text: undefined }
  return [text?.sql ?? 'NULL', pattern ?? none, ...numbers.map(({ sql }) => sql)]
}

/** All matches: the one group there is, or the whole match. */
function matches(text: string, { sql, text: literal }: Pattern): string {
  const group = literal === undefined ? `CAST(js_regexp_groups(${sql}) AS INTEGER)` : groups(literal)
  return `regexp_extract_all(${text}, ${sql}, ${group})`
}

function groups(pattern: string): bigint {
  try {
    return regexpGroups(pattern)
  } catch (error) {
    throw invalidQuery((error as Error).message)
  }
}
