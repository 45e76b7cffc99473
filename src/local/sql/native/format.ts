// FORMAT: printf-like text. An argument comes as its kind, a colon and its text, or NULL; the text of an array
// or a struct is the JSON array of its parts, each an argument.

const SPEC = /%(?<flags>[-+ #0']*)(?<width>\*|\d+)?(?:\.(?<precision>\*|\d+)?)?(?<verb>.)/gs

type Text = string | null

export function formatText(format: string, args: readonly Text[]): Text {
  let at = 0
  let missing = false
  const next = (): Text => {
    if (at >= args.length) throw new Error(`Too few arguments to FORMAT for pattern "${format}"`)
    return args[at++] ?? null
  }
  const number = (text: string | undefined): number | undefined => {
    if (text === undefined) return undefined
    if (text !== '*') return Number(text)
    return Number(next()?.slice(2))
  }
  const result = format.replace(SPEC, (whole, ...rest: unknown[]) => {
    const { flags = '', width, precision, verb = '' } = rest.pop() as Record<string, string | undefined>
    if (verb === '%') return '%'
    const wide = number(width)
    const places = whole.includes('.') ? (number(precision) ?? 0) : undefined
    const arg = next()
    if (arg === null) {
      if (verb !== 't' && verb !== 'T') missing = true
      return pad('NULL', '', flags, wide)
    }
    const kind = arg[0] ?? ''
    const value = arg.slice(2)
    if (verb === 's' || verb === 't' || verb === 'T') {
      if (verb === 's' && kind !== 's')
        throw new Error(`Invalid type for argument ${at + 1} to FORMAT; Expected STRING`)
      const text = verb === 'T' ? asLiteral(kind, value) : verb === 't' ? asText(kind, value) : value
      return pad(places === undefined ? text : [...text].slice(0, places).join(''), '', flags, wide)
    }
    const [sign, digits] = numeral(kind, value, verb, flags, places)
    return pad(digits, sign, flags, wide)
  })
  if (at < args.length) throw new Error(`Too many arguments to FORMAT for pattern "${format}"`)
  return missing ? null : result
}

function pad(text: string, sign: string, flags: string, width = 0): string {
  const whole = `${sign}${text}`
  if (flags.includes('-')) return whole.padEnd(width)
  return flags.includes('0') && /^[\d.,]/.test(text)
    ? `${sign}${text.padStart(width - sign.length, '0')}`
    : whole.padStart(width)
}

function numeral(
  kind: string,
  value: string,
  verb: string,
  flags: string,
  places: number | undefined,
): [string, string] {
  const negative = value.startsWith('-')
  const sign = negative ? '-' : flags.includes('+') ? '+' : flags.includes(' ') ? ' ' : ''
  const size = value.replace(/^-/, '')
  const group = (text: string): string =>
    flags.includes("'") ? text.replace(/^\d+/, (whole) => whole.replace(/\B(?=(\d{3})+$)/g, ',')) : text
  if ('dioxX'.includes(verb)) {
    if (kind !== 'i') throw new Error(`Invalid type for %${verb} in FORMAT; Expected integer`)
    const base = verb === 'o' ? 8 : verb === 'x' || verb === 'X' ? 16 : 10
    const digits = BigInt(size)
      .toString(base)
      .padStart(places ?? 0, '0')
    const prefix = flags.includes('#') && base === 16 ? '0x' : flags.includes('#') && base === 8 ? '0' : ''
    const text = `${prefix}${group(digits)}`
    return [sign, verb === 'X' ? text.toUpperCase() : text]
  }
  if ('fFeEgG'.includes(verb)) {
    if (kind === 'n' && /[fF]/.test(verb)) return [sign, group(fixed(size, places ?? 6))]
    if (kind !== 'f' && kind !== 'n' && kind !== 'i')
      throw new Error(`Invalid type for %${verb} in FORMAT; Expected a number`)
    const float = Number(size)
    if (!Number.isFinite(float) || /^(inf|nan)$/.test(size))
      return [/nan/.test(size) ? '' : sign, verb === verb.toUpperCase() ? size.toUpperCase() : size]
    const text = real(float, verb.toLowerCase(), places ?? 6, flags.includes('#'))
    return [sign, group(verb === verb.toUpperCase() ? text.toUpperCase() : text)]
  }
  throw new Error(`Invalid format specifier character "${verb}" in FORMAT`)
}

/** Exact decimals, rounded half away from zero. */
function fixed(text: string, places: number): string {
  const [whole = '0', fraction = ''] = text.split('.')
  const units = BigInt(whole + fraction.padEnd(places + 1, '0').slice(0, places + 1)) + 5n
  const digits = String(units / 10n).padStart(places + 1, '0')
  return places === 0 ? digits : `${digits.slice(0, -places)}.${digits.slice(-places)}`
}

/** What lies exactly between two goes to the even one, as printf has it; JavaScript takes the greater. */
function rounded(digits: (places: number) => string, places: number): string {
  if (places >= 100) return digits(100)
  const [, whole = '', fraction = '', exponent = ''] = /^(\d+)\.(\d+)(.*)$/.exec(digits(100)) ?? []
  const kept = places === 0 ? whole : `${whole}.${fraction.slice(0, places)}`
  return /^50*$/.test(fraction.slice(places)) && /[02468]$/.test(kept) ? kept + exponent : digits(places)
}

function real(value: number, verb: string, places: number, keep: boolean): string {
  if (verb === 'f')
    return value >= 1e21
      ? `${BigInt(value)}.${'0'.repeat(places)}`.replace(/\.$/, '')
      : rounded((n) => value.toFixed(n), places)
  if (verb === 'e') return rounded((n) => value.toExponential(n), places).replace(/e([+-])(\d)$/, 'e$10$2')
  const precision = places === 0 ? 1 : places
  const exponent = value === 0 ? 0 : Number(value.toExponential(precision - 1).split('e')[1])
  const text =
    exponent < -4 || exponent >= precision
      ? rounded((n) => value.toExponential(n), precision - 1).replace(/e([+-])(\d)$/, 'e$10$2')
      : rounded((n) => value.toFixed(n), Math.max(0, precision - 1 - exponent))
  return keep || !text.includes('.') ? text : text.replace(/\.?0+(e|$)/, '$1')
}

const TYPED: Readonly<Record<string, string>> = {
  d: 'DATE',
  t: 'TIME',
  c: 'DATETIME',
  z: 'TIMESTAMP',
  n: 'NUMERIC',
  g: 'BIGNUMERIC',
  j: 'JSON',
}

function asText(kind: string, value: string): string {
  if (kind === 'a') return `[${parts(value, asText).join(', ')}]`
  if (kind === 'r') return `(${parts(value, asText).join(', ')})`
  if (kind === 'y') return escaped(bytesOf(value), true)
  return kind === 'f' && /^-?\d+$/.test(value) ? `${value}.0` : value
}

/** Bytes as text of one character each; those beyond ASCII are written as escapes. */
function bytesOf(hex: string): string {
  return Buffer.from(hex, 'hex').toString('latin1')
}

/** The value as a literal of GoogleSQL. */
function asLiteral(kind: string, value: string): string {
  if (kind === 'a') return `[${parts(value, asLiteral).join(', ')}]`
  if (kind === 'r') {
    const fields = parts(value, asLiteral)
    return `${fields.length === 1 ? 'STRUCT' : ''}(${fields.join(', ')})`
  }
  if (kind === 'v') return `INTERVAL ${quoted(value)} YEAR TO SECOND`
  if (kind === 's') return quoted(value)
  if (kind === 'y') return `b${quoted(bytesOf(value), true)}`
  if (kind === 'f')
    return /^-?\d+$/.test(value)
      ? `${value}.0`
      : /^-?(inf|nan)$/.test(value)
        ? `CAST("${value}" AS FLOAT64)`
        : value
  const type = TYPED[kind]
  return type === undefined ? value : `${type} ${quoted(value)}`
}

function parts(list: string, write: (kind: string, value: string) => string): readonly string[] {
  return (JSON.parse(list) as readonly Text[]).map((part) =>
    part === null ? 'NULL' : write(part[0] ?? '', part.slice(2)),
  )
}

function quoted(text: string, bytes = false): string {
  const mark = text.includes('"') && !text.includes("'") ? "'" : '"'
  const inside = escaped(text, bytes)
  return `${mark}${mark === '"' ? inside.replaceAll('"', '\\"') : inside}${mark}`
}

const ESCAPES: Readonly<Record<string, string>> = { '\\': '\\\\', '\n': '\\n', '\t': '\\t', '\r': '\\r' }

/** Text without control characters, and of bytes without any that are not ASCII. */
function escaped(text: string, bytes: boolean): string {
  return Array.from(text, (char) => {
    const code = char.codePointAt(0) ?? 0
    const printed = code >= 32 && code !== 127 && (code < 127 || !bytes)
    return ESCAPES[char] ?? (printed ? char : `\\x${code.toString(16).padStart(2, '0')}`)
  }).join('')
}
