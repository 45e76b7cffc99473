// INTERVAL expressions: a number and a part, or a text that gives several parts.
import { invalidQuery } from '../../wire/api-error.ts'
import { type Ast, bodyOf, child, kindOf, unsupported } from '../ast.ts'
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

/** The units of an interval text in order, each with what stands before it and its size in months, days or microseconds. */
const TEXT_UNITS = [
  ['YEAR', '', 12],
  ['MONTH', '-', 1],
  ['DAY', ' ', 1],
  ['HOUR', ' ', 3_600_000_000],
  ['MINUTE', ':', 60_000_000],
  ['SECOND', ':', 1_000_000],
] as const

/** An INTERVAL; with a list of allowed units, only one of those. */
export function interval(write: Writer, scope: Scope, node: Ast, allowed?: readonly string[]): Typed {
  const body = bodyOf(node)
  const unit = child(body, 'unit')
  const count = child(body, 'this') ?? {}
  const text = kindOf(count) === 'literal' ? String(bodyOf(count)['value']) : undefined
  if (unit?.['type'] === 'span' && text !== undefined && allowed === undefined)
    return typed(fromText(text, String(unit['this']), String(unit['expression'])), scalar('INTERVAL'))
  if (unit?.['type'] !== 'simple') throw unsupported('this form of INTERVAL')
  const name = String(unit['unit']).toUpperCase()
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
  const names = TEXT_UNITS.map(([name]) => name as string)
  const [from, to] = [names.indexOf(first.toUpperCase()), names.indexOf(last.toUpperCase())]
  if (from < 0 || to <= from) throw unsupported(`INTERVAL ${first} TO ${last}`)
  const amounts = [0, 0, 0]
  let rest = text
  let sign = 1
  for (let i = from; i <= to; i++) {
    const [, separator, size] = TEXT_UNITS[i] as (typeof TEXT_UNITS)[number]
    const starts = i === from || separator === ' '
    if (i > from) {
      if (!rest.startsWith(separator)) throw invalidQuery(`Invalid INTERVAL value '${text}'`)
      rest = rest.slice(1)
    }
    const match = (starts ? /^([+-]?)(\d+)/ : /^()(\d+)/).exec(rest)
    if (match === null) throw invalidQuery(`Invalid INTERVAL value '${text}'`)
    if (starts) sign = match[1] === '-' ? -1 : 1
    rest = rest.slice(match[0].length)
    const kind = i < 2 ? 0 : i === 2 ? 1 : 2
    amounts[kind] = (amounts[kind] ?? 0) + sign * Number(match[2]) * size
  }
  const fraction = to === 5 ? /^\.(\d{1,6})$/.exec(rest) : null
  if (fraction !== null) amounts[2] = (amounts[2] ?? 0) + sign * Number((fraction[1] ?? '').padEnd(6, '0'))
  else if (rest !== '') throw invalidQuery(`Invalid INTERVAL value '${text}'`)
  return `(to_months(${amounts[0]}) + to_days(${amounts[1]}) + to_microseconds(${amounts[2]}))`
}
