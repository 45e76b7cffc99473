// Dates and times as BigQuery reads them. Each check gives the value to send, or undefined.
// Years go from 1 to 9999; fractions of a second have at most six digits.

// What most documents hold, and what needs no closer look: days that every month has.
export const plainDate: RegExp = /^(?!0000)\d{4}-(0[1-9]|1[0-2])-(0[1-9]|1\d|2[0-8])$/
export const plainTimestamp: RegExp =
  /^(?!0000)\d{4}-(0[1-9]|1[0-2])-(0[1-9]|1\d|2[0-8])[T ]([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,6})?Z?$/

const date = /^(\d{4})-(\d{1,2})-(\d{1,2})$/
const time = /^(\d{1,2}):(\d{1,2}):(\d{1,2})(\.\d{1,6})?$/
const datetime = /^(\S{8,10})(?:[Tt ](\S+))?$/
const timestamp =
  /^(\S{8,10}?)(?:[Tt ](\d{1,2}:\d{1,2}(?::\d{1,2}(?:\.\d{1,12})?)?))?\s*(Z|z|UTC|GMT|[+-]\d{1,2}(?::?\d{2})?|[A-Za-z]+\/[A-Za-z0-9_/+-]+)?$/

// Seconds since 1970 at the beginning of the years 1 and 10000.
const firstSecond = -62_135_596_800
const endSecond = 253_402_300_800

/** A `Date` becomes text: its day in UTC. */
export function checkDate(value: unknown): unknown {
  if (typeof value === 'string' && plainDate.test(value)) return value
  if (value instanceof Date)
    return checkTimestamp(value) === undefined ? undefined : value.toISOString().slice(0, 10)
  const parts = typeof value === 'string' ? date.exec(value) : null
  return parts && isDay(Number(parts[1]), Number(parts[2]), Number(parts[3])) ? value : undefined
}

export function checkTime(value: unknown): unknown {
  const parts = typeof value === 'string' ? time.exec(value) : null
  const fits = parts && Number(parts[1]) < 24 && Number(parts[2]) < 60 && Number(parts[3]) < 60
  return fits ? value : undefined
}

/** A `Date` becomes text: its time in UTC. */
export function checkDatetime(value: unknown): unknown {
  if (value instanceof Date)
    return checkTimestamp(value) === undefined ? undefined : value.toISOString().slice(0, -1)
  const parts = typeof value === 'string' ? datetime.exec(value) : null
  if (!parts || checkDate(parts[1]) === undefined) return undefined
  return parts[2] === undefined || checkTime(parts[2]) !== undefined ? value : undefined
}

/** A `Date` becomes text; a number is seconds since 1970. */
export function checkTimestamp(value: unknown): unknown {
  if (typeof value === 'string' && plainTimestamp.test(value)) return value
  if (value instanceof Date) return isInYears(value.getTime() / 1000) ? value.toISOString() : undefined
  if (typeof value === 'number') return isInYears(value) ? value : undefined
  const parts = typeof value === 'string' ? timestamp.exec(value) : null
  if (!parts || checkDate(parts[1]) === undefined) return undefined
  if (parts[2] === undefined) return value
  const [hour = 0, minute = 0, second = 0] = parts[2].split(':').map(Number)
  return hour < 24 && minute < 60 && second < 60 ? value : undefined
}

function isInYears(seconds: number): boolean {
  return seconds >= firstSecond && seconds < endSecond
}

function isDay(year: number, month: number, day: number): boolean {
  return year >= 1 && month >= 1 && month <= 12 && day >= 1 && day <= daysIn(year, month)
}

function daysIn(year: number, month: number): number {
  const isLeap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0)
  return month === 2 ? (isLeap ? 29 : 28) : [4, 6, 9, 11].includes(month) ? 30 : 31
}
