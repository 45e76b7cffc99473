// Which insertIds a table stored within the last minute. An id is remembered only after its row is
// committed: remembering it sooner would turn the retry of a failed request into lost rows.

/** BigQuery's documentation: duplicates are dropped, best effort, for up to one minute. */
const WINDOW_MS = 60_000

export interface InsertMemory {
  isKnown(table: string, insertId: string): boolean
  remember(table: string, insertIds: readonly string[]): void
}

export function createInsertMemory(now: () => number): InsertMemory {
  const tables = new Map<string, Map<string, number>>()
  return {
    isKnown(table, insertId) {
      const at = tables.get(table)?.get(insertId)
      return at !== undefined && now() - at < WINDOW_MS
    },
    remember(table, insertIds) {
      const at = now()
      const known = tables.get(table) ?? new Map<string, number>()
      tables.set(table, known)
      for (const insertId of insertIds) {
        // Deleting first keeps the map in order of age, so that the oldest are found at its front.
        known.delete(insertId)
        known.set(insertId, at)
      }
      for (const [insertId, since] of known) {
        if (at - since < WINDOW_MS) break
        known.delete(insertId)
      }
    },
  }
}
