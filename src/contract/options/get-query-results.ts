// Written from descriptors/operations/get-query-results.json by `npm run generate`.
/** The options of Get Query Results, resolved. */
export interface GetQueryResultsOptions {
  /** Rows in a page, not in all: every page is read. Default: 1000. */
  readonly maxResults: number
  /** The kind of job. */
  readonly objectType: 'QUERY'
  /** Project of the job, where it is not the connection's. */
  readonly projectIdOverride?: string
  /** Milliseconds to wait for an unfinished query. Default: 10000. */
  readonly timeoutMs: number
}
