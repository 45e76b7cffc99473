// Load jobs that bring their file along: a resumable upload in chunks. Of the file, one chunk is held: the one
// that the service has not acknowledged. https://cloud.google.com/bigquery/docs/reference/api-uploads
import { ConnectorError } from '../errors.ts'
import { Chunks } from './chunks.ts'
import { isAboutPlace, refusal } from './classify.ts'
import type { ControlPlane } from './control-plane.ts'
import type { HttpReply } from './http-message.ts'
import type { Job } from './jobs.ts'
import type { Retry } from './retry.ts'
import type { Transport } from './transport.ts'

/** A file, as whatever gives its bytes from the beginning. */
export interface UploadFile {
  /** It can be opened more than once. */
  readonly isRepeatable: boolean
  open(): AsyncIterable<Uint8Array>
}

/**
 * Uploads a file into a load job, and gives the job as it is when the last byte has arrived.
 * @param job a load job, with an id that was made up for it: so a lost answer does no harm.
 */
export type UploadJob = (projectId: string, job: Job, file: UploadFile, signal?: AbortSignal) => Promise<Job>

/** Every chunk but the last must be a multiple of this. */
const granuleBytes = 262_144
/**
 * Small enough to be held, and large enough that the waits between chunks count little: with 50 ms each, 136 MB/s
 * were measured, against 85 at half the size, and 199 for the file in one request. That one would have to be held,
 * or read again, to be resumed.
 */
const usualChunkBytes = 64 * granuleBytes
/** How often a file is sent from its beginning, when the service forgets what it has. */
const maxSessions = 3
/** A chunk's answer is waited for as long as the chunk needs on a slow line, beside the usual time. */
const slowLineBytesPerMs = 50

/** How an upload ends: with the job, or because the service knows nothing of it (any more). */
type End = { readonly job: Job } | { readonly gone: ConnectorError }
/** The same, or the bytes that the service has. */
type Standing = End | { readonly stored: number }

interface Services {
  readonly transport: Transport
  readonly control: Pick<ControlPlane, 'getJob'>
  readonly retry: Retry
  readonly endpoint: string
}

export function createUploadJob(services: Services, chunkBytes: number = usualChunkBytes): UploadJob {
  return async (projectId, job, file, signal) => {
    const { jobId, location } = job.jobReference ?? {}
    const of = `upload for job ${projectId}.${jobId}`
    for (let sessions = 1; ; sessions += 1) {
      const end = await uploadOnce(services, projectId, job, file, of, chunkBytes, signal).catch(whenTaken)
      if ('job' in end) return end.job
      // The answer that had the job in it may have been lost before the service forgot the upload.
      const known = await services.control
        .getJob(projectId, jobId ?? '', location ?? undefined, signal)
        .catch(whenNotFound)
      if (known) return known
      if (!file.isRepeatable || sessions === maxSessions) throw lost(of, end.gone)
    }
  }
}

async function uploadOnce(
  services: Services,
  projectId: string,
  job: Job,
  file: UploadFile,
  of: string,
  chunkBytes: number,
  signal: AbortSignal | undefined,
): Promise<End> {
  const session = await begin(services, projectId, job, of, signal)
  const chunks = new Chunks(file.open(), chunkBytes, signal)
  try {
    return await sendAll(services, session, chunks, of, signal)
  } finally {
    chunks.close()
  }
}

/** Starts an upload; gives the address that takes its bytes. Whoever knows it may write: it is shown nowhere. */
async function begin(
  { transport, endpoint, retry }: Services,
  projectId: string,
  job: Job,
  of: string,
  signal: AbortSignal | undefined,
): Promise<string> {
  const { href, origin } = new URL(
    `${endpoint}/upload/bigquery/v2/projects/${encodeURIComponent(projectId)}/jobs?uploadType=resumable`,
  )
  const reply = await retry(
    async () => {
      const headers = { 'content-type': 'application/json; charset=UTF-8', 'x-upload-content-type': '*/*' }
      const answer = await transport.send({
        method: 'POST',
        url: href,
        headers,
        body: JSON.stringify(job),
        signal,
      })
      if (answer.status !== 200 && answer.status !== 201) throw refusal(answer, of)
      return answer
    },
    { signal },
  )
  const session = URL.parse(reply.headers['location'] ?? '', href)
  // The token goes there with every chunk.
  if (reply.headers['location'] && session && (session.protocol === 'https:' || session.origin === origin))
    return session.href
  throw senseless(of, 'names no address that takes the file')
}

async function sendAll(
  services: Services,
  session: string,
  chunks: Chunks,
  of: string,
  signal: AbortSignal | undefined,
): Promise<End> {
  let start = 0
  for (;;) {
    const { bytes, isLast } = await chunks.next()
    const end = start + bytes.length
    const total = isLast ? `${end}` : '*'
    let stored = start
    let isUnsure = false
    const put = async (range: string, body?: Uint8Array): Promise<Standing> =>
      standingOf(
        await services.transport.send({
          method: 'PUT',
          url: session,
          headers: { 'content-range': `bytes ${range}` },
          ...(body === undefined ? {} : { body }),
          signal,
          serviceWaitMs: (body?.length ?? 0) / slowLineBytesPerMs,
        }),
        of,
      )
    const isNews = (standing: Standing) => !('stored' in standing) || standing.stored !== stored

    const sendRest = async (): Promise<Standing> => {
      // After a broken request only the service knows how much of it has arrived.
      if (isUnsure) {
        const standing = await put('*/*')
        if (isNews(standing)) return standing
      }
      isUnsure = true
      const rest = bytes.subarray(stored - start)
      const range = rest.length === 0 ? `*/${total}` : `${stored}-${end - 1}/${total}`
      const standing = await put(range, rest)
      if (isNews(standing)) return standing
      throw new ConnectorError(
        'BQC_SERVICE_UNAVAILABLE',
        `BigQuery took nothing of the ${of}. Send it again later.`,
      )
    }

    while (stored < end || isLast) {
      const standing = await services.retry(sendRest, { signal })
      if (!('stored' in standing)) return standing
      stored = standing.stored
      isUnsure = false
      if (stored > end) throw senseless(of, `claims ${stored} bytes of ${end} that were sent`)
      // What was acknowledged before is not held any more.
      if (stored < start) return { gone: senseless(of, `claims ${stored} bytes, and had ${start} before`) }
    }
    start = end
  }
}

function standingOf(reply: HttpReply, of: string): Standing {
  switch (reply.status) {
    case 308: {
      const [, last] = /^(?:bytes=)?0-(\d+)$/.exec(reply.headers['range'] ?? '') ?? []
      return { stored: last === undefined ? 0 : Number(last) + 1 }
    }
    case 404:
      if (isAboutPlace(reply.text)) throw refusal(reply, of)
      return { gone: refusal(reply, of) }
    case 410:
      return { gone: refusal(reply, of) }
    case 200:
    case 201:
      return { job: jobOf(reply, of) }
    default:
      throw refusal(reply, of)
  }
}

function jobOf({ text }: HttpReply, of: string): Job {
  try {
    const job = JSON.parse(text)
    if (job.jobReference.jobId) return job
  } catch {}
  throw senseless(of, 'is no job')
}

function lost(of: string, cause: ConnectorError): ConnectorError {
  const { httpStatus, payload, message } = cause
  return new ConnectorError(
    'BQC_UPLOAD_LOST',
    `BigQuery has lost the ${of}, and it is not begun again. Send the document again. (${message})`,
    { cause, payload, ...(httpStatus === undefined ? {} : { httpStatus }) },
  )
}

function senseless(of: string, why: string): ConnectorError {
  return new ConnectorError('BQC_RESPONSE_UNREADABLE', `The answer to the ${of} ${why}.`)
}

/** The id was made up for this job: when it is taken, the job is there already. */
function whenTaken(thrown: unknown): End {
  if (thrown instanceof ConnectorError && thrown.httpStatus === 409) return { gone: thrown }
  throw thrown
}

function whenNotFound(thrown: unknown): undefined {
  if (thrown instanceof ConnectorError && thrown.code === 'BQC_NOT_FOUND') return undefined
  throw thrown
}
