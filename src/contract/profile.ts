// The shapes of documents, for a host's field mapper.

/** A JSON Schema, draft 2020-12. */
export type JsonSchema = { readonly [keyword: string]: unknown }

export interface Profile {
  /** What a document's data must look like. */
  readonly request: JsonSchema
  /** What a success's payload looks like; `null` when it carries none. */
  readonly response: JsonSchema | null
}
