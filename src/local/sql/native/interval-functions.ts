// INTERVAL as text, and text as INTERVAL.
import type { Native } from './register.ts'

/** The units of an interval text in order, each with what stands before it and its size in months, days or microseconds. */
const UNITS = [
  ['YEAR', '', 12n],
  ['MONTH', '-', 1n],
  ['DAY', ' ', 1n],
  ['HOUR', ' ', 3_600_000_000n],
  ['MINUTE', ':', 60_000_000n],
  ['SECOND', ':', 1_000_000n],
] as const

export const INTERVAL_UNITS: readonly string[] = UNITS.map(([name]) => name)

/** Which units a text may give without naming them, by place: Y-M, Y-M D and so on to H:M:S. */
const SHAPES = [
  ...[1, 2, 3, 4, 5].map((last) => [0, last] as const),
  ...([
    [2, 4],
    [2, 5],
    [3, 5],
  ] as const),
]

/** BigQuery's documents: 10,000 years in each of the three parts. */
const MOST = [120_000n, 3_660_000n, 87_840_000n * 3_600_000_000n]

type Parts = readonly [months: bigint, days: bigint, micros: bigint]

/** Text such as 1-2 3 4:5:6.7 with the units from one place to another; undefined where it is none. */
export function readInterval(text: string, from: number, to: number): Parts | undefined {
  const parts: [bigint, bigint, bigint] = [0n, 0n, 0n]
  let rest = text
  let sign = 1n
  for (let i = from; i <= to; i++) {
    const [, separator, size] = UNITS[i] as (typeof UNITS)[number]
    const starts = i === from || separator === ' '
    if (i > from && !rest.startsWith(separator)) return undefined
    const match = (starts ? /^([+-]?)(\d+)/ : /^()(\d+)/).exec(i > from ? rest.slice(1) : rest)
    if (match === null) return undefined
    if (starts) sign = match[1] === '-' ? -1n : 1n
    rest = rest.slice(match[0].length + (i > from ? 1 : 0))
    parts[i < 2 ? 0 : i === 2 ? 1 : 2] += sign * BigInt(match[2] ?? 0) * size
  }
  const fraction = to === 5 ? /^\.(\d{1,9})$/.exec(rest)?.[1] : undefined
  if (fraction !== undefined) parts[2] += sign * micros(fraction)
  else if (rest !== '') return undefined
  return within(parts)
}

function within(parts: Parts): Parts | undefined {
  return parts.every((part, i) => part <= (MOST[i] ?? 0n) && part >= -(MOST[i] ?? 0n)) ? parts : undefined
}

function micros(fraction: string): bigint {
  if (/[1-9]/.test(fraction.slice(6)))
    throw new Error('Unsupported by the local BigQuery: an INTERVAL of less than a microsecond')
  return BigInt(fraction.padEnd(6, '0').slice(0, 6))
}

const ISO =
  /^P(?=.)(?:([+-]?\d+)Y)?(?:([+-]?\d+)M)?(?:([+-]?\d+)W)?(?:([+-]?\d+)D)?(?:T(?=.)(?:([+-]?\d+)H)?(?:([+-]?\d+)M)?(?:([+-]?\d+)(?:[.,](\d{1,9}))?S)?)?$/

function readDuration(text: string): Parts | undefined {
  const found = ISO.exec(text)
  if (found === null) return undefined
  const [years, months, weeks, days, hours, minutes, seconds] = found.slice(1, 8).map((n) => BigInt(n ?? 0))
  const sign = found[7]?.startsWith('-') === true ? -1n : 1n
  const clock = ((hours ?? 0n) * 60n + (minutes ?? 0n)) * 60n + (seconds ?? 0n)
  const fraction = found[8] === undefined ? 0n : sign * micros(found[8])
  return within([
    (years ?? 0n) * 12n + (months ?? 0n),
    (weeks ?? 0n) * 7n + (days ?? 0n),
    clock * 1_000_000n + fraction,
  ])
}

function read(text: string): Parts {
  for (const [from, to] of SHAPES) {
    const parts = readInterval(text, from, to)
    if (parts !== undefined) return parts
  }
  const parts = readDuration(text)
  if (parts === undefined) throw new Error(`Invalid INTERVAL value '${text}'`)
  return parts
}

interface Interval {
  readonly months: number
  readonly days: number
  readonly micros: bigint
}

function intervalText({ months, days, micros }: Interval): string {
  const size = micros < 0n ? -micros : micros
  const fraction = String(size % 1_000_000n).padStart(6, '0')
  const shown = fraction === '000000' ? '' : `.${fraction.endsWith('000') ? fraction.slice(0, 3) : fraction}`
  const clock = `${size / 3_600_000_000n}:${(size / 60_000_000n) % 60n}:${(size / 1_000_000n) % 60n}${shown}`
  const count = Math.abs(months)
  return `${months < 0 ? '-' : ''}${Math.trunc(count / 12)}-${count % 12} ${days} ${micros < 0n ? '-' : ''}${clock}`
}

export const INTERVAL_FUNCTIONS: readonly Native[] = [
  ['js_interval_text', ['INTERVAL'], 'VARCHAR', intervalText],
  ['js_interval_parts', ['VARCHAR'], 'BIGINT[]', read],
]
