import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Page, PageRequest } from '../../src/bigquery/lists.ts'
import { everyItem, excerptOf } from '../../src/browse/pages.ts'

/** A service that gives its items page by page, in pages of its own size at most; some are empty. */
function service(items: readonly number[], pageSize: number) {
  const asked: PageRequest[] = []
  const ask = async (request: PageRequest): Promise<Page<number>> => {
    asked.push(request)
    const start = Number(request.pageToken ?? 0)
    const end = start + Math.min(pageSize, request.maxResults ?? pageSize)
    return { items: items.slice(start, end), nextPageToken: end < items.length ? String(end) : undefined }
  }
  return { ask, asked }
}
const upTo = (count: number) => Array.from({ length: count }, (_, n) => n)

describe('a list that comes in pages', () => {
  it('is read through to its end', async () => {
    expect(await Array.fromAsync(everyItem(service(upTo(10), 3).ask))).toEqual(upTo(10))
  })

  it('is asked for no further than it is read', async () => {
    const { ask, asked } = service(upTo(10), 3)

    for await (const item of everyItem(ask)) if (item === 2) break

    expect(asked).toHaveLength(1)
  })

  it('gives each item that matches exactly once, in excerpts of the size asked for, whatever the pages', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.nat(60),
        fc.integer({ min: 1, max: 9 }),
        fc.integer({ min: 1, max: 9 }),
        fc.integer({ min: 1, max: 4 }),
        async (count, pageSize, limit, step) => {
          const { ask } = service(upTo(count), pageSize)
          const matches = (item: number) => item % step === 0
          const sizes: number[] = []
          const all: number[] = []
          let from: string | undefined
          do {
            const excerpt = await excerptOf(ask, matches, limit, step > 1, from)
            sizes.push(excerpt.items.length)
            all.push(...excerpt.items)
            from = excerpt.nextPageToken
          } while (from !== undefined)

          expect(all).toEqual(upTo(count).filter(matches))
          expect(sizes.slice(0, -1).every((size) => size === limit)).toBe(true)
        },
      ),
    )
  })

  it('refuses a page token that it did not give', async () => {
    await expect(excerptOf(service([], 1).ask, () => true, 5, false, 'xyz')).rejects.toMatchObject({
      code: 'BQC_CONFIG_INVALID',
      faults: [{ path: '/pageToken', value: 'xyz' }],
    })
  })
})
