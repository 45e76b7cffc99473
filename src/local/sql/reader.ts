// Walks over the tokens of one text: takes words, names and whole expressions, and says what it expected.
import { syntaxError, type Token, tokenise } from './tokens.ts'

const OPENING = new Set(['(', '[', '{'])
const CLOSING = new Set([')', ']', '}'])

export interface Reader {
  readonly sql: string
  /** The token `ahead` places on, without taking it. */
  peek(ahead?: number): Token
  next(): Token
  /** Whether these words or symbols come next. */
  sees(...words: readonly string[]): boolean
  /** Takes these words or symbols if they come next. */
  takes(...words: readonly string[]): boolean
  expect(...words: readonly string[]): void
  /** One identifier. */
  name(): string
  /** A name in parts, such as p.d.t; quoted parts may hold several, and a project may hold dashes. */
  path(): readonly string[]
  /** The text up to one of these words or symbols outside any parentheses or CASE, or up to the end. */
  until(...words: readonly string[]): string
  /** The text between the parenthesis that comes next and its partner. */
  parenthesised(): string
  /** What a parenthesised list holds, each item read by `item`. */
  list<T>(item: () => T): readonly T[]
  /** Where the reader stands. */
  at(): number
  done(): boolean
  /** Refuses what is left over. */
  finish(): void
  fail(): Error
  failAt(token: Token, expected?: string): Error
}

export function createReader(sql: string): Reader {
  const tokens = tokenise(sql)
  const last = tokens[tokens.length - 1] as Token
  let position = 0

  const peek = (ahead = 0): Token => tokens[position + ahead] ?? last
  const sees = (...words: readonly string[]): boolean => words.every((word, i) => peek(i).upper === word)

  function next(): Token {
    const token = peek()
    if (position < tokens.length - 1) position++
    return token
  }

  function takes(...words: readonly string[]): boolean {
    if (!sees(...words)) return false
    position += words.length
    return true
  }

  function failAt(token: Token, expected?: string): Error {
    const found =
      token.kind === 'end'
        ? 'Unexpected end of statement'
        : expected === undefined
          ? `Unexpected ${describe(token)}`
          : `Expected ${expected} but got ${describe(token)}`
    return syntaxError(
      expected !== undefined && token.kind === 'end'
        ? `Expected ${expected} but got end of statement`
        : found,
      sql,
      token.start,
    )
  }

  function expect(...words: readonly string[]): void {
    for (const word of words)
      if (!takes(word)) throw failAt(peek(), /^\w/.test(word) ? `keyword ${word}` : `"${word}"`)
  }

  function name(): string {
    const token = next()
    if (token.kind !== 'word' && token.kind !== 'quoted') throw failAt(token, 'identifier')
    return token.text
  }

  function path(): readonly string[] {
    const parts = [name()]
    for (;;) {
      const before = tokens[position - 1] as Token
      const [dash, after] = [peek(), peek(1)]
      const joined = dash.start === before.end && after.start === dash.end
      if (dash.upper === '-' && joined && /^[A-Za-z0-9_]/.test(after.text)) {
        position += 2
        parts.push(`${parts.pop()}-${after.text}`)
      } else if (takes('.')) parts.push(name())
      else return parts.flatMap((part) => part.split('.'))
    }
  }

  function until(...words: readonly string[]): string {
    const start = peek().start
    let end = start
    let depth = 0
    while (peek().kind !== 'end') {
      const { upper } = peek()
      if (depth === 0 && (words.includes(upper) || CLOSING.has(upper))) break
      if (OPENING.has(upper) || upper === 'CASE') depth++
      if (CLOSING.has(upper) || (upper === 'END' && depth > 0)) depth--
      end = next().end
    }
    return sql.slice(start, end)
  }

  function parenthesised(): string {
    expect('(')
    const inside = until()
    expect(')')
    return inside
  }

  return {
    sql,
    peek,
    next,
    sees,
    takes,
    expect,
    name,
    path,
    until,
    parenthesised,
    list(item) {
      expect('(')
      const items: ReturnType<typeof item>[] = []
      if (takes(')')) return items
      do items.push(item())
      while (takes(','))
      expect(')')
      return items
    },
    at: () => peek().start,
    done: () => peek().kind === 'end',
    finish() {
      takes(';')
      if (peek().kind !== 'end') throw failAt(peek(), 'end of input')
    },
    fail: () => failAt(peek()),
    failAt,
  }
}

/** Words that are no names unless they are quoted. */
export const RESERVED: ReadonlySet<string> = new Set(
  (
    'ALL AND ANY ARRAY AS ASC ASSERT_ROWS_MODIFIED AT BETWEEN BY CASE CAST COLLATE CONTAINS CREATE CROSS CUBE CURRENT ' +
    'DEFAULT DEFINE DESC DISTINCT ELSE END ENUM ESCAPE EXCEPT EXCLUDE EXISTS EXTRACT FALSE FETCH FOLLOWING FOR FROM FULL ' +
    'GROUP GROUPING GROUPS HASH HAVING IF IGNORE IN INNER INTERSECT INTERVAL INTO IS JOIN LATERAL LEFT LIKE LIMIT LOOKUP ' +
    'MERGE NATURAL NEW NO NOT NULL NULLS OF ON OR ORDER OUTER OVER PARTITION PRECEDING PROTO QUALIFY RANGE RECURSIVE ' +
    'RESPECT RIGHT ROLLUP ROWS SELECT SET SOME STRUCT TABLESAMPLE THEN TO TREAT TRUE UNBOUNDED UNION UNNEST USING WHEN ' +
    'WHERE WINDOW WITH WITHIN'
  ).split(' '),
)

function describe(token: Token): string {
  if (token.kind === 'word')
    return RESERVED.has(token.upper) ? `keyword ${token.upper}` : `identifier "${token.text}"`
  if (token.kind === 'quoted') return `identifier \`${token.text}\``
  if (token.kind === 'text') return `string literal ${token.text}`
  if (token.kind === 'number') return `number "${token.text}"`
  return `"${token.text}"`
}
