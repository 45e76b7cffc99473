// A function call by name: finds how it is written in DuckDB, or says it does not exist.
import { invalidQuery } from '../../wire/api-error.ts'
import { isRepeated, quoteText } from '../../wire/table-schema.ts'
import { type Ast, bodyOf, child, kindOf, nameOf, unsupported } from '../ast.ts'
import { castToType } from '../cast.ts'
import { OPERATORS } from '../operators.ts'
import { scalarLiteral } from '../parameters.ts'
import type { Scope } from '../scope.ts'
import { impliedName } from '../select-list.ts'
import { applySignature } from '../signatures.ts'
import { anonymousField, structPack } from '../types.ts'
import {
  arrayOf,
  BOOL,
  coerceTo,
  INT64,
  JSON_TYPE,
  kindOfType,
  STRING,
  scalar,
  structOf,
  type Typed,
  typed,
  typeName,
  unify,
} from '../typing.ts'
import { userFunction } from '../user-functions.ts'
import type { Writer } from '../writer.ts'
import { dateCall, isDateCall } from './dates.ts'
import { outsideTry } from './safe.ts'
import { FUNCTIONS } from './templates.ts'
import { jsonText } from './to-json.ts'

type Special = (write: Writer, scope: Scope, args: readonly Ast[]) => Typed

const SPECIAL: Readonly<Record<string, Special>> = {
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
  REGEXP_EXTRACT: regexpExtract,
  REGEXP_SUBSTR: regexpExtract,
  REGEXP_EXTRACT_ALL(write, scope, args) {
    const group = groupNumber(args[1])
    const [text, pattern] = texts(write, scope, args, 'REGEXP_EXTRACT_ALL')
    return typed(`regexp_extract_all(${text}, ${pattern}, ${group})`, arrayOf(STRING))
  },
  TO_JSON_STRING(write, scope, args) {
    if (args.length !== 1) throw unsupported('TO_JSON_STRING with pretty print')
    const { sql, type } = write.typed(args[0] ?? {}, scope)
    if (type === undefined) throw unsupported('TO_JSON_STRING of a value whose type is not known here')
    return typed(jsonText(sql, type, true, false), STRING)
  },
  TO_JSON(write, scope, args) {
    const [first, option] = args
    const wide = option !== undefined && bodyOf(child(bodyOf(option), 'value') ?? {})['value'] === true
    const { sql, type } = write.typed(first ?? {}, scope)
    if (type === undefined) throw unsupported('TO_JSON of a value whose type is not known here')
    return typed(`CAST(${jsonText(sql, type, wide, true)} AS JSON)`, JSON_TYPE)
  },
  PARSE_JSON(write, scope, args) {
    const [text, option] = args
    const mode = option === undefined ? [] : [child(bodyOf(option), 'value') ?? option]
    return plain(write, scope, 'PARSE_JSON', [text ?? {}, ...mode])
  },
  JSON_ARRAY(write, scope, args) {
    const items = args.map((arg) => jsonOf(write, scope, arg))
    return typed(
      `CAST('[' || ${items.length === 0 ? `''` : items.join(` || ',' || `)} || ']' AS JSON)`,
      JSON_TYPE,
    )
  },
  JSON_OBJECT(write, scope, args) {
    if (args.length % 2 !== 0) throw unsupported('JSON_OBJECT of arrays')
    const members = Array.from({ length: args.length / 2 }, (_, i) => {
      const key = coerceTo(write.typed(args[2 * i] ?? {}, scope), STRING, 'JSON_OBJECT')
      return `CAST(to_json(${key}) AS VARCHAR) || ':' || ${jsonOf(write, scope, args[2 * i + 1] ?? {})}`
    })
    return typed(
      `CAST(js_json_parse('{' || ${members.join(` || ',' || `) || `''`} || '}', 'round') AS JSON)`,
      JSON_TYPE,
    )
  },
  JSON_SET: (write, scope, args) => jsonEdit(write, scope, 'set', 'create_if_missing', args),
  JSON_REMOVE: (write, scope, args) => jsonEdit(write, scope, 'remove', '', args),
  JSON_ARRAY_APPEND: (write, scope, args) => jsonEdit(write, scope, 'append', 'append_each_element', args),
  JSON_ARRAY_INSERT: (write, scope, args) => jsonEdit(write, scope, 'insert', 'insert_each_element', args),
  JSON_STRIP_NULLS(write, scope, args) {
    const { positional, option } = named(args)
    if (positional.length !== 1) throw unsupported('JSON_STRIP_NULLS with a path')
    const json = coerceTo(write.typed(positional[0] ?? {}, scope), JSON_TYPE, 'JSON_STRIP_NULLS')
    const [arrays, empty] = [option('include_arrays', true), option('remove_empty', false)]
    return typed(
      `CAST(js_json_strip_nulls(CAST(${json} AS VARCHAR), ${arrays}, ${empty}) AS JSON)`,
      JSON_TYPE,
    )
  },
  FORMAT(write, scope, args) {
    const [format, ...values] = args.map((arg) => write.typed(arg, scope))
    if (format === undefined) throw invalidQuery('No matching signature for function FORMAT')
    const list = values.map(formatArgument)
    return typed(
      `js_format(${coerceTo(format, STRING, 'FORMAT')}, CAST([${list.join(', ')}] AS VARCHAR[]))`,
      STRING,
    )
  },
  NORMALIZE: (write, scope, args) => normalized(write, scope, args, (text) => text),
  NORMALIZE_AND_CASEFOLD: (write, scope, args) => normalized(write, scope, args, (text) => `lower(${text})`),
  GROUPING: (write, scope, args) =>
    typed(`CAST(grouping(${args.map((arg) => write.expression(arg, scope)).join(', ')}) AS BIGINT)`, INT64),
  RANGE(write, scope, args) {
    const { sqls, type } = unify(
      args.map((arg) => write.typed(arg, scope)),
      'RANGE',
    )
    if (args.length !== 2 || !['DATE', 'DATETIME', 'TIMESTAMP'].includes(kindOfType(type)))
      throw invalidQuery('No matching signature for function RANGE')
    return typed(`bq_range(${sqls.join(', ')})`, {
      name: '',
      type: 'RANGE',
      rangeElementType: { type: kindOfType(type) },
    })
  },
  PARSE_RANGE_DATE: (write, scope, args) => rangeLiteral(write, scope, args, 'DATE'),
  PARSE_RANGE_DATETIME: (write, scope, args) => rangeLiteral(write, scope, args, 'DATETIME'),
  PARSE_RANGE_TIMESTAMP: (write, scope, args) => rangeLiteral(write, scope, args, 'TIMESTAMP'),
  RANGE_START: (write, scope, args) => rangeBound(write, scope, args, 'start'),
  RANGE_END: (write, scope, args) => rangeBound(write, scope, args, 'end'),
  RANGE_CONTAINS: (write, scope, args) => {
    const [range, other] = args.map((arg) => write.typed(arg, scope))
    const element = rangeElement(range)
    if (other === undefined) throw invalidQuery('No matching signature for function RANGE_CONTAINS')
    if (kindOfType(other.type) === 'RANGE') return typed(`bq_range_covers(${range?.sql}, ${other.sql})`, BOOL)
    return typed(`bq_range_contains(${range?.sql}, ${coerceTo(other, element, 'RANGE_CONTAINS')})`, BOOL)
  },
  RANGE_OVERLAPS: (write, scope, args) =>
    rangePair(write, scope, args, (a, b) => typed(`bq_range_overlaps(${a.sql}, ${b.sql})`, BOOL)),
  RANGE_INTERSECT: (write, scope, args) =>
    rangePair(write, scope, args, (a, b) => typed(`bq_range_intersect(${a.sql}, ${b.sql})`, a.type)),
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
  if (!FUNCTIONS.has(inner))
    return typed(
      `TRY(${plainOrSpecial(write, scope, inner, args).sql})`,
      plainOrSpecial(write, scope, inner, args).type,
    )
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
  return name === 'ERROR' ? typed(result.sql, scalar('NULL')) : result
}

function coalesce(write: Writer, scope: Scope, args: readonly Ast[]): Typed {
  if (args.length !== 2) throw invalidQuery('No matching signature for function IFNULL')
  const { sqls, type } = unify(
    args.map((arg) => write.typed(arg, scope)),
    'IFNULL',
  )
  return typed(`coalesce(${sqls.join(', ')})`, type)
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

function jsonOf(write: Writer, scope: Scope, node: Ast): string {
  const { sql, type } = write.typed(node, scope)
  if (type === undefined) throw unsupported('a value whose type is not known here as JSON')
  return jsonText(sql, type, false, true)
}

function named(args: readonly Ast[]): {
  positional: readonly Ast[]
  option: (name: string, fallback: boolean) => boolean
} {
  const options = new Map(
    args
      .filter((arg) => kindOf(arg) === 'named_argument')
      .map((arg) => [
        nameOf(bodyOf(arg)['name']).toLowerCase(),
        bodyOf(child(bodyOf(arg), 'value') ?? {})['value'] === true,
      ]),
  )
  return {
    positional: args.filter((arg) => kindOf(arg) !== 'named_argument'),
    option: (name, fallback) => options.get(name) ?? fallback,
  }
}

function jsonEdit(
  write: Writer,
  scope: Scope,
  name: string,
  optionName: string,
  args: readonly Ast[],
): Typed {
  const { positional, option } = named(args)
  const [document, ...rest] = positional
  const json = coerceTo(write.typed(document ?? {}, scope), JSON_TYPE, `JSON ${name}`)
  const parts = rest.map((arg, i) =>
    name === 'remove' || i % 2 === 0
      ? coerceTo(write.typed(arg, scope), STRING, `JSON ${name}`)
      : jsonOf(write, scope, arg),
  )
  return typed(
    `CAST(js_json_edit('${name}', CAST(${json} AS VARCHAR), ${option(optionName, true)}, [${parts.join(', ')}]) AS JSON)`,
    JSON_TYPE,
  )
}

const FORMAT_KINDS: Readonly<Record<string, string>> = {
  INTEGER: 'i',
  FLOAT: 'f',
  NUMERIC: 'n',
  BIGNUMERIC: 'g',
  STRING: 's',
  BYTES: 'y',
  BOOLEAN: 'b',
  DATE: 'd',
  TIME: 't',
  DATETIME: 'c',
  TIMESTAMP: 'z',
  JSON: 'j',
}

function formatArgument(value: Typed): string {
  if (value.constant === 'null') return 'NULL'
  const kind = FORMAT_KINDS[kindOfType(value.type)]
  if (kind === undefined) throw unsupported(`FORMAT of a value of type ${typeName(value.type)}`)
  const text =
    kind === 'j'
      ? `CAST(${value.sql} AS VARCHAR)`
      : kind === 'y'
        ? `hex(${value.sql})`
        : castToType({ sql: value.sql, type: value.type }, STRING).sql
  return `'${kind}:' || ${text}`
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

/** RANGE<T> '[start, end)', where either bound may be UNBOUNDED. */
function rangeLiteral(write: Writer, scope: Scope, args: readonly Ast[], element: string): Typed {
  const text = write.typed(args[0] ?? {}, scope).text ?? ''
  const [, ...bounds] = /^\s*\[\s*(.*?)\s*,\s*(.*?)\s*\)\s*$/.exec(text) ?? []
  if (bounds.length !== 2) throw invalidQuery(`Invalid RANGE value: ${text}`)
  const [start, end] = bounds.map((bound) =>
    scalarLiteral(element, /^(UNBOUNDED|NULL)$/i.test(bound) ? null : bound),
  )
  return typed(`bq_range(${start}, ${end})`, { name: '', type: 'RANGE', rangeElementType: { type: element } })
}

function rangeElement(range: Typed | undefined): NonNullable<Typed['type']> {
  if (range === undefined || kindOfType(range.type) !== 'RANGE')
    throw invalidQuery(`A RANGE is needed, not ${typeName(range?.type)}`)
  return scalar(range.type?.rangeElementType?.type ?? 'DATE')
}

function rangeBound(write: Writer, scope: Scope, args: readonly Ast[], bound: string): Typed {
  const range = write.typed(args[0] ?? {}, scope)
  return typed(`(${range.sql})."${bound}"`, rangeElement(range))
}

function rangePair(
  write: Writer,
  scope: Scope,
  args: readonly Ast[],
  make: (a: Typed, b: Typed) => Typed,
): Typed {
  const [a, b] = args.map((arg) => write.typed(arg, scope))
  if (a === undefined || b === undefined || rangeElement(a).type !== rangeElement(b).type)
    throw invalidQuery('Both ranges must have the same element type')
  return make(a, b)
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
    ...(literal && { constant: 'literal' as const }),
  }
}
