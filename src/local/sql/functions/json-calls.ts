// JSON functions whose arguments need more than a signature says: values of any type, named options.
import { invalidQuery } from '../../wire/api-error.ts'
import { type Ast, bodyOf, child, kindOf, nameOf, unsupported } from '../ast.ts'
import type { Scope } from '../scope.ts'
import { applySignature } from '../signatures.ts'
import { BOOL, coerceTo, JSON_TYPE, STRING, type Typed, typed } from '../typing.ts'
import type { WriteCall, Writer } from '../writer.ts'
import { FUNCTIONS } from './templates.ts'
import { jsonText } from './to-json.ts'

export const JSON_CALLS: Readonly<Record<string, WriteCall>> = {
  TO_JSON_STRING(write, scope, args) {
    const [pretty] = args.slice(1).map((arg) => coerceTo(write.typed(arg, scope), BOOL, 'TO_JSON_STRING'))
    if (args.length > 2) throw invalidQuery('No matching signature for function TO_JSON_STRING')
    const { sql, type } = write.typed(args[0] ?? {}, scope)
    if (type === undefined) throw unsupported('TO_JSON_STRING of a value whose type is not known here')
    const text = jsonText(sql, type, true, false)
    return typed(pretty === undefined ? text : `js_json_layout(${text}, ${pretty})`, STRING)
  },
  TO_JSON(write, scope, args) {
    const { positional, option } = named('TO_JSON', args, 'stringify_wide_numbers')
    if (positional.length !== 1) throw invalidQuery('No matching signature for function TO_JSON')
    const wide = option('stringify_wide_numbers', false)
    const { sql, type } = write.typed(positional[0] ?? {}, scope)
    if (type === undefined) throw unsupported('TO_JSON of a value whose type is not known here')
    return typed(`CAST(${jsonText(sql, type, wide, true)} AS JSON)`, JSON_TYPE)
  },
  PARSE_JSON(write, scope, args) {
    const [text, option] = args
    const mode = option === undefined ? [] : [child(bodyOf(option), 'value') ?? option]
    const values = [text ?? {}, ...mode].map((arg) => write.typed(arg, scope))
    return applySignature('PARSE_JSON', FUNCTIONS.get('PARSE_JSON') ?? [], values)
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
    const { positional, option } = named('JSON_STRIP_NULLS', args, 'include_arrays', 'remove_empty')
    if (positional.length !== 1) throw unsupported('JSON_STRIP_NULLS with a path')
    const json = coerceTo(write.typed(positional[0] ?? {}, scope), JSON_TYPE, 'JSON_STRIP_NULLS')
    const [arrays, empty] = [option('include_arrays', true), option('remove_empty', false)]
    return typed(
      `CAST(js_json_strip_nulls(CAST(${json} AS VARCHAR), ${arrays}, ${empty}) AS JSON)`,
      JSON_TYPE,
    )
  },
}

function jsonOf(write: Writer, scope: Scope, node: Ast): string {
  const { sql, type } = write.typed(node, scope)
  if (type === undefined) throw unsupported('a value whose type is not known here as JSON')
  return jsonText(sql, type, false, true)
}

/** Named arguments, which are TRUE or FALSE as they stand, apart from the others. */
function named(
  name: string,
  args: readonly Ast[],
  ...known: readonly string[]
): { positional: readonly Ast[]; option: (name: string, fallback: boolean) => boolean } {
  const options = new Map<string, boolean>()
  for (const arg of args) {
    if (kindOf(arg) !== 'named_argument') continue
    const option = nameOf(bodyOf(arg)['name']).toLowerCase()
    const value = child(bodyOf(arg), 'value') ?? {}
    if (!known.includes(option))
      throw invalidQuery(`Named argument ${option} not found in signature for function ${name}`)
    if (kindOf(value) !== 'boolean') throw unsupported(`a computed value of ${option}`)
    options.set(option, bodyOf(value)['value'] === true)
  }
  return {
    positional: args.filter((arg) => kindOf(arg) !== 'named_argument'),
    option: (option, fallback) => options.get(option) ?? fallback,
  }
}

function jsonEdit(
  write: Writer,
  scope: Scope,
  name: string,
  optionName: string,
  args: readonly Ast[],
): Typed {
  const { positional, option } = named(`JSON ${name}`, args, optionName)
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
