import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { HttpReply, HttpRequest } from '../../src/bigquery/http-message.ts'
import { createRetry } from '../../src/bigquery/retry.ts'
import { createUploadJob, type UploadFile } from '../../src/bigquery/upload.ts'
import { ConnectorError } from '../../src/errors.ts'
import { InstantClock } from '../fixtures/clocks.ts'
import { errorReply, jsonReply, scriptedTransport } from './scripted-transport.ts'

const granule = 262_144
const job = { jobReference: { projectId: 'demo', jobId: 'load-1', location: 'EU' } }
const network = () => new ConnectorError('BQC_NETWORK', 'No answer.')

/** What goes wrong with one PUT: after so many bytes of it are stored, in granules, an answer or none comes. */
interface Trouble {
  readonly takes: number
  readonly says: 'no answer' | 503 | 308 | 404 | 'no dataset'
}

/** The service's side of resumable uploads, in memory: sessions, and the jobs that come of them. */
function uploadService(troubles: readonly Trouble[] = []) {
  const script = [...troubles]
  const jobs = new Map<string, Buffer>()
  const sessions = new Map<string, Buffer>()
  const ranges: string[] = []
  let most = 0

  const answer = (request: HttpRequest): HttpReply => {
    const { method, url, body, headers = {} } = request
    if (method === 'POST') {
      const id = `s${sessions.size}`
      sessions.set(id, Buffer.alloc(0))
      return { status: 200, headers: { location: `http://bq/upload?upload_id=${id}` }, text: '' }
    }
    if (method === 'GET')
      return jobs.has('load-1') ? jsonReply(job) : errorReply(404, 'notFound', 'Not found: Job')
    const id = new URL(url).searchParams.get('upload_id') ?? ''
    const range = headers['content-range'] ?? ''
    ranges.push(range)
    const has = sessions.get(id)
    if (has === undefined) return { status: 410, headers: {}, text: 'gone' }
    const [, from, to, total] = /^bytes (?:(\d+)-(\d+)|\*)\/(\d+|\*)$/.exec(range) ?? []
    const piece = (body as Uint8Array | undefined) ?? new Uint8Array()
    most = Math.max(most, piece.length)
    if (from !== undefined && Number(from) !== has.length) return errorReply(400, 'invalid', `Gap: ${range}`)
    if (from !== undefined && Number(to) - Number(from) + 1 !== piece.length)
      return errorReply(400, 'invalid', 'Length')
    if (total === '*' && piece.length % granule !== 0) return errorReply(400, 'invalid', `Odd: ${range}`)
    const trouble = script.shift()
    const taken = trouble === undefined ? piece.length : Math.min(trouble.takes * granule, piece.length)
    // Requests keep their bytes as long as the answer has not come, and no longer.
    const now = Buffer.concat([has, piece.subarray(0, taken)])
    sessions.set(id, now)
    const isWhole = total !== undefined && total !== '*' && Number(total) === now.length
    if (trouble?.says === 'no dataset')
      return errorReply(404, 'notFound', 'Not found: Dataset demo:shop was not found in location EU')
    if (isWhole) jobs.set('load-1', now)
    if (trouble?.says === 'no answer') throw network()
    if (trouble?.says === 503) return errorReply(503, 'backendError', 'Try again.')
    if (trouble?.says === 404) {
      sessions.delete(id)
      return { status: 404, headers: {}, text: 'no such upload' }
    }
    if (isWhole) return jsonReply(job)
    return { status: 308, headers: now.length === 0 ? {} : { range: `bytes=0-${now.length - 1}` }, text: '' }
  }
  const { transport, asked } = scriptedTransport(answer)
  const retry = createRetry(new InstantClock(), () => 0)
  const getJob = async () => {
    const reply = answer({ method: 'GET', url: '' })
    if (reply.status === 200) return job
    throw new ConnectorError('BQC_NOT_FOUND', 'Not found: Job.', { httpStatus: 404 })
  }
  const uploadJob = createUploadJob(
    { transport, retry, control: { getJob }, endpoint: 'http://bq' },
    2 * granule,
  )
  return {
    jobs,
    asked,
    ranges,
    mostBytes: () => most,
    upload: (file: UploadFile, signal?: AbortSignal) => uploadJob('demo', job, file, signal),
  }
}

function contentOf(bytes: number): Buffer {
  return Buffer.from(Uint8Array.from({ length: bytes }, (_, at) => (at * 31 + (at >> 9)) & 0xff))
}

/** A file that comes in parts of any size, and can be opened again or not. */
function fileOf(content: Buffer, partBytes = 50_000, isRepeatable = false) {
  const opened = { times: 0 }
  const file: UploadFile = {
    isRepeatable,
    async *open() {
      opened.times += 1
      for (let at = 0; at < content.length; at += partBytes) yield content.subarray(at, at + partBytes)
    },
  }
  return { file, opened }
}

describe('an upload', () => {
  it('sends chunks of a length that it need not know before, and the total with the last', async () => {
    const service = uploadService()
    const content = contentOf(4 * granule + 5)

    expect(await service.upload(fileOf(content).file)).toEqual(job)

    expect(service.ranges).toEqual([
      `bytes 0-${2 * granule - 1}/*`,
      `bytes ${2 * granule}-${4 * granule - 1}/*`,
      `bytes ${4 * granule}-${4 * granule + 4}/${4 * granule + 5}`,
    ])
    expect(service.jobs.get('load-1')?.equals(content)).toBe(true)
  })

  it('names the total with a last chunk that is as long as the others', async () => {
    const service = uploadService()

    await service.upload(fileOf(contentOf(2 * granule)).file)

    expect(service.ranges).toEqual([`bytes 0-${2 * granule - 1}/${2 * granule}`])
  })

  it('of nothing says that there is nothing', async () => {
    const service = uploadService()

    await service.upload(fileOf(contentOf(0)).file)

    expect(service.ranges).toEqual(['bytes */0'])
    expect(service.jobs.get('load-1')).toHaveLength(0)
  })

  it('sends after a broken connection only what the service does not have', async () => {
    const service = uploadService([{ takes: 1, says: 'no answer' }])

    await service.upload(fileOf(contentOf(2 * granule)).file)

    expect(service.ranges).toEqual([
      `bytes 0-${2 * granule - 1}/${2 * granule}`,
      'bytes */*',
      `bytes ${granule}-${2 * granule - 1}/${2 * granule}`,
    ])
  })

  it('whose last answer is lost hears of its job when it asks again, and makes no second one', async () => {
    const service = uploadService([
      { takes: 9, says: 'no answer' },
      { takes: 0, says: 404 },
    ])

    expect(await service.upload(fileOf(contentOf(100)).file)).toEqual(job)

    expect(service.asked.filter(({ method }) => method === 'POST')).toHaveLength(1)
  })

  it('that the service forgot begins again where the file can be read again', async () => {
    const service = uploadService([
      { takes: 2, says: 308 },
      { takes: 0, says: 404 },
    ])
    const content = contentOf(3 * granule)
    const { file, opened } = fileOf(content, 50_000, true)

    await service.upload(file)

    expect(opened.times).toBe(2)
    expect(service.jobs.get('load-1')?.equals(content)).toBe(true)
  })

  it('that the service forgot fails plainly where the file cannot be read again', async () => {
    const service = uploadService([
      { takes: 2, says: 308 },
      { takes: 0, says: 404 },
    ])
    const { file, opened } = fileOf(contentOf(3 * granule))

    await expect(service.upload(file)).rejects.toMatchObject({
      code: 'BQC_UPLOAD_LOST',
      message: expect.stringContaining('demo.load-1'),
    })
    expect(opened.times).toBe(1)
  })

  it('whose job finds no dataset is refused for that, and not taken for forgotten', async () => {
    const service = uploadService([
      { takes: 2, says: 308 },
      { takes: 2, says: 'no dataset' },
    ])
    const { file, opened } = fileOf(contentOf(3 * granule), 50_000, true)

    await expect(service.upload(file)).rejects.toMatchObject({
      code: 'BQC_NOT_FOUND',
      message: expect.stringContaining('Dataset demo:shop was not found in location EU'),
    })
    expect(opened.times).toBe(1)
  })

  it('holds one chunk of the file, and reads on only when the service has it', async () => {
    const service = uploadService([{ takes: 1, says: 308 }])
    const content = contentOf(8 * granule)
    let given = 0
    const ahead: number[] = []
    const file: UploadFile = {
      isRepeatable: false,
      async *open() {
        for (let at = 0; at < content.length; at += granule / 4) {
          given = at
          const acknowledged = Number(/^bytes (\d+)/.exec(service.ranges.at(-1) ?? '')?.[1] ?? 0)
          ahead.push(given - acknowledged)
          yield content.subarray(at, at + granule / 4)
        }
      },
    }

    await service.upload(file)

    expect(service.mostBytes()).toBe(2 * granule)
    // The chunk on its way, the one being filled, and the part that tells whether it is the last.
    expect(Math.max(...ahead)).toBeLessThanOrEqual(4 * granule + granule / 4)
  })

  it('is stopped by its signal while the source gives nothing', async () => {
    const stop = new AbortController()
    const file: UploadFile = {
      isRepeatable: false,
      async *open() {
        stop.abort()
        await new Promise(() => undefined)
        yield new Uint8Array()
      },
    }

    await expect(uploadService().upload(file, stop.signal)).rejects.toMatchObject({ code: 'BQC_ABORTED' })
  })

  it('tells when the file cannot be read', async () => {
    const file: UploadFile = {
      isRepeatable: true,
      // biome-ignore lint/correctness/useYield: it is there to fail
      async *open() {
        throw new Error('disk on fire')
      },
    }

    await expect(uploadService().upload(file)).rejects.toMatchObject({
      code: 'BQC_INPUT_UNREADABLE',
      message: expect.stringContaining('disk on fire'),
    })
  })

  it('does not send the token to an address that could be read on the way', async () => {
    const { transport } = scriptedTransport(() => ({
      status: 200,
      headers: { location: 'http://elsewhere/upload' },
      text: '',
    }))
    const retry = createRetry(new InstantClock(), () => 0)
    const control = { getJob: async () => job }
    const uploadJob = createUploadJob({ transport, retry, control, endpoint: 'https://bq' })

    await expect(uploadJob('demo', job, fileOf(contentOf(1)).file)).rejects.toMatchObject({
      code: 'BQC_RESPONSE_UNREADABLE',
    })
  })

  it('is not begun where the answer names no address for the file', async () => {
    const { transport } = scriptedTransport(() => jsonReply({}))
    const retry = createRetry(new InstantClock(), () => 0)
    const control = { getJob: async () => job }
    const { file, opened } = fileOf(contentOf(1))

    await expect(
      createUploadJob({ transport, retry, control, endpoint: 'http://bq' })('demo', job, file),
    ).rejects.toMatchObject({
      code: 'BQC_RESPONSE_UNREADABLE',
      message: expect.stringContaining('names no address that takes the file'),
    })
    expect(opened.times).toBe(0)
  })

  it('waits as long as a service in trouble asks for', async () => {
    const waits: number[] = []
    const clock = { now: () => 0, wait: async (ms: number) => void waits.push(ms), after: () => () => {} }
    let puts = 0
    const { transport } = scriptedTransport(({ method }) => {
      if (method === 'POST')
        return { status: 200, headers: { location: 'http://bq/upload?upload_id=1' }, text: '' }
      puts += 1
      if (puts > 2) return jsonReply(job)
      return { ...errorReply(503, 'backendError', 'Later.'), headers: { 'retry-after': '20' } }
    })
    const services = { transport, control: { getJob: async () => job }, endpoint: 'http://bq' }
    const uploadJob = createUploadJob({ ...services, retry: createRetry(clock, () => 0) })

    expect(await uploadJob('demo', job, fileOf(contentOf(1)).file)).toEqual(job)
    expect(waits).toEqual([20_000, 20_000])
  })

  it('gives up when the service takes nothing, however often it is asked', async () => {
    const service = uploadService(Array.from({ length: 40 }, () => ({ takes: 0, says: 308 }) as const))

    await expect(service.upload(fileOf(contentOf(10)).file)).rejects.toMatchObject({
      code: 'BQC_SERVICE_UNAVAILABLE',
    })
  })
})

it('whatever breaks, as long as it goes on, the job gets exactly the bytes of the file', async () => {
  const trouble = fc.record({
    takes: fc.nat(2),
    says: fc.constantFrom('no answer', 503, 308, 404) as fc.Arbitrary<Trouble['says']>,
  })
  await fc.assert(
    fc.asyncProperty(
      fc.nat(6 * granule),
      fc.integer({ min: 1000, max: 900_000 }),
      fc.array(trouble, { maxLength: 12 }),
      async (bytes, partBytes, troubles) => {
        const service = uploadService(troubles)
        const content = contentOf(bytes)
        const { file } = fileOf(content, partBytes, true)
        try {
          expect(await service.upload(file)).toEqual(job)
          expect(service.jobs.get('load-1')?.equals(content)).toBe(true)
        } catch (thrown) {
          // So much trouble in a row may be too much; then it is said, and is never any other error.
          expect(thrown).toMatchObject({
            code: expect.stringMatching(/^BQC_(NETWORK|SERVICE_UNAVAILABLE|UPLOAD_LOST)$/),
          })
          expect(troubles.length).toBeGreaterThanOrEqual(3)
        }
      },
    ),
    { numRuns: 60 },
  )
})
