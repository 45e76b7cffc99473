// Jobs: started once though answers get lost, looked at, waited for and cancelled.
import type { bigquery_v2 } from 'googleapis/build/src/apis/bigquery/index.js'
import { ConnectorError } from '../errors.ts'
import { type Api, type Call, withSignal } from './api-call.ts'
import { locationOfDuplicate, refusal } from './classify.ts'
import type { Retry } from './retry.ts'
import type { Transport } from './transport.ts'

export type Job = bigquery_v2.Schema$Job

/** Where a job is; without a location the service looks in the US and the EU only. */
export interface JobReference {
  readonly projectId: string
  readonly jobId: string
  readonly location?: string
}

/**
 * - `here`: this call started it.
 * - `lost-answer`: it was there when a later try of this call came, so very likely an earlier one started it.
 * - `former`: it was there before.
 */
type JobOrigin = 'here' | 'lost-answer' | 'former'

interface StartedJob {
  readonly job: Job
  readonly origin: JobOrigin
}

export interface Jobs {
  /**
   * Starts a job. Where it has an id, a lost answer does no harm: the id is taken then, and the job that has
   * it is the one meant.
   * @param isOurs nobody else can have taken the id: the job that has it is adopted in any case.
   */
  insertJob(projectId: string, job: Job, isOurs: boolean, signal?: AbortSignal): Promise<StartedJob>
  /** @param attempts requests at most; default as many as for any other. */
  getJob(
    projectId: string,
    jobId: string,
    location: string | undefined,
    signal?: AbortSignal,
    attempts?: number,
  ): Promise<Job>
  /**
   * Waits for a query job, in one request that the service answers when the job is done, or later than
   * `timeoutMs`; then it is false. A job that failed answers with its failure.
   */
  awaitQuery(job: JobReference, timeoutMs: number, signal?: AbortSignal): Promise<boolean>
  /** Asks a job to stop, which takes a while; gives the job as it is. One that is done stays as it is. */
  cancelJob(job: JobReference, signal?: AbortSignal): Promise<Job>
}

export function openJobs(
  api: Api,
  call: Call,
  {
    transport,
    endpoint,
    retry,
  }: { readonly transport: Transport; readonly endpoint: string; readonly retry: Retry },
): Jobs {
  const getJob: Jobs['getJob'] = (projectId, jobId, location, signal, attempts) =>
    call(
      `request for job ${projectId}.${jobId}`,
      signal,
      () => api.jobs.get({ projectId, jobId, ...(location ? { location } : {}) }, withSignal(signal)),
      attempts === undefined ? {} : { attempts },
    )

  /** A job that is there, but may not be seen for some seconds. Asking again does no harm. */
  const getNewJob = ({ projectId, jobId, location }: JobReference, signal: AbortSignal | undefined) =>
    retry(() => getJob(projectId, jobId, location, signal, 1).catch(notYet), { signal })

  return {
    async insertJob(projectId, job, isOurs, signal) {
      const { jobId, location } = job.jobReference ?? {}
      const isDry = job.configuration?.dryRun === true
      let tries = 0
      const of = jobId ? `job ${projectId}.${jobId}` : `${isDry ? 'dry run' : 'job'} in ${projectId}`
      const send = () =>
        call(of, signal, () => {
          tries += 1
          return api.jobs.insert({ projectId, requestBody: job }, withSignal(signal))
        })
      // After an answer that makes no sense nobody knows what was done, and asking again tells.
      const onceMore = (thrown: unknown) => (jobId && isUnreadable(thrown) ? send() : Promise.reject(thrown))
      try {
        return { job: await send().catch(onceMore), origin: 'here' }
      } catch (thrown) {
        const isTaken = thrown instanceof ConnectorError && thrown.httpStatus === 409
        if (!isTaken || !jobId || !(isOurs || tries > 1)) throw thrown
        const place = location ?? locationOfDuplicate(thrown, jobId)
        const reference = { projectId, jobId, ...(place ? { location: place } : {}) }
        return {
          job: await getNewJob(reference, signal),
          origin: tries > 1 ? 'lost-answer' : 'former',
        }
      }
    },
    async awaitQuery({ projectId, jobId, location }, timeoutMs, signal) {
      const asked = { maxResults: '0', timeoutMs: String(timeoutMs), ...(location ? { location } : {}) }
      const path = `projects/${encodeURIComponent(projectId)}/queries/${encodeURIComponent(jobId)}`
      // Not through the client, which cannot be told that the answer will take its time.
      const reply = await transport.send({
        method: 'GET',
        url: `${endpoint}/bigquery/v2/${path}?${new URLSearchParams(asked)}`,
        signal,
        serviceWaitMs: timeoutMs,
      })
      const of = `wait for job ${projectId}.${jobId}`
      if (reply.status !== 200) throw refusal(reply, of)
      try {
        return JSON.parse(reply.text).jobComplete === true
      } catch (cause) {
        throw new ConnectorError('BQC_RESPONSE_UNREADABLE', `The answer to the ${of} is not JSON.`, { cause })
      }
    },
    cancelJob: async ({ projectId, jobId, location }, signal) => {
      const where = { projectId, jobId, ...(location ? { location } : {}) }
      const reply = await call(`end of job ${projectId}.${jobId}`, signal, () =>
        api.jobs.cancel(where, withSignal(signal)),
      )
      return reply.job ?? { jobReference: where }
    },
    getJob,
  }
}

function isUnreadable(thrown: unknown): boolean {
  return thrown instanceof ConnectorError && thrown.code === 'BQC_RESPONSE_UNREADABLE'
}

function notYet(thrown: unknown): never {
  const isWorthAsking = isUnreadable(thrown) || (thrown as ConnectorError).code === 'BQC_NOT_FOUND'
  if (!(thrown instanceof ConnectorError) || !isWorthAsking) throw thrown
  throw new ConnectorError('BQC_SERVICE_UNAVAILABLE', thrown.message, {
    cause: thrown,
    payload: thrown.payload,
    ...(thrown.httpStatus === undefined ? {} : { httpStatus: thrown.httpStatus }),
  })
}
