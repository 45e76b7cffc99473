// Run Job: each document is a Job resource; it is started under an id of ours and watched until it is done.
import { randomUUID } from 'node:crypto'
import type { Job } from '../bigquery/control-plane.ts'
import type { JsonObject } from '../contract/document.ts'
import { ConnectorError } from '../errors.ts'
import { eachDocument } from './each-document.ts'
import { withJobDefaults } from './job-defaults.ts'
import { numbered } from './jobs/job-id.ts'
import { createRunToEnd } from './jobs/run-to-end.ts'
import type { OpenOperation } from './open-operation.ts'

/** The options of descriptors/operations/run-job.json, resolved. */
interface RunJobOptions {
  readonly projectIdOverride?: string
  readonly requestTimeout: number
}

export const openRunJob: OpenOperation = (context, config) => {
  const options = config as unknown as RunJobOptions
  const projectId = options.projectIdOverride || context.projectId
  const runToEnd = createRunToEnd(context)

  return (documents, execute = {}) =>
    eachDocument(documents, execute, context, 'one', async function* (data, signal) {
      const asked = withJobDefaults(jobOf(data), context.jobDefaults)
      const given = (data as Job).jobReference
      const jobId = given?.jobId ?? `bqc_${randomUUID()}`
      const { job } = await runToEnd(
        {
          ids: given?.jobId ? 'given' : 'fresh',
          jobOf: (attempt) => ({
            ...asked,
            jobReference: {
              projectId,
              ...(context.location ? { location: context.location } : {}),
              ...given,
              jobId: numbered(jobId, attempt),
            },
          }),
          maxAttempts: 1,
          timeoutMs: options.requestTimeout,
          cancels: false,
        },
        signal,
      )
      yield { payloads: [job] }
    })
}

/** The job to start: GoogleSQL unless the document says otherwise. */
function jobOf(data: JsonObject): Job {
  const job = data as Job
  const query = job.configuration?.query
  if (typeof query?.query !== 'string' || query.query.trim() === '') {
    throw new ConnectorError(
      'BQC_DOCUMENT_INVALID',
      'The document is no query job: configuration.query.query is missing.',
      {
        faults: [{ path: '/configuration/query/query', message: 'must be the text of a statement' }],
      },
    )
  }
  return { ...job, configuration: { ...job.configuration, query: { useLegacySql: false, ...query } } }
}
