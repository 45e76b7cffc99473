// Positional parameters get names in the order of the text, before it is cut into statements.
import { tokenise } from './tokens.ts'

/** The name a positional parameter has in the tree; it starts like every parameter's name. */
export function positionalName(position: number): string {
  return `_p${position}`
}

export function namePositional(sql: string): string {
  let named = ''
  let end = 0
  let position = 0
  for (const token of tokenise(sql)) {
    if (token.upper !== '?') continue
    named += `${sql.slice(end, token.start)}@${positionalName(position++)}`
    end = token.end
  }
  return named + sql.slice(end)
}
