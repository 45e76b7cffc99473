// Date and time functions that take a unit: *_ADD, *_SUB, *_DIFF, *_TRUNC, EXTRACT, and formats.
import { invalidQuery } from '../../wire/api-error.ts'
import { quoteText } from '../../wire/table-schema.ts'
import { type Ast, bodyOf, child, children, kindOf, nameOf, only, unsupported } from '../ast.ts'
import type { Scope } from '../scope.ts'
import type { Writer } from '../writer.ts'

const FAMILY = /^(DATE|DATETIME|TIMESTAMP|TIME)_(ADD|SUB|DIFF|TRUNC)$/
const DUCKDB_TYPES: Readonly<Record<string, string>> = {
  DATE: 'DATE',
  DATETIME: 'TIMESTAMP',
  TIMESTAMP: 'TIMESTAMPTZ',
  TIME: 'TIME',
}
const INTERVALS: Readonly<Record<string, (count: string) => string>> = {
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
const MICROSECONDS: Readonly<Record<string, string>> = {
  MICROSECOND: '1',
  MILLISECOND: '1000',
  SECOND: '1000000',
  MINUTE: '60000000',
  HOUR: '3600000000',
  DAY: '86400000000',
}
const CLOCK_UNITS = ['MICROSECOND', 'MILLISECOND', 'SECOND', 'MINUTE', 'HOUR']
const CALENDAR_UNITS = ['DAY', 'WEEK', 'ISOWEEK', 'MONTH', 'QUARTER', 'YEAR', 'ISOYEAR']
const WEEKDAYS = ['MONDAY', 'TUESDAY', 'WEDNESDAY', 'THURSDAY', 'FRIDAY', 'SATURDAY', 'SUNDAY']

/** Writes a call of this family; undefined when the name is of another. */
export function dateCall(
  write: Writer,
  scope: Scope,
  name: string,
  args: readonly Ast[],
): string | undefined {
  const [, type = '', action = ''] = FAMILY.exec(name) ?? []
  if (type === '') return formatCall(write, scope, name, args)
  const target = DUCKDB_TYPES[type] ?? ''
  const [first, second, third] = args
  if (first === undefined || second === undefined)
    throw invalidQuery(`No matching signature for function ${name}`)
  const value = `CAST(${write.expression(first, scope)} AS ${target})`
  if (action === 'ADD' || action === 'SUB') {
    if (args.length !== 2 || kindOf(second) !== 'interval') throw invalidQuery(`${name} needs an INTERVAL`)
    const step = interval(write, scope, second, allowedSteps(type))
    return `CAST(${value} ${action === 'ADD' ? '+' : '-'} ${step} AS ${target})`
  }
  if (action === 'TRUNC') {
    const unit = unitOf(second)
    const allowed =
      type === 'DATE' ? CALENDAR_UNITS : type === 'TIME' ? CLOCK_UNITS : [...CLOCK_UNITS, ...CALENDAR_UNITS]
    if (!allowed.includes(unit.name))
      throw invalidQuery(`${name} does not support the ${unit.name} date part`)
    if (third === undefined) return `CAST(${truncate(value, unit)} AS ${target})`
    if (type !== 'TIMESTAMP') throw invalidQuery(`No matching signature for function ${name}`)
    const zone = write.expression(third, scope)
    return `timezone(${zone}, ${truncate(`timezone(${zone}, ${value})`, unit)})`
  }
  if (third === undefined || args.length !== 3) throw invalidQuery(`${name} needs a date part`)
  const other = `CAST(${write.expression(second, scope)} AS ${target})`
  const unit = unitOf(third)
  if (type === 'TIMESTAMP') {
    const size = MICROSECONDS[unit.name]
    if (size === undefined) throw invalidQuery(`TIMESTAMP_DIFF does not support the ${unit.name} date part`)
    return `((epoch_us(${value}) - epoch_us(${other})) // ${size})`
  }
  const shift = unit.name === 'WEEK' ? ` + to_days(${7 - unit.weekday})` : ''
  const unitName = unit.name === 'ISOWEEK' ? 'week' : unit.name.toLowerCase()
  return `date_diff(${quoteText(unitName)}, ${other}${shift}, ${value}${shift})`
}

function allowedSteps(type: string): readonly string[] {
  if (type === 'DATE') return ['DAY', 'WEEK', 'MONTH', 'QUARTER', 'YEAR']
  if (type === 'TIME') return CLOCK_UNITS
  if (type === 'TIMESTAMP') return [...CLOCK_UNITS, 'DAY']
  return Object.keys(INTERVALS)
}

/** An INTERVAL of one unit; without a list of allowed units any will do. */
export function interval(
  write: Writer,
  scope: Scope,
  node: Ast,
  allowed: readonly string[] = Object.keys(INTERVALS),
): string {
  const body = bodyOf(node)
  const unit = child(body, 'unit')
  if (unit?.['type'] !== 'simple') throw unsupported('INTERVAL with more than one date part')
  const name = String(unit['unit']).toUpperCase()
  const make = INTERVALS[name]
  if (make === undefined || !allowed.includes(name))
    throw invalidQuery(`The ${name} date part is not supported here`)
  const count = child(body, 'this') ?? {}
  const literal = kindOf(count) === 'literal' ? String(bodyOf(count)['value']) : undefined
  if (literal !== undefined && /^-?\d+$/.test(literal)) return make(`CAST(${literal} AS BIGINT)`)
  if (literal !== undefined) throw unsupported(`INTERVAL '${literal}'`)
  return make(`CAST(${write.expression(count, scope)} AS BIGINT)`)
}

interface Unit {
  readonly name: string
  /** For WEEK: how many days after Monday the week starts; plain WEEK starts on Sunday. */
  readonly weekday: number
}

function unitOf(node: Ast): Unit {
  const body = bodyOf(node)
  if (kindOf(node) === 'var') return { name: String(body['this']).toUpperCase(), weekday: 6 }
  if (kindOf(node) === 'column') return { name: nameOf(body['name']).toUpperCase(), weekday: 6 }
  if (kindOf(node) === 'function' && nameOf(body).toUpperCase() === 'WEEK') {
    const day = unitOf(children(body, 'args')[0] ?? {}).name
    if (WEEKDAYS.includes(day)) return { name: 'WEEK', weekday: WEEKDAYS.indexOf(day) }
  }
  throw unsupported('this date part')
}

function truncate(value: string, unit: Unit): string {
  if (unit.name === 'ISOWEEK') return `date_trunc('week', ${value})`
  if (unit.name === 'ISOYEAR') throw unsupported('the ISOYEAR date part')
  if (unit.name !== 'WEEK') return `date_trunc('${unit.name.toLowerCase()}', ${value})`
  const shift = `to_days(${unit.weekday})`
  return `(date_trunc('week', ${value} - ${shift}) + ${shift})`
}

const PARTS: Readonly<Record<string, (value: string) => string>> = {
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
  WEEK: (v) => `CAST(strftime(${v}, '%U') AS BIGINT)`,
  DATE: (v) => `CAST(${v} AS DATE)`,
  TIME: (v) => `CAST(${v} AS TIME)`,
  DATETIME: (v) => `CAST(${v} AS TIMESTAMP)`,
}

export function extract(write: Writer, scope: Scope, body: Ast): string {
  only('EXTRACT', body, 'this', 'field')
  const field = body['field']
  const name = (
    typeof field === 'string' ? field : String((field as Ast | null)?.['Custom'] ?? '')
  ).toUpperCase()
  const part = PARTS[name]
  if (part === undefined) throw unsupported(`EXTRACT of ${name || 'this part'}`)
  const from = child(body, 'this') ?? {}
  if (kindOf(from) !== 'at_time_zone') return part(write.expression(from, scope))
  const zoned = bodyOf(from)
  const value = write.expression(child(zoned, 'this') ?? {}, scope)
  return part(
    `timezone(${write.expression(child(zoned, 'zone') ?? {}, scope)}, CAST(${value} AS TIMESTAMPTZ))`,
  )
}

const FORMATS = /^(FORMAT|PARSE)_(DATE|DATETIME|TIMESTAMP)$/
const ELEMENTS: Readonly<Record<string, string>> = { F: '%Y-%m-%d', T: '%H:%M:%S', R: '%H:%M', D: '%m/%d/%y' }

function formatCall(write: Writer, scope: Scope, name: string, args: readonly Ast[]): string | undefined {
  const [, action = '', type = ''] = FORMATS.exec(name) ?? []
  if (action === '') return undefined
  const [format, value] = args
  if (format === undefined || value === undefined || args.length !== 2)
    throw unsupported(`this form of ${name}`)
  const pattern = quoteText(formatText(name, format))
  const written = write.expression(value, scope)
  const target = DUCKDB_TYPES[type] ?? ''
  if (action === 'FORMAT') return `strftime(CAST(${written} AS ${target}), ${pattern})`
  return `CAST(strptime(${written}, ${pattern}) AS ${target})`
}

function formatText(name: string, node: Ast): string {
  const body = bodyOf(node)
  if (kindOf(node) !== 'literal' || body['literal_type'] !== 'string')
    throw unsupported(`${name} with a computed format`)
  return String(body['value']).replace(/%(E\dS|E\*S|.)/g, (element, letter: string) => {
    const longer = ELEMENTS[letter]
    if (longer !== undefined) return longer
    if (letter === 'E6S' || letter === 'E*S') return letter === 'E6S' ? '%S.%f' : fail(name, element)
    return /^[YymdHMSbBaAjpI%]$/.test(letter) ? element : fail(name, element)
  })
}

function fail(name: string, element: string): never {
  throw unsupported(`format element ${element} in ${name}`)
}
