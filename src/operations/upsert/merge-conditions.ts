// When a row of the staging is applied to a row of the target, as SQL: the same for files and for documents.

/** A row is not applied that is older than the target's. NULL is older than every value. Both are columns. */
export function isNotOlder(given: string, before: string): string {
  return `(${before} IS NULL OR ${given} >= ${before})`
}
