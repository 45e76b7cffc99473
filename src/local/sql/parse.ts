// The one place that knows the SQL parser: text in, syntax trees out. Its printer and its translation
// to other dialects are not used.
import { invalidQuery } from '../wire/api-error.ts'
import type { Ast } from './ast.ts'
import { normalise } from './normalise.ts'

export interface Parser {
  /** One tree for each statement. */
  parse(sql: string): readonly Ast[]
}

/** How many texts keep their trees: the statements of a loop are parsed once. */
const KEPT_TREES = 200

export async function loadParser(): Promise<Parser> {
  const sdk = await importSdk()
  const kept = new Map<string, readonly Ast[]>()
  return {
    parse(sql) {
      const known = kept.get(sql)
      if (known !== undefined) return known
      const result = sdk.parse(normalise(sql), sdk.Dialect.BigQuery)
      if (result.success && Array.isArray(result.ast)) {
        const trees = result.ast as unknown as readonly Ast[]
        if (kept.size >= KEPT_TREES) kept.delete(kept.keys().next().value as string)
        kept.set(sql, trees)
        return trees
      }
      const text = (result.error ?? 'cannot be parsed').replace(/^Parse error at line \d+, column \d+: /, '')
      throw invalidQuery(`Syntax error: ${text} at [${result.errorLine ?? 1}:${result.errorColumn ?? 1}]`)
    },
  }
}

async function importSdk(): Promise<typeof import('@polyglot-sql/sdk')> {
  try {
    return await import('@polyglot-sql/sdk')
  } catch (cause) {
    throw new Error('The local BigQuery needs its SQL parser: npm install @polyglot-sql/sdk', { cause })
  }
}
