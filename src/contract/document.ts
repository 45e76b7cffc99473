// What a host hands to an operation.

/** A JSON object, as a program holds it. Dates, bytes and bigints are encoded as BigQuery wants them. */
export type JsonObject = { readonly [name: string]: unknown }

/** One unit of work: a row to insert, a job to run, a result to fetch. */
export interface Document {
  /**
   * The payload: an object, JSON text, or UTF-8 bytes of JSON text. Text and bytes are sent as they
   * are, so the cheapest form is the one that the host already has.
   */
  readonly data: JsonObject | string | Uint8Array
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
