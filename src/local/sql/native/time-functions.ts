// FORMAT_* and PARSE_* for dates and times. Instants are microseconds since 1970.
import type { Native } from './register.ts'

const DAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday']
const MONTHS = [
  ...['January', 'February', 'March', 'April', 'May', 'June'],
  ...['July', 'August', 'September', 'October', 'November', 'December'],
]
const SHORTHAND: Readonly<Record<string, string>> = {
  F: '%Y-%m-%d',
  T: '%H:%M:%S',
  R: '%H:%M',
  D: '%m/%d/%y',
  x: '%m/%d/%y',
  X: '%H:%M:%S',
  c: '%a %b %e %H:%M:%S %Y',
  r: '%I:%M:%S %p',
  h: '%b',
}

const pad = (value: number | bigint, width: number, fill = '0'): string => String(value).padStart(width, fill)

interface Civil {
  readonly date: Date
  readonly micros: bigint
  readonly local: bigint
  /** Microseconds the zone is ahead of UTC. */
  readonly offset: bigint
  readonly zone: string
}

function yearDay(date: Date): number {
  return Math.floor((date.getTime() - Date.UTC(date.getUTCFullYear(), 0, 1)) / 86_400_000)
}

/** The year and week that ISO 8601 counts a day to. */
function isoWeek(date: Date): [year: number, week: number] {
  const thursday = new Date(date)
  thursday.setUTCHours(0, 0, 0, 0)
  thursday.setUTCDate(thursday.getUTCDate() + 3 - ((thursday.getUTCDay() + 6) % 7))
  return [thursday.getUTCFullYear(), Math.floor(yearDay(thursday) / 7) + 1]
}

function offsetText({ offset }: Civil, colon: string): string {
  const minutes = Number((offset < 0n ? -offset : offset) / 60_000_000n)
  return `${offset < 0n ? '-' : '+'}${pad(Math.floor(minutes / 60), 2)}${colon}${pad(minutes % 60, 2)}`
}

const ELEMENTS: Readonly<Record<string, (time: Civil) => string>> = {
  Y: ({ date }) => String(date.getUTCFullYear()),
  y: ({ date }) => pad(date.getUTCFullYear() % 100, 2),
  C: ({ date }) => pad(Math.floor(date.getUTCFullYear() / 100), 2),
  G: ({ date }) => String(isoWeek(date)[0]),
  g: ({ date }) => pad(isoWeek(date)[0] % 100, 2),
  J: ({ date }) => String(isoWeek(date)[0]),
  Q: ({ date }) => String(Math.floor(date.getUTCMonth() / 3) + 1),
  m: ({ date }) => pad(date.getUTCMonth() + 1, 2),
  B: ({ date }) => MONTHS[date.getUTCMonth()] ?? '',
  b: ({ date }) => (MONTHS[date.getUTCMonth()] ?? '').slice(0, 3),
  d: ({ date }) => pad(date.getUTCDate(), 2),
  e: ({ date }) => pad(date.getUTCDate(), 2, ' '),
  j: ({ date }) => pad(yearDay(date) + 1, 3),
  A: ({ date }) => DAYS[date.getUTCDay()] ?? '',
  a: ({ date }) => (DAYS[date.getUTCDay()] ?? '').slice(0, 3),
  u: ({ date }) => String(date.getUTCDay() || 7),
  w: ({ date }) => String(date.getUTCDay()),
  U: ({ date }) => pad(Math.floor((yearDay(date) + 7 - date.getUTCDay()) / 7), 2),
  W: ({ date }) => pad(Math.floor((yearDay(date) + 7 - ((date.getUTCDay() + 6) % 7)) / 7), 2),
  V: ({ date }) => pad(isoWeek(date)[1], 2),
  H: ({ date }) => pad(date.getUTCHours(), 2),
  k: ({ date }) => pad(date.getUTCHours(), 2, ' '),
  I: ({ date }) => pad(date.getUTCHours() % 12 || 12, 2),
  l: ({ date }) => pad(date.getUTCHours() % 12 || 12, 2, ' '),
  M: ({ date }) => pad(date.getUTCMinutes(), 2),
  S: ({ date }) => pad(date.getUTCSeconds(), 2),
  p: ({ date }) => (date.getUTCHours() < 12 ? 'AM' : 'PM'),
  P: ({ date }) => (date.getUTCHours() < 12 ? 'am' : 'pm'),
  s: ({ local, offset }) =>
    String((local - offset - ((((local - offset) % 1_000_000n) + 1_000_000n) % 1_000_000n)) / 1_000_000n),
  z: (time) => offsetText(time, ''),
  Ez: (time) => offsetText(time, ':'),
  Z: ({ zone, offset }) =>
    /^[A-Za-z]/.test(zone) && offset === 0n
      ? 'UTC'
      : `UTC${offsetText({ offset } as Civil, '')
          .replace(/00$/, '')
          .replace(/([+-])0/, '$1')}`,
  Oh: (time) => offsetText(time, ':').slice(0, 3),
  Om: (time) => offsetText(time, ':').slice(4),
  E4Y: ({ date }) => pad(date.getUTCFullYear(), 4),
  n: () => '\n',
  t: () => '\t',
  '%': () => '%',
}

/** Which elements need a date, a clock, or a zone; others of a kind are refused for types without it. */
const NEEDS = {
  date: /^[YyCGgJQmBbdejAauwUWVs]$|^E4Y$|^h$|^[\^_]/,
  clock: /^[HkIlMSpP]$|^E[\d*]S$|^E\df$/,
  zone: /^[zZs]$|^Ez$|^O[hm]$/,
}

function elements(format: string): string {
  return format.replace(/%(E4Y|Ez|E\dS|E\*S|E\df|O[hm]|[\^_][ABab]|.)/g, (whole, name: string) => {
    const longer = SHORTHAND[name]
    return longer === undefined ? whole : elements(longer)
  })
}

function checkKind(name: string, kind: string): void {
  const lacks =
    kind === 'DATE'
      ? ['clock', 'zone']
      : kind === 'TIME'
        ? ['date', 'zone']
        : kind === 'DATETIME'
          ? ['zone']
          : []
  if (lacks.some((need) => NEEDS[need as keyof typeof NEEDS].test(name)))
    throw new Error(`Invalid format: %${name} is not allowed for the ${kind} type.`)
}

function format(kind: string, pattern: string, local: bigint, offset: bigint, zone: string): string {
  const micros = ((local % 1_000_000n) + 1_000_000n) % 1_000_000n
  const time: Civil = { date: new Date(Number((local - micros) / 1000n)), micros, local, offset, zone }
  return elements(pattern).replace(
    /%(E4Y|Ez|E\dS|E\*S|E\df|O[hm]|[\^_][ABab]|.)/g,
    (_whole, name: string) => {
      checkKind(name, kind)
      const fraction = /^E([\d*])S$/.exec(name)
      if (fraction !== null) {
        const digits = pad(micros, 6)
        const shown = fraction[1] === '*' ? digits.replace(/0+$/, '') : digits.slice(0, Number(fraction[1]))
        return `${pad(time.date.getUTCSeconds(), 2)}${shown === '' ? '' : `.${shown}`}`
      }
      const digits = /^E(\d)f$/.exec(name)
      if (digits !== null) return pad(micros, 6).slice(0, Number(digits[1]))
      const shape = /^[\^_](.)$/.exec(name)
      const write = ELEMENTS[shape?.[1] ?? name]
      if (write !== undefined && shape !== null)
        return name.startsWith('^') ? write(time).toUpperCase() : write(time).toLowerCase()
      if (write === undefined) throw new Error(`Unsupported by the local BigQuery: format element %${name}`)
      return write(time)
    },
  )
}

interface Fields {
  [name: string]: number
}

type Read = (match: RegExpExecArray, into: Fields) => void
const digits = (name: string, most: number, least = 1): readonly [RegExp, Read] => [
  new RegExp(`([+-]?\\d{${least},${most}})`, 'y'),
  (match, into) => {
    into[name] = Number(match[1])
  },
]
const matched = (shape: RegExp, name: string, value: (text: string) => number): readonly [RegExp, Read] => [
  shape,
  (match, into) => {
    into[name] = value(match[1] ?? '')
  },
]
const named = (name: string, list: readonly string[], first: number): readonly [RegExp, Read] => [
  new RegExp(`(${list.join('|')}|${list.map((one) => one.slice(0, 3)).join('|')})`, 'iy'),
  (match, into) => {
    into[name] =
      first +
      list.findIndex((one) => one.slice(0, 3).toLowerCase() === (match[1] ?? '').slice(0, 3).toLowerCase())
  },
]
const zoneOffset: readonly [RegExp, Read] = [
  /(Z|([+-])(\d{2}):?(\d{2})?)/iy,
  (match, into) => {
    into['offset'] =
      match[2] === undefined
        ? 0
        : (match[2] === '-' ? -1 : 1) * (Number(match[3]) * 60 + Number(match[4] ?? 0))
  },
]

const READS: Readonly<Record<string, readonly [RegExp, Read]>> = {
  Y: digits('year', 4),
  E4Y: digits('year', 4, 4),
  y: matched(/(\d{2})/y, 'year', (text) => Number(text) + (Number(text) < 69 ? 2000 : 1900)),
  m: digits('month', 2),
  d: digits('day', 2),
  e: matched(/\s*(\d{1,2})/y, 'day', Number),
  j: digits('yearDay', 3),
  B: named('month', MONTHS, 1),
  b: named('month', MONTHS, 1),
  A: named('weekday', DAYS, 0),
  a: named('weekday', DAYS, 0),
  H: digits('hour', 2),
  k: matched(/\s*(\d{1,2})/y, 'hour', Number),
  I: digits('hour12', 2),
  l: matched(/\s*(\d{1,2})/y, 'hour12', Number),
  M: digits('minute', 2),
  S: digits('second', 2),
  p: matched(/(AM|PM)/iy, 'pm', (text) => (/^p/i.test(text) ? 1 : 0)),
  P: matched(/(AM|PM)/iy, 'pm', (text) => (/^p/i.test(text) ? 1 : 0)),
  s: digits('epoch', 12),
  Oh: matched(/([+-]\d{2})/y, 'zoneHours', Number),
  Om: matched(/(\d{2})/y, 'zoneMinutes', Number),
  z: zoneOffset,
  Ez: zoneOffset,
  Z: matched(/(UTC|GMT|Z)/iy, 'offset', () => 0),
}
const FRACTION: readonly [RegExp, Read] = [
  /(\d{1,2})(?:\.(\d+))?/y,
  (match, into) => {
    into['second'] = Number(match[1])
    into['micros'] = Number((match[2] ?? '').slice(0, 6).padEnd(6, '0'))
  },
]

const BARE_FRACTION = matched(/(\d{1,9})/y, 'micros', (text) => Number(text.slice(0, 6).padEnd(6, '0')))

/** Reads text by a format: `z` and an instant where it names an offset, `l` and local microseconds where not. */
function parse(kind: string, pattern: string, text: string): string {
  const fields: Fields = {}
  let at = 0
  const fault = (): never => {
    throw new Error(`Failed to parse input string "${text}"`)
  }
  const spaces = (): void => {
    while (/\s/.test(text[at] ?? '')) at++
  }
  for (const [token] of elements(pattern).matchAll(/%(?:E4Y|Ez|E\dS|E\*S|E\df|O[hm]|.)|\s+|[^%\s]/gs)) {
    if (/^\s/.test(token) || token === '%n' || token === '%t') {
      spaces()
      continue
    }
    if (!token.startsWith('%') || token === '%%') {
      if (text[at] !== token[0]) fault()
      at++
      continue
    }
    const name = token.slice(1)
    checkKind(name, kind)
    const read = /^E[\d*]S$/.test(name) ? FRACTION : /^E\df$/.test(name) ? BARE_FRACTION : READS[name]
    if (read === undefined)
      throw new Error(`Unsupported by the local BigQuery: format element ${token} in PARSE_${kind}`)
    const [shape, take] = read
    shape.lastIndex = at
    const match = shape.exec(text) ?? fault()
    at = shape.lastIndex
    take(match, fields)
  }
  spaces()
  if (at !== text.length) fault()
  const local = localMicros(fields) ?? fault()
  if (fields['epoch'] !== undefined) return `z${BigInt(fields['epoch']) * 1_000_000n}`
  const { zoneHours, zoneMinutes = 0 } = fields
  if (zoneHours !== undefined)
    fields['offset'] = zoneHours * 60 + (Object.is(zoneHours, -0) || zoneHours < 0 ? -1 : 1) * zoneMinutes
  return fields['offset'] === undefined ? `l${local}` : `z${local - BigInt(fields['offset']) * 60_000_000n}`
}

function localMicros(fields: Fields): bigint | undefined {
  const {
    year = 1970,
    month = 1,
    day = 1,
    yearDay: ofYear,
    hour12,
    pm,
    minute = 0,
    second = 0,
    micros = 0,
  } = fields
  const hour = hour12 === undefined ? (fields['hour'] ?? 0) : (hour12 % 12) + (pm === 1 ? 12 : 0)
  if (hour12 !== undefined && (hour12 < 1 || hour12 > 12)) return undefined
  const date = new Date(0)
  if (ofYear === undefined) date.setUTCFullYear(year, month - 1, day)
  else date.setUTCFullYear(year, 0, ofYear)
  const valid = ofYear !== undefined || (date.getUTCMonth() === month - 1 && date.getUTCDate() === day)
  if (!valid || year < 1 || year > 9999 || hour > 23 || minute > 59 || second > 60) return undefined
  return (
    BigInt(date.getTime()) * 1000n + BigInt(hour * 3600 + minute * 60 + second) * 1_000_000n + BigInt(micros)
  )
}

export const TIME_FUNCTIONS: readonly Native[] = [
  ['js_format_time', ['VARCHAR', 'VARCHAR', 'BIGINT', 'BIGINT', 'VARCHAR'], 'VARCHAR', format],
  ['js_parse_time', ['VARCHAR', 'VARCHAR', 'VARCHAR'], 'VARCHAR', parse],
]
