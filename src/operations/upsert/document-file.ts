// A document of Upsert -> the file that is uploaded.
import type { UploadFile } from '../../bigquery/upload.ts'
import type { ByteSource, Document } from '../../contract/document.ts'
import { ConnectorError } from '../../errors.ts'

/** @throws ConnectorError `BQC_DOCUMENT_INVALID` for a document that is no file. */
export function fileOf({ data }: Pick<Document, 'data'>): UploadFile {
  if (typeof data === 'string') return repeatable([Buffer.from(data)])
  if (data instanceof Uint8Array) return repeatable([data])
  if (isByteSource(data)) return { isRepeatable: true, open: () => data.stream() }
  if (isStream(data)) return { isRepeatable: false, open: () => data }
  const message =
    'The document is no file. Its data must be bytes, text, a Blob (or anything with stream()), or a stream of bytes.'
  throw new ConnectorError('BQC_DOCUMENT_INVALID', message)
}

function repeatable(parts: readonly Uint8Array[]): UploadFile {
  return {
    isRepeatable: true,
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
