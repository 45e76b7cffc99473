// Pages one after another, the next one always on its way while a page is read.

interface Page {
  readonly pageToken: string | undefined
}

/**
 * Holds one page beside the one given, whatever the number of pages. Leaving the loop early calls the next
 * page off. What a page failed with is thrown when its turn comes.
 */
export async function* pagesAhead<P extends Page>(
  first: P,
  read: (pageToken: string, signal: AbortSignal) => Promise<P>,
  signal: AbortSignal,
): AsyncGenerator<P, void, undefined> {
  const leaving = new AbortController()
  const either = AbortSignal.any([signal, leaving.signal])
  let page: P | undefined = first
  let ahead: Promise<P> | undefined
  try {
    while (page !== undefined) {
      ahead = page.pageToken === undefined ? undefined : read(page.pageToken, either)
      // Nobody listens yet.
      ahead?.catch(() => undefined)
      yield page
      page = await ahead
    }
  } finally {
    leaving.abort()
    await ahead?.catch(() => undefined)
  }
}
