// Literals. Whole numbers are INT64 and others FLOAT64, where DuckDB would choose 32 bits and DECIMAL.
import { invalidQuery } from '../wire/api-error.ts'
import { quoteText } from '../wire/table-schema.ts'
import { type Ast, unsupported } from './ast.ts'
import { scalarLiteral } from './parameters.ts'

const TYPED: Readonly<Record<string, string>> = {
  date: 'DATE',
  time: 'TIME',
  datetime: 'DATETIME',
  timestamp: 'TIMESTAMP',
}

export function literal(body: Ast): string {
  const type = String(body['literal_type'])
  const text = String(body['value'])
  const typed = TYPED[type]
  if (typed !== undefined) return scalarLiteral(typed, text)
  switch (type) {
    case 'number':
      return number(text)
    case 'hex_number':
      return number(String(BigInt(`0x${text}`)))
    case 'string':
      return quoteText(text)
    default:
      throw unsupported(`${type} literal`)
  }
}

function number(text: string): string {
  if (!/^-?\d+$/.test(text)) return /e/i.test(text) ? `CAST(${text} AS DOUBLE)` : `CAST(${text}e0 AS DOUBLE)`
  const value = BigInt(text)
  if (value < -(2n ** 63n) || value >= 2n ** 63n) throw invalidQuery(`Invalid integer literal: ${text}`)
  return `CAST(${quoteNegative(text)} AS BIGINT)`
}

/** The smallest INT64 cannot be written as minus its opposite. */
function quoteNegative(text: string): string {
  return text.startsWith('-') ? quoteText(text) : text
}
