// Small repairs to the text before it is parsed. String literals are decoded here, because the parser
// knows only some escapes, and handed on in one plain form; INSERT gets the INTO the parser wants.
import { invalidQuery } from '../wire/api-error.ts'

const TOKENS =
  /(?<![\w])(?<prefix>rb|br|r|b)?(?:"""(?<a>(?:\\[\s\S]|[^\\])*?)"""|'''(?<b>(?:\\[\s\S]|[^\\])*?)'''|"(?<c>(?:\\.|[^"\\\n])*)"|'(?<d>(?:\\.|[^'\\\n])*)')|`(?:\\.|[^`\\])*`|--[^\n]*|#[^\n]*|\/\*[\s\S]*?\*\/|\bRANGE\s*<\s*\w+\s*>(?=\s*r?["'])|\b(?:BIGNUMERIC|BIGDECIMAL)(?=\s*r?["'])|\bINSERT\b(?!\s+INTO\b)/gi

const ESCAPES = /\\(?:u([0-9a-f]{4})|U([0-9a-f]{8})|[xX]([0-9a-f]{2})|([0-3][0-7]{2})|([\s\S]))/gi
const LETTERS: Readonly<Record<string, string>> = {
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  '\\': '\\',
  '?': '?',
  '"': '"',
  "'": "'",
  '`': '`',
}

export function normalise(sql: string): string {
  let end = 0
  let startsStatement = true
  let afterLiteral = false
  let literalType = ''
  return sql.replace(TOKENS, (token: string, ...rest: unknown[]) => {
    const groups = rest.pop() as Readonly<Record<string, string | undefined>>
    const offset = rest[rest.length - 2] as number
    const between = sql.slice(end, offset).trim()
    const neighbours = afterLiteral && between === ''
    afterLiteral = false
    if (between !== '') startsStatement = between.endsWith(';')
    end = offset + token.length
    if (token.startsWith('#')) return `--${token.slice(1)}`
    // The parser knows no RANGE literals and reads a BIGNUMERIC one as NUMERIC, which has fewer digits.
    if (/^(RANGE|BIG)/i.test(token)) {
      literalType = (/<\s*(\w+)/.exec(token)?.[1] ?? 'BIGNUMERIC').toUpperCase()
      return ''
    }
    if (/^INSERT$/i.test(token)) return startsStatement ? `${token} INTO` : token
    const text = groups['a'] ?? groups['b'] ?? groups['c'] ?? groups['d']
    if (text === undefined) return token
    if (neighbours) throw invalidQuery('Syntax error: Unexpected string literal')
    afterLiteral = true
    const literal = plainLiteral(text, (groups['prefix'] ?? '').toLowerCase())
    const name = literalType
    literalType = ''
    if (name === '') return literal
    return name === 'BIGNUMERIC' ? `CAST(${literal} AS BIGNUMERIC)` : `PARSE_RANGE_${name}(${literal})`
  })
}

function plainLiteral(text: string, prefix: string): string {
  if (prefix.includes('b')) {
    const bytes = prefix.includes('r') ? Buffer.from(text) : Buffer.concat(decodeParts(text).map(toBytes))
    return `FROM_HEX('${bytes.toString('hex')}')`
  }
  const value =
    prefix === 'r'
      ? text
      : decodeParts(text)
          .map((part) => (typeof part === 'number' ? String.fromCharCode(part) : part))
          .join('')
  return `'${value.replaceAll('\\', '\\\\').replaceAll("'", "\\'").replaceAll('\n', '\\n').replaceAll('\r', '\\r')}'`
}

function toBytes(part: string | number): Buffer {
  return typeof part === 'number' ? Buffer.from([part]) : Buffer.from(part)
}

/** Runs of text, and single code units (bytes, in a BYTES literal) written as \xNN or octal. */
function decodeParts(text: string): readonly (string | number)[] {
  const parts: (string | number)[] = []
  let end = 0
  for (const match of text.matchAll(ESCAPES)) {
    parts.push(text.slice(end, match.index))
    end = match.index + match[0].length
    const [, short, long, hex, octal, letter] = match
    if (short !== undefined || long !== undefined)
      parts.push(String.fromCodePoint(Number.parseInt(short ?? long ?? '', 16)))
    else if (hex !== undefined) parts.push(Number.parseInt(hex, 16))
    else if (octal !== undefined) parts.push(Number.parseInt(octal, 8))
    else {
      const decoded = LETTERS[letter ?? '']
      if (decoded === undefined) throw invalidQuery(`Syntax error: Illegal escape sequence: \\${letter}`)
      parts.push(decoded)
    }
  }
  parts.push(text.slice(end))
  return parts
}
