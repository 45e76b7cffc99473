import { describe, expect, it } from 'vitest'
import { pagesAhead } from '../../src/operations/pages-ahead.ts'
import { settled } from '../fixtures/clocks.ts'

interface Page {
  readonly number: number
  readonly pageToken: string | undefined
}

/** Pages 1 to `count`; each request is answered when the test says so. */
function service(count: number) {
  const page = (number: number): Page => ({ number, pageToken: number < count ? `${number + 1}` : undefined })
  const asked: { token: string; signal: AbortSignal; answer: () => void; fail: (error: Error) => void }[] = []
  const read = (token: string, signal: AbortSignal) =>
    new Promise<Page>((resolve, reject) => {
      signal.addEventListener('abort', () => reject(new Error('called off')))
      asked.push({ token, signal, answer: () => resolve(page(Number(token))), fail: reject })
    })
  const stop = new AbortController()
  return { asked, stop, pages: pagesAhead(page(1), read, stop.signal) }
}

describe('pages ahead', () => {
  it('come in order, each asked for once', async () => {
    const { pages, asked } = service(4)
    const numbers: number[] = []

    for await (const { number } of pages) {
      numbers.push(number)
      asked.at(-1)?.answer()
    }

    expect(numbers).toEqual([1, 2, 3, 4])
    expect(asked.map(({ token }) => token)).toEqual(['2', '3', '4'])
  })

  it('are one at most, however long a page takes', async () => {
    const { pages, asked } = service(10)

    await pages.next()
    asked[0]?.answer()
    await settled()

    expect(asked.length).toBe(1)
    await pages.return()
  })

  it('are on their way while the page before is taken', async () => {
    const { pages, asked } = service(2)

    await pages.next()

    expect(asked.map(({ token }) => token)).toEqual(['2'])
    await pages.return()
  })

  it('are called off when nobody wants them any more', async () => {
    const { pages, asked } = service(3)

    for await (const _ of pages) break

    expect(asked.map(({ signal }) => signal.aborted)).toEqual([true])
  })

  it('are called off with the execution', async () => {
    const { pages, asked, stop } = service(3)
    await pages.next()

    stop.abort()

    expect(asked[0]?.signal.aborted).toBe(true)
    await expect(pages.next()).rejects.toThrow('called off')
  })

  it('that fail do so when their turn comes, and not before', async () => {
    const { pages, asked } = service(3)
    const first = await pages.next()

    asked[0]?.fail(new Error('no page'))
    await settled()

    expect(first.value).toMatchObject({ number: 1 })
    await expect(pages.next()).rejects.toThrow('no page')
    expect(await pages.next()).toEqual({ done: true, value: undefined })
  })
})
