// One file of the spool: a header that says whose documents these are, then records. What is known of it in
// memory is how many of its documents wait for their outcome.
import { type FileHandle, open, rename, rm } from 'node:fs/promises'
import { frameOf, markerBytes, readFrames } from './frame.ts'
import { appendOutcomes } from './outcome-log.ts'

/** What the first record of a file says. */
export interface SegmentHeader {
  readonly version: 1
  /** The marker of the other records, in hexadecimal digits. */
  readonly marker: string
  /** What the documents are for: other operations must not send them. */
  readonly operation: string
  /** What minted insertIds begin with; the document's index follows. */
  readonly insertIdPrefix: string
}

const headerMarker = Buffer.from('bqcspool')

/** A file that was there before: where its first document begins. `undefined`: the header is not whole. */
export async function readHeader(
  file: FileHandle,
): Promise<{ readonly header: SegmentHeader; readonly end: number } | undefined> {
  for await (const found of readFrames(file, headerMarker, 0)) {
    if (found.payload === undefined) return undefined
    const header = JSON.parse(found.payload.toString()) as SegmentHeader
    return Buffer.from(header.marker, 'hex').length === markerBytes ? { header, end: found.end } : undefined
  }
  return undefined
}

export function headerRecord(header: SegmentHeader): Buffer {
  return frameOf(Buffer.from(JSON.stringify(header)), headerMarker)
}

export class Segment {
  readonly path: string
  readonly insertIdPrefix: string
  /** On the disk, the record of outcomes included. */
  bytes: number
  /** Documents whose outcome is not recorded yet. */
  waiting = 0
  /** More documents may follow. */
  isOpen = true
  isDamaged = false
  #settled: number[] = []

  constructor(path: string, insertIdPrefix: string, bytes: number) {
    this.path = path
    this.insertIdPrefix = insertIdPrefix
    this.bytes = bytes
  }

  settle(index: number): void {
    this.#settled.push(index)
  }

  get isDone(): boolean {
    return !this.isOpen && this.waiting === 0
  }

  /** Writes down which documents have their outcome; a segment whose documents all have one is removed. */
  async record(): Promise<void> {
    const settled = this.#settled
    this.#settled = []
    this.waiting -= settled.length
    if (this.isDone) await this.remove()
    else if (settled.length > 0) this.bytes += await appendOutcomes(outcomesOf(this.path), settled)
  }

  /**
   * The documents before their outcomes: in between, the documents would go again. What is damaged stays for a
   * person, and counts for the spool's bytes no more: nothing but that person could make room again.
   */
  async remove(): Promise<void> {
    if (this.isDamaged) await rename(this.path, `${this.path}.damaged`)
    else await rm(this.path, { force: true })
    await rm(outcomesOf(this.path), { force: true })
  }
}

export function outcomesOf(path: string): string {
  return path.replace(/spool$/, 'done')
}

/** Makes the file of a segment and gives the way to append to it. */
export async function createFile(path: string, header: Buffer): Promise<FileHandle> {
  const file = await open(path, 'ax', 0o600)
  try {
    await file.appendFile(header)
    return file
  } catch (cause) {
    await file.close()
    throw cause
  }
}
