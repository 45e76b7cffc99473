// Tables that have an expiration time go when it is over: before a request that could still see them.
import type { Catalog } from './catalog.ts'

/** How often all tables are looked at, at most. */
const LOOK_EVERY_MS = 1000

/** Gives a function that removes what has expired; it costs nothing most of the time. */
export function createExpiry(catalog: Catalog, now: () => number): () => Promise<void> {
  let lookedAt = Number.NEGATIVE_INFINITY

  return async () => {
    const time = now()
    if (Math.abs(time - lookedAt) < LOOK_EVERY_MS) return
    lookedAt = time
    for (const projectId of catalog.projects())
      for (const { datasetId } of catalog.datasets(projectId))
        for (const { tableId, sent } of catalog.tables(projectId, datasetId)) {
          if (sent['expirationTime'] === undefined || Number(sent['expirationTime']) > time) continue
          // Somebody else may have removed it meanwhile.
          await catalog.deleteTable(projectId, datasetId, tableId).catch(() => undefined)
        }
  }
}
