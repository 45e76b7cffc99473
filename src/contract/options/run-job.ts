// Written from descriptors/operations/run-job.json by `npm run generate`.
/** The options of Run Job, resolved. */
export interface RunJobOptions {
  /** Cancels a job that is not done in time. Off: it goes on, and costs. Default: false. */
  readonly cancelOnTimeout: boolean
  /** Runs nothing: BigQuery checks each query and says which columns it gives and how many bytes it would read. Queries only. configuration.dryRun of a document does the same for that document. Default: false. */
  readonly dryRun: boolean
  /** Makes a job that is sent again the same job, also after a restart: its id is made from this value and the document's configuration. id: the document's id. A JSON pointer (/order/number): that field's value, text or a number; a document without it is refused. Empty: random ids, kept through lost answers only. A jobReference.jobId of the document goes before it. Default: "". */
  readonly jobIdFrom: string
  /** What the ids of jobs begin with, to find them by. Another prefix makes other jobs. Default: "bqc_". */
  readonly jobIdPrefix: string
  /** Jobs started at most for a document, the first included. Another one is started, under another id, where one failed for a reason that time heals, such as backendError or a concurrent update of the same table. Never a script, which may have done half of its work. Default: 3. */
  readonly maxAttempts: number
  /** Jobs that run at the same time, at most. 1: a job begins after the one before it has ended, so that it may build on it. More: jobs that do not depend on each other. Outcomes keep the documents' order. Default: 1. */
  readonly maxConcurrentJobs: number
  /** The kind of job. A document's configuration has this kind and no other. QUERY: Query. LOAD: Load. EXTRACT: Extract. COPY: Copy. */
  readonly objectType: 'QUERY' | 'LOAD' | 'EXTRACT' | 'COPY'
  /** What becomes of jobs that are under way when the execution is stopped. auto: Cancel those that could not be found again. Their id was made up at random; others go on. cancel: Cancel all. leave: Leave all. Default: "auto". */
  readonly onStop: 'auto' | 'cancel' | 'leave'
  /** Price of a TiB that a query bills, for costEstimate in the outcome's statistics. The default is the list price of on-demand queries in the US, in US dollars; other regions have others. 0: no estimate. Default: 6.25. */
  readonly pricePerTiB: number
  /** Project that runs the job, where it is not the connection's. */
  readonly projectIdOverride?: string
  /** Milliseconds from its start for a job to be done, all attempts together; 0 looks once, -1 waits for ever. After that the job goes on, unless cancelOnTimeout is on. Default: 3600000. */
  readonly requestTimeout: number
  /** On: a document that is refused has its outcome, and work goes on. Off: no document is taken after the first one that is refused; what was taken gets its outcome, and the execution ends with an error that names it. Default: true. */
  readonly returnApplicationErrors: boolean
}
