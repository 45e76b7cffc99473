// Date and time functions that take a part: *_ADD, *_SUB, *_DIFF, *_TRUNC, LAST_DAY, EXTRACT, and arrays of dates.
import { invalidQuery } from '../../wire/api-error.ts'
import { quoteText } from '../../wire/table-schema.ts'
import { type Ast, bodyOf, child, kindOf, only, unsupported } from '../ast.ts'
import type { Scope } from '../scope.ts'
import {
  arrayOf,
  coerce,
  coerceTo,
  INT64,
  kindOfType,
  STRING,
  scalar,
  type Type,
  type Typed,
  typed,
  typeName,
} from '../typing.ts'
import type { Writer } from '../writer.ts'
import { interval, unitOf } from './interval.ts'
import { CALENDAR_PARTS, CLOCK_PARTS, PARTS, type Part, part, partOf, truncate } from './parts.ts'

const FAMILY = /^(DATE|DATETIME|TIMESTAMP|TIME)_(ADD|SUB|DIFF|TRUNC)$/
const ARRAYS = /^GENERATE_(DATE|TIMESTAMP)_ARRAY$/
/** The parts by which a type goes on. */
export const STEPS: Readonly<Record<string, readonly string[]>> = {
  DATE: ['DAY', 'WEEK', 'MONTH', 'QUARTER', 'YEAR'],
  TIME: CLOCK_PARTS,
  TIMESTAMP: [...CLOCK_PARTS, 'DAY'],
  DATETIME: [...CLOCK_PARTS, 'DAY', 'WEEK', 'MONTH', 'QUARTER', 'YEAR'],
}
export const MONTHS: readonly string[] = ['MONTH', 'QUARTER', 'YEAR']
const MICROSECONDS: Readonly<Record<string, string>> = {
  MICROSECOND: '1',
  MILLISECOND: '1000',
  SECOND: '1000000',
  MINUTE: '60000000',
  HOUR: '3600000000',
  DAY: '86400000000',
}
const DUCKDB: Readonly<Record<string, string>> = {
  DATE: 'DATE',
  DATETIME: 'TIMESTAMP',
  TIMESTAMP: 'TIMESTAMPTZ',
  TIME: 'TIME',
}

export function isDateCall(name: string): boolean {
  return FAMILY.test(name) || ARRAYS.test(name) || name === 'LAST_DAY'
}

/** Writes a call of this family; undefined when the name is of another. */
export function dateCall(write: Writer, scope: Scope, name: string, args: readonly Ast[]): Typed | undefined {
  const array = ARRAYS.exec(name)
  if (array !== null) return series(write, scope, array[1] ?? '', args)
  if (name === 'LAST_DAY') return lastDay(write, scope, args)
  const [, family = '', action = ''] = FAMILY.exec(name) ?? []
  if (family === '') return undefined
  const [first, second, third] = args
  if (first === undefined || second === undefined)
    throw invalidQuery(`No matching signature for function ${name}`)
  const value = write.typed(first, scope)
  if (action === 'ADD' || action === 'SUB') {
    if (args.length !== 2 || kindOf(second) !== 'interval') throw invalidQuery(`${name} needs an INTERVAL`)
    const type = own(value, family, name)
    const step = interval(write, scope, second, STEPS[type.type] ?? []).sql
    const sql = `${coerceTo(value, type, name)} ${action === 'ADD' ? '+' : '-'} ${step}`
    return typed(type.type === 'DATE' ? `bq_date(${sql})` : `bq_within(${sql})`, type)
  }
  if (action === 'TRUNC') return truncated(write, scope, name, family, value, args)
  if (third === undefined || args.length !== 3) throw invalidQuery(`${name} needs a date part`)
  const other = write.typed(second, scope)
  const type = scalar(family)
  if (
    family === 'DATE' &&
    [value, other].some((one) => kindOfType(one.type) !== 'DATE' && coerce(one, type) === undefined)
  )
    throw invalidQuery(
      `No matching signature for function ${name} for argument types: ${typeName(value.type)}, ${typeName(other.type)}`,
    )
  return typed(
    difference(family, coerceTo(value, type, name), coerceTo(other, type, name), partOf(third)),
    INT64,
  )
}

/** The functions of one family take the values of the others as they are. */
function own(value: Typed, family: string, name: string): Type {
  const wanted = scalar(family)
  if (value.type === undefined || kindOfType(value.type) === family || value.constant !== undefined)
    return wanted
  const kind = kindOfType(value.type)
  if (
    family !== 'TIME' &&
    ['DATE', 'DATETIME', 'TIMESTAMP'].includes(kind) &&
    !(family === 'DATETIME' && kind === 'DATE')
  )
    return value.type
  coerceTo(value, wanted, name)
  return wanted
}

function truncated(
  write: Writer,
  scope: Scope,
  name: string,
  family: string,
  value: Typed,
  args: readonly Ast[],
): Typed {
  const type = own(value, family, name)
  const unit = partOf(args[1] ?? {})
  const kind = kindOfType(type)
  const allowed =
    kind === 'DATE' ? CALENDAR_PARTS : kind === 'TIME' ? CLOCK_PARTS : [...CLOCK_PARTS, ...CALENDAR_PARTS]
  if (!allowed.includes(unit.name)) throw invalidQuery(`${name} does not support the ${unit.name} date part`)
  const sql = coerceTo(value, type, name)
  const zone = args[2] === undefined ? quoteText('UTC') : coerceTo(write.typed(args[2], scope), STRING, name)
  if (kind === 'TIME') return typed(`CAST(${truncate(`(DATE '2000-01-01' + ${sql})`, unit)} AS TIME)`, type)
  if (kind !== 'TIMESTAMP') {
    if (args.length > 2) throw invalidQuery(`No matching signature for function ${name}`)
    return typed(`CAST(${truncate(sql, unit)} AS ${DUCKDB[kind]})`, type)
  }
  const local = `bq_in_zone(${sql}, ${zone})`
  // A local hour may come twice, so what is cut off is taken from the moment itself.
  if (CLOCK_PARTS.includes(unit.name)) return typed(`(${sql} - (${local} - ${truncate(local, unit)}))`, type)
  return typed(`bq_from_zone(CAST(${truncate(local, unit)} AS TIMESTAMP), ${zone})`, type)
}

function difference(family: string, value: string, other: string, unit: Part): string {
  const clock = MICROSECONDS[unit.name]
  if (family === 'TIMESTAMP') {
    if (clock === undefined) throw invalidQuery(`TIMESTAMP_DIFF does not support the ${unit.name} date part`)
    return `((epoch_us(${value}) - epoch_us(${other})) // ${clock})`
  }
  const allowed =
    family === 'TIME' ? CLOCK_PARTS : family === 'DATE' ? CALENDAR_PARTS : [...CLOCK_PARTS, ...CALENDAR_PARTS]
  if (!allowed.includes(unit.name))
    throw invalidQuery(`${family}_DIFF does not support the ${unit.name} date part`)
  if (unit.name === 'ISOYEAR') return `(isoyear(${value}) - isoyear(${other}))`
  if (unit.name === 'WEEK' || unit.name === 'ISOWEEK')
    return `(date_diff('day', ${truncate(other, unit)}, ${truncate(value, unit)}) // 7)`
  return `date_diff(${quoteText(unit.name.toLowerCase())}, ${other}, ${value})`
}

function lastDay(write: Writer, scope: Scope, args: readonly Ast[]): Typed {
  const [first, second] = args
  const value = write.typed(first ?? {}, scope)
  const kind = kindOfType(value.type)
  const sql = kind === 'DATETIME' ? `CAST(${value.sql} AS DATE)` : coerceTo(value, scalar('DATE'), 'LAST_DAY')
  const unit = second === undefined ? part('MONTH') : partOf(second)
  const length = {
    WEEK: 'to_days(7)',
    ISOWEEK: 'to_days(7)',
    MONTH: 'to_months(1)',
    QUARTER: 'to_months(3)',
    YEAR: 'to_months(12)',
  }[unit.name]
  if (length === undefined) throw unsupported(`LAST_DAY of ${unit.name}`)
  return typed(`CAST(${truncate(sql, unit)} + ${length} - to_days(1) AS DATE)`, scalar('DATE'))
}

function series(write: Writer, scope: Scope, kind: string, args: readonly Ast[]): Typed {
  const type = scalar(kind)
  const [from, to] = args
    .slice(0, 2)
    .map((arg) => coerceTo(write.typed(arg, scope), type, `GENERATE_${kind}_ARRAY`))
  const stepNode = args[2]
  if (stepNode === undefined && kind === 'TIMESTAMP')
    throw invalidQuery('GENERATE_TIMESTAMP_ARRAY needs an INTERVAL')
  const step = stepNode === undefined ? 'to_days(1)' : interval(write, scope, stepNode, STEPS[kind] ?? []).sql
  if (stepNode !== undefined && MONTHS.includes(unitOf(stepNode)))
    return typed(`CAST(bq_month_series(${from}, ${to}, ${step}) AS DATE[])`, arrayOf(type))
  const list =
    kind === 'DATE'
      ? `generate_series(CAST(${from} AS TIMESTAMP), CAST(${to} AS TIMESTAMP), ${step})`
      : `generate_series(${from}, ${to}, ${step})`
  return typed(`CAST(${list} AS ${DUCKDB[kind]}[])`, arrayOf(type))
}

export function extract(write: Writer, scope: Scope, body: Ast): Typed {
  only('EXTRACT', body, 'this', 'field')
  const field = body['field'] as unknown
  const custom = typeof field === 'string' ? { Custom: field } : ((field ?? {}) as Ast)
  const week = custom['WeekWithModifier']
  const unit = week === undefined ? part(String(custom['Custom'] ?? '')) : part('WEEK', String(week))
  const from = child(body, 'this') ?? {}
  const zoned = kindOf(from) === 'at_time_zone' ? bodyOf(from) : undefined
  const value = write.typed(zoned === undefined ? from : (child(zoned, 'this') ?? {}), scope)
  const kind = kindOfType(value.type)
  if (value.type === undefined) throw unsupported('EXTRACT from a value whose type is not known here')
  if (
    !['DATE', 'DATETIME', 'TIMESTAMP', 'TIME', 'INTERVAL'].includes(kind) ||
    (zoned !== undefined && kind !== 'TIMESTAMP')
  )
    throw invalidQuery(`No matching signature for EXTRACT from ${typeName(value.type)}`)
  const zone =
    zoned === undefined
      ? quoteText('UTC')
      : coerceTo(write.typed(child(zoned, 'zone') ?? {}, scope), STRING, 'EXTRACT')
  const sql = kind === 'TIMESTAMP' ? `bq_in_zone(${value.sql}, ${zone})` : value.sql
  if (['DATE', 'TIME', 'DATETIME'].includes(unit.name) && ['TIMESTAMP', 'DATETIME'].includes(kind))
    return typed(`CAST(${sql} AS ${DUCKDB[unit.name]})`, scalar(unit.name))
  const calendar = !CLOCK_PARTS.includes(unit.name)
  if ((kind === 'TIME' && calendar) || (kind === 'DATE' && !calendar))
    throw invalidQuery(`EXTRACT of ${unit.name} is not supported from ${kind}`)
  if (unit.name === 'WEEK') {
    const start = `date_trunc('year', ${sql})`
    return typed(
      `CAST((dayofyear(${sql}) - 1 + (isodow(${start}) - 1 - ${unit.weekday} + 7) % 7 + CASE WHEN (isodow(${start}) - 1) = ${unit.weekday} THEN 7 ELSE 0 END) // 7 AS BIGINT)`,
      INT64,
    )
  }
  const read = PARTS[unit.name]
  if (read === undefined) throw unsupported(`EXTRACT of ${unit.name || 'this part'}`)
  return typed(`CAST(${read(sql)} AS BIGINT)`, INT64)
}
