// REGEXP_EXTRACT and REGEXP_EXTRACT_ALL: what they return depends on the groups of the expression.
import { invalidQuery } from '../../wire/api-error.ts'
import { type Ast, bodyOf, kindOf, unsupported } from '../ast.ts'
import type { Scope } from '../scope.ts'
import { arrayOf, coerceTo, INT64, kindOfType, STRING, type Typed, typed } from '../typing.ts'
import type { WriteCall, Writer } from '../writer.ts'

export const REGEXP_CALLS: Readonly<Record<string, WriteCall>> = {
  REGEXP_EXTRACT: regexpExtract,
  REGEXP_SUBSTR: regexpExtract,
  REGEXP_EXTRACT_ALL(write, scope, args) {
    const group = groupNumber(args[1])
    const [text, pattern] = texts(write, scope, args, 'REGEXP_EXTRACT_ALL')
    return typed(`regexp_extract_all(${text}, ${pattern}, ${group})`, arrayOf(STRING))
  },
}

function texts(write: Writer, scope: Scope, args: readonly Ast[], name: string): readonly string[] {
  return args.map((arg, i) => {
    const value = write.typed(arg, scope)
    if (kindOfType(value.type) === 'BYTES') throw unsupported(`${name} of BYTES`)
    return coerceTo(value, i < 2 ? STRING : INT64, name)
  })
}

function regexpExtract(write: Writer, scope: Scope, args: readonly Ast[]): Typed {
  if (args.length < 2 || args.length > 4)
    throw invalidQuery('No matching signature for function REGEXP_EXTRACT')
  const group = groupNumber(args[1])
  const [text = '', pattern, from, occurrence = '1'] = texts(write, scope, args, 'REGEXP_EXTRACT')
  const rest = from === undefined ? text : `substr(${text}, bq_positive_place(${from}))`
  return typed(
    `list_extract(regexp_extract_all(${rest}, ${pattern}, ${group}), bq_positive_place(${occurrence}))`,
    STRING,
  )
}

/** Which group REGEXP_EXTRACT returns: the one there is, or the whole match. */
function groupNumber(pattern: Ast | undefined): 0 | 1 {
  const body = pattern === undefined ? {} : bodyOf(pattern)
  if (pattern === undefined || kindOf(pattern) !== 'literal')
    throw unsupported('a computed regular expression here')
  const bare = String(body['value'])
    .replace(/\\./g, '')
    .replace(/\[[^\]]*\]/g, '')
  const groups = (bare.match(/\((?!\?[:imsU-])/g) ?? []).length
  if (groups > 1)
    throw invalidQuery(
      'Regular expressions passed into extraction functions must not have more than 1 capturing group',
    )
  return groups === 1 ? 1 : 0
}
