// JSON text as a tree and back. Numbers keep their text and objects the order of their members, which
// JSON.parse would lose.

export class JsonNumber {
  readonly text: string
  constructor(text: string) {
    this.text = text
  }
}

export type Json = null | boolean | string | JsonNumber | readonly Json[] | ReadonlyMap<string, Json>

const TOKEN =
  /\s*(?:([{}[\],:])|(true|false|null)|(-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?)|("(?:[^"\\]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"))/uy

export function parseJson(text: string): Json {
  let at = 0
  const fail = (): never => {
    throw new Error(
      `syntax error while parsing JSON - invalid literal at position ${at}: ${text.slice(0, 100)}`,
    )
  }
  const next = (): RegExpExecArray => {
    TOKEN.lastIndex = at
    const token = TOKEN.exec(text) ?? fail()
    at = TOKEN.lastIndex
    return token
  }
  const value = (token: RegExpExecArray): Json => {
    const [, mark, word, number, quoted] = token
    if (quoted !== undefined) return JSON.parse(quoted) as string
    if (number !== undefined) return new JsonNumber(number)
    if (word !== undefined) return word === 'null' ? null : word === 'true'
    if (mark === '[') return list()
    return mark === '{' ? members() : fail()
  }
  const list = (): Json => {
    const items: Json[] = []
    let token = next()
    if (token[1] === ']') return items
    for (;;) {
      items.push(value(token))
      const { 1: mark } = next()
      if (mark === ']') return items
      if (mark !== ',') fail()
      token = next()
    }
  }
  const members = (): Json => {
    const found = new Map<string, Json>()
    let token = next()
    if (token[1] === '}') return found
    for (;;) {
      if (token[4] === undefined || next()[1] !== ':') fail()
      const key = JSON.parse(token[4] as string) as string
      const item = value(next())
      // Of equal names the first counts.
      if (!found.has(key)) found.set(key, item)
      const { 1: mark } = next()
      if (mark === '}') return found
      if (mark !== ',') fail()
      token = next()
    }
  }
  const result = value(next())
  if (text.slice(at).trim() !== '') fail()
  return result
}

export function isObject(json: Json | undefined): json is ReadonlyMap<string, Json> {
  return json instanceof Map
}

export function isList(json: Json | undefined): json is readonly Json[] {
  return Array.isArray(json)
}

/** Compact text; with `sorted`, members in the order of their names, as the JSON type has them. */
export function printJson(json: Json, sorted = false): string {
  if (json instanceof JsonNumber) return json.text
  if (isList(json)) return `[${json.map((item) => printJson(item, sorted)).join(',')}]`
  if (!isObject(json)) return JSON.stringify(json)
  const names = [...json.keys()]
  if (sorted) names.sort((a, b) => (a < b ? -1 : 1))
  return `{${names.map((name) => `${JSON.stringify(name)}:${printJson(json.get(name) ?? null, sorted)}`).join(',')}}`
}

/** A value of the JSON type: whole numbers of 64 bits are kept, others must survive as FLOAT64. */
export function normalJson(json: Json, round: boolean): Json {
  if (json instanceof JsonNumber) return normalNumber(json.text, round)
  if (isList(json)) return json.map((item) => normalJson(item, round))
  if (isObject(json)) return new Map([...json].map(([name, item]) => [name, normalJson(item, round)]))
  return json
}

function normalNumber(text: string, round: boolean): JsonNumber {
  if (/^-?\d+$/.test(text)) {
    const whole = BigInt(text)
    if (whole >= -(2n ** 63n) && whole < 2n ** 64n) return new JsonNumber(String(whole))
  }
  const number = Number(text)
  const digits = text
    .replace(/[eE].*/, '')
    .replace(/[-.]/g, '')
    .replace(/^0+|0+$/g, '')
  if (!Number.isFinite(number) || (!round && digits.length > 17))
    throw new Error(`Input number: ${text} cannot round-trip through string representation`)
  return new JsonNumber(floatJson(number))
}

/** FLOAT64 as JSON, always with a point or an exponent. */
export function floatJson(value: number): string {
  if (!Number.isFinite(value))
    return JSON.stringify(Number.isNaN(value) ? 'NaN' : value > 0 ? 'Infinity' : '-Infinity')
  const text = Object.is(value, -0) ? '-0' : String(value)
  return /^-?\d+$/.test(text) ? `${text}.0` : text
}

export type JsonPath = readonly (string | number)[]

const STEP =
  /\.([^.[\]"\s]+)|\."((?:[^"\\]|\\.)*)"|\[(\d+)\]|\['((?:[^'\\]|\\.)*)'\]|\["((?:[^"\\]|\\.)*)"\]/y

export function parsePath(text: string): JsonPath {
  const path: (string | number)[] = []
  let at = text.startsWith('$') ? 1 : -1
  while (at >= 0 && at < text.length) {
    STEP.lastIndex = at
    const step = STEP.exec(text)
    if (step === null) break
    at = STEP.lastIndex
    const quoted = step[2] ?? step[4] ?? step[5]
    if (step[3] !== undefined) path.push(Number(step[3]))
    else path.push(quoted === undefined ? (step[1] ?? '') : quoted.replace(/\\(.)/g, '$1'))
  }
  if (at !== text.length) throw new Error(`Invalid JSONPath: ${text}`)
  return path
}

export function readPath(json: Json, path: JsonPath): Json | undefined {
  let found: Json | undefined = json
  for (const step of path) {
    if (typeof step === 'number') found = isList(found) ? found[step] : undefined
    else found = isObject(found) ? found.get(step) : undefined
    if (found === undefined) return undefined
  }
  return found
}
