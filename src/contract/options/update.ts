// Written from descriptors/operations/update.json by `npm run generate`.
/** The options of Update, resolved. */
export interface UpdateOptions {
  /** Dataset of the table, where it is not the object type's. DYNAMIC takes it from the document. Default: "". */
  readonly datasetId: string
  /** The table or view, or DYNAMIC: each document names it in its tableReference. */
  readonly objectType: string
  /** Changes nothing: the outcome tells what would change, and why it could not. Default: false. */
  readonly preview: boolean
  /** Project of the table, where it is not the connection's. */
  readonly projectIdOverride?: string
  /** On: a document that is refused has its outcome, and work goes on. Off: no document is taken after the first one that is refused; what was taken gets its outcome, and the execution ends with an error that names it. Default: true. */
  readonly returnApplicationErrors: boolean
  /** On: the document replaces the whole resource, and what it leaves out is removed, except columns. Off: only what the document has is changed; null removes. Default: false. */
  readonly update: boolean
}
