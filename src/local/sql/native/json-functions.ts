// JSON functions: reading, changing and converting JSON text.
import {
  isList,
  isObject,
  type Json,
  JsonNumber,
  type JsonPath,
  normalJson,
  parseJson,
  parsePath,
  printJson,
  readPath,
} from '../../wire/json-tree.ts'
import type { Native } from './register.ts'

type Text = string | null

function tryParse(text: string): Json | undefined {
  try {
    return parseJson(text)
  } catch {
    return undefined
  }
}

function read(text: string, path: string): Json | undefined {
  const json = tryParse(text)
  const steps = parsePath(path)
  return json === undefined ? undefined : readPath(json, steps)
}

function scalarText(json: Json | undefined): Text {
  if (json === undefined || json === null || isList(json) || isObject(json)) return null
  return json instanceof JsonNumber ? json.text : String(json)
}

/** A copy with the value at the path replaced by what `change` makes of it; undefined removes it. */
function edit(
  json: Json | undefined,
  path: JsonPath,
  change: (old: Json | undefined) => Json | undefined,
): Json | undefined {
  const [step, ...rest] = path
  if (step === undefined) return change(json)
  if (typeof step === 'number') {
    const base = json === undefined || json === null ? [] : json
    if (!isList(base)) return json
    const value = edit(base[step], rest, change)
    if (value === undefined) return base.filter((_item, i) => i !== step)
    const items = [...base]
    while (items.length < step) items.push(null)
    items[step] = value
    return items
  }
  const base: Json = json === undefined || json === null ? new Map() : json
  if (!isObject(base)) return json
  const value = edit(base.get(step), rest, change)
  const copy = new Map(base)
  if (value === undefined) copy.delete(step)
  else copy.set(step, value)
  return copy
}

const spread = (json: Json | undefined, each: boolean): readonly Json[] =>
  each && isList(json) ? json : [json ?? null]

/** How each function changes a document at one path. */
const EDITS: Readonly<
  Record<string, (json: Json, path: JsonPath, value: Json | undefined, option: boolean) => Json | undefined>
> = {
  set: (json, path, value, create) =>
    !create && readPath(json, path) === undefined ? json : edit(json, path, () => value ?? null),
  remove: (json, path) =>
    readPath(json, path) === undefined || path.length === 0 ? json : edit(json, path, () => undefined),
  append: (json, path, value, each) =>
    edit(json, path, (old) =>
      old === undefined
        ? undefined
        : old === null
          ? [...spread(value, each)]
          : isList(old)
            ? [...old, ...spread(value, each)]
            : old,
    ),
  insert(json, path, value, each) {
    const at = path[path.length - 1]
    if (typeof at !== 'number') return json
    return edit(json, path.slice(0, -1), (old) => {
      if (old !== undefined && old !== null && !isList(old)) return old
      const items = [...(old ?? [])]
      while (items.length < at) items.push(null)
      items.splice(at, 0, ...spread(value, each))
      return items
    })
  },
}

function stripNulls(json: Json | undefined, arrays: boolean, empty: boolean): Json | undefined {
  if (json === undefined || json === null) return undefined
  if (isList(json)) {
    const items = json
      .map((item) => stripNulls(item, arrays, empty))
      .map((item, i) => item ?? (arrays || json[i] !== null ? undefined : null))
    const kept = arrays ? items.filter((item) => item !== undefined) : items.map((item) => item ?? null)
    return empty && kept.length === 0 ? undefined : kept
  }
  if (!isObject(json)) return json
  const kept = [...json]
    .map(([name, item]): [string, Json | undefined] => [name, stripNulls(item, arrays, empty)])
    .filter((entry): entry is [string, Json] => entry[1] !== undefined)
  return empty && kept.length === 0 ? undefined : new Map(kept)
}

function keys(json: Json, depth: number, prefix: string, found: Set<string>): void {
  if (isList(json)) for (const item of json) keys(item, depth, prefix, found)
  if (!isObject(json) || depth < 1) return
  for (const [name, item] of json) {
    const quoted = /^[A-Za-z_]\w*$/.test(name) ? name : JSON.stringify(name)
    const path = prefix === '' ? quoted : `${prefix}.${quoted}`
    found.add(path)
    if (isObject(item)) keys(item, depth - 1, path, found)
  }
}

/** Conversions that make the best of any JSON value; NULL where nothing fits. */
function lax(kind: string, json: Json): Text {
  const text = json instanceof JsonNumber ? json.text : json
  if (kind === 'STRING') return json === null || isList(json) || isObject(json) ? null : String(text)
  if (typeof text === 'boolean')
    return kind === 'BOOL' ? String(text) : kind === 'INT64' ? String(Number(text)) : null
  if (typeof text !== 'string') return null
  const isNumber = json instanceof JsonNumber
  if (kind === 'BOOL') {
    if (isNumber) return String(Number(text) !== 0)
    return /^(true|false)$/i.test(text) ? text.toLowerCase() : null
  }
  if (kind === 'FLOAT64') {
    if (/^[+-]?(inf|infinity|nan)$/i.test(text)) return text
    return text.trim() !== '' && Number.isFinite(Number(text)) ? text.trim() : null
  }
  const number = Number(text)
  if (text.trim() === '' || !Number.isFinite(number)) return null
  const whole = /^[+-]?\d+$/.test(text.trim())
    ? BigInt(text.trim().replace('+', ''))
    : BigInt(Math.sign(number) * Math.round(Math.abs(number)))
  return whole >= -(2n ** 63n) && whole < 2n ** 63n ? String(whole) : null
}

function strict(kind: string, json: Json): string {
  const fits =
    kind === 'STRING'
      ? typeof json === 'string'
      : kind === 'BOOL'
        ? typeof json === 'boolean'
        : json instanceof JsonNumber
  const text = json instanceof JsonNumber ? json.text : String(json)
  if (!fits || (kind === 'INT64' && !Number.isInteger(Number(text))))
    throw new Error(`The provided JSON input is not ${kind === 'INT64' ? 'an integer' : `a ${kind}`}`)
  return kind === 'INT64' ? text.replace(/\.0+$/, '') : text
}

const TYPES = (json: Json): string =>
  json === null
    ? 'null'
    : isList(json)
      ? 'array'
      : isObject(json)
        ? 'object'
        : json instanceof JsonNumber
          ? 'number'
          : typeof json

/** JSON text as it is, or with a line for each member and element. */
function layout(text: string, pretty: boolean): string {
  if (!pretty) return text
  const tokens = text.match(/"(?:[^"\\]|\\.)*"|[{}[\],:]|[^{}[\],:"\s]+/gs) ?? []
  let depth = 0
  const line = (): string => `\n${'  '.repeat(depth)}`
  return tokens
    .map((token, i) => {
      const opens = (one: string | undefined): boolean => one === '{' || one === '['
      const closes = (one: string | undefined): boolean => one === '}' || one === ']'
      if (token === ':') return ': '
      if (token === ',') return `,${line()}`
      if (opens(token)) {
        if (closes(tokens[i + 1])) return token
        depth++
        return `${token}${line()}`
      }
      if (!closes(token) || opens(tokens[i - 1])) return token
      depth--
      return `${line()}${token}`
    })
    .join('')
}

export const JSON_FUNCTIONS: readonly Native[] = [
  [
    'js_json_parse',
    ['VARCHAR', 'VARCHAR'],
    'VARCHAR',
    (text: string, mode: string) => printJson(normalJson(parseJson(text), mode === 'round'), true),
  ],
  [
    'js_json_value',
    ['VARCHAR', 'VARCHAR'],
    'VARCHAR',
    (text: string, path: string) => scalarText(read(text, path)),
  ],
  [
    'js_json_query',
    ['VARCHAR', 'VARCHAR'],
    'VARCHAR',
    (text: string, path: string) => {
      const found = read(text, path)
      return found === undefined ? null : printJson(found)
    },
  ],
  [
    'js_json_array',
    ['VARCHAR', 'VARCHAR', 'VARCHAR'],
    'VARCHAR[]',
    (text: string, path: string, kind: string) => {
      const found = read(text, path)
      if (!isList(found)) return null
      if (kind === 'QUERY') return found.map((item) => printJson(item))
      return found.some((item) => isList(item) || isObject(item)) ? null : found.map(scalarText)
    },
  ],
  ['js_json_layout', ['VARCHAR', 'BOOLEAN'], 'VARCHAR', layout],
  ['js_json_type', ['VARCHAR'], 'VARCHAR', (text: string) => TYPES(parseJson(text))],
  [
    'js_json_lax',
    ['VARCHAR', 'VARCHAR'],
    'VARCHAR',
    (kind: string, text: string) => lax(kind, parseJson(text)),
  ],
  [
    'js_json_strict',
    ['VARCHAR', 'VARCHAR'],
    'VARCHAR',
    (kind: string, text: string) => strict(kind, parseJson(text)),
  ],
  [
    'js_json_edit',
    ['VARCHAR', 'VARCHAR', 'BOOLEAN', 'VARCHAR[]'],
    'VARCHAR',
    (name: string, text: string, option: boolean, pairs: readonly Text[]) => {
      let json: Json = parseJson(text)
      const step = name === 'remove' ? 1 : 2
      for (let i = 0; i < pairs.length; i += step) {
        const value = step === 1 ? undefined : parseJson(pairs[i + 1] ?? 'null')
        json = EDITS[name]?.(json, parsePath(pairs[i] ?? '$'), value, option) ?? json
      }
      return printJson(json, true)
    },
  ],
  [
    'js_json_strip_nulls',
    ['VARCHAR', 'BOOLEAN', 'BOOLEAN'],
    'VARCHAR',
    (text: string, arrays: boolean, empty: boolean) =>
      printJson(stripNulls(parseJson(text), arrays, empty) ?? null, true),
  ],
  [
    'js_json_keys',
    ['VARCHAR', 'BIGINT'],
    'VARCHAR[]',
    (text: string, depth: bigint) => {
      const found = new Set<string>()
      keys(parseJson(text), Number(depth), '', found)
      return [...found].sort()
    },
  ],
]
