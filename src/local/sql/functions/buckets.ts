// DATE_BUCKET, DATETIME_BUCKET and TIMESTAMP_BUCKET: the start of the span of equal length that holds a time.
import { invalidQuery } from '../../wire/api-error.ts'
import { type Ast, kindOf } from '../ast.ts'
import type { Scope } from '../scope.ts'
import { coerceTo, scalar, type Typed, typed } from '../typing.ts'
import type { WriteCall, Writer } from '../writer.ts'
import { MONTHS, STEPS } from './dates.ts'
import { interval, unitOf } from './interval.ts'

/** By type: where a bucket starts if the call does not say, and a count of microseconds as a value. */
const TYPES: Readonly<Record<string, readonly [origin: string, of: (micros: string) => string]>> = {
  DATE: [`DATE '1950-01-01'`, (micros) => `CAST(make_timestamp(${micros}) AS DATE)`],
  DATETIME: [`TIMESTAMP '1950-01-01'`, (micros) => `make_timestamp(${micros})`],
  TIMESTAMP: [`TIMESTAMPTZ '1950-01-01 00:00:00+00'`, (micros) => `make_timestamptz(${micros})`],
}

export const BUCKET_CALLS: Readonly<Record<string, WriteCall>> = Object.fromEntries(
  Object.keys(TYPES).map((family): [string, WriteCall] => [
    `${family}_BUCKET`,
    (write, scope, args) => bucket(write, scope, family, args),
  ]),
)

function bucket(write: Writer, scope: Scope, family: string, args: readonly Ast[]): Typed {
  const name = `${family}_BUCKET`
  const [value, width, origin] = args
  if (value === undefined || width === undefined || args.length > 3 || kindOf(width) !== 'interval')
    throw invalidQuery(
      `No matching signature for function ${name}: it takes a time, an INTERVAL and an origin`,
    )
  const type = scalar(family)
  const [fallback, of] = TYPES[family] as NonNullable<(typeof TYPES)[string]>
  const time = coerceTo(write.typed(value, scope), type, name)
  const start = origin === undefined ? fallback : coerceTo(write.typed(origin, scope), type, name)
  const step = interval(write, scope, width, STEPS[family] ?? []).sql
  if (MONTHS.includes(unitOf(width))) {
    const sql = `bq_month_bucket(${time}, bq_interval_months(${step}), ${start})`
    return typed(family === 'DATE' ? `CAST(${sql} AS DATE)` : sql, type)
  }
  const length = `(86400000000 * day(${step}) + bq_interval_micros(${step}))`
  return typed(of(`bq_bucket(epoch_us(${time}), ${length}, epoch_us(${start}))`), type)
}
