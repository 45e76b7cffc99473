// INTERVAL expressions: a number and a part, or a text that gives several parts.
import { invalidQuery } from '../../wire/api-error.ts'
import { type Ast, bodyOf, child, kindOf, unsupported } from '../ast.ts'
import { INTERVAL_UNITS, readInterval } from '../native/interval-functions.ts'
import type { Scope } from '../scope.ts'
import { coerceTo, INT64, scalar, type Typed, typed } from '../typing.ts'
import type { Writer } from '../writer.ts'

const UNITS: Readonly<Record<string, (count: string) => string>> = {
  MICROSECOND: (n) => `to_microseconds(${n})`,
  MILLISECOND: (n) => `to_microseconds(1000 * ${n})`,
  SECOND: (n) => `to_microseconds(1000000 * ${n})`,
  MINUTE: (n) => `to_minutes(${n})`,
  HOUR: (n) => `to_hours(${n})`,
  DAY: (n) => `to_days(CAST(${n} AS INTEGER))`,
  WEEK: (n) => `to_days(CAST(7 * ${n} AS INTEGER))`,
  MONTH: (n) => `to_months(CAST(${n} AS INTEGER))`,
  QUARTER: (n) => `to_months(CAST(3 * ${n} AS INTEGER))`,
  YEAR: (n) => `to_months(CAST(12 * ${n} AS INTEGER))`,
}

/** The one part an INTERVAL is counted in. */
export function unitOf(node: Ast): string {
  return String(child(bodyOf(node), 'unit')?.['unit']).toUpperCase()
}

/** An INTERVAL; with a list of allowed units, only one of those. */
export function interval(write: Writer, scope: Scope, node: Ast, allowed?: readonly string[]): Typed {
  const body = bodyOf(node)
  const unit = child(body, 'unit')
  const count = child(body, 'this') ?? {}
  const text = kindOf(count) === 'literal' ? String(bodyOf(count)['value']) : undefined
  if (unit?.['type'] === 'span' && text !== undefined && allowed === undefined)
    return typed(fromText(text, String(unit['this']), String(unit['expression'])), scalar('INTERVAL'))
  if (unit?.['type'] !== 'simple') throw unsupported('this form of INTERVAL')
  const name = unitOf(node)
  const make = UNITS[name]
  if (make === undefined || (allowed !== undefined && !allowed.includes(name)))
    throw invalidQuery(`The ${name} date part is not supported here`)
  if (text !== undefined) {
    if (/^-?\d+$/.test(text)) return typed(make(`CAST(${text} AS BIGINT)`), scalar('INTERVAL'))
    if (name === 'SECOND' && /^-?\d+\.\d{1,6}$/.test(text))
      return typed(`to_microseconds(${Math.round(Number(text) * 1e6)})`, scalar('INTERVAL'))
    throw invalidQuery(`Invalid INTERVAL value '${text}'`)
  }
  const number = coerceTo(write.typed(count, scope), INT64, 'INTERVAL')
  return typed(make(number), scalar('INTERVAL'))
}

function fromText(text: string, first: string, last: string): string {
  const [from, to] = [first, last].map((name) => INTERVAL_UNITS.indexOf(name.toUpperCase()))
  if (from === undefined || to === undefined || from < 0 || to <= from)
    throw unsupported(`INTERVAL ${first} TO ${last}`)
  const parts = readInterval(text, from, to)
  if (parts === undefined) throw invalidQuery(`Invalid INTERVAL value '${text}'`)
  return `(to_months(${parts[0]}) + to_days(${parts[1]}) + to_microseconds(${parts[2]}))`
}
