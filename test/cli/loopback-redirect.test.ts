import { once } from 'node:events'
import { connect } from 'node:net'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { type LoopbackRedirect, openLoopbackRedirect } from '../../src/cli/loopback-redirect.ts'

let redirect: LoopbackRedirect
let isOpen: boolean
beforeEach(async () => {
  redirect = await openLoopbackRedirect()
  isOpen = true
})
afterEach(() => (isOpen ? redirect.close() : undefined))
const close = async () => {
  isOpen = false
  await redirect.close()
}

const never = new AbortController().signal
const visit = async (path: string, init: RequestInit = {}) => {
  const response = await fetch(new URL(path, redirect.uri), init)
  return { status: response.status, text: await response.text() }
}

it('listens on this machine alone, at an address of its own', async () => {
  const other = await openLoopbackRedirect()
  await other.close()

  expect(redirect.uri).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/callback$/)
  expect(other.uri).not.toBe(redirect.uri)
})

it('hands path and query on, and tells the person how it went', async () => {
  const answered = redirect.answer(
    async (url) => `took ${url}`,
    () => false,
    never,
  )

  const { status, text } = await visit('/callback?code=c&state=s')

  expect(status).toBe(200)
  expect(text).toContain('You can close this window.')
  expect(await answered).toBe('took /callback?code=c&state=s')
})

it.each([
  ['/favicon.ico', 'GET'],
  ['/', 'GET'],
  ['/callback/more?code=c', 'GET'],
  ['/callback?code=c', 'POST'],
])('answers %s by %s with 404 and goes on waiting', async (path, method) => {
  const taken: string[] = []
  const take = async (url: string) => void taken.push(url)
  const answered = redirect.answer(take, () => false, never)

  expect((await visit(path, { method })).status).toBe(404)
  await visit('/callback?code=right')

  await answered
  expect(taken).toEqual(['/callback?code=right'])
})

it('goes on waiting after an answer that is stray', async () => {
  const take = async (url: string) => {
    if (url.includes('forged')) throw new Error('stray')
    return url
  }
  const answered = redirect.answer(take, (thrown) => String(thrown).includes('stray'), never)

  expect((await visit('/callback?state=forged')).status).toBe(400)
  await visit('/callback?state=right')

  expect(await answered).toBe('/callback?state=right')
})

it('ends with what an answer that is not stray has thrown, and shows nothing of it', async () => {
  const take = async () => {
    throw new Error('The secret reason.')
  }
  const answered = redirect.answer(take, () => false, never)
  answered.catch(() => undefined)

  const { status, text } = await visit('/callback?error=access_denied')

  expect(status).toBe(400)
  expect(text).toContain('Consent is not given')
  expect(text).not.toContain('secret')
  await expect(answered).rejects.toThrow('The secret reason.')
})

it('takes one answer where a page is loaded twice, and both see how it went', async () => {
  let count = 0
  const { promise: go, resolve: proceed } = Promise.withResolvers<void>()
  const take = async () => {
    count += 1
    await go
    return 'done'
  }
  const answered = redirect.answer(take, () => false, never)
  const both = [visit('/callback?code=c'), visit('/callback?code=c')]
  proceed()

  const [first] = await Promise.all(both)
  expect(await answered).toBe('done')
  expect(first?.status).toBe(200)
  expect(count).toBe(1)
})

it('ends with the reason of its signal', async () => {
  const stop = new AbortController()
  const answered = redirect.answer(
    async () => 'never',
    () => false,
    stop.signal,
  )

  stop.abort(new Error('Stopped.'))

  await expect(answered).rejects.toThrow('Stopped.')
  expect((await visit('/callback?code=late')).status).toBe(404)
})

it('finishes with an answer that is being taken when its signal comes', async () => {
  const stop = new AbortController()
  const { promise: taking, resolve: taken } = Promise.withResolvers<void>()
  const { promise: go, resolve: proceed } = Promise.withResolvers<void>()
  const take = async () => {
    taken()
    await go
    return 'done'
  }
  const answered = redirect.answer(take, () => false, stop.signal)
  const page = visit('/callback?code=c')
  await taking

  stop.abort(new Error('Stopped.'))
  proceed()

  expect(await answered).toBe('done')
  expect((await page).status).toBe(200)
})

it('lets nobody in once it is closed, and waits for nobody who only holds a line', async () => {
  const { port } = new URL(redirect.uri)
  const idle = connect(Number(port), '127.0.0.1')
  await once(idle, 'connect')
  idle.on('error', () => undefined)

  await close()

  await expect(visit('/callback')).rejects.toThrow()
})
