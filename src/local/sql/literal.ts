// Literals. Whole numbers are INT64 and others FLOAT64, where DuckDB would choose 32 bits and DECIMAL.
import { invalidQuery } from '../wire/api-error.ts'
import { quoteText } from '../wire/table-schema.ts'
import { type Ast, unsupported } from './ast.ts'
import { scalarLiteral } from './parameters.ts'
import { FLOAT64, INT64, STRING, scalar, type Typed } from './typing.ts'

const TYPED: Readonly<Record<string, string>> = {
  date: 'DATE',
  time: 'TIME',
  datetime: 'DATETIME',
  timestamp: 'TIMESTAMP',
}

export function literal(body: Ast): Typed {
  const type = String(body['literal_type'])
  const text = String(body['value'])
  const named = TYPED[type]
  if (named !== undefined) return { sql: scalarLiteral(named, text), type: scalar(named) }
  switch (type) {
    case 'number':
      return number(text)
    case 'hex_number':
      return number(String(BigInt(`0x${text.replace(/^0x/i, '')}`)))
    case 'string':
      return { sql: quoteText(text), type: STRING, constant: 'literal', text }
    default:
      throw unsupported(`${type} literal`)
  }
}

function number(text: string): Typed {
  if (!/^-?\d+$/.test(text)) {
    if (!Number.isFinite(Number(text))) throw invalidQuery(`Invalid floating point literal: ${text}`)
    const sql = /e/i.test(text) ? `CAST(${text} AS DOUBLE)` : `CAST(${text}e0 AS DOUBLE)`
    return { sql, type: FLOAT64, constant: 'literal', text }
  }
  const value = BigInt(text)
  if (value < -(2n ** 63n) || value >= 2n ** 63n) throw invalidQuery(`Invalid integer literal: ${text}`)
  // The smallest INT64 cannot be written as minus its opposite.
  const sql = `CAST(${text.startsWith('-') ? quoteText(text) : text} AS BIGINT)`
  return { sql, type: INT64, constant: 'literal', text }
}
