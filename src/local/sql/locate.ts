// Where a query without a location runs: where the datasets it names are.
import type { Catalog } from '../storage/catalog.ts'
import { createReader } from './reader.ts'

/** The location of the first known dataset or region in the text; undefined where there is none. */
export function referencedLocation(catalog: Catalog, projectId: string, sql: string): string | undefined {
  try {
    const reader = createReader(sql)
    while (!reader.done()) {
      if (!/^(word|quoted)$/.test(reader.peek().kind)) {
        reader.next()
        continue
      }
      const found = locationOf(catalog, projectId, reader.path())
      if (found !== undefined) return found
    }
  } catch {
    // The job itself will report what is wrong with the text.
  }
  return undefined
}

function locationOf(catalog: Catalog, projectId: string, path: readonly string[]): string | undefined {
  for (const [i, name] of path.entries()) {
    const region = /^region-(.+)$/i.exec(name)?.[1]
    if (region !== undefined) return /^(us|eu)$/i.test(region) ? region.toUpperCase() : region.toLowerCase()
    const project = i === 0 ? projectId : path.slice(0, i).join('.')
    const found = path.length > 1 ? catalog.findDataset(project, name) : undefined
    if (found !== undefined) return found.location
  }
  return undefined
}
