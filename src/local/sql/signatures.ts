// Function signatures as text, one a line: NAME(types) RESULT = DuckDB SQL. A call takes the signature
// that needs the fewest conversions; a call that fits none is refused.
import { invalidQuery } from '../wire/api-error.ts'
import { isRepeated } from '../wire/table-schema.ts'
import { unsupported } from './ast.ts'
import {
  arrayOf,
  coerceTo,
  common,
  cost,
  elementOf,
  scalar,
  type Type,
  type Typed,
  typed,
  typeName,
} from './typing.ts'

/** A parameter: a type, or T for one that the call decides, alone or in ARRAY<...>. */
interface Parameter {
  readonly name: string
  readonly array: boolean
  readonly optional: boolean
  readonly variadic: boolean
}

export interface Signature {
  readonly parameters: readonly Parameter[]
  readonly result: Parameter
  readonly template: string
}

export type Signatures = ReadonlyMap<string, readonly Signature[]>

/** `A|B(STRING, INT64?, T...) ARRAY<T> = sql of $1 and $2`; $* is the variadic rest, with commas. */
export function readSignatures(text: string): Signatures {
  const found = new Map<string, Signature[]>()
  for (const line of text.split('\n')) {
    if (line.trim() === '') continue
    const parts = /^\s*([A-Z0-9_.|]+)\((.*?)\) (\S+) = (.*)$/.exec(line)
    if (parts === null) throw new Error(`Not a signature: ${line}`)
    const [, names = '', parameters = '', result = '', template = ''] = parts
    const signature: Signature = {
      parameters: parameters === '' ? [] : parameters.split(', ').map(readParameter),
      result: readParameter(result),
      template,
    }
    for (const name of names.split('|')) found.set(name, [...(found.get(name) ?? []), signature])
  }
  return found
}

function readParameter(text: string): Parameter {
  const variadic = text.endsWith('...')
  const optional = text.endsWith('?')
  const bare = text.replace(/(\.\.\.|\?)$/, '')
  const array = /^ARRAY<(.*)>$/.exec(bare)
  return { name: array?.[1] ?? bare, array: array !== null, optional, variadic }
}

const isVariable = (name: string): boolean => /^[A-Z]$/.test(name)

interface Match {
  readonly signature: Signature
  readonly wanted: readonly (Type | undefined)[]
  readonly variables: ReadonlyMap<string, Type>
  readonly total: number
}

function match(signature: Signature, args: readonly Typed[]): Match | undefined {
  const { parameters } = signature
  const last = parameters[parameters.length - 1]
  const most = last?.variadic === true ? Number.POSITIVE_INFINITY : parameters.length
  const least = parameters.filter(({ optional, variadic }) => !optional && !variadic).length
  if (args.length < least || args.length > most) return undefined
  const at = (i: number): Parameter => (parameters[i] ?? last) as Parameter
  const variables = new Map<string, Type>()
  const groups = new Map<string, Typed[]>()
  for (const [i, arg] of args.entries()) {
    const { name, array } = at(i)
    if (!isVariable(name)) continue
    if (arg.type === undefined) continue
    if (array && !isRepeated(arg.type) && arg.constant !== 'null') return undefined
    const element = array ? { ...arg, type: elementOf(arg.type) } : arg
    if (array && element.type?.type === 'NULL') continue
    groups.set(name, [...(groups.get(name) ?? []), element])
  }
  for (const [name, values] of groups) {
    try {
      const type = common(values, name)
      if (type !== undefined) variables.set(name, type)
    } catch {
      return undefined
    }
  }
  let total = 0
  const wanted: (Type | undefined)[] = []
  for (const [i, arg] of args.entries()) {
    const type = resolve(at(i), variables)
    wanted.push(type)
    const step = type === undefined ? 0 : cost(arg, type)
    if (step === undefined) return undefined
    total += step
  }
  return { signature, wanted, variables, total }
}

function resolve(parameter: Parameter, variables: ReadonlyMap<string, Type>): Type | undefined {
  const type = isVariable(parameter.name) ? variables.get(parameter.name) : scalar(parameter.name)
  return type !== undefined && parameter.array ? arrayOf(type) : type
}

/** What an aggregate has around its arguments, wherever the template says `{name(arguments)}`. */
export interface Modifiers {
  readonly before: string
  readonly after: string
  /** Behind the closing parenthesis. */
  readonly behind: string
}

export function applySignature(
  name: string,
  overloads: readonly Signature[],
  args: readonly Typed[],
  modifiers?: Modifiers,
): Typed {
  const matches = overloads.map((one) => match(one, args)).filter((one) => one !== undefined)
  const best = matches.reduce<Match | undefined>(
    (least, one) => (least === undefined || one.total < least.total ? one : least),
    undefined,
  )
  if (best === undefined)
    throw invalidQuery(
      `No matching signature for function ${name} for argument types: ${args.map(({ type }) => typeName(type)).join(', ')}`,
    )
  if (best.signature.template === 'UNSUPPORTED') throw unsupported(`${name} of ${typeName(args[0]?.type)}`)
  const unknown = args.some(({ type }) => type === undefined)
  if (unknown && matches.some(({ signature }) => signature.template !== best.signature.template))
    throw unsupported(`${name} of a value whose type is not known here; CAST it`)
  const sqls = args.map((arg, i) => {
    const type = best.wanted[i]
    return type === undefined ? arg.sql : coerceTo(arg, type, name)
  })
  const fixed = best.signature.parameters.filter(({ variadic }) => !variadic).length
  const sql = fill(best.signature.template, sqls, fixed, modifiers)
  return typed(sql, resolve(best.signature.result, best.variables))
}

/** In one pass, since arguments and modifiers hold the text of users, which may look like a template. */
function fill(template: string, args: readonly string[], fixed: number, modifiers?: Modifiers): string {
  const argument = (key: string): string =>
    key === '*' ? args.slice(fixed).join(', ') : (args[Number(key) - 1] ?? 'NULL')
  if (modifiers === undefined) return template.replace(/\$(\d|\*)/g, (_match, key: string) => argument(key))
  const { before, after, behind } = modifiers
  const filled = template.replace(
    /\$(\d|\*)|\{(\w+)\(|\)\}/g,
    (_match, key: string | undefined, called: string | undefined) => {
      if (key !== undefined) return argument(key)
      return called === undefined ? `${after})${behind}` : `${called}(${before}`
    },
  )
  return template.includes('{') ? filled : `${filled}${behind}`
}
