// Written from descriptors/operations/get-query-results.json by `npm run generate`.
/** The options of Get Query Results, resolved. */
export interface GetQueryResultsOptions {
  /** Rows in a page, not in all: every page is read. Default: 1000. */
  readonly maxResults: number
  /** The kind of job. */
  readonly objectType: 'QUERY'
  /** Project of the job, where it is not the connection's. */
  readonly projectIdOverride?: string
  /** On: a document that is refused has its outcome, and work goes on. Off: no document is taken after the first one that is refused; what was taken gets its outcome, and the execution ends with an error that names it. Default: true. */
  readonly returnApplicationErrors: boolean
  /** Milliseconds to wait for an unfinished query. Default: 10000. */
  readonly timeoutMs: number
}
