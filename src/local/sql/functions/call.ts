// A function call by name: finds how it is written in DuckDB, or says it does not exist.
import { invalidQuery } from '../../wire/api-error.ts'
import { isRepeated, quoteText } from '../../wire/table-schema.ts'
import { type Ast, bodyOf, child, kindOf, nameOf, unsupported } from '../ast.ts'
import { OPERATORS } from '../operators.ts'
import type { Scope } from '../scope.ts'
import { impliedName } from '../select-list.ts'
import { applySignature } from '../signatures.ts'
import { anonymousField, structPack } from '../types.ts'
import {
  arrayOf,
  coerceTo,
  INT64,
  kindOfType,
  STRING,
  scalar,
  structOf,
  type Typed,
  typed,
  unify,
} from '../typing.ts'
import { userFunction } from '../user-functions.ts'
import type { WriteCall, Writer } from '../writer.ts'
import { BUCKET_CALLS } from './buckets.ts'
import { dateCall, isDateCall } from './dates.ts'
import { format } from './format-call.ts'
import { JSON_CALLS } from './json-calls.ts'
import { RANGE_CALLS } from './range-calls.ts'
import { REGEXP_CALLS } from './regexp-calls.ts'
import { outsideTry } from './safe.ts'
import { FUNCTIONS } from './templates.ts'

const SPECIAL: Readonly<Record<string, WriteCall>> = {
  STRUCT: structValue,
  ARRAY(write, scope, args) {
    const [query] = args
    if (query === undefined || args.length !== 1) throw invalidQuery('ARRAY needs one subquery')
    const { sql, fields } = write.rows(query, scope)
    const [field] = fields
    if (field === undefined || fields.length !== 1)
      throw invalidQuery(
        'ARRAY subquery cannot have more than one column unless using SELECT AS STRUCT to build STRUCT values',
      )
    if (isRepeated(field)) throw invalidQuery('Cannot use array subquery with column of type ARRAY')
    return typed(`ARRAY(${sql})`, arrayOf(field))
  },
  IFNULL: coalesce,
  NVL: coalesce,
  ...JSON_CALLS,
  ...REGEXP_CALLS,
  ...RANGE_CALLS,
  ...BUCKET_CALLS,
  FORMAT: format,
  NORMALIZE: (write, scope, args) => normalized(write, scope, args, (text) => text),
  NORMALIZE_AND_CASEFOLD: (write, scope, args) => normalized(write, scope, args, (text) => `lower(${text})`),
  GROUPING: (write, scope, args) =>
    typed(`CAST(grouping(${args.map((arg) => write.expression(arg, scope)).join(', ')}) AS BIGINT)`, INT64),
}

export function call(write: Writer, scope: Scope, name: string, args: readonly Ast[]): Typed {
  const upper = name.toUpperCase()
  const known = exists(upper.replace(/^SAFE\./, ''))
  const own =
    known && !scope.statement.session.functions.has(name.toLowerCase())
      ? undefined
      : userFunction(write, scope, name.split('.'), args)
  if (own !== undefined) return own
  if (!known) throw invalidQuery(`Function not found: ${name}`)
  if (CHANGING.test(upper)) scope.statement.changing.push(upper)
  if (!upper.startsWith('SAFE.')) return plainOrSpecial(write, scope, upper, args)
  const inner = upper.slice('SAFE.'.length)
  if (!FUNCTIONS.has(inner)) {
    const { sql, type } = plainOrSpecial(write, scope, inner, args)
    return typed(`TRY(${sql})`, type)
  }
  const values = args.map((arg) => write.typed(arg, scope))
  return outsideTry(values, (kept) => bySignature(inner, kept))
}

/** Functions that do not give the same each time they are called. */
const CHANGING = /^(SAFE\.)?(RAND|GENERATE_UUID|CURRENT_(DATE|TIME|DATETIME|TIMESTAMP))$/

function plainOrSpecial(write: Writer, scope: Scope, name: string, args: readonly Ast[]): Typed {
  const special = Object.hasOwn(SPECIAL, name) ? SPECIAL[name] : undefined
  if (special !== undefined) return special(write, scope, args)
  return dateCall(write, scope, name, args) ?? plain(write, scope, name, args)
}

function exists(name: string): boolean {
  return FUNCTIONS.has(name) || OPERATORS.has(name) || Object.hasOwn(SPECIAL, name) || isDateCall(name)
}

const FAILS_TO_NULL = /^SAFE_(ADD|SUBTRACT|MULTIPLY|NEGATE|DIVIDE)$/

function plain(write: Writer, scope: Scope, name: string, args: readonly Ast[]): Typed {
  const values = args.map((arg) => write.typed(arg, scope))
  if (FAILS_TO_NULL.test(name)) return outsideTry(values, (kept) => bySignature(name, kept))
  return bySignature(name, values)
}

function bySignature(name: string, args: readonly Typed[]): Typed {
  const [first, places] = args
  // DuckDB rounds decimals well, but only to a fixed number of places.
  if (
    name === 'ROUND' &&
    args.length <= 2 &&
    first !== undefined &&
    kindOfType(first.type) === 'NUMERIC' &&
    /^\d$/.test(places?.text ?? '0')
  )
    return typed(`CAST(round(${first.sql}, ${places?.text ?? 0}) AS DECIMAL(38,9))`, first.type)
  const overloads = FUNCTIONS.get(name) ?? OPERATORS.get(name) ?? []
  const result = applySignature(name, overloads, args)
  return name === 'ERROR' ? { ...typed(result.sql, scalar('NULL')), fails: true } : result
}

function coalesce(write: Writer, scope: Scope, args: readonly Ast[]): Typed {
  if (args.length !== 2) throw invalidQuery('No matching signature for function IFNULL')
  const { sqls, type } = unify(
    args.map((arg) => write.typed(arg, scope)),
    'IFNULL',
  )
  return typed(`coalesce(${sqls.join(', ')})`, type)
}

function normalized(
  write: Writer,
  scope: Scope,
  args: readonly Ast[],
  wrap: (text: string) => string,
): Typed {
  const form = args[1] === undefined ? 'NFC' : nameOf(bodyOf(args[1])['name']).toUpperCase()
  if (!/^NFK?[CD]$/.test(form)) throw invalidQuery(`Invalid normalization mode ${form}`)
  const text = coerceTo(write.typed(args[0] ?? {}, scope), STRING, 'NORMALIZE')
  return typed(wrap(`js_normalize(${text}, ${quoteText(form)})`), STRING)
}

/** STRUCT(...), (a, b): fields take the names of columns and aliases. */
export function structValue(write: Writer, scope: Scope, args: readonly Ast[]): Typed {
  if (args.length === 0) throw unsupported('STRUCT without fields')
  const members = args.map((arg, i) => {
    const alias = kindOf(arg) === 'alias' ? nameOf(bodyOf(arg)['alias']) : impliedName(arg)
    const node = kindOf(arg) === 'alias' ? (child(bodyOf(arg), 'this') ?? {}) : arg
    return { name: alias === '' ? anonymousField(i) : alias, value: write.typed(node, scope) }
  })
  const literal = members.every(({ value }) => value.constant !== undefined)
  const type = members.some(({ value }) => value.type === undefined)
    ? undefined
    : structOf(members.map(({ name, value }) => ({ ...(value.type ?? INT64), name })))
  const settled = (value: Typed): string =>
    value.type?.type === 'NULL' && !isRepeated(value.type) ? 'CAST(NULL AS BIGINT)' : value.sql
  return {
    ...typed(structPack(members.map(({ name, value }): [string, string] => [name, settled(value)])), type),
    ...(literal && { constant: 'literal' as const, parts: members.map(({ value }) => value) }),
  }
}
