// JavaScript functions. Arguments and results travel as JSON through one DuckDB function; the code runs in
// a context of its own, with a time limit and nothing of this process in reach.
import { createHash } from 'node:crypto'
import vm from 'node:vm'
import type { Connection } from '../storage/engine.ts'
import { invalidQuery } from '../wire/api-error.ts'
import { duckdbType, type FieldSchema, isRepeated, legacyType, quoteText } from '../wire/table-schema.ts'
import { unsupported } from './ast.ts'
import { type Typed, typed } from './typing.ts'

/** How long one call may take. */
const CALL_MS = 5_000
/** How many functions stay compiled. */
const KEPT_FUNCTIONS = 500

interface Code {
  readonly text: string
  readonly names: readonly string[]
  readonly types: readonly FieldSchema[]
  readonly returns: FieldSchema
  run?: (argumentsJson: string) => string | null
}

const known = new Map<string, Code>()

export function javascriptCall(
  isolate: string,
  sent: Readonly<Record<string, unknown>>,
  names: readonly string[],
  values: readonly Typed[],
  returns: FieldSchema,
): Typed {
  const types = values.map(({ type }) => type ?? { name: '', type: 'STRING' })
  for (const type of [...types, returns]) checkType(type)
  const code: Code = { text: String(sent['definitionBody'] ?? ''), names, types, returns }
  const id = createHash('sha1')
    .update(JSON.stringify([isolate, code]))
    .digest('hex')
  if (!known.has(id)) known.set(id, code)
  if (known.size > KEPT_FUNCTIONS) known.delete(known.keys().next().value as string)
  const list = values.map((value) => `to_json(${value.sql})`)
  const json = `bq_javascript(${quoteText(id)}, CAST(json_array(${list.join(', ')}) AS VARCHAR))`
  if (legacyType(returns.type) === 'JSON' && !isRepeated(returns))
    return typed(`CAST(${json} AS JSON)`, returns)
  const target = duckdbType(returns)
  return typed(
    `CAST(from_json_strict(CAST(${json} AS JSON), ${quoteText(JSON.stringify(structure(returns)))}) AS ${target})`,
    returns,
  )
}

/** Types that JSON carries whole; for the others an answer could be a little wrong. */
function checkType(type: FieldSchema): void {
  if (/^(BYTES|TIME|INTERVAL|RANGE|GEOGRAPHY|BIGNUMERIC)$/.test(legacyType(type.type)))
    throw unsupported(`${legacyType(type.type)} in JavaScript functions`)
  for (const field of type.fields ?? []) checkType(field)
}

function structure(type: FieldSchema): unknown {
  const element =
    legacyType(type.type) === 'RECORD'
      ? Object.fromEntries((type.fields ?? []).map((field) => [field.name, structure(field)]))
      : 'VARCHAR'
  return isRepeated(type) ? [element] : element
}

/** Makes the function known to DuckDB; once for each database. */
export async function installJavascript(connection: Connection): Promise<void> {
  const { DuckDBScalarFunction, VARCHAR } = await import('@duckdb/node-api')
  connection.registerScalarFunction(
    DuckDBScalarFunction.create({
      name: 'bq_javascript',
      returnType: VARCHAR,
      parameterTypes: [VARCHAR, VARCHAR],
      specialHandling: true,
      volatile: true,
      mainFunction(info, chunk, output) {
        try {
          const [ids, args] = [chunk.getColumnValues(0), chunk.getColumnValues(1)]
          for (let row = 0; row < chunk.rowCount; row++)
            output.setItem(row, run(String(ids[row]), String(args[row])))
          output.flush()
        } catch (error) {
          info.setError(error instanceof Error ? error.message : String(error))
        }
      },
    }),
  )
}

function run(id: string, args: string): string | null {
  const code = known.get(id)
  if (code === undefined) throw invalidQuery('A JavaScript function is no longer known; run the query again')
  code.run ??= prepare(code)
  return code.run(args)
}

/**
 * An INT64 has no exact JavaScript counterpart, and what `+` should do with one is not documented. So it is
 * an object that acts as a number in arithmetic and comparisons, as text in text, and refuses the rest.
 */
const PRELUDE = `
const Int64 = class {
  constructor(text) { this.text = text }
  [Symbol.toPrimitive](hint) {
    if (hint === 'number') return Number(this.text)
    if (hint === 'string') return this.text
    throw new TypeError('INT64 arguments with + or == are ambiguous; declare the argument FLOAT64 or STRING')
  }
  toString() { return this.text }
  toJSON() { throw new TypeError('INT64 arguments inside JSON are ambiguous; declare the argument FLOAT64 or STRING') }
}
const exact = (_key, value, { source }) => (typeof value === 'number' && !Number.isSafeInteger(value) ? source : value)
const read = (type, value) => {
  if (value === null || value === undefined) return null
  if (type.array) return value.map((item) => read({ ...type, array: false }, item))
  if (type.fields) return Object.fromEntries(type.fields.map((field) => [field.name, read(field, value[field.name])]))
  switch (type.type) {
    case 'INTEGER': return new Int64(String(value))
    case 'FLOAT': return Number(value)
    case 'NUMERIC': return Number.isSafeInteger(Number(value)) ? Number(value) : String(value).replace(/\\.?0+$/, '')
    case 'TIMESTAMP': return new Date(String(value).replace(' ', 'T').replace(/([+-]\\d\\d)$/, '$1:00'))
    case 'DATE': return new Date(value + 'T00:00:00Z')
    case 'DATETIME': return new Date(String(value).replace(' ', 'T') + 'Z')
    default: return value
  }
}
const write = (type, value) => {
  if (value === null || value === undefined) return null
  if (value instanceof Int64) value = value.text
  if (type.array) {
    if (!Array.isArray(value)) throw new TypeError('the function did not return an array')
    return value.map((item) => write({ ...type, array: false }, item))
  }
  if (type.fields) return Object.fromEntries(type.fields.map((field) => [field.name, write(field, value[field.name])]))
  switch (type.type) {
    case 'JSON': return value
    case 'STRING': return typeof value === 'object' && !(value instanceof Date) ? JSON.stringify(value) : String(value)
    case 'INTEGER': {
      if (typeof value === 'boolean' || (typeof value === 'number' && !Number.isInteger(value)) || String(value).trim() === '')
        throw new TypeError('Failed to coerce output value ' + value + ' to type INT64')
      return typeof value === 'number' ? BigInt(value).toString() : String(value)
    }
    case 'BOOLEAN': return value === true || value === 'true' ? 'true' : 'false'
    case 'DATE': return value instanceof Date ? value.toISOString().slice(0, 10) : String(value)
    case 'TIMESTAMP': return value instanceof Date ? value.toISOString() : String(value)
    case 'DATETIME': return value instanceof Date ? value.toISOString().slice(0, -1) : String(value)
    case 'FLOAT': return Number.isNaN(value) ? 'nan' : value === Infinity ? 'inf' : value === -Infinity ? '-inf' : String(value)
    default: return String(value)
  }
}
`

function shape(type: FieldSchema): unknown {
  return {
    name: type.name,
    type: legacyType(type.type),
    array: isRepeated(type),
    ...(type.fields === undefined ? {} : { fields: type.fields.map(shape) }),
  }
}

function prepare(code: Code): (args: string) => string | null {
  const context = vm.createContext(Object.create(null), { codeGeneration: { strings: false, wasm: false } })
  const limits = { timeout: CALL_MS, filename: 'UDF.js' }
  const types = JSON.stringify(code.types.map(shape))
  const source =
    `${PRELUDE}\nglobalThis.__call = ((types, returns, code) => (text) => {` +
    ` const given = JSON.parse(text, exact); const result = write(returns, code(...types.map((type, i) => read(type, given[i]))));` +
    ` return result === null ? null : JSON.stringify(result) })` +
    `(${types}, ${JSON.stringify(shape(code.returns))}, function (${code.names.join(', ')}) {\n${code.text}\n})`
  vm.runInContext(source, context, limits)
  const call = new vm.Script('__call(__text)', { filename: 'UDF.js' })
  return (text) => {
    Object.assign(context, { __text: text })
    return call.runInContext(context, limits) as string | null
  }
}
