// The port `Http` as a plain function, for what is above the wire.
import type { HttpReply, HttpRequest } from '../../src/bigquery/http-message.ts'
import { openTransport, type Transport } from '../../src/bigquery/transport.ts'

export interface ScriptedTransport {
  readonly transport: Transport
  readonly asked: readonly HttpRequest[]
}

export function jsonReply(body: unknown, status = 200): HttpReply {
  return { status, headers: { 'content-type': 'application/json' }, text: JSON.stringify(body) }
}

/** BigQuery's envelope of an error. */
export function errorReply(status: number, reason: string, message: string): HttpReply {
  const errors = [{ reason, message, domain: 'global' }]
  return jsonReply({ error: { code: status, message, errors } }, status)
}

/** Our transport without a token, on a wire that answers as the test says. */
export function scriptedTransport(
  answer: (request: HttpRequest, count: number) => HttpReply | Promise<HttpReply>,
): ScriptedTransport {
  const asked: HttpRequest[] = []
  const http = {
    async send(request: HttpRequest) {
      asked.push(request)
      return answer(request, asked.length)
    },
    close: async () => {},
  }
  const tokens = { token: async () => undefined, renew: async () => undefined }
  return { transport: openTransport(http, tokens), asked }
}
