// Where an issuer sends a person back to: one address on this machine, for as long as one answer takes.
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface LoopbackRedirect {
  /** `http://127.0.0.1:PORT/callback` */
  readonly uri: string
  /**
   * Hands what comes to `take`, path and query, one after another, until something is not stray. The person sees how
   * it went.
   * @param isStray whether what `take` threw means that the right answer may still come.
   * @throws what `take` threw, or the signal's reason when it is aborted while nothing is being taken.
   */
  answer<T>(
    take: (callbackUrl: string) => Promise<T>,
    isStray: (thrown: unknown) => boolean,
    signal: AbortSignal,
  ): Promise<T>
  close(): Promise<void>
}

type Settled<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: unknown }

const path = '/callback'

/** Listens on any free port, for this machine alone. */
export async function openLoopbackRedirect(): Promise<LoopbackRedirect> {
  let visit: (request: IncomingMessage, response: ServerResponse) => Promise<void> = notFound
  const server = createServer({ requestTimeout: 10_000, headersTimeout: 10_000 }, (request, response) => {
    const isAnswer = request.method === 'GET' && request.url?.split('?', 1)[0] === path
    const served = isAnswer ? visit(request, response) : notFound(request, response)
    served.catch(() => response.destroy())
  })
  server.maxConnections = 16
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')

  return {
    uri: `http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`,
    async answer<T>(
      take: (callbackUrl: string) => Promise<T>,
      isStray: (thrown: unknown) => boolean,
      signal: AbortSignal,
    ) {
      signal.throwIfAborted()
      const { promise, resolve, reject } = Promise.withResolvers<Settled<T>>()
      const attempt = async (url: string): Promise<Settled<T> | undefined> => {
        try {
          return { ok: true, value: await take(url) }
        } catch (error) {
          return isStray(error) ? undefined : { ok: false, error }
        }
      }
      let turn: Promise<Settled<T> | undefined> = Promise.resolve(undefined)
      visit = async ({ url = '' }, response) => {
        turn = turn.then((former) => former ?? attempt(url))
        const settled = await turn
        if (settled === undefined) return show(response, pages.stray)
        await show(response, settled.ok ? pages.given : pages.refused)
        resolve(settled)
      }
      // An answer that is being taken is the last one.
      const stop = () => void turn.then((settled) => settled ?? reject(signal.reason))
      signal.addEventListener('abort', stop)
      try {
        const settled = await promise
        if (settled.ok) return settled.value
        throw settled.error
      } finally {
        signal.removeEventListener('abort', stop)
        visit = notFound
      }
    },
    async close() {
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
    },
  }
}

interface Page {
  readonly status: number
  readonly title: string
  readonly text: string
}

const pages = {
  given: { status: 200, title: 'Consent is given', text: 'You can close this window.' },
  refused: {
    status: 400,
    title: 'Consent is not given',
    text: 'You can close this window. The command in the terminal says why.',
  },
  stray: {
    status: 400,
    title: 'This is not the answer that is waited for',
    text: 'It was not used. Answer on the page that the command in the terminal has opened.',
  },
  missing: { status: 404, title: 'There is nothing here', text: 'You can close this window.' },
} as const

async function notFound(_: IncomingMessage, response: ServerResponse): Promise<void> {
  await show(response, pages.missing)
}

/** Resolves when the page is sent, or nobody is there to read it. */
async function show(response: ServerResponse, { status, title, text }: Page): Promise<void> {
  const html = `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title></head>
<body><main><h1>${title}</h1><p>${text}</p></main></body></html>
`
  response.writeHead(status, {
    'Content-Type': 'text/html; charset=utf-8',
    'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'",
    'Cache-Control': 'no-store',
    'Referrer-Policy': 'no-referrer',
    Connection: 'close',
  })
  const closed = once(response, 'close')
  response.end(html)
  await closed
}
