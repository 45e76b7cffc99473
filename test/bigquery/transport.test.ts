import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { gzipSync } from 'node:zlib'
import { afterEach, describe, expect, it } from 'vitest'
import type { HttpRequest } from '../../src/bigquery/http-message.ts'
import { type Http, openHttp, openTransport, type TokenSource } from '../../src/bigquery/transport.ts'
import { ConnectorError } from '../../src/errors.ts'
import { type Answer, type Asked, startTinyServer, type TinyServer } from './tiny-server.ts'

const open: { close(): Promise<void> }[] = []
afterEach(async () => {
  for (const one of open.splice(0)) await one.close()
})

async function start(
  answer: (asked: Asked, count: number) => Answer | 'drop' | Promise<Answer | 'drop'>,
): Promise<{ server: TinyServer; http: Http }> {
  const server = await startTinyServer(answer)
  const http = openHttp()
  open.push(http, server)
  return { server, http }
}

/** Hands out `t1`, and the next token at each renewal. */
function countingTokens(): TokenSource & { readonly renewed: string[] } {
  const renewed: string[] = []
  return {
    renewed,
    token: async () => 't1',
    renew: async (refused) => `t${renewed.push(refused) + 1}`,
  }
}

const tokensAt = (server: TinyServer) => server.asked.map(({ headers }) => headers.authorization)

async function refusalOf(attempt: Promise<unknown>): Promise<ConnectorError> {
  const thrown = await attempt.then(
    () => new Error('an answer came'),
    (error) => error,
  )
  if (thrown instanceof ConnectorError) return thrown
  throw thrown
}

describe('a compressed answer', () => {
  const gzipped = { 'content-encoding': 'gzip' }

  it('is unzipped where its headers say so', async () => {
    const { server, http } = await start(() => ({ headers: gzipped, body: gzipSync('{"größe":1}') }))

    const reply = await http.send({ method: 'GET', url: server.url })

    expect(reply.text).toBe('{"größe":1}')
    expect(reply.bytes?.toString()).toBe('{"größe":1}')
  })

  it('that cannot be unzipped was broken on the way', async () => {
    const { server, http } = await start(() => ({
      headers: gzipped,
      body: gzipSync('x'.repeat(1000)).subarray(0, 20),
    }))

    const { code } = await refusalOf(http.send({ method: 'GET', url: server.url }))

    expect(code).toBe('BQC_NETWORK')
  })
})

describe('the token', () => {
  it('goes with every request', async () => {
    const { server, http } = await start(() => ({}))

    await openTransport(http, countingTokens()).send({ method: 'GET', url: server.url })

    expect(tokensAt(server)).toEqual(['Bearer t1'])
  })

  it('is renewed after a 401, and the request is sent once more, body and all', async () => {
    const { server, http } = await start((_, count) => ({ status: count === 1 ? 401 : 200, body: { count } }))
    const tokens = countingTokens()
    const headers = { 'content-type': 'text/plain' }

    const reply = await openTransport(http, tokens).send({
      method: 'POST',
      url: server.url,
      headers,
      body: 'rows',
    })

    expect([reply.status, reply.text]).toEqual([200, '{"count":2}'])
    expect(tokensAt(server)).toEqual(['Bearer t1', 'Bearer t2'])
    expect(tokens.renewed).toEqual(['t1'])
    expect(server.asked.map(({ body }) => body)).toEqual(['rows', 'rows'])
    expect(server.asked.map((asked) => asked.headers['content-type'])).toEqual(['text/plain', 'text/plain'])
  })

  it('is not renewed twice: a second 401 is the answer', async () => {
    const { server, http } = await start(() => ({ status: 401 }))
    const tokens = countingTokens()

    const reply = await openTransport(http, tokens).send({ method: 'GET', url: server.url })

    expect(reply.status).toBe(401)
    expect(server.asked.length).toBe(2)
    expect(tokens.renewed).toEqual(['t1'])
  })

  it('that cannot be renewed to another is not tried again', async () => {
    const { server, http } = await start(() => ({ status: 401 }))
    const fixed = { token: async () => 't1', renew: async () => 't1' }

    const reply = await openTransport(http, fixed).send({ method: 'GET', url: server.url })

    expect(reply.status).toBe(401)
    expect(server.asked.length).toBe(1)
  })

  it('is absent when the connection needs none, and a 401 is the answer', async () => {
    const { server, http } = await start(() => ({ status: 401 }))
    const none = { token: async () => undefined, renew: async () => undefined }

    const reply = await openTransport(http, none).send({ method: 'GET', url: server.url })

    expect(reply.status).toBe(401)
    expect(tokensAt(server)).toEqual([undefined])
  })

  it('that cannot be had keeps the request from being sent', async () => {
    const { server, http } = await start(() => ({}))
    const failure = new ConnectorError('BQC_SIGN_IN_REFUSED', 'No.')
    const broken = { token: () => Promise.reject(failure), renew: () => Promise.reject(failure) }

    const refusal = await refusalOf(openTransport(http, broken).send({ method: 'GET', url: server.url }))

    expect(refusal).toBe(failure)
    expect(server.asked).toEqual([])
  })

  it('is waited for no longer than the request is, and stays for others', async () => {
    const { server, http } = await start(() => ({}))
    const { promise, resolve } = Promise.withResolvers<string>()
    const slow = { token: () => promise, renew: () => promise }
    const transport = openTransport(http, slow)
    const stop = new AbortController()
    const stopped = refusalOf(transport.send({ method: 'GET', url: server.url, signal: stop.signal }))
    const other = transport.send({ method: 'GET', url: server.url, signal: new AbortController().signal })

    stop.abort()
    const refusal = await stopped
    resolve('late')
    const reply = await other

    expect(refusal.code).toBe('BQC_ABORTED')
    expect([reply.status, tokensAt(server)]).toEqual([200, ['Bearer late']])
  })

  it.each([400, 403, 500, 503])('is not renewed after a %i', async (status) => {
    const { server, http } = await start(() => ({ status }))
    const tokens = countingTokens()

    const reply = await openTransport(http, tokens).send({ method: 'GET', url: server.url })

    expect([reply.status, server.asked.length, tokens.renewed]).toEqual([status, 1, []])
  })
})

describe('an answer', () => {
  it('is handed on with status, headers and text, whatever the status', async () => {
    const { server, http } = await start(() => ({
      status: 418,
      headers: { 'x-a': 'b' },
      body: 'teapot \u{1f600}',
    }))

    const reply = await http.send({ method: 'GET', url: server.url })

    expect(reply).toMatchObject({ status: 418, headers: { 'x-a': 'b' }, text: 'teapot \u{1f600}' })
  })

  it('that never comes because nothing listens is a matter of the network', async () => {
    const { server, http } = await start(() => ({}))
    await server.close()
    open.splice(open.indexOf(server), 1)

    const refusal = await refusalOf(http.send({ method: 'GET', url: `${server.url}/path?secret=1` }))

    expect([refusal.code, refusal.reason]).toEqual(['BQC_NETWORK', 'ECONNREFUSED'])
    expect(refusal.message).toContain(`GET ${server.url}/path: nothing listens there`)
    expect(refusal.message).not.toContain('secret')
  })

  it('that breaks off in its body is a matter of the network', async () => {
    const { server, http } = await start(() => ({ headers: { 'content-length': '1000' }, body: 'short' }))
    // The server keeps the connection open for the rest of the body, until it is closed.
    const work = refusalOf(http.send({ method: 'GET', url: server.url }))
    while (server.asked.length === 0) await new Promise(setImmediate)

    await server.close()
    open.splice(open.indexOf(server), 1)

    expect((await work).code).toBe('BQC_NETWORK')
  })

  it('that is waited for no longer is an abort, not a matter of the network', async () => {
    const stop = new AbortController()
    const { server, http } = await start(() => {
      stop.abort()
      return new Promise<Answer>(() => {})
    })

    const refusal = await refusalOf(http.send({ method: 'GET', url: server.url, signal: stop.signal }))

    expect(refusal.code).toBe('BQC_ABORTED')
  })
})

describe('the time that a request has', () => {
  const tokens = { token: async () => undefined, renew: async () => undefined }
  const timesOf = async (options: object, request: object): Promise<HttpRequest> => {
    const sent: HttpRequest[] = []
    const http = {
      async send(one: HttpRequest) {
        sent.push(one)
        return { status: 200, headers: {}, text: '' }
      },
      close: async () => {},
    }
    await openTransport(http, tokens, options).send({ method: 'GET', url: 'http://localhost', ...request })
    return sent[0] as HttpRequest
  }

  it('is the connection\u2019s, where the request names none, beside what the service may wait', async () => {
    expect(await timesOf({ requestTimeoutMs: 7000 }, {})).toMatchObject({ timeoutMs: 7000 })
    expect(await timesOf({ requestTimeoutMs: 7000 }, { timeoutMs: 9000 })).toMatchObject({ timeoutMs: 9000 })
    expect(await timesOf({ requestTimeoutMs: 7000 }, { serviceWaitMs: 10_000 })).toMatchObject({
      timeoutMs: 17_000,
    })
  })

  it('ends with a word that says so', async () => {
    const { server, http } = await start(() => new Promise<Answer>(() => {}))

    const refusal = await refusalOf(http.send({ method: 'GET', url: server.url, timeoutMs: 1 }))

    expect([refusal.code, refusal.reason]).toEqual(['BQC_NETWORK', 'UND_ERR_HEADERS_TIMEOUT'])
  })

  it('holds for the whole of a small answer, which may not come drop by drop', async () => {
    const server = createServer((_, response) => {
      const drops = setInterval(() => response.write(' '), 5)
      response.on('close', () => clearInterval(drops))
    })
    await once(server.listen(0, '127.0.0.1'), 'listening')
    const http = openHttp()
    open.push(http)
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`

    const refusal = await refusalOf(http.send({ method: 'GET', url, timeoutMs: 50, largestReply: 1_000_000 }))

    expect([refusal.code, refusal.reason]).toEqual(['BQC_NETWORK', 'UND_ERR_BODY_TIMEOUT'])
    await once(server.close(), 'close')
  })
})

describe('close', () => {
  it('waits for the requests on the wire, and takes no more', async () => {
    const { promise: isAsked, resolve: ask } = Promise.withResolvers<void>()
    const { promise: answered, resolve: answer } = Promise.withResolvers<Answer>()
    const { server, http } = await start(() => {
      ask()
      return answered
    })
    const onTheWire = http.send({ method: 'GET', url: server.url })
    await isAsked

    open.splice(open.indexOf(http), 1)
    const closed = http.close()
    const late = await refusalOf(http.send({ method: 'GET', url: server.url }))
    answer({ body: { done: true } })

    expect((await onTheWire).text).toBe('{"done":true}')
    await closed
    expect(late.code).toBe('BQC_NETWORK')
    expect(server.asked.length).toBe(1)
  })
})

describe('fetch', () => {
  it('is the same transport, for the control plane\u2019s client', async () => {
    const { server, http } = await start((_, count) => ({ status: count === 1 ? 401 : 200, body: { count } }))
    const transport = openTransport(http, countingTokens())

    const response = await transport.fetch(new URL(`${server.url}/x`), {
      method: 'POST',
      body: '{}',
      headers: { 'content-type': 'application/json', 'accept-encoding': 'gzip' },
    })

    expect([response.status, await response.json()]).toEqual([200, { count: 2 }])
    expect(server.asked[1]).toMatchObject({
      method: 'POST',
      path: '/x',
      body: '{}',
      headers: {
        authorization: 'Bearer t2',
        'content-type': 'application/json',
        'accept-encoding': 'identity',
      },
    })
  })

  it('takes an answer without a body', async () => {
    const { server, http } = await start(() => ({ status: 204, body: '' }))

    const response = await openTransport(http, countingTokens()).fetch(server.url, { method: 'DELETE' })

    expect([response.status, await response.text()]).toEqual([204, ''])
  })
})
