// Types and column definitions as DDL, DECLARE and function headers write them, read as table fields.
import { invalidQuery } from '../wire/api-error.ts'
import { duckdbType, type FieldSchema, legacyType } from '../wire/table-schema.ts'
import { unsupported } from './ast.ts'
import type { Reader } from './reader.ts'
import { anonymousField } from './types.ts'

const KNOWN = new Set([
  ...['STRING', 'BYTES', 'INTEGER', 'FLOAT', 'NUMERIC', 'BIGNUMERIC', 'BOOLEAN', 'DATE', 'TIME', 'DATETIME'],
  ...['TIMESTAMP', 'JSON', 'GEOGRAPHY', 'INTERVAL', 'RANGE'],
])
const INTEGERS = new Set(['INT', 'SMALLINT', 'BIGINT', 'TINYINT', 'BYTEINT'])

/** Options as written: names and expressions. They are evaluated when the statement runs. */
export type OptionTexts = readonly (readonly [name: string, text: string])[]

/** A column with options still to be evaluated, at any depth. */
export interface ReadField extends FieldSchema {
  readonly optionTexts?: OptionTexts
  readonly fields?: readonly ReadField[]
}

export function readType(reader: Reader, name = ''): ReadField {
  const token = reader.peek()
  const word = reader.name().toUpperCase()
  if (word === 'ARRAY') {
    reader.expect('<')
    const element = readType(reader, name)
    reader.expect('>')
    if (element.mode === 'REPEATED') throw invalidQuery('Arrays of arrays are not supported')
    return { ...element, mode: 'REPEATED' }
  }
  if (word === 'STRUCT') {
    const fields: ReadField[] = []
    reader.expect('<')
    if (!reader.sees('>'))
      do fields.push(readMember(reader, fields.length))
      while (reader.takes(','))
    reader.expect('>')
    return { name, type: 'RECORD', fields }
  }
  if (word === 'RANGE') {
    reader.expect('<')
    const { type } = readType(reader)
    reader.expect('>')
    return { name, type: 'RANGE', rangeElementType: { type } }
  }
  const type = INTEGERS.has(word) ? 'INTEGER' : legacyType(word)
  if (!KNOWN.has(type)) throw invalidQuery(`Type not found: ${token.text}`)
  const read: Record<string, string> = {}
  if (reader.sees('(')) {
    const [first = '', second] = reader.list(() => reader.next().text)
    if (/NUMERIC$/.test(type)) {
      read['precision'] = first
      if (second !== undefined) read['scale'] = second
    } else read['maxLength'] = first
  }
  if (reader.takes('COLLATE')) throw unsupported('COLLATE')
  return { name, type, ...read }
}

/** A field of a STRUCT: with a name or without one. */
function readMember(reader: Reader, index: number): ReadField {
  const named =
    /^(word|quoted)$/.test(reader.peek(1).kind) || ['ARRAY', 'STRUCT'].includes(reader.peek(1).upper)
  return named ? readColumn(reader) : readType(reader, anonymousField(index))
}

/** A name, a type and what may follow them. */
export function readColumn(reader: Reader): ReadField {
  const name = reader.name()
  let field: Record<string, unknown> & ReadField = readType(reader, name)
  duckdbType(field)
  for (;;) {
    if (reader.takes('NOT', 'NULL')) {
      if (field.mode === 'REPEATED') throw invalidQuery(`NOT NULL cannot be applied to ARRAY field ${name}`)
      field = { ...field, mode: 'REQUIRED' }
    } else if (reader.takes('DEFAULT'))
      field = { ...field, defaultValueExpression: reader.until(',', 'OPTIONS', 'NOT', '>') }
    else if (reader.sees('OPTIONS')) field = { ...field, optionTexts: readOptions(reader) }
    else if (reader.takes('PRIMARY', 'KEY', 'NOT', 'ENFORCED')) field = { ...field, isPrimaryKey: true }
    else if (reader.takes('REFERENCES')) {
      reader.path()
      reader.parenthesised()
      reader.expect('NOT', 'ENFORCED')
    } else break
  }
  return field.mode === undefined ? { ...field, mode: 'NULLABLE' } : field
}

export function readOptions(reader: Reader): OptionTexts {
  if (!reader.takes('OPTIONS')) return []
  return reader.list(() => {
    const name = reader.name()
    reader.expect('=')
    return [name.toLowerCase(), reader.until(',')] as const
  })
}
