// Small repairs to the text before it is parsed. String literals are decoded here, because the parser
// knows only some escapes, and handed on in one plain form; INSERT gets the INTO the parser wants; comments,
// which the parser hangs on the values before them, become blanks.
import { invalidQuery } from '../wire/api-error.ts'
import { UNREAD, unreadName } from './functions/node-names.ts'
import { syntaxError, type Token, tokenise } from './tokens.ts'

const ESCAPES = /\\(?:u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|[xX]([0-9A-Fa-f]{2})|([0-3][0-7]{2})|([\s\S]))/g
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

const LITERAL = /^(?<prefix>[rb]*)(?<quotes>"""|'''|"|')(?<text>[\s\S]*)\k<quotes>$/i

export function normalise(sql: string): string {
  const tokens = tokenise(sql)
  let written = ''
  let end = 0
  for (let i = 0; i < tokens.length; i++) {
    const token = tokens[i] as Token
    written += sql.slice(end, token.start).replace(/\S/g, ' ')
    end = token.end
    const type = literalType(tokens, i)
    if (type === undefined) {
      written += rewritten(sql, tokens, i)
      continue
    }
    i += type.tokens
    const value = tokens[i] as Token
    const literal = plainLiteral(sql.slice(value.start, value.end))
    written +=
      type.name === 'BIGNUMERIC' ? `CAST(${literal} AS BIGNUMERIC)` : `PARSE_RANGE_${type.name}(${literal})`
    end = value.end
  }
  return written
}

/** The parser knows no RANGE literals and reads a BIGNUMERIC one as NUMERIC, which has fewer digits. */
function literalType(tokens: readonly Token[], i: number): { name: string; tokens: number } | undefined {
  const [word, open, element, close, last] = tokens.slice(i, i + 5)
  if (/^BIG(NUMERIC|DECIMAL)$/.test(word?.upper ?? '') && open?.kind === 'text')
    return { name: 'BIGNUMERIC', tokens: 1 }
  if (word?.upper === 'RANGE' && open?.upper === '<' && close?.upper === '>' && last?.kind === 'text')
    return { name: element?.upper ?? '', tokens: 4 }
  return undefined
}

function rewritten(sql: string, tokens: readonly Token[], i: number): string {
  const token = tokens[i] as Token
  const [before, after] = [tokens[i - 1], tokens[i + 1]]
  const text = sql.slice(token.start, token.end)
  if (token.kind === 'text') {
    if (before?.kind === 'text') throw syntaxError('Unexpected string literal', sql, token.start)
    return plainLiteral(text)
  }
  if (after?.upper === '(' && UNREAD.includes(token.upper)) return unreadName(text)
  // The parser makes POSITION(a IN b) the same as STRPOS(b, a).
  const names = before?.upper === '.' || /^(INTO|TABLE)$/.test(before?.upper ?? '')
  if (token.upper === 'POSITION' && after?.upper === '(' && !names)
    throw invalidQuery('Function not found: POSITION')
  if (token.kind === 'word' && (isUpdated(tokens, i) || (token.upper === 'TOP' && after?.upper !== '(')))
    return `\`${text}\``
  const starts = before === undefined || before.upper === ';'
  if (token.upper === 'INSERT' && starts && after?.upper !== 'INTO') return `${text} INTO`
  // Operators of other dialects, which the parser would take.
  if (/^[:=]$/.test(token.upper) && before?.upper === token.upper && before.end === token.start)
    throw syntaxError(`Unexpected "${token.upper}"`, sql, token.start)
  return text
}

/** Part of the name that UPDATE starts with: the parser takes words of other dialects in it for their keywords. */
function isUpdated(tokens: readonly Token[], i: number): boolean {
  let first = i
  while (tokens[first - 1]?.upper === '.') first -= 2
  return first < i && tokens[first - 1]?.upper === 'UPDATE' && tokens[first - 2] === undefined
}

function plainLiteral(written: string): string {
  const groups = LITERAL.exec(written)?.groups
  const prefix = (groups?.['prefix'] ?? '').toLowerCase()
  const text = groups?.['text'] ?? ''
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
