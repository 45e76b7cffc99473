// Guesses a schema from the first records of a file, as `autodetect` asks.
import type { FieldSchema, TableSchema } from '../wire/table-schema.ts'
import type { CsvRecord } from './read-csv.ts'

/** How many records are looked at; the service samples up to 500. */
export const SAMPLE_RECORDS = 500

const PATTERNS: readonly (readonly [type: string, pattern: RegExp])[] = [
  ['BOOLEAN', /^(true|false)$/i],
  ['INTEGER', /^[+-]?\d{1,18}$/],
  ['FLOAT', /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$|^[+-]?(inf|infinity|nan)$/i],
  ['DATE', /^\d{4}-\d{1,2}-\d{1,2}$/],
  ['TIME', /^\d{1,2}:\d{2}:\d{2}(\.\d{1,6})?$/],
  ['DATETIME', /^\d{4}-\d{1,2}-\d{1,2}T\d{1,2}:\d{2}(:\d{2}(\.\d{1,6})?)?$/],
  [
    'TIMESTAMP',
    /^\d{4}-\d{1,2}-\d{1,2}[ T]\d{1,2}:\d{2}(:\d{2}(\.\d{1,9})?)? ?(UTC|Z|[+-]\d{1,2}(:?\d{2})?)?$/,
  ],
]

function typeOfText(text: string): string {
  return PATTERNS.find(([, pattern]) => pattern.test(text))?.[0] ?? 'STRING'
}

/** The type that holds values of both types. */
function widen(a: string | undefined, b: string): string {
  if (a === undefined || a === b) return b
  const pair = [a, b].sort().join()
  if (pair === 'FLOAT,INTEGER') return 'FLOAT'
  if (pair === 'DATE,TIMESTAMP' || pair === 'DATETIME,TIMESTAMP') return 'TIMESTAMP'
  return 'STRING'
}

function columnName(text: string, position: number, type: string, taken: Set<string>): string {
  const cleaned = text.trim().replace(/[^A-Za-z0-9_]/g, '_')
  const base =
    cleaned === ''
      ? `${type === 'INTEGER' ? 'int64' : type === 'FLOAT' ? 'double' : type.toLowerCase()}_field_${position}`
      : /^\d/.test(cleaned)
        ? `_${cleaned}`
        : cleaned
  let name = base
  for (let i = 1; taken.has(name.toLowerCase()); i++) name = `${base}_${i}`
  taken.add(name.toLowerCase())
  return name
}

export interface DetectedCsv {
  readonly schema: TableSchema
  /** The first record holds the columns' names. */
  readonly hasHeader: boolean
}

/** `header` says whether the first record may hold names: it does when it is the only one that is all text. */
export function detectCsv(records: readonly CsvRecord[], header: 'maybe' | 'no'): DetectedCsv {
  const [first, ...rest] = records
  const width = Math.max(0, ...records.map((record) => record.fields.length))
  const typeOf = (among: readonly CsvRecord[], i: number): string | undefined =>
    among.reduce<string | undefined>((type, { fields }) => {
      const text = fields[i]?.text ?? ''
      return text === '' ? type : widen(type, typeOfText(text))
    }, undefined)
  const columns = Array.from({ length: width }, (_, i) => i)
  const isText =
    first?.fields.every((field) => typeOfText(field.text) === 'STRING' && field.text !== '') ?? false
  const hasHeader =
    header === 'maybe' && isText && columns.some((i) => (typeOf(rest, i) ?? 'STRING') !== 'STRING')
  const taken = new Set<string>()
  const fields = columns.map((i): FieldSchema => {
    const type = typeOf(hasHeader ? rest : records, i) ?? 'STRING'
    const label = hasHeader ? (first?.fields[i]?.text ?? '') : ''
    return { name: columnName(label, i, type, taken), type, mode: 'NULLABLE' }
  })
  return { schema: { fields }, hasHeader }
}

interface Shape {
  type: string | undefined
  repeated: boolean
  fields: Map<string, Shape>
}

/** Columns come out last seen first, which is the order the service gives them. */
export function detectJson(rows: readonly object[]): TableSchema {
  const root = newShape()
  for (const row of rows) learnObject(root, row)
  return { fields: fieldsOf(root) }
}

function newShape(): Shape {
  return { type: undefined, repeated: false, fields: new Map() }
}

function learnObject(shape: Shape, row: object): void {
  for (const [key, value] of Object.entries(row)) {
    const child = shape.fields.get(key) ?? newShape()
    shape.fields.set(key, child)
    learn(child, value)
  }
}

function learn(shape: Shape, value: unknown): void {
  if (value === null) return
  if (Array.isArray(value)) {
    shape.repeated = true
    for (const item of value) learn(shape, item)
  } else if (typeof value === 'object') {
    shape.type = 'RECORD'
    learnObject(shape, value)
  } else shape.type = widen(shape.type, typeOfValue(value))
}

function typeOfValue(value: unknown): string {
  if (typeof value === 'boolean') return 'BOOLEAN'
  if (typeof value === 'number') return Number.isInteger(value) ? 'INTEGER' : 'FLOAT'
  return typeOfText(String(value))
}

function fieldsOf(shape: Shape): FieldSchema[] {
  return [...shape.fields]
    .map(([name, child]): FieldSchema => {
      const mode = child.repeated ? 'REPEATED' : 'NULLABLE'
      const type = child.type === 'RECORD' && child.fields.size === 0 ? 'STRING' : (child.type ?? 'STRING')
      return type === 'RECORD' ? { name, type, mode, fields: fieldsOf(child) } : { name, type, mode }
    })
    .reverse()
}
