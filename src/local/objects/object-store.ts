// The local Cloud Storage: buckets and objects as files, with what is known of each beside it.
import { createHash } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { rename, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ApiError, invalid } from '../wire/api-error.ts'
import { checksums } from './checksums.ts'

export interface ObjectEntry {
  readonly bucket: string
  readonly name: string
  readonly size: number
  readonly crc32c: string
  readonly md5Hash: string
  readonly contentType: string
  readonly generation: string
  readonly createdAt: number
  readonly metadata: Readonly<Record<string, string>>
}

export interface BucketEntry {
  readonly name: string
  readonly location: string
  readonly createdAt: number
}

export interface ObjectStore {
  buckets(): readonly BucketEntry[]
  bucket(name: string): BucketEntry
  createBucket(name: string, location: string): Promise<BucketEntry>
  deleteBucket(name: string): Promise<void>
  list(bucket: string): readonly ObjectEntry[]
  object(bucket: string, name: string): ObjectEntry
  path(entry: Pick<ObjectEntry, 'bucket' | 'name'>): string
  /** Takes over a complete file, in place of an object of that name. */
  put(
    entry: Pick<ObjectEntry, 'bucket' | 'name' | 'contentType' | 'metadata'>,
    file: string,
  ): Promise<ObjectEntry>
  delete(bucket: string, name: string): Promise<void>
  /** The files a gs:// address means; it may hold one asterisk. An address that means none is an error. */
  match(uri: string): readonly { readonly path: string; readonly uri: string }[]
}

const BUCKET_FILE = 'bucket.json'
const ENTRY_SUFFIX = '.entry.json'

export function openObjectStore(root: string, now: () => number): ObjectStore {
  const buckets = new Map<string, { entry: BucketEntry; objects: Map<string, ObjectEntry> }>()
  for (const name of readdirSync(root)) {
    const directory = join(root, name)
    const read = <T>(file: string): T => JSON.parse(readFileSync(join(directory, file), 'utf8')) as T
    const objects = readdirSync(directory)
      .filter((file) => file.endsWith(ENTRY_SUFFIX))
      .map((file) => read<ObjectEntry>(file))
    buckets.set(name, {
      entry: read<BucketEntry>(BUCKET_FILE),
      objects: new Map(objects.map((entry) => [entry.name, entry])),
    })
  }

  function find(name: string): { entry: BucketEntry; objects: Map<string, ObjectEntry> } {
    const found = buckets.get(name)
    if (found === undefined) throw new ApiError(404, 'notFound', 'The specified bucket does not exist.')
    return found
  }

  // Object names may be longer than file names, and hold slashes.
  const path = ({ bucket, name }: Pick<ObjectEntry, 'bucket' | 'name'>): string =>
    join(root, bucket, createHash('sha256').update(name).digest('hex'))

  function object(bucket: string, name: string): ObjectEntry {
    const entry = find(bucket).objects.get(name)
    if (entry === undefined) throw new ApiError(404, 'notFound', `No such object: ${bucket}/${name}`)
    return entry
  }

  return {
    buckets: () => [...buckets.values()].map(({ entry }) => entry),
    bucket: (name) => find(name).entry,
    async createBucket(name, location) {
      if (!/^[a-z0-9][a-z0-9._-]{1,220}[a-z0-9]$/.test(name)) throw invalid(`Invalid bucket name: '${name}'`)
      if (buckets.has(name))
        throw new ApiError(
          409,
          'conflict',
          'Your previous request to create the named bucket succeeded and you already own it.',
        )
      const entry = { name, location, createdAt: now() }
      mkdirSync(join(root, name), { recursive: true })
      await writeFile(join(root, name, BUCKET_FILE), JSON.stringify(entry))
      buckets.set(name, { entry, objects: new Map() })
      return entry
    },
    async deleteBucket(name) {
      if (find(name).objects.size > 0)
        throw new ApiError(409, 'conflict', 'The bucket you tried to delete is not empty.')
      buckets.delete(name)
      await rm(join(root, name), { recursive: true, force: true })
    },
    list: (bucket) =>
      [...find(bucket).objects.values()].sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0)),
    object,
    path,
    async put(given, file) {
      const { objects } = find(given.bucket)
      const at = now()
      const sums = { size: (await stat(file)).size, ...(await checksums(file)) }
      const entry: ObjectEntry = { ...given, ...sums, generation: String(at * 1000), createdAt: at }
      await rename(file, path(entry))
      await writeFile(`${path(entry)}${ENTRY_SUFFIX}`, JSON.stringify(entry))
      objects.set(entry.name, entry)
      return entry
    },
    async delete(bucket, name) {
      const entry = object(bucket, name)
      find(bucket).objects.delete(name)
      for (const file of [`${path(entry)}${ENTRY_SUFFIX}`, path(entry)]) await rm(file, { force: true })
    },
    match(uri) {
      const [, bucket = '', pattern = ''] = /^gs:\/\/([^/]+)\/(.+)$/.exec(uri) ?? []
      if (pattern === '' || pattern.split('*').length > 2)
        throw invalid(`Source URI must be a Google Cloud Storage location: ${uri}`)
      const [head = '', tail] = pattern.split('*')
      const isMeant = ({ name }: ObjectEntry): boolean =>
        tail === undefined
          ? name === head
          : name.length >= head.length + tail.length && name.startsWith(head) && name.endsWith(tail)
      const found = [...(buckets.get(bucket)?.objects.values() ?? [])].filter(isMeant)
      if (found.length === 0) throw new ApiError(404, 'notFound', `Not found: URI ${uri}`)
      return found.map((entry) => ({ path: path(entry), uri: `gs://${bucket}/${entry.name}` }))
    },
  }
}
