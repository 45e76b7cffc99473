// An observer's trouble is none of the documents'.

/** What `act` gives; `undefined` when a processor or an exporter that somebody registered throws. */
export function quietly<T>(act: () => T): T | undefined {
  try {
    return act()
  } catch {
    return undefined
  }
}
