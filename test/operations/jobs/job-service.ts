// The jobs part of BigQuery on a scripted wire: jobs end when the test says so, requests fail when it says so.
import { openControlPlane } from '../../../src/bigquery/control-plane.ts'
import type { HttpReply, HttpRequest } from '../../../src/bigquery/http-message.ts'
import { createRetry } from '../../../src/bigquery/retry.ts'
import type { Clock } from '../../../src/contract/clock.ts'
import { ConnectorError } from '../../../src/errors.ts'
import { createRunToEnd, type RunToEnd } from '../../../src/operations/jobs/run-to-end.ts'
import { createWatchJob, type WatchJob } from '../../../src/operations/jobs/watch-job.ts'
import { errorReply, jsonReply, scriptedTransport } from '../../bigquery/scripted-transport.ts'

const endpoint = 'https://bigquery.example'

export type JobResource = {
  jobReference?: { projectId?: string; jobId?: string; location?: string }
  configuration?: Record<string, unknown>
  status?: { state?: string; errorResult?: object; errors?: object[] }
  statistics?: Record<string, unknown>
}

type Kind = 'insert' | 'get' | 'wait' | 'cancel'

/** `answer`: instead of the service. `lose`, `garble`: it takes effect, and its answer is lost, or nonsense. */
type Fault = { readonly answer: HttpReply } | 'lose' | 'garble' | 'none'

export interface JobService {
  readonly jobs: Map<string, JobResource>
  /** `insert 0`: the kind of each request, and the second since the start at which it came. */
  readonly asked: string[]
  readonly runToEnd: RunToEnd
  readonly watch: WatchJob
  /** What becomes of the next requests of a kind, in turn. */
  fault(kind: Kind, ...faults: Fault[]): void
  /** Nothing goes wrong any more. */
  calm(): void
  /** A job is done from now on. */
  end(jobId: string, errorResult?: object): void
  readonly closing: Promise<unknown>[]
}

/** @param stateOf what is to be known of a new job. Default: it runs. */
export function openJobService(
  clock: Clock,
  stateOf: (job: JobResource) => Partial<JobResource> = () => ({ status: { state: 'RUNNING' } }),
): JobService {
  const jobs = new Map<string, JobResource>()
  const asked: string[] = []
  const began = clock.now()
  const faults: Record<Kind, Fault[]> = { insert: [], get: [], wait: [], cancel: [] }
  const closing: Promise<unknown>[] = []

  const missing = (id: string) => errorReply(404, 'notFound', `Not found: Job p:${id}`)
  const act = async (kind: Kind, id: string, { url, body }: HttpRequest): Promise<HttpReply> => {
    if (kind === 'insert') {
      const job = JSON.parse(String(body)) as JobResource
      const jobId = job.jobReference?.jobId ?? ''
      if (jobs.has(jobId)) return errorReply(409, 'duplicate', `Already Exists: Job p:EU.${jobId}`)
      const made = { ...job, jobReference: { location: 'EU', ...job.jobReference }, ...stateOf(job) }
      jobs.set(jobId, made)
      return jsonReply(made)
    }
    const job = jobs.get(id)
    const location = new URL(url).searchParams.get('location')
    if (job === undefined || location !== job.jobReference?.location) return missing(id)
    if (kind === 'get') return jsonReply(job)
    const isDone = job.status?.state === 'DONE'
    if (kind === 'wait') {
      const ms = Number(new URL(url).searchParams.get('timeoutMs'))
      if (!isDone) await clock.wait(ms)
      return jsonReply({ jobComplete: jobs.get(id)?.status?.state === 'DONE' })
    }
    if (!isDone) {
      const errorResult = { reason: 'stopped', message: 'Job execution was cancelled.' }
      jobs.set(id, { ...job, status: { state: 'DONE', errorResult } })
    }
    return jsonReply({ job: jobs.get(id) })
  }

  const { transport } = scriptedTransport(async (request) => {
    const path = new URL(request.url).pathname
    const [, id = ''] = /\/(?:jobs|queries)\/([^/]+)/.exec(path) ?? []
    const kind = path.includes('/queries/')
      ? 'wait'
      : path.endsWith('/cancel')
        ? 'cancel'
        : request.method === 'POST'
          ? 'insert'
          : 'get'
    asked.push(`${kind} ${(clock.now() - began) / 1000}`)
    const fault = faults[kind].shift()
    if (typeof fault === 'object') return fault.answer
    const reply = await act(kind, id, request)
    if (fault === 'lose') throw new ConnectorError('BQC_NETWORK', 'No answer.')
    if (fault === 'garble') return { status: 200, headers: {}, text: '<html>' }
    return reply
  })
  const control = openControlPlane(
    transport,
    endpoint,
    createRetry(clock, () => 0),
  )
  const context = {
    clock,
    control,
    random: () => 0,
    beforeClose: (work: Promise<unknown>) => void closing.push(work),
  }
  return {
    jobs,
    asked,
    closing,
    runToEnd: createRunToEnd(context),
    watch: createWatchJob(context),
    fault: (kind, ...next) => void faults[kind].push(...next),
    calm() {
      for (const left of Object.values(faults)) left.length = 0
    },
    end(jobId, errorResult) {
      const status = { state: 'DONE', ...(errorResult === undefined ? {} : { errorResult }) }
      jobs.set(jobId, { ...jobs.get(jobId), status })
    },
  }
}
