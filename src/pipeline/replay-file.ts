// A file of dead letters that is read to be sent again: what is done with leaves it, what is not stays.
// The file changes in one step at the end; until then it is whole, whatever happens to the process.
import { access, type FileHandle, link, open, rename, rm, stat } from 'node:fs/promises'
import type { DeadLetter } from '../contract/outcome.ts'
import { ConnectorError } from '../errors.ts'
import { unwritable } from './dead-letter-file.ts'
import { lockFile } from './spool/lock.ts'

/** A line of the file. One that is no dead letter has no `letter`. */
export interface LetterLine {
  /** Its bytes, the newline included. */
  readonly line: Uint8Array
  readonly letter?: DeadLetter
}

export interface ReplayFile {
  /** The letters that were there at the beginning, read as far as somebody wants them. To be called once. */
  letters(): AsyncGenerator<LetterLine, void, undefined>
  /** A line for the new file, newline included: one that was read, or what has come in its place. */
  keep(line: Uint8Array | string): Promise<void>
  /**
   * Puts the new file in place: what was kept, what was not read, and what others appended meanwhile.
   * @throws ConnectorError `BQC_OUTPUT_UNWRITABLE`; the file is as it was then.
   */
  close(): Promise<void>
}

const chunkBytes = 262_144
const newline = 0x0a

/** @throws ConnectorError `BQC_INPUT_UNREADABLE`: it is not there, or being replayed; `BQC_OUTPUT_UNWRITABLE` */
export async function openReplayFile(path: string): Promise<ReplayFile> {
  const formerPath = `${path}.replaced`
  const inUse = () =>
    new ConnectorError('BQC_INPUT_UNREADABLE', `Cannot replay ${path}: another replay of it is under way.`)
  const found = await stat(path).catch((cause) => cause as NodeJS.ErrnoException)
  if (found instanceof Error && !(await isThere(formerPath))) {
    const why = found.code === 'ENOENT' ? 'there is no such file' : found.code
    throw new ConnectorError('BQC_INPUT_UNREADABLE', `Cannot read ${path}: ${why}.`, { cause: found })
  }
  const unlock = await lockFile(`${path}.lock`, inUse, { isRemoved: true }).catch((cause) =>
    Promise.reject(unwritable(path, cause)),
  )
  try {
    await rescue(formerPath, path)
    return await openLocked(path, formerPath, unlock)
  } catch (cause) {
    unlock()
    throw unwritable(path, cause)
  }
}

async function openLocked(path: string, formerPath: string, unlock: () => void): Promise<ReplayFile> {
  const draftPath = `${path}.replay`
  const file = await open(path)
  const draft = await open(draftPath, 'w', 0o600)
  const { size, mode } = await file.stat()
  await draft.chmod(mode)
  let readTo = 0

  return {
    async *letters() {
      for await (const { line, end, isEnded } of readLines(file, 0, size)) {
        const found = letterIn(line)
        // Somebody is writing it, unless nothing but its newline is missing.
        if (!isEnded && found.letter === undefined) return
        readTo = end
        if (line.length > 1) yield { line, ...found }
      }
    },
    async keep(line) {
      await draft.appendFile(line).catch((cause) => Promise.reject(unwritable(draftPath, cause)))
    },
    async close() {
      try {
        readTo = await copyLines(file, readTo, draft)
        // Whoever appends from here on finds out, and writes the letter into the file that comes then.
        await rename(path, formerPath)
        await copyRest(file, readTo, draft)
        await draft.datasync()
        await putInPlace(draftPath, path)
        await rm(formerPath)
      } catch (cause) {
        throw unwritable(path, cause)
      } finally {
        await draft.close()
        await file.close()
        await rm(draftPath, { force: true })
        unlock()
      }
    },
  }
}

/** Letters of a replay that was killed before its new file was in place; some may be in it already. */
async function rescue(formerPath: string, path: string): Promise<void> {
  if (!(await isThere(formerPath))) return
  await appendFrom(formerPath, path)
  await rm(formerPath)
}

/** Somebody may have made a file there in the moment in which there was none. */
async function putInPlace(draftPath: string, path: string): Promise<void> {
  try {
    await link(draftPath, path)
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'EEXIST') throw cause
    await appendFrom(draftPath, path)
  }
}

async function appendFrom(fromPath: string, path: string): Promise<void> {
  const from = await open(fromPath)
  const to = await open(path, 'a').catch(async (cause) => {
    await from.close()
    throw cause
  })
  try {
    await copyRest(from, 0, to)
    await to.datasync()
  } finally {
    await from.close()
    await to.close()
  }
}

/** The last copy: a line that nobody has ended until now gets its newline. */
async function copyRest(from: FileHandle, start: number, to: FileHandle): Promise<void> {
  const end = await copyLines(from, start, to)
  for await (const { line } of readLines(from, end, Number.POSITIVE_INFINITY)) await to.appendFile(line)
}

/** Copies the lines that are ended, so that none is torn by somebody else's; gives the position behind them. */
async function copyLines(from: FileHandle, start: number, to: FileHandle): Promise<number> {
  let at = start
  let lines: Buffer[] = []
  let bytes = 0
  const write = async () => {
    await to.appendFile(Buffer.concat(lines))
    lines = []
    bytes = 0
  }
  for await (const { line, end, isEnded } of readLines(from, start, Number.POSITIVE_INFINITY)) {
    if (!isEnded) break
    lines.push(line)
    bytes += line.length
    at = end
    if (bytes >= chunkBytes) await write()
  }
  await write()
  return at
}

interface Line {
  /** With a newline, also where the file has none yet. */
  readonly line: Buffer
  readonly end: number
  readonly isEnded: boolean
}

async function* readLines(
  file: FileHandle,
  start: number,
  size: number,
): AsyncGenerator<Line, void, undefined> {
  const pieces: Buffer[] = []
  let at = start
  while (at < size) {
    const chunk = Buffer.allocUnsafe(Math.min(chunkBytes, size - at))
    const { bytesRead } = await file.read(chunk, 0, chunk.length, at)
    if (bytesRead === 0) break
    const read = chunk.subarray(0, bytesRead)
    let from = 0
    for (let end = read.indexOf(newline); end !== -1; end = read.indexOf(newline, from)) {
      pieces.push(read.subarray(from, end + 1))
      from = end + 1
      yield { line: Buffer.concat(pieces.splice(0)), end: at + from, isEnded: true }
    }
    if (from < bytesRead) pieces.push(read.subarray(from))
    at += bytesRead
  }
  if (pieces.length === 0) return
  yield { line: Buffer.concat([...pieces, Buffer.from([newline])]), end: at, isEnded: false }
}

function letterIn(line: Buffer): Pick<LetterLine, 'letter'> {
  try {
    const letter = JSON.parse(line.toString())
    const { data } = Object(letter)
    return data !== null && ['string', 'object'].includes(typeof data) ? { letter } : {}
  } catch {
    return {}
  }
}

function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  )
}
