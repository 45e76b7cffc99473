// Run Job: each document is a Job resource; it is started under an id of ours and watched until it is done.
import { randomUUID } from 'node:crypto'
import type { Job } from '../bigquery/control-plane.ts'
import { createReadPage, type ReadPage } from '../bigquery/query-results.ts'
import type { JsonObject } from '../contract/document.ts'
import { ConnectorError } from '../errors.ts'
import { eachDocument } from './each-document.ts'
import { withJobDefaults } from './job-defaults.ts'
import type { OpenOperation, OperationContext } from './open-operation.ts'
import { pollWaitMs } from './poll-ladder.ts'

/** The options of descriptors/operations/run-job.json, resolved. */
interface RunJobOptions {
  readonly projectIdOverride?: string
  readonly requestTimeout: number
}

/** Milliseconds that one request waits for a job; the service ends longer waits on its own. */
const longPollMs = 10_000

export const openRunJob: OpenOperation = (context, config) => {
  const options = config as unknown as RunJobOptions
  const projectId = options.projectIdOverride || context.projectId
  const readPage = createReadPage(context.transport, context.endpoint, context.retry)

  return (documents, execute = {}) =>
    eachDocument(documents, execute, context, 'one', async function* (data, signal) {
      const asked = withJobDefaults(jobOf(data, projectId, context.location), context.jobDefaults)
      const isOurs = (data as Job).jobReference?.jobId === undefined
      let job = asked
      try {
        job = await context.control.insertJob(projectId, asked, isOurs, signal)
        job = await waitFor(job, projectId, options.requestTimeout, { ...context, readPage }, signal)
      } catch (thrown) {
        if (!signal?.aborted) throw thrown
        const message = `Stopped while job ${nameOf(job)} was under way. It may go on: look at it before running it again.`
        throw new ConnectorError('BQC_ABORTED', message, { payload: job, cause: thrown })
      }
      const failure = job.status?.errorResult
      if (failure) {
        const { reason = '', location, message } = failure
        const at = location ? ` at ${location}` : ''
        const text = `Job ${nameOf(job)} failed${at}: ${message ?? reason}`.replace(/\.?$/, '.')
        throw new ConnectorError('BQC_JOB_FAILED', text, { reason: reason ?? '', payload: job })
      }
      yield { payloads: [job] }
    })
}

/** The job to start: GoogleSQL unless the document says otherwise, and an id so that a lost answer does no harm. */
function jobOf(data: JsonObject, projectId: string, location: string | undefined): Job {
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
  return {
    ...job,
    configuration: { ...job.configuration, query: { useLegacySql: false, ...query } },
    jobReference: {
      projectId,
      jobId: `bqc_${randomUUID()}`,
      ...(location ? { location } : {}),
      ...job.jobReference,
    },
  }
}

async function waitFor(
  started: Job,
  projectId: string,
  timeoutMs: number,
  { control, readPage, clock }: Pick<OperationContext, 'clock' | 'control'> & { readonly readPage: ReadPage },
  signal: AbortSignal | undefined,
): Promise<Job> {
  const deadline = timeoutMs === -1 ? Number.POSITIVE_INFINITY : clock.now() + timeoutMs
  const { jobId, location } = started.jobReference ?? {}
  let job = started
  for (let look = 0; job.status?.state !== 'DONE'; look += 1) {
    const left = deadline - clock.now()
    if (left <= 0) {
      const message = `Job ${nameOf(job)} is not done after ${timeoutMs} ms. It goes on: look at it again, or raise requestTimeout.`
      throw new ConnectorError('BQC_JOB_TIMEOUT', message, { payload: job })
    }
    const query = { projectId, jobId: jobId ?? '', location: location ?? undefined, maxResults: 0 }
    const page = await readPage({ ...query, timeoutMs: Math.min(left, longPollMs) }, signal).catch(
      () => undefined,
    )
    // A failed job answers the wait with its failure; the job itself tells. Nor does every service wait.
    if (!page?.jobComplete || look > 0) await clock.wait(Math.min(pollWaitMs(look), left), signal)
    job = await control.getJob(projectId, jobId ?? '', location ?? undefined, signal)
  }
  return job
}

function nameOf({ jobReference }: Job): string {
  return `${jobReference?.projectId}.${jobReference?.jobId}`
}
