// Resumable uploads: sessions that take a file in pieces, and tell how much of it they have.
import { randomBytes } from 'node:crypto'
import { open, rm, writeFile } from 'node:fs/promises'
import type { IncomingMessage } from 'node:http'
import { join } from 'node:path'
import { Reply } from '../routes/route.ts'
import { createMutex } from '../storage/mutex.ts'
import { ApiError, invalid } from '../wire/api-error.ts'

/** Every piece but the last must be a multiple of this; the service's documented granularity. */
const GRANULARITY = 262_144
/** The service keeps an upload session for a week. */
const LIFETIME_MS = 7 * 86_400_000

/** What becomes of a complete file, which is then its receiver's to remove; the answer to the last piece. */
type Finish = (path: string) => Promise<unknown>

export interface Uploads {
  /** A path for a file that does not exist yet. */
  newPath(): string
  /** Begins a session; the answer tells the client its address. */
  begin(baseUrl: string, finish: Finish): Reply
  /** One PUT to a session: a piece, the whole file, or a question how much has arrived. */
  receive(id: string, incoming: IncomingMessage): Promise<Reply>
  cancel(id: string): Promise<Reply>
}

interface Session {
  readonly path: string
  readonly finish: Finish
  readonly startedAt: number
  stored: number
  answer: Promise<unknown> | undefined
}

interface Range {
  /** Undefined in a question about the state. */
  readonly start: number | undefined
  readonly end: number | undefined
  readonly total: number | undefined
}

export function createUploads(scratch: string, now: () => number): Uploads {
  const sessions = new Map<string, Session>()
  const turns = createMutex()

  function find(id: string): Session {
    const session = sessions.get(id)
    if (session === undefined) throw new ApiError(404, 'notFound', 'Upload session not found.')
    if (now() - session.startedAt <= LIFETIME_MS) return session
    throw new ApiError(410, 'gone', 'The upload session has expired. Start a new one.')
  }

  const newPath = (): string => join(scratch, randomBytes(16).toString('hex'))

  async function finished(id: string, session: Session): Promise<Reply> {
    try {
      // An empty file has brought no piece that would have made it.
      if (session.stored === 0) await writeFile(session.path, '')
      session.answer ??= session.finish(session.path)
      return new Reply(200, await session.answer)
    } catch (error) {
      sessions.delete(id)
      await rm(session.path, { force: true })
      throw error
    }
  }

  return {
    newPath,
    begin(address, finish) {
      for (const [id, session] of sessions)
        if (now() - session.startedAt > 2 * LIFETIME_MS) sessions.delete(id)
      const id = randomBytes(24).toString('base64url')
      sessions.set(id, {
        path: newPath(),
        finish,
        startedAt: now(),
        stored: 0,
        answer: undefined,
      })
      const separator = address.includes('?') ? '&' : '?'
      return new Reply(200, '', {
        Location: `${address}${separator}uploadType=resumable&upload_id=${id}`,
        'X-GUploader-UploadID': id,
      })
    },
    async receive(id, incoming) {
      const session = find(id)
      const range = contentRange(incoming.headers['content-range'])
      // A sender whose connection broke may be back before it is known here that it did.
      const reply = await turns.run(id, async () => {
        if (session.answer !== undefined) return undefined
        const { start, total } = range
        if (start !== undefined) {
          if (start > session.stored)
            throw invalid(`Invalid Content-Range: the upload has ${session.stored} bytes, not ${start}.`)
          await append(session, incoming, start, range)
        } else incoming.resume()
        const whole = start !== undefined && range.end === undefined
        return !whole && (total === undefined || session.stored < total) ? incomplete(session) : undefined
      })
      return reply ?? finished(id, session)
    },
    async cancel(id) {
      const session = find(id)
      sessions.delete(id)
      await rm(session.path, { force: true })
      // The status the service answers to a cancelled upload.
      return new Reply(499, '')
    },
  }
}

function incomplete(session: Session): Reply {
  return new Reply(308, '', session.stored === 0 ? {} : { Range: `bytes=0-${session.stored - 1}` })
}

function contentRange(text: string | undefined): Range {
  if (text === undefined) return { start: 0, end: undefined, total: undefined }
  const parts = /^bytes (?:(\d+)-(\d+|\*)|\*)\/(\d+|\*)$/.exec(text.trim())
  if (parts === null) throw invalid(`Invalid Content-Range: ${text}`)
  const total = parts[3] === '*' ? undefined : Number(parts[3])
  if (parts[1] === undefined) return { start: undefined, end: undefined, total }
  const start = Number(parts[1])
  // A sender that does not know the end sends all there is in this one request.
  if (parts[2] === '*') return { start, end: undefined, total }
  const end = Number(parts[2])
  if (end < start || (total !== undefined && end >= total)) throw invalid(`Invalid Content-Range: ${text}`)
  return { start, end, total }
}

/** Stores a piece as it arrives; bytes that an earlier piece brought are passed over. */
async function append(
  session: Session,
  incoming: IncomingMessage,
  start: number,
  range: Range,
): Promise<void> {
  const file = await open(session.path, session.stored === 0 ? 'w' : 'r+')
  let at = start
  let first = session.stored
  try {
    for await (const chunk of incoming as AsyncIterable<Buffer>) {
      const fresh = chunk.subarray(Math.max(Math.min(session.stored - at, chunk.length), 0))
      at += chunk.length
      if (fresh.length === 0) continue
      await file.write(fresh, 0, fresh.length, session.stored)
      session.stored += fresh.length
    }
    const isLast = range.end === undefined || (range.total !== undefined && range.end + 1 === range.total)
    if (!isLast) {
      // What is left over beyond the granularity is not kept: the client is told so by the Range it gets.
      const kept = session.stored - (session.stored % GRANULARITY)
      if ((at - start) % GRANULARITY !== 0 && kept > first) session.stored = first = kept
    }
    if (range.end !== undefined && at !== range.end + 1)
      throw invalid(
        `The piece has ${at - start} bytes, not the ${range.end + 1 - start} that its range says.`,
      )
  } catch (error) {
    // Nor is a granule kept that did not come whole.
    session.stored = Math.max(session.stored - (session.stored % GRANULARITY), first)
    throw error
  } finally {
    await file.close()
  }
}
