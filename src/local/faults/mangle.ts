// Sends an answer's body damaged: cut off, or at a slow rate.
import type { ServerResponse } from 'node:http'
import { setTimeout as wait } from 'node:timers/promises'
import type { Encounter } from './faults.ts'

/** How often a slow body gets its next piece. */
const PIECE_MS = 100

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
