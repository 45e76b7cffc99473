// A function call by name: finds how it is written in DuckDB, or says it does not exist.
import { invalidQuery } from '../../wire/api-error.ts'
import { type Ast, bodyOf, child, kindOf, nameOf, unsupported } from '../ast.ts'
import type { Scope } from '../scope.ts'
import { anonymousField, structPack } from '../types.ts'
import type { Writer } from '../writer.ts'
import { dateCall, interval } from './dates.ts'
import { fill, TEMPLATES, WITHOUT_ARGUMENTS } from './templates.ts'

type Special = (write: Writer, scope: Scope, args: readonly Ast[]) => string

const SPECIAL: Readonly<Record<string, Special>> = {
  STRUCT: structOf,
  ARRAY(write, scope, args) {
    const [query] = args
    if (query === undefined || args.length !== 1) throw invalidQuery('ARRAY needs one subquery')
    return `ARRAY(${write.query(query, scope)})`
  },
  CONCAT: (write, scope, args) => `(${all(write, scope, args).join(' || ')})`,
  GREATEST: (write, scope, args) => extremum('greatest', all(write, scope, args)),
  LEAST: (write, scope, args) => extremum('least', all(write, scope, args)),
  ARRAY_CONCAT: (write, scope, args) => `(${all(write, scope, args).join(' || ')})`,
  REGEXP_EXTRACT(write, scope, args) {
    const group = groupNumber(args[1])
    const [text, pattern] = all(write, scope, args)
    if (args.length !== 2) throw unsupported('REGEXP_EXTRACT with a position')
    return `(CASE WHEN regexp_matches(${text}, ${pattern}) THEN regexp_extract(${text}, ${pattern}, ${group}) END)`
  },
  REGEXP_EXTRACT_ALL(write, scope, args) {
    const group = groupNumber(args[1])
    const [text, pattern] = all(write, scope, args)
    return `regexp_extract_all(${text}, ${pattern}, ${group})`
  },
  GENERATE_DATE_ARRAY(write, scope, args) {
    const [from, to] = all(write, scope, args.slice(0, 2)).map((date) => `CAST(${date} AS TIMESTAMP)`)
    const step = args[2] === undefined ? 'to_days(1)' : interval(write, scope, args[2])
    return `CAST(generate_series(${from}, ${to}, ${step}) AS DATE[])`
  },
}

export function call(write: Writer, scope: Scope, name: string, args: readonly Ast[]): string {
  const upper = name.toUpperCase()
  if (upper.startsWith('SAFE.')) return `TRY(${call(write, scope, upper.slice('SAFE.'.length), args)})`
  const special = Object.hasOwn(SPECIAL, upper) ? SPECIAL[upper] : undefined
  if (special !== undefined) return special(write, scope, args)
  const dated = dateCall(write, scope, upper, args)
  if (dated !== undefined) return dated
  if (args.length === 0) {
    const constant = Object.hasOwn(WITHOUT_ARGUMENTS, upper) ? WITHOUT_ARGUMENTS[upper] : undefined
    if (constant !== undefined) return constant
  }
  const templates = Object.hasOwn(TEMPLATES, upper) ? TEMPLATES[upper] : undefined
  if (templates === undefined) throw invalidQuery(`Function not found: ${name}`)
  const template = templates[args.length - 1]
  if (!template)
    throw invalidQuery(`Number of arguments does not match for function ${upper}: ${args.length}`)
  return fill(template, all(write, scope, args))
}

function all(write: Writer, scope: Scope, args: readonly Ast[]): readonly string[] {
  return args.map((arg) => write.expression(arg, scope))
}

/** NULL if any argument is NULL, where DuckDB would skip it. */
function extremum(name: string, args: readonly string[]): string {
  const anyNull = args.map((arg) => `${arg} IS NULL`).join(' OR ')
  return `(CASE WHEN ${anyNull} THEN NULL ELSE ${name}(${args.join(', ')}) END)`
}

export function structOf(write: Writer, scope: Scope, args: readonly Ast[]): string {
  if (args.length === 0) throw unsupported('STRUCT without fields')
  return structPack(
    args.map((arg, i): [string, string] => {
      const body = bodyOf(arg)
      if (kindOf(arg) === 'alias')
        return [nameOf(body['alias']), write.expression(child(body, 'this') ?? {}, scope)]
      const implied =
        kindOf(arg) === 'column' ? nameOf(body['name']) : kindOf(arg) === 'dot' ? nameOf(body['field']) : ''
      return [
        implied === '' || implied.startsWith('@') ? anonymousField(i) : implied,
        write.expression(arg, scope),
      ]
    }),
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
