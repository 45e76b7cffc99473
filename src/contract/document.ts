// What a host hands to an operation.

/** A JSON object, as a program holds it. Dates, bytes and bigints are encoded as BigQuery wants them. */
export type JsonObject = { readonly [name: string]: unknown }

/**
 * Bytes that can be read from their beginning as often as needed, and need not be in memory: a `Blob`
 * (`await openAsBlob(path)` of node:fs), or anything else that opens them anew with each call.
 */
export interface ByteSource {
  stream(): AsyncIterable<Uint8Array>
}

/** One unit of work: a row to insert, a job to run, a result to fetch, a file to load. */
export interface Document {
  /**
   * The payload: an object, JSON text, or UTF-8 bytes of JSON text. Text and bytes are sent as they
   * are, so the cheapest form is the one that the host already has.
   *
   * For Upsert it is a whole file: bytes, text, a source of bytes, or a stream of them. A stream is read
   * once: where an upload has to begin again, it cannot.
   */
  readonly data: JsonObject | string | Uint8Array | ByteSource | AsyncIterable<Uint8Array>
  /** The host's own identity of the document; it comes back in the outcome. */
  readonly id?: string
  /**
   * Values that override an option for this document alone: `templateSuffix`, `datasetId`, `tableId`,
   * `projectIdOverride`; and `insertId`, the row's own. An empty string is a value; an absent property
   * is none.
   */
  readonly properties?: Readonly<Record<string, string>>
}

/** Where documents come from: any iterable, pulled one at a time, only while there is room. */
export type DocumentSource = Iterable<Document> | AsyncIterable<Document>
