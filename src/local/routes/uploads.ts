// Load jobs whose file comes with the request: multipart in one go, resumable in pieces.
import { rm } from 'node:fs/promises'
import { readBody } from '../request-body.ts'
import { receiveMultipart } from '../uploads/multipart.ts'
import { invalid } from '../wire/api-error.ts'
import { insertJob, startJob, waitForJob } from './jobs.ts'
import { type ApiRequest, jsonBody, part, type Route, route, streamRoute } from './route.ts'

const PATHS = ['upload', 'resumable/upload'].flatMap((prefix) => [
  `${prefix}/bigquery/v2/projects/:project/jobs`,
  `${prefix}/projects/:project/jobs`,
])

export const uploadRoutes: readonly Route[] = PATHS.flatMap((path) => [
  streamRoute('POST', path, begin),
  streamRoute('PUT', path, (request) =>
    request.services.uploads.receive(uploadId(request), request.incoming),
  ),
  route('DELETE', path, (request) => request.services.uploads.cancel(uploadId(request))),
])

function uploadId(request: ApiRequest): string {
  return request.query.get('upload_id') ?? ''
}

async function begin(request: ApiRequest): Promise<unknown> {
  const { uploads } = request.services
  const type = request.query.get('uploadType')
  if (type === 'multipart') {
    const path = uploads.newPath()
    try {
      const { metadata } = await receiveMultipart(request.incoming, path)
      return await loadFile(request, jsonBody({ ...request, body: Buffer.from(metadata) }), path)
    } catch (error) {
      await rm(path, { force: true })
      throw error
    }
  }
  const body = jsonBody({ ...request, body: await readBody(request.incoming) })
  if (type !== 'resumable') return insertJob(request, body)
  const load = (body['configuration'] as { load?: unknown } | undefined)?.load
  if (load === undefined) throw invalid('Only load jobs take an upload; the configuration has none.')
  // The client comes back to the host name it used, which need not be the one this server knows itself by.
  const address = `http://${request.incoming.headers.host}/upload/bigquery/v2/projects/${part(request, 'project')}/jobs`
  return uploads.begin(address, (path) => loadFile(request, body, path))
}

/** Starts the load; its file goes when the job is done with it. */
async function loadFile(
  request: ApiRequest,
  body: Readonly<Record<string, unknown>>,
  path: string,
): Promise<unknown> {
  const job = startJob(request, body, path)
  job.finished = job.finished.finally(() => rm(path, { force: true }))
  return waitForJob(request, job)
}
