// Functions of text that DuckDB lacks.
import { isIP } from 'node:net'
import { formatText } from './format.ts'
import type { Native } from './register.ts'

const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'
const SOUNDS = 'BFPV1CGJKQSXZ2DT3L4MN5R6'

function toBase32(bytes: Uint8Array): string {
  let bits = ''
  for (const byte of bytes) bits += byte.toString(2).padStart(8, '0')
  const letters = (bits.match(/.{1,5}/g) ?? [])
    .map((five) => BASE32[Number.parseInt(five.padEnd(5, '0'), 2)])
    .join('')
  return letters.padEnd(Math.ceil(letters.length / 8) * 8, '=')
}

function fromBase32(text: string): Uint8Array {
  if (!/^[A-Z2-7]*=*$/.test(text)) throw new Error('Failed to decode invalid base32 string')
  const bits = [...text.replace(/=+$/, '')]
    .map((letter) => BASE32.indexOf(letter).toString(2).padStart(5, '0'))
    .join('')
  return Uint8Array.from((bits.match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2)))
}

function soundex(text: string): string {
  const letters = [...text.toUpperCase()].filter((letter) => /[A-Z]/.test(letter))
  const code = (letter: string): string => {
    const at = SOUNDS.indexOf(letter)
    return at < 0 ? '' : (/\d/.exec(SOUNDS.slice(at))?.[0] ?? '')
  }
  const [first] = letters
  if (first === undefined) return ''
  let last = code(first)
  let result = first
  for (const letter of letters.slice(1)) {
    const own = code(letter)
    if (own !== '' && own !== last) result += own
    if (!/[HW]/.test(letter)) last = own
  }
  return result.slice(0, 4).padEnd(4, '0')
}

function initCap(text: string, delimiters: string): string {
  let starts = true
  return [...text]
    .map((letter) => {
      const written = starts ? letter.toUpperCase() : letter.toLowerCase()
      starts = delimiters.includes(letter)
      return written
    })
    .join('')
}

/** The place of the nth match, in characters from 1; 0 where there is none. */
function regexpPlace(
  text: string,
  pattern: string,
  from: bigint,
  occurrence: bigint,
  after: boolean,
): bigint {
  if (from < 1n || occurrence < 1n) throw new Error('Position and occurrence must be positive')
  const flags = /^\(\?([ims]+)\)/.exec(pattern)
  const body = flags === null ? pattern : pattern.slice(flags[0].length)
  if (/\(\?(?!:)/.test(body))
    throw new Error(`Unsupported by the local BigQuery: this regular expression in REGEXP_INSTR: ${pattern}`)
  const characters = [...text]
  const start = characters.slice(0, Number(from) - 1).join('').length
  const found = [...text.slice(start).matchAll(new RegExp(body, `gu${flags?.[1] ?? ''}`))][
    Number(occurrence) - 1
  ]
  if (found === undefined) return 0n
  const whole = start + found.index
  const group = found.length > 1 ? whole + found[0].indexOf(found[1] ?? '') : whole
  const end = group + (found[1] ?? found[0]).length
  return BigInt([...text.slice(0, after ? end : group)].length + 1)
}

/** How many groups an expression for extraction captures: none or one. */
export function regexpGroups(pattern: string): bigint {
  const bare = pattern.replace(/\\./gs, '').replace(/\[[^\]]*\]/g, '')
  const groups = (bare.match(/\((?!\?[:imsU-])/g) ?? []).length
  if (groups > 1)
    throw new Error(
      'Regular expressions passed into extraction functions must not have more than 1 capturing group',
    )
  return BigInt(groups)
}

function place(text: string, part: string, from: bigint, occurrence: bigint): bigint {
  if (from === 0n || occurrence < 1n)
    throw new Error('Position must not be 0 and occurrence must be positive')
  const [letters, wanted] = [[...text], [...part]]
  if (wanted.length === 0) return 0n
  const matches = (at: number): boolean => wanted.every((letter, i) => letters[at + i] === letter)
  let left = occurrence
  const step = from > 0n ? 1 : -1
  for (
    let at = from > 0n ? Number(from) - 1 : letters.length + Number(from);
    at >= 0 && at < letters.length;
    at += step
  )
    if (matches(at) && --left === 0n) return BigInt(at + 1)
  return 0n
}

function editDistance(a: string, b: string): bigint {
  const [left, right] = [[...a], [...b]]
  let row = right.map((_letter, i) => i + 1)
  for (const [i, letter] of left.entries()) {
    let corner = i
    let before = i + 1
    row = row.map((above, j) => {
      before = Math.min(above + 1, before + 1, corner + (letter === right[j] ? 0 : 1))
      corner = above
      return before
    })
  }
  return BigInt(row.at(-1) ?? left.length)
}

/** The host in a URL, or NULL. */
function host(url: string): string | null {
  const rest =
    /^\s*(?:[A-Za-z][\w+.-]*:)?\/\/([^/?#]*)/.exec(url)?.[1] ?? /^\s*([^/?#:\s]+\.[^/?#:\s]+)/.exec(url)?.[1]
  const name = rest?.replace(/^.*@/, '').replace(/:\d*$/, '')
  return name === undefined || name === '' ? null : name
}

/** An IPv4 or IPv6 address as its 4 or 16 bytes. */
function ipBytes(text: string): Uint8Array {
  const version = isIP(text)
  if (version === 4) return Uint8Array.from(text.split('.').map(Number))
  if (version !== 6 || text.includes('%') || text.includes('.'))
    throw new Error(`Invalid IP address: ${text}`)
  const [head = '', tail] = text.split('::')
  const groups = (part: string): string[] => (part === '' ? [] : part.split(':'))
  const [left, right] = [groups(head), groups(tail ?? '')]
  const zeros = Array.from({ length: tail === undefined ? 0 : 8 - left.length - right.length }, () => '0')
  return Buffer.from([...left, ...zeros, ...right].map((group) => group.padStart(4, '0')).join(''), 'hex')
}

function ipText(bytes: Uint8Array): string {
  if (bytes.length === 4) return bytes.join('.')
  if (bytes.length !== 16) throw new Error(`Invalid IP address of ${bytes.length} bytes`)
  const groups = Buffer.from(bytes).toString('hex').match(/.{4}/g) ?? []
  return new URL(`http://[${groups.join(':')}]`).hostname.slice(1, -1)
}

const codePoint = (point: bigint): string => {
  if (point < 0n || point > 0x10ffffn || (point >= 0xd800n && point < 0xe000n))
    throw new Error(`Invalid codepoint ${point}`)
  return String.fromCodePoint(Number(point))
}

export const TEXT_FUNCTIONS: readonly Native[] = [
  ['js_format', ['VARCHAR', 'VARCHAR[]'], 'VARCHAR', formatText],
  ['js_to_base32', ['BLOB'], 'VARCHAR', toBase32],
  ['js_from_base32', ['VARCHAR'], 'BLOB', fromBase32],
  ['js_soundex', ['VARCHAR'], 'VARCHAR', soundex],
  ['js_initcap', ['VARCHAR', 'VARCHAR'], 'VARCHAR', initCap],
  ['js_upper', ['VARCHAR'], 'VARCHAR', (text: string) => text.toUpperCase()],
  ['js_normalize', ['VARCHAR', 'VARCHAR'], 'VARCHAR', (text: string, form: string) => text.normalize(form)],
  ['js_regexp_place', ['VARCHAR', 'VARCHAR', 'BIGINT', 'BIGINT', 'BOOLEAN'], 'BIGINT', regexpPlace],
  ['js_regexp_groups', ['VARCHAR'], 'BIGINT', regexpGroups],
  ['js_place', ['VARCHAR', 'VARCHAR', 'BIGINT', 'BIGINT'], 'BIGINT', place],
  ['js_edit_distance', ['VARCHAR', 'VARCHAR'], 'BIGINT', editDistance],
  [
    'js_join',
    ['VARCHAR[]', 'VARCHAR'],
    'VARCHAR',
    (items: readonly (string | null)[], by: string) => items.filter((item) => item !== null).join(by),
  ],
  ['js_ip_bytes', ['VARCHAR'], 'BLOB', ipBytes],
  ['js_ip_text', ['BLOB'], 'VARCHAR', ipText],
  ['js_host', ['VARCHAR'], 'VARCHAR', host],
  [
    'js_code_points',
    ['VARCHAR'],
    'BIGINT[]',
    (text: string) => [...text].map((letter) => BigInt(letter.codePointAt(0) ?? 0)),
  ],
  [
    'js_from_code_points',
    ['BIGINT[]'],
    'VARCHAR',
    (points: readonly (bigint | null)[]) =>
      points.includes(null) ? null : points.map((point) => codePoint(point ?? 0n)).join(''),
  ],
  [
    'js_bytes_text',
    ['BLOB'],
    'VARCHAR',
    (bytes: Uint8Array) => new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes),
  ],
  [
    'js_bytes_text_strict',
    ['BLOB'],
    'VARCHAR',
    (bytes: Uint8Array) => {
      try {
        return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
      } catch {
        throw new Error('Invalid UTF-8 in a cast from BYTES to STRING')
      }
    },
  ],
]
