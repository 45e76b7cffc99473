// A document of Upsert -> the file that is uploaded.
import type { Readable } from 'node:stream'
import type { UploadFile } from '../../bigquery/upload.ts'
import type { ByteSource, Document } from '../../contract/document.ts'
import { ConnectorError } from '../../errors.ts'

export interface DocumentFile extends UploadFile {
  /** Its document is done: a stream that nobody has read to its end is closed. */
  leave(): void
}

/** @throws ConnectorError `BQC_DOCUMENT_INVALID` for a document that is no file. */
export function fileOf({ data }: Pick<Document, 'data'>): DocumentFile {
  if (typeof data === 'string') return repeatable([Buffer.from(data)])
  if (data instanceof Uint8Array) return repeatable([data])
  if (isByteSource(data)) return { isRepeatable: true, open: () => data.stream(), leave: nothing }
  if (isStream(data)) return { isRepeatable: false, open: () => data, leave: leaving(data) }
  const message =
    'The document is no file. Its data must be bytes, text, a Blob (or anything with stream()), or a stream of bytes.'
  throw new ConnectorError('BQC_DOCUMENT_INVALID', message)
}

function nothing(): void {}

function leaving(stream: AsyncIterable<Uint8Array>): () => void {
  if (stream instanceof ReadableStream) return () => void stream.cancel().catch(nothing)
  if (!isNodeStream(stream)) return nothing
  // It may fail before it is read, and without a listener that ends the process. Who reads it is told all the same.
  stream.on('error', nothing)
  return () => void stream.destroy()
}

function isNodeStream(stream: object): stream is Pick<Readable, 'on' | 'destroy'> {
  const { on, destroy } = stream as Partial<Readable>
  return typeof on === 'function' && typeof destroy === 'function'
}

function repeatable(parts: readonly Uint8Array[]): DocumentFile {
  return {
    isRepeatable: true,
    leave: nothing,
    async *open() {
      yield* parts
    },
  }
}

function isByteSource(data: unknown): data is ByteSource {
  return typeof (data as Partial<ByteSource> | null)?.stream === 'function'
}

function isStream(data: unknown): data is AsyncIterable<Uint8Array> {
  return typeof (data as Partial<AsyncIterable<Uint8Array>> | null)?.[Symbol.asyncIterator] === 'function'
}
