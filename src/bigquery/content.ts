// Bodies as they go over the wire: plain, or compressed on zlib's thread pool.
import { constants } from 'node:buffer'
import { promisify } from 'node:util'
import { gunzip, gzip } from 'node:zlib'
import { ConnectorError, errorCatalogue } from '../errors.ts'

const compress = promisify(gzip)
const decompress = promisify(gunzip)

/** Three times as fast as the usual level 6, for a body that is a sixth larger. */
const level = 1

/** A body and the headers that tell how to read it. */
export interface Content {
  readonly body: string | Uint8Array
  readonly headers: Readonly<Record<string, string>>
}

export async function jsonContent(json: string | Uint8Array, isGzip: boolean): Promise<Content> {
  const headers = { 'content-type': 'application/json' }
  if (!isGzip) return { body: json, headers }
  return { body: await compress(json, { level }), headers: { ...headers, 'content-encoding': 'gzip' } }
}

/** The body of an answer, unzipped where its headers say so. */
export async function plainBody(
  body: Uint8Array,
  headers: Readonly<Record<string, string | string[] | undefined>>,
  maxOutputLength: number = constants.MAX_STRING_LENGTH,
): Promise<Buffer> {
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength)
  if (bytes.length === 0 || !/^(x-)?gzip$/i.test(String(headers['content-encoding'] ?? ''))) return bytes
  return decompress(bytes, { maxOutputLength })
}

/** A body that must not be larger; the rest of it is not read. */
export async function bodyWithin(largest: number, body: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of body) {
    size += chunk.length
    if (size > largest) throw new ConnectorError('BQC_RESPONSE_UNREADABLE', tooLarge(largest))
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

function tooLarge(largest: number): string {
  const { advice } = errorCatalogue.BQC_RESPONSE_UNREADABLE
  return `The answer is larger than the ${largest} bytes that it may have. ${advice}`
}
