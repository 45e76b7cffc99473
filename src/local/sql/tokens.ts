// Text as tokens with their places: what statements that the parser does not know are read from.
import { invalidQuery } from '../wire/api-error.ts'

export interface Token {
  readonly kind: 'word' | 'quoted' | 'text' | 'number' | 'symbol' | 'end'
  /** As written; a quoted name without its quotes. */
  readonly text: string
  /** A word in capital letters, a symbol as it is; '' for everything else. */
  readonly upper: string
  readonly start: number
  readonly end: number
}

const TOKEN = new RegExp(
  [
    /(?<space>\s+|--[^\n]*|#[^\n]*|\/\*[\s\S]*?\*\/)/,
    /(?<text>(?:rb|br|r|b)?(?:"""(?:\\[\s\S]|[^\\])*?"""|'''(?:\\[\s\S]|[^\\])*?'''|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'))/,
    /`(?<quoted>(?:\\.|[^`\\])*)`/,
    /(?<word>@{0,2}[A-Za-z_][A-Za-z0-9_]*)/,
    /(?<number>(?:0[xX][0-9A-Fa-f]+|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?))/,
    /(?<symbol>\|>|=>|!=|<=|<>|\|\||[-+*/%(),.;:=<>[\]{}?@&|^~!$])/,
  ]
    .map((part) => part.source)
    .join('|'),
  'iy',
)

export function tokenise(sql: string): readonly Token[] {
  const tokens: Token[] = []
  TOKEN.lastIndex = 0
  let start = 0
  while (start < sql.length) {
    TOKEN.lastIndex = start
    const groups = TOKEN.exec(sql)?.groups
    if (groups === undefined)
      throw syntaxError(
        /["'`]/.test(sql[start] ?? '')
          ? 'Unclosed string literal'
          : `Illegal input character ${JSON.stringify(sql[start])}`,
        sql,
        start,
      )
    const end = TOKEN.lastIndex
    for (const kind of ['text', 'quoted', 'word', 'number', 'symbol'] as const) {
      const text = groups[kind]
      if (text === undefined) continue
      const upper = kind === 'word' ? text.toUpperCase() : kind === 'symbol' ? text : ''
      tokens.push({ kind, text, upper, start, end })
    }
    start = end
  }
  tokens.push({ kind: 'end', text: '', upper: '', start: sql.length, end: sql.length })
  return tokens
}

/** The line and column of a place in the text, from 1, as error messages give them. */
function placeOf(sql: string, offset: number): string {
  const before = sql.slice(0, offset).split('\n')
  return `[${before.length}:${(before[before.length - 1]?.length ?? 0) + 1}]`
}

export function syntaxError(what: string, sql: string, offset: number): Error {
  return invalidQuery(`Syntax error: ${what} at ${placeOf(sql, offset)}`)
}
