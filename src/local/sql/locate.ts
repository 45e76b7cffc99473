// Where a query without a location runs: where the datasets it names are.
import type { Catalog } from '../storage/catalog.ts'
import type { Ast } from './ast.ts'
import type { Parser } from './parse.ts'
import { tablePath } from './scope.ts'

/** The location of the first known dataset in the text; undefined where there is none. */
export function referencedLocation(
  parser: Parser,
  catalog: Catalog,
  projectId: string,
  sql: string,
): string | undefined {
  try {
    return search(parser.parse(sql), catalog, projectId)
  } catch {
    // The job itself will report what is wrong with the text.
    return undefined
  }
}

function search(node: unknown, catalog: Catalog, projectId: string): string | undefined {
  if (typeof node !== 'object' || node === null) return undefined
  if ('name' in node && 'schema' in node) {
    const path = tablePath(node as Ast)
    const project = path.length > 2 ? path.slice(0, -2).join('.') : projectId
    const found = path.length > 1 ? catalog.findDataset(project, path[path.length - 2] ?? '') : undefined
    if (found !== undefined) return found.location
  }
  for (const value of Object.values(node)) {
    const found = search(value, catalog, projectId)
    if (found !== undefined) return found
  }
  return undefined
}
