// Written from descriptors/operations/get-query-results.json by `npm run generate`.
/** The options of Get Query Results, resolved. */
export interface GetQueryResultsOptions {
  /** How NUMERIC and BIGNUMERIC values are given. Every choice is exact. string: Text. Every value, as a document may give it back. number: Number where exact. Numbers of up to 15 significant digits, text beyond. Default: "string". */
  readonly decimals: 'string' | 'number'
  /** Asks for compressed pages, and unzips them beside the main thread. auto: Where the endpoint is not on this machine. always: Always. never: Never. Default: "auto". */
  readonly gzip: 'auto' | 'always' | 'never'
  /** How INT64 values are given. Every choice is exact. string: Text. Every value, as a document may give it back. number: Number where exact. Numbers from -(2^53 - 1) to 2^53 - 1, text beyond. bigint: BigInt. For programs: JSON has no such value. Default: "string". */
  readonly integers: 'string' | 'number' | 'bigint'
  /** Rows in a page at most, not in all: every page is read, the next one while a page is taken. A page has about 10 MB at most. Default: 1000. */
  readonly maxResults: number
  /** The kind of job. */
  readonly objectType: 'QUERY'
  /** Project of the job, where it is not the connection's. */
  readonly projectIdOverride?: string
  /** The statement to run for documents that name no job by jobId and have no query of their own. Its @parameters take the document's parameters. Default: "". */
  readonly query: string
  /** On: a document that is refused has its outcome, and work goes on. Off: no document is taken after the first one that is refused; what was taken gets its outcome, and the execution ends with an error that names it. Default: true. */
  readonly returnApplicationErrors: boolean
  /** Milliseconds to wait for a query that is not done: for its job to end, and again for its first page. After that it goes on: ask for it by its job id, which the outcome tells. Default: 10000. */
  readonly timeoutMs: number
}
