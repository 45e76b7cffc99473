// Framed records of a file: marker, length, CRC-32, payload. The marker is random for each writer, so that
// after damage the next record can be found, and no document can pose as one.
import type { FileHandle } from 'node:fs/promises'
import { crc32 } from 'node:zlib'

export const markerBytes = 8
export const frameHeadBytes: number = markerBytes + 8

/** Writes the head of a frame whose payload stands behind it already. */
export function sealFrame(buffer: Buffer, at: number, payloadBytes: number, marker: Buffer): void {
  const start = at + frameHeadBytes
  marker.copy(buffer, at)
  buffer.writeUInt32LE(payloadBytes, at + markerBytes)
  buffer.writeUInt32LE(checkOf(buffer.subarray(start, start + payloadBytes)), at + markerBytes + 4)
}

export function frameOf(payload: Buffer, marker: Buffer): Buffer {
  const frame = Buffer.concat([Buffer.alloc(frameHeadBytes), payload])
  sealFrame(frame, 0, payload.length, marker)
  return frame
}

/** The length is checked as well. */
function checkOf(payload: Buffer): number {
  return crc32(payload, payload.length)
}

/** A payload that is whole, or a stretch of the file that is none. */
export type Found =
  | { readonly payload: Buffer; readonly end: number }
  | { readonly payload?: never; readonly offset: number; readonly bytes: number; readonly isTail: boolean }

const chunkBytes = 1_048_576

/** Reads frames from `offset` to the end of the file, a chunk in memory. A payload is good until the next is asked for. */
export async function* readFrames(
  file: FileHandle,
  marker: Buffer,
  offset: number,
): AsyncGenerator<Found, void, undefined> {
  const { size } = await file.stat()
  let window: Buffer = Buffer.alloc(0)
  /** Position of the window in the file, and of the reader in the window. */
  let base = offset
  let at = 0
  let damagedFrom: number | undefined

  const fill = async (wanted: number): Promise<boolean> => {
    if (window.length - at >= wanted) return true
    const start = base + at
    const length = Math.min(Math.max(wanted, chunkBytes), size - start)
    const fresh = Buffer.allocUnsafe(length)
    const { bytesRead } = await file.read(fresh, 0, length, start)
    window = fresh.subarray(0, bytesRead)
    base = start
    at = 0
    return window.length >= wanted
  }
  const payloadHere = async (): Promise<Buffer | undefined> => {
    if (!(await fill(frameHeadBytes)) || !window.subarray(at, at + markerBytes).equals(marker))
      return undefined
    const length = window.readUInt32LE(at + markerBytes)
    if (base + at + frameHeadBytes + length > size || !(await fill(frameHeadBytes + length))) return undefined
    const payload = window.subarray(at + frameHeadBytes, at + frameHeadBytes + length)
    return checkOf(payload) === window.readUInt32LE(at + markerBytes + 4) ? payload : undefined
  }

  while (base + at < size) {
    const payload = await payloadHere()
    if (payload !== undefined) {
      if (damagedFrom !== undefined) {
        yield { offset: damagedFrom, bytes: base + at - damagedFrom, isTail: false }
        damagedFrom = undefined
      }
      at += frameHeadBytes + payload.length
      yield { payload, end: base + at }
      continue
    }
    damagedFrom ??= base + at
    at += 1
    // The next marker; one may stand across the window's end.
    for (;;) {
      await fill(markerBytes)
      const next = window.indexOf(marker, at)
      if (next !== -1) {
        at = next
        break
      }
      if (base + window.length >= size) {
        at = window.length
        break
      }
      at = Math.max(window.length - markerBytes + 1, at)
    }
  }
  if (damagedFrom !== undefined) yield { offset: damagedFrom, bytes: size - damagedFrom, isTail: true }
}
