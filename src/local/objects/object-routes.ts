// The part of the Cloud Storage JSON API that loads, extracts and their clients need.
import { createReadStream, createWriteStream } from 'node:fs'
import { pipeline } from 'node:stream/promises'
import { readBody } from '../request-body.ts'
import {
  type ApiRequest,
  jsonBody,
  listPage,
  part,
  Reply,
  type Route,
  route,
  streamRoute,
} from '../routes/route.ts'
import { receiveMultipart } from '../uploads/multipart.ts'
import { ApiError, invalid } from '../wire/api-error.ts'
import type { BucketEntry, ObjectEntry } from './object-store.ts'

const OBJECT = 'storage/v1/b/:bucket/o/:object'
const UPLOAD = 'upload/storage/v1/b/:bucket/o'

export const objectRoutes: readonly Route[] = [
  route('GET', 'storage/v1/b', (request) => {
    const prefix = request.query.get('prefix') ?? ''
    const all = request.services.objects.buckets().filter((bucket) => bucket.name.startsWith(prefix))
    const { page, more } = listPage(all, request.query)
    return { kind: 'storage#buckets', ...more, items: page.map((entry) => bucketResource(request, entry)) }
  }),
  route('POST', 'storage/v1/b', async (request) => {
    const { name, location } = jsonBody(request)
    const entry = await request.services.objects.createBucket(String(name ?? ''), String(location ?? 'US'))
    return bucketResource(request, entry)
  }),
  route('GET', 'storage/v1/b/:bucket', (request) =>
    bucketResource(request, request.services.objects.bucket(part(request, 'bucket'))),
  ),
  route('DELETE', 'storage/v1/b/:bucket', async (request) => {
    await request.services.objects.deleteBucket(part(request, 'bucket'))
    return undefined
  }),
  route('GET', 'storage/v1/b/:bucket/o', (request) => listObjects(request)),
  route('GET', OBJECT, (request) => readObject(request, request.query.get('alt') === 'media')),
  route('GET', 'download/storage/v1/b/:bucket/o/:object', (request) => readObject(request, true)),
  route('DELETE', OBJECT, async (request) => {
    await request.services.objects.delete(part(request, 'bucket'), part(request, 'object'))
    return undefined
  }),
  streamRoute('POST', UPLOAD, (request) => insertObject(request)),
  streamRoute('PUT', UPLOAD, (request) =>
    request.services.uploads.receive(request.query.get('upload_id') ?? '', request.incoming),
  ),
  route('DELETE', UPLOAD, (request) => request.services.uploads.cancel(request.query.get('upload_id') ?? '')),
]

function bucketResource(request: ApiRequest, { name, location, createdAt }: BucketEntry): object {
  return {
    kind: 'storage#bucket',
    id: name,
    name,
    selfLink: `${origin(request)}/storage/v1/b/${name}`,
    location: location.toUpperCase(),
    timeCreated: new Date(createdAt).toISOString(),
    storageClass: 'STANDARD',
  }
}

function objectResource(request: ApiRequest, entry: ObjectEntry): object {
  const { bucket, name, size, crc32c, md5Hash, contentType, generation, createdAt, metadata } = entry
  const at = new Date(createdAt).toISOString()
  const link = `${origin(request)}/storage/v1/b/${bucket}/o/${encodeURIComponent(name)}`
  return {
    kind: 'storage#object',
    id: `${bucket}/${name}/${generation}`,
    selfLink: link,
    mediaLink: `${link}?alt=media`,
    ...{ name, bucket, generation, metageneration: '1', contentType, size: String(size), crc32c, md5Hash },
    ...(Object.keys(metadata).length > 0 ? { metadata } : {}),
    ...{ timeCreated: at, updated: at, storageClass: 'STANDARD' },
  }
}

function origin(request: ApiRequest): string {
  return request.baseUrl.replace(/\/bigquery\/v2$/, '')
}

function listObjects(request: ApiRequest): object {
  const prefix = request.query.get('prefix') ?? ''
  const delimiter = request.query.get('delimiter') ?? ''
  const all = request.services.objects
    .list(part(request, 'bucket'))
    .filter((entry) => entry.name.startsWith(prefix))
  const folderOf = ({ name }: ObjectEntry): string | undefined => {
    const end = delimiter === '' ? -1 : name.indexOf(delimiter, prefix.length)
    return end === -1 ? undefined : name.slice(0, end + delimiter.length)
  }
  const prefixes = [...new Set(all.map(folderOf).filter((folder) => folder !== undefined))]
  const { page, more } = listPage(
    all.filter((entry) => folderOf(entry) === undefined),
    request.query,
  )
  return {
    kind: 'storage#objects',
    ...more,
    ...(prefixes.length > 0 ? { prefixes } : {}),
    ...(page.length > 0 ? { items: page.map((entry) => objectResource(request, entry)) } : {}),
  }
}

function readObject(request: ApiRequest, isMedia: boolean): unknown {
  const { objects } = request.services
  const entry = objects.object(part(request, 'bucket'), part(request, 'object'))
  if (!isMedia) return objectResource(request, entry)
  const headers = {
    'Content-Type': entry.contentType,
    'Accept-Ranges': 'bytes',
    'X-Goog-Generation': entry.generation,
    'X-Goog-Stored-Content-Length': String(entry.size),
  }
  const range = byteRange(request.incoming.headers.range, entry.size)
  if (range === undefined)
    return new Reply(200, createReadStream(objects.path(entry)), {
      ...headers,
      'Content-Length': String(entry.size),
    })
  return new Reply(206, createReadStream(objects.path(entry), range), {
    ...headers,
    'Content-Length': String(range.end - range.start + 1),
    'Content-Range': `bytes ${range.start}-${range.end}/${entry.size}`,
  })
}

function byteRange(header: string | undefined, size: number): { start: number; end: number } | undefined {
  const parts = /^bytes=(\d*)-(\d*)$/.exec(header ?? '')
  if (parts === null || (parts[1] === '' && parts[2] === '')) return undefined
  const start = parts[1] === '' ? Math.max(size - Number(parts[2]), 0) : Number(parts[1])
  const end = parts[1] === '' || parts[2] === '' ? size - 1 : Math.min(Number(parts[2]), size - 1)
  if (start <= end) return { start, end }
  throw new ApiError(416, 'requestedRangeNotSatisfiable', 'Request range not satisfiable', {
    headers: { 'Content-Range': `bytes */${size}` },
  })
}

interface Described {
  readonly name?: string
  readonly contentType?: string
  readonly metadata?: Readonly<Record<string, string>>
}

async function insertObject(request: ApiRequest): Promise<unknown> {
  const { objects, uploads } = request.services
  const { incoming, query } = request
  const bucket = objects.bucket(part(request, 'bucket')).name
  const store = async (path: string, described: Described, type: string | undefined): Promise<object> => {
    const name = described.name ?? query.get('name')
    if (!name) throw invalid('Required parameter: name', 'name')
    const contentType = described.contentType ?? type ?? 'application/octet-stream'
    const metadata = described.metadata ?? {}
    return objectResource(request, await objects.put({ bucket, name, contentType, metadata }, path))
  }
  switch (query.get('uploadType')) {
    case 'resumable': {
      const described = await readDescription(request)
      const type = incoming.headers['x-upload-content-type']
      const address = `${origin(request)}/upload/storage/v1/b/${bucket}/o`
      return uploads.begin(address, (path) =>
        store(path, described, typeof type === 'string' ? type : undefined),
      )
    }
    case 'multipart': {
      const path = uploads.newPath()
      const { metadata, mediaType } = await receiveMultipart(incoming, path)
      return store(path, JSON.parse(metadata) as Described, mediaType)
    }
    case 'media': {
      const path = uploads.newPath()
      await pipeline(incoming, createWriteStream(path))
      return store(path, {}, incoming.headers['content-type'])
    }
    default:
      throw invalid(
        'Upload requests must include an uploadType URL parameter and a URL path beginning with /upload/',
      )
  }
}

async function readDescription(request: ApiRequest): Promise<Described> {
  return jsonBody({ ...request, body: await readBody(request.incoming) })
}
