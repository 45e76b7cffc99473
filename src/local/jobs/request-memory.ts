// Which jobs.query requests have been seen: one that comes again with the same id gets the first one's job.
import { invalid } from '../wire/api-error.ts'

/** BigQuery's documentation: a requestId is good for 15 minutes. */
const WINDOW_MS = 15 * 60_000

export interface RequestMemory {
  /** The value made for this id and content, or a new one. The same id with other content is refused. */
  once<T>(id: string, content: unknown, make: () => T): T
}

export function createRequestMemory(now: () => number): RequestMemory {
  const seen = new Map<string, { content: string; at: number; value: unknown }>()
  return {
    once<T>(id: string, content: unknown, make: () => T): T {
      const text = JSON.stringify(content)
      const at = now()
      for (const [key, entry] of seen) {
        if (at - entry.at < WINDOW_MS) break
        seen.delete(key)
      }
      const before = seen.get(id)
      if (before !== undefined) {
        if (before.content !== text)
          throw invalid('The requestId was used before with a different request.', 'requestId')
        return before.value as T
      }
      const value = make()
      seen.set(id, { content: text, at, value })
      return value
    },
  }
}
