// Errors of the engine as the ones a client knows.
import { ApiError, alreadyExists, invalidQuery } from '../wire/api-error.ts'

const UNKNOWN_COLUMN =
  /^(?:Referenced column|Table .* does not have a column named|Column) "([^"]+)"(?: not found| referenced that exists in the SELECT clause|$)?/

/** DuckDB's complaint about a statement, as the reason and wording a BigQuery client expects. */
export function asApiError(error: unknown): ApiError {
  if (error instanceof ApiError) return error
  const text = error instanceof Error ? error.message : String(error)
  const [, kind = '', rest = text] = /^([A-Z][A-Za-z- ]*?) Error: ([\s\S]*)$/.exec(text) ?? []
  const message = (rest.split('\n')[0] ?? rest).trim()
  if (/^(Internal|Fatal|IO)$/i.test(kind)) return new ApiError(500, 'internalError', message)
  const signature = /^Macro bq_(\w+?)(?:_safe|_to|_from)?\(\) does not support/.exec(message)
  if (signature !== null)
    return invalidQuery(`No matching signature for function ${signature[1]?.toUpperCase()}`)
  const repeated = /^Already Exists: (Job .*)$/.exec(message)
  if (repeated !== null) return alreadyExists(repeated[1] ?? '')
  const required = /^NOT NULL constraint failed: .*\.(.+)$/.exec(message)
  if (required !== null) return invalidQuery(`Required field ${required[1]} cannot be null`)
  const ungrouped = /^column "(.+)" must appear in the GROUP BY clause/.exec(message)
  if (ungrouped !== null)
    return invalidQuery(
      `SELECT list expression references column ${ungrouped[1]} which is neither grouped nor aggregated`,
    )
  const column = UNKNOWN_COLUMN.exec(message)
  return invalidQuery(column === null ? message : `Unrecognized name: ${column[1]}`)
}
