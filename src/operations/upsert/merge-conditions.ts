// When a row of the staging means a row of the target, and is applied to it, as SQL: for files and for documents.

/** A row is not applied that is older than the target's. NULL is older than every value. Both are columns. */
export function isNotOlder(given: string, before: string): string {
  return `(${before} IS NULL OR ${given} >= ${before})`
}

/** NULL is a value like any other in a key. @param isNever neither of the columns can be NULL at all. */
export function isSame(before: string, given: string, isNever: boolean): string {
  return isNever
    ? `${before} = ${given}`
    : `(${before} = ${given} OR (${before} IS NULL AND ${given} IS NULL))`
}
