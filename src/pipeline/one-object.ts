// Whether a document's text that nobody has parsed can stand in a request among others.
//
// Put there as it is, a text like `1},{"json":{}` would be one row more. A yes says: the text begins with a
// brace, and the brace that closes it is its end, for every reader to whom double quotes enclose text.
// It may still be no JSON; then the service refuses the request as a whole. Used by: encode.
import { isUtf8 } from 'node:buffer'
import type { RowJson } from './body.ts'

const quote = 0x22
const backslash = 0x5c
const openingBrace = 0x7b
const closingBrace = 0x7d
const space = 0x20

/** 1 for what JSON holds outside of its texts, braces and quotes aside. */
const isUsual = new Uint8Array(256)
for (const usual of Buffer.from(
  '0123456789+-.:,[] \t\r\nabcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ',
)) {
  isUsual[usual] = 1
}

/** Texts are looked at here: bytes are read faster than characters. */
const scratch = Buffer.allocUnsafeSlow(64 * 1024)

export function isOneObject(json: RowJson): boolean {
  if (typeof json !== 'string') return isUtf8(json) && isEnclosed(json, json.byteLength)
  if (json.length * 3 <= scratch.length) return isEnclosed(scratch, scratch.write(json))
  const bytes = Buffer.from(json)
  return isEnclosed(bytes, bytes.length)
}

// One loop in one function: taken apart, it costs a third more.
function isEnclosed(bytes: Uint8Array, length: number): boolean {
  let end = length
  while (end > 0 && isSpace(bytes[end - 1])) end -= 1
  let at = 0
  while (isSpace(bytes[at])) at += 1
  if (bytes[at] !== openingBrace) return false
  let depth = 0
  for (; at < end; at += 1) {
    const byte = bytes[at] as number
    if (byte === quote) {
      for (at += 1; ; at += 1) {
        if (at >= end) return false
        const inner = bytes[at] as number
        if (inner === quote) break
        if (inner === backslash) at += 1
        else if (inner < space) return false
      }
    } else if (byte === openingBrace) depth += 1
    else if (byte === closingBrace) {
      depth -= 1
      if (depth === 0) return at === end - 1
    } else if (isUsual[byte] === 0) return false
  }
  return false
}

function isSpace(byte: number | undefined): boolean {
  return byte === space || byte === 0x0a || byte === 0x0d || byte === 0x09
}
