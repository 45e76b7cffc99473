// A result's schema -> a function that reads rows straight from their JSON text.
//
// BigQuery wraps each value, {"f":[{"v":"1"},{"v":null}]}: JSON.parse makes an object of each wrapping, which
// takes longer than all the rest. This reads what BigQuery writes and no more; at anything else it gives up,
// and the rows are parsed. It is generated as text because closures for each field cost several times as much.
import type { JsonObject } from '../contract/document.ts'
import type { TableField } from '../contract/table-schema.ts'
import { type ReadValue, type ValueChoice, valueReader } from './result-values.ts'
import { fieldTypeOf } from './types.ts'

/** Takes rows divided by commas; `undefined` when they are not written as BigQuery writes them. */
export type ScanRows = (text: string) => JsonObject[] | undefined

/** Compiles a schema. Where code must not be generated, the function always gives up. */
export function compileRowScanner(fields: readonly TableField[], choice: ValueChoice): ScanRows {
  const readers: ReadValue[] = []
  const functions: string[] = []
  const row = recordFunction(fields, choice, functions, readers)
  const source = `'use strict'\n${common}\n${functions.join('\n')}\n${scanning(row)}`
  try {
    return new Function('readers', source)(readers)
  } catch (thrown) {
    if (thrown instanceof EvalError) return () => undefined
    throw thrown
  }
}

// `t` is the text, `p` the place in it, `b` the place of the next backslash.
const common = `
  const unusual = {}
  let t = '', p = 0, b = 0
  function nextBackslash() {
    b = t.indexOf('\\\\', p)
    if (b === -1) b = t.length
  }
  function expect(code) {
    if (t.charCodeAt(p) !== code) throw unusual
    p++
  }
  function openCell() {
    if (t.charCodeAt(p) !== 123 || t.charCodeAt(p + 1) !== 34 || t.charCodeAt(p + 2) !== 118 ||
        t.charCodeAt(p + 3) !== 34 || t.charCodeAt(p + 4) !== 58) throw unusual
    p += 5
  }
  function openRecord() {
    if (!t.startsWith('{"f":[', p)) throw unusual
    p += 6
  }
  function isNull() {
    if (t.charCodeAt(p) !== 110) return false
    if (!t.startsWith('null', p)) throw unusual
    p += 4
    return true
  }
  function string() {
    if (t.charCodeAt(p) !== 34) throw unusual
    const end = t.indexOf('"', p + 1)
    if (end === -1 || b < end) return escaped()
    const s = t.slice(p + 1, end)
    p = end + 1
    return s
  }
  function escaped() {
    let end = p
    for (;;) {
      end = t.indexOf('"', end + 1)
      if (end === -1) throw unusual
      let at = end
      while (t.charCodeAt(at - 1) === 92) at--
      if ((end - at) % 2 === 0) break
    }
    const s = JSON.parse(t.slice(p, end + 1))
    p = end + 1
    nextBackslash()
    return s
  }`

const scanning = (row: string): string => `return (text) => {
  t = text
  p = 0
  nextBackslash()
  const rows = []
  try {
    for (;;) {
      rows.push(${row}())
      if (p === t.length) return rows
      expect(44)
    }
  } catch {
    // Whatever is wrong, the parser tells.
    return undefined
  } finally {
    t = ''
  }
}`

/** Adds a function for a record, and gives its name. */
function recordFunction(
  fields: readonly TableField[],
  choice: ValueChoice,
  functions: string[],
  readers: ReadValue[],
): string {
  const cells = fields.map((field, at) => {
    const value = valueExpression(field, choice, functions, readers)
    const orNull = `isNull() ? null : ${value}`
    const read = field.mode === 'REPEATED' ? `${listFunction(orNull, functions)}()` : orNull
    return `${at > 0 ? 'expect(44); ' : ''}openCell(); const v${at} = ${read}; expect(125)`
  })
  const name = `record${functions.length}`
  // That one name would set the prototype; brackets for all of them would cost most of the speed.
  const members = fields.map(({ name: key }, at) =>
    key === '__proto__' ? `['__proto__']: v${at}` : `${JSON.stringify(key)}: v${at}`,
  )
  functions.push(`function ${name}() {
    openRecord()
    ${cells.join('\n    ')}
    expect(93)
    expect(125)
    return { ${members.join(', ')} }
  }`)
  return name
}

function listFunction(orNull: string, functions: string[]): string {
  const name = `list${functions.length}`
  functions.push(`function ${name}() {
    if (isNull()) return []
    expect(91)
    const values = []
    if (t.charCodeAt(p) === 93) {
      p++
      return values
    }
    for (;;) {
      openCell()
      values.push(${orNull})
      expect(125)
      if (t.charCodeAt(p) !== 44) break
      p++
    }
    expect(93)
    return values
  }`)
  return name
}

function valueExpression(
  field: TableField,
  choice: ValueChoice,
  functions: string[],
  readers: ReadValue[],
): string {
  if (fieldTypeOf(field.type) === 'STRUCT') {
    return `${recordFunction(field.fields ?? [], choice, functions, readers)}()`
  }
  const read = valueReader(field, choice)
  return read === undefined ? 'string()' : `readers[${readers.push(read) - 1}](string())`
}
