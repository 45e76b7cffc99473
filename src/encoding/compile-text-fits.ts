// A table's schema -> a function that is quick to say yes to the JSON text of a row: it can be sent as it is.
//
// It is one regular expression for the whole row, which costs a quarter of parsing it. It says no to all that
// is unusual, right or wrong: fields in another order than the table's, escapes by number, spaces in other
// places than behind a comma or a colon. Such a text is parsed and looked at closely. Each step of the
// expression can go on in one way only, so that a no comes quickly too.
import type { TableField } from '../contract/table-schema.ts'
import { patterns } from './compile-fits.ts'
import { type FieldType, fieldTypeOf } from './types.ts'

export type TextFits = (text: string) => boolean

/** Characters of a text at most: the longer ones cost memory to match. */
const maxLength = 64 * 1024
/** Fields at most, those of records included: larger expressions are slow, and very large ones do not compile. */
const maxFields = 300
/** Texts said no to, less those said yes to, after which there is no point in asking on. */
const maxDoubts = 200

const quoted = (pattern: RegExp): string => `"${pattern.source.slice(1, -1).replace(/\((?!\?)/g, '(?:')}"`
const wholeNumber = String.raw`-?(?:0|[1-9]\d{0,14})`
const never = '(?!)'

// Each no wider than the condition that compile-fits has for the type.
const values: Readonly<Partial<Record<FieldType, (field: TableField) => string>>> = {
  STRING: (field) =>
    field.maxLength === undefined
      ? String.raw`"[^"\\\u0000-\u001f]*(?:\\["\\/bfnrt][^"\\\u0000-\u001f]*)*"`
      : never,
  INT64: () => `(?:${wholeNumber}|${quoted(patterns.plainInteger)})`,
  FLOAT64: () => String.raw`-?(?:0|[1-9]\d{0,99})(?:\.\d{1,99})?(?:[eE][+-]?\d\d?)?`,
  NUMERIC: (field) =>
    field.precision === undefined ? `(?:${wholeNumber}|${quoted(patterns.plainNumeric)})` : never,
  BOOL: () => '(?:true|false)',
  DATE: () => quoted(patterns.plainDate),
  TIMESTAMP: () => quoted(patterns.plainTimestamp),
  STRUCT: ({ fields = [] }) => record(fields),
}

export function compileTextFits(fields: readonly TableField[]): TextFits {
  if (count(fields) > maxFields) return () => false
  const row = new RegExp(`^${record(fields)}$`)
  let doubts = 0
  return (text) => {
    if (doubts > maxDoubts || text.length > maxLength) return false
    const fits = row.test(text)
    if (!fits) doubts += 1
    else if (doubts > 0) doubts -= 1
    return fits
  }
}

function record(fields: readonly TableField[]): string {
  return `\\{${fields.map(pair).join('')}\\}`
}

/** A name with its value, and the comma behind it unless the record ends. */
function pair(field: TableField): string {
  const name = JSON.stringify(field.name).replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&')
  const given = `${name}: ?${value(field)}(?:, ?(?=")|(?=\\}))`
  const isNeeded = field.mode === 'REQUIRED' && !field.defaultValueExpression
  return isNeeded ? given : `(?:${given}|(?!${name}))`
}

function value(field: TableField): string {
  const one = values[fieldTypeOf(field.type)]?.(field) ?? never
  if (field.mode === 'REPEATED') return `\\[(?:${one}(?:, ?(?!\\])|(?=\\])))*\\]`
  return field.mode === 'REQUIRED' ? one : `(?:${one}|null)`
}

function count(fields: readonly TableField[]): number {
  return fields.reduce((sum, { fields: below = [] }) => sum + 1 + count(below), 0)
}
