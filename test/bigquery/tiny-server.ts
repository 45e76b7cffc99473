// A server on this machine that records what it is asked and answers as a test says.
import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface Asked {
  readonly method: string
  /** Path and query. */
  readonly path: string
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

export interface Answer {
  readonly status?: number
  readonly headers?: Readonly<Record<string, string>>
  /** Text and bytes as they are, anything else as JSON. */
  readonly body?: unknown
}

export interface TinyServer {
  readonly url: string
  readonly asked: readonly Asked[]
  close(): Promise<void>
}

/** @param answer `drop` closes the connection without an answer. */
export async function startTinyServer(
  answer: (asked: Asked, count: number) => Answer | 'drop' | Promise<Answer | 'drop'>,
): Promise<TinyServer> {
  const asked: Asked[] = []
  const server = createServer(async (request, response) => {
    let body = ''
    for await (const part of request.setEncoding('utf8')) body += part
    const { method = '', url: path = '', headers } = request
    const one = { method, path, headers, body }
    asked.push(one)
    const reply = await answer(one, asked.length)
    if (reply === 'drop') {
      request.socket.destroy()
      return
    }
    const isReady = typeof reply.body === 'string' || reply.body instanceof Uint8Array
    const content = isReady ? reply.body : JSON.stringify(reply.body ?? {})
    const type = isReady ? 'text/html' : 'application/json'
    response.writeHead(reply.status ?? 200, { 'content-type': type, ...reply.headers }).end(content)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    async close() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}
