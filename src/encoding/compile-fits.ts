// A table's schema -> a function that is quick to say yes: this row can be sent as it is.
//
// It says no to everything that is unusual, right or wrong; the row encoder then looks closely. It is
// generated as text, as ajv does, because closures for each field cost five times as much: the engine
// cannot look through them.
import type { TableField } from '../contract/table-schema.ts'
import { plainDate, plainTimestamp } from './calendar.ts'
import { type ScalarEncoder, scalarEncoder } from './scalars.ts'
import { type FieldType, fieldTypeOf } from './types.ts'

export type Fits = (row: object) => boolean

/** Texts that need no closer look. */
export const patterns: Readonly<
  Record<'plainDate' | 'plainInteger' | 'plainNumeric' | 'plainTimestamp', RegExp>
> = {
  plainDate,
  plainTimestamp,
  plainInteger: /^-?\d{1,18}$/,
  plainNumeric: /^-?\d{1,29}(\.\d{1,9})?$/,
}

// Conditions on `v`, each no wider than what the encoder of that type takes as it is.
const conditions: Readonly<Partial<Record<FieldType, (field: TableField) => string | undefined>>> = {
  STRING: ({ maxLength }) => (maxLength === undefined ? "typeof v === 'string'" : undefined),
  INT64: () => "Number.isSafeInteger(v) || (typeof v === 'string' && p.plainInteger.test(v))",
  FLOAT64: () => "typeof v === 'number' && Number.isFinite(v)",
  NUMERIC: ({ precision }) =>
    precision === undefined
      ? "Number.isSafeInteger(v) || (typeof v === 'string' && p.plainNumeric.test(v))"
      : undefined,
  BOOL: () => 'v === true || v === false',
  DATE: () => "typeof v === 'string' && p.plainDate.test(v)",
  TIMESTAMP: () => "typeof v === 'string' && p.plainTimestamp.test(v)",
}

/** Compiles a schema. Where code must not be generated, the function always says no. */
export function compileFits(fields: readonly TableField[]): Fits {
  const encoders: ScalarEncoder[] = []
  const functions: string[] = []
  const root = recordFunction(fields, functions, encoders)
  try {
    return new Function('p', 'e', `'use strict'\n${functions.join('\n')}\nreturn ${root}`)(patterns, encoders)
  } catch (thrown) {
    if (thrown instanceof EvalError) return () => false
    throw thrown
  }
}

/** Adds a function for a record, and gives its name. */
function recordFunction(
  fields: readonly TableField[],
  functions: string[],
  encoders: ScalarEncoder[],
): string {
  const checks = fields.map((field) => {
    const condition = conditionOf(field, functions, encoders)
    const refuse = `if (!(${condition})) return false`
    const check =
      field.mode === 'REPEATED'
        ? `if (!Array.isArray(a)) return false; for (let i = 0; i < a.length; i++) { const v = a[i]; ${refuse} }`
        : `if (a !== null) { const v = a; ${refuse} }${field.mode === 'REQUIRED' ? ' else return false' : ''}`
    const isNeeded = field.mode === 'REQUIRED' && !field.defaultValueExpression
    return `a = r[${JSON.stringify(field.name)}]; if (a !== undefined) { n++; ${check} }${isNeeded ? ' else return false' : ''}`
  })
  const name = `record${functions.length}`
  // Keys that are no field, or that are spelt differently, make the two counts differ.
  functions.push(`function ${name}(r) {
    if (Object.getPrototypeOf(r) !== Object.prototype) return false
    let n = 0, a
    ${checks.join('\n    ')}
    let m = 0
    for (const _ in r) m++
    return n === m
  }`)
  return name
}

function conditionOf(field: TableField, functions: string[], encoders: ScalarEncoder[]): string {
  const type = fieldTypeOf(field.type)
  if (type === 'STRUCT') {
    const record = recordFunction(field.fields ?? [], functions, encoders)
    return `typeof v === 'object' && v !== null && ${record}(v)`
  }
  const condition = conditions[type]?.(field)
  if (condition !== undefined) return condition
  // Any other type: its own encoder, which gives back what needs no rewriting.
  const encode = `e[${encoders.push(scalarEncoder(field)) - 1}]`
  return `v !== null && v !== undefined && ${encode}(v) === v`
}
