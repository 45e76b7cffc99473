// Reads a request's body: unzips it where it is gzip, and stops at BigQuery's size limit.
import type { IncomingMessage } from 'node:http'
import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'
import { ApiError } from './wire/api-error.ts'

/** BigQuery's limit for the body of one request, 10 MB, taken on what the body unzips to. */
const MAX_BYTES = 10_485_760
/** An oversized body is still read this far, so that the client hears the answer instead of a reset. */
const MAX_DRAINED_BYTES = 64 * MAX_BYTES

function tooLarge(): ApiError {
  return new ApiError(400, 'badRequest', `Request payload size exceeds the limit: ${MAX_BYTES} bytes.`)
}

export async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size <= MAX_BYTES) chunks.push(chunk)
    else if (size > MAX_DRAINED_BYTES) break
  }
  if (size > MAX_BYTES) throw tooLarge()
  const body = Buffer.concat(chunks)
  if (!/\bgzip\b/i.test(request.headers['content-encoding'] ?? '')) return body
  try {
    return await promisify(gunzip)(body, { maxOutputLength: MAX_BYTES })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') throw tooLarge()
    throw new ApiError(400, 'badRequest', 'The request body is not valid gzip.')
  }
}
