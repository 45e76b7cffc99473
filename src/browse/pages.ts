// A list that the service gives page by page -> all of it, or pages as long as somebody wants them.
import type { Page, PageRequest } from '../bigquery/lists.ts'
import { ConnectorError } from '../errors.ts'

type Ask<Item> = (page: PageRequest) => Promise<Page<Item>>

/** Items of one request, where all are wanted. */
const wholePage = 1000

/** @throws ConnectorError `BQC_CONFIG_INVALID` */
export function checkLimit(limit: number | undefined, most: number = Number.POSITIVE_INFINITY): void {
  if (limit === undefined || (Number.isInteger(limit) && limit >= 1 && limit <= most)) return
  const message = `must be a whole number from 1${Number.isFinite(most) ? ` to ${most}` : ''}`
  throw new ConnectorError('BQC_CONFIG_INVALID', `The limit of a list ${message}.`, {
    faults: [{ path: '/limit', value: limit, message }],
  })
}

export async function* everyItem<Item>(ask: Ask<Item>): AsyncGenerator<Item, void, undefined> {
  let pageToken: string | undefined
  do {
    const page = await ask({ maxResults: wholePage, ...(pageToken ? { pageToken } : {}) })
    yield* page.items
    pageToken = page.nextPageToken
  } while (pageToken)
}

export interface Excerpt<Item> {
  readonly items: readonly Item[]
  readonly nextPageToken?: string
}

/**
 * The next `limit` items that match, however many pages of the service they lie apart.
 * @param from where the excerpt before ended; it may be in the middle of a page.
 */
export async function excerptOf<Item>(
  ask: Ask<Item>,
  matches: (item: Item) => boolean,
  limit: number,
  isSearch: boolean,
  from: string | undefined,
): Promise<Excerpt<Item>> {
  let { skip, pageToken } = placeOf(from)
  // Who searches reads many pages.
  const maxResults = isSearch ? wholePage : limit
  const items: Item[] = []
  for (;;) {
    const page = await ask({ maxResults, ...(pageToken ? { pageToken } : {}) })
    for (let at = skip; at < page.items.length; at += 1) {
      const item = page.items[at] as Item
      if (!matches(item)) continue
      if (items.length === limit) return { items, nextPageToken: `${at}.${pageToken ?? ''}` }
      items.push(item)
    }
    if (!page.nextPageToken) return { items }
    if (items.length === limit) return { items, nextPageToken: `0.${page.nextPageToken}` }
    skip = 0
    pageToken = page.nextPageToken
  }
}

function placeOf(from: string | undefined): { skip: number; pageToken: string | undefined } {
  if (from === undefined) return { skip: 0, pageToken: undefined }
  const [, skip, pageToken] = /^(\d+)\.(.*)$/.exec(from) ?? []
  if (skip !== undefined) return { skip: Number(skip), pageToken: pageToken || undefined }
  throw new ConnectorError('BQC_CONFIG_INVALID', 'The pageToken is none that this look-up gave.', {
    faults: [{ path: '/pageToken', value: from, message: 'must be the nextPageToken of the page before' }],
  })
}
