// Bodies that do not arrive as they should: a request's that is cut off, an answer's that is cut off or slow.
import type { IncomingMessage, ServerResponse } from 'node:http'
import { setTimeout as wait } from 'node:timers/promises'
import type { Encounter } from './faults.ts'

/** How often a slow body gets its next piece. */
const PIECE_MS = 100

/** Whoever reads the body gets so many bytes of it; then the connection breaks. */
export function cutBody(request: IncomingMessage, bytes: number): void {
  const whole = { [Symbol.asyncIterator]: request[Symbol.asyncIterator].bind(request) }
  request[Symbol.asyncIterator] = async function* (): AsyncGenerator<Buffer, undefined> {
    let left = bytes
    for await (const chunk of whole as AsyncIterable<Buffer>) {
      yield chunk.subarray(0, left)
      if (chunk.length > left) {
        request.destroy()
        throw new Error('The connection broke, as a rule says.')
      }
      left -= chunk.length
    }
    return undefined
  }
}

/** Takes over after the head has been written, which tells the whole length. */
export async function sendMangled(
  response: ServerResponse,
  body: Buffer,
  { truncate, bytesPerSecond }: Encounter,
): Promise<void> {
  if (truncate !== undefined) {
    // Destroyed only once the bytes have left, else the client would get none.
    response.write(body.subarray(0, truncate), () => response.destroy())
    return
  }
  const piece = Math.max(1, Math.round(((bytesPerSecond ?? body.length) * PIECE_MS) / 1000))
  for (let at = 0; at < body.length && !response.destroyed; at += piece) {
    response.write(body.subarray(at, at + piece))
    await wait(PIECE_MS)
  }
  response.end()
}
