// Written from descriptors/operations/run-job.json by `npm run generate`.
/** The options of Run Job, resolved. */
export interface RunJobOptions {
  /** The kind of job. */
  readonly objectType: 'QUERY'
  /** Project that runs the job, where it is not the connection's. */
  readonly projectIdOverride?: string
  /** Milliseconds to wait for the job to be done; -1 waits for ever. The job itself goes on after that. Default: 3600000. */
  readonly requestTimeout: number
}
