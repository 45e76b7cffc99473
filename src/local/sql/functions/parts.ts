// Date parts: which there are, how they are read from the tree, and values cut down to them.
import { type Ast, bodyOf, children, kindOf, nameOf, unsupported } from '../ast.ts'

export const CLOCK_PARTS: readonly string[] = ['MICROSECOND', 'MILLISECOND', 'SECOND', 'MINUTE', 'HOUR']
export const CALENDAR_PARTS: readonly string[] = [
  'DAY',
  'WEEK',
  'ISOWEEK',
  'MONTH',
  'QUARTER',
  'YEAR',
  'ISOYEAR',
]
const WEEKDAYS = ['MONDAY', 'TUESDAY', 'WEDNESDAY', 'THURSDAY', 'FRIDAY', 'SATURDAY', 'SUNDAY']

export interface Part {
  readonly name: string
  /** For WEEK: how many days after Monday the week starts; plain WEEK starts on Sunday. */
  readonly weekday: number
}

export function part(name: string, weekday = 'SUNDAY'): Part {
  const at = WEEKDAYS.indexOf(weekday.toUpperCase())
  if (at < 0) throw unsupported(`the weekday ${weekday}`)
  return { name: name.toUpperCase(), weekday: at }
}

export function partOf(node: Ast): Part {
  const body = bodyOf(node)
  if (kindOf(node) === 'var') return part(String(body['this']))
  if (kindOf(node) === 'column') return part(nameOf(body['name']))
  if (kindOf(node) === 'function' && nameOf(body).toUpperCase() === 'WEEK')
    return part('WEEK', partOf(children(body, 'args')[0] ?? {}).name)
  throw unsupported('this date part')
}

/** The start of the part a DATE, DATETIME or TIME lies in. */
export function truncate(value: string, { name, weekday }: Part): string {
  if (name === 'ISOWEEK') return `date_trunc('week', ${value})`
  if (name === 'ISOYEAR') return `date_trunc('week', make_date(isoyear(${value}), 1, 4))`
  if (name !== 'WEEK') return `date_trunc('${name.toLowerCase()}', ${value})`
  const shift = `to_days(${weekday})`
  return `(date_trunc('week', ${value} - ${shift}) + ${shift})`
}

/** The part of a value as a number. */
export const PARTS: Readonly<Record<string, (value: string) => string>> = {
  YEAR: (v) => `year(${v})`,
  QUARTER: (v) => `quarter(${v})`,
  MONTH: (v) => `month(${v})`,
  DAY: (v) => `day(${v})`,
  HOUR: (v) => `hour(${v})`,
  MINUTE: (v) => `minute(${v})`,
  SECOND: (v) => `second(${v})`,
  MILLISECOND: (v) => `(millisecond(${v}) % 1000)`,
  MICROSECOND: (v) => `(microsecond(${v}) % 1000000)`,
  DAYOFWEEK: (v) => `(dayofweek(${v}) + 1)`,
  DAYOFYEAR: (v) => `dayofyear(${v})`,
  ISOWEEK: (v) => `week(${v})`,
  ISOYEAR: (v) => `isoyear(${v})`,
}
