// multipart/related as uploads use it: a JSON part, then a media part that goes to a file as it arrives.
import { createWriteStream } from 'node:fs'
import type { IncomingMessage } from 'node:http'
import { pipeline } from 'node:stream/promises'
import { ApiError, invalid } from '../wire/api-error.ts'

/** The service's limit for the metadata of an upload. */
const MAX_METADATA_BYTES = 10_485_760
const MAX_HEADER_BYTES = 16_384

/** Writes the media part to `path` and returns the JSON part's text and the media's type. */
export async function receiveMultipart(
  incoming: IncomingMessage,
  path: string,
): Promise<{ metadata: string; mediaType: string | undefined }> {
  const boundary = boundaryOf(incoming.headers['content-type'])
  const parts = splitParts(incoming, boundary)
  const first = await parts.next()
  if (first.done === true) throw missing()
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of first.value.body) {
    size += chunk.length
    if (size > MAX_METADATA_BYTES) throw new ApiError(413, 'uploadTooLarge', 'Metadata part is too large.')
    chunks.push(chunk)
  }
  const second = await parts.next()
  if (second.done === true) throw missing()
  await pipeline(second.value.body, createWriteStream(path))
  await parts.next()
  return { metadata: Buffer.concat(chunks).toString('utf8'), mediaType: contentType(second.value.head) }
}

function missing(): ApiError {
  return invalid('Missing end boundary in multipart body.')
}

function contentType(head: string): string | undefined {
  return /^content-type:\s*(.+?)\s*$/im.exec(head)?.[1]
}

function boundaryOf(type: string | undefined): string {
  const found = /^multipart\/related\s*;.*?boundary=(?:"([^"]+)"|([^;\s]+))/i.exec(type ?? '')
  const boundary = found?.[1] ?? found?.[2]
  if (boundary === undefined)
    throw new ApiError(
      400,
      'badContent',
      `Media type '${type ?? ''}' is not supported. Valid media types: [*/*]`,
    )
  return boundary
}

interface Part {
  readonly head: string
  /** Must be read to its end before the next part is asked for. */
  readonly body: AsyncIterable<Buffer>
}

async function* splitParts(source: AsyncIterable<Buffer>, boundary: string): AsyncGenerator<Part, void> {
  const delimiter = Buffer.from(`\r\n--${boundary}`)
  const chunks = source[Symbol.asyncIterator]()
  // The first boundary need not follow a line end; with one put before it, all boundaries look alike.
  let held: Buffer = Buffer.from('\r\n')

  async function more(): Promise<void> {
    const next = await chunks.next()
    if (next.done === true) throw missing()
    held = held.length === 0 ? next.value : Buffer.concat([held, next.value])
  }

  async function* untilDelimiter(): AsyncGenerator<Buffer> {
    for (;;) {
      const at = held.indexOf(delimiter)
      const ready = at === -1 ? Math.max(held.length - delimiter.length + 1, 0) : at
      if (ready > 0) yield held.subarray(0, ready)
      held = held.subarray(at === -1 ? ready : at + delimiter.length)
      if (at !== -1) return
      await more()
    }
  }

  async function head(): Promise<string> {
    for (;;) {
      const end = held.indexOf('\r\n\r\n')
      if (end !== -1) {
        const text = held.subarray(0, end).toString('latin1')
        held = held.subarray(end + 4)
        return text
      }
      if (held.length > MAX_HEADER_BYTES) throw invalid('The headers of a multipart part are too long.')
      await more()
    }
  }

  for await (const _preamble of untilDelimiter());
  for (;;) {
    while (held.length < 2) await more()
    if (held.subarray(0, 2).toString() === '--') {
      while ((await chunks.next()).done !== true);
      return
    }
    yield { head: await head(), body: untilDelimiter() }
  }
}
