// One file of the spool: a header that says whose documents these are, a copy of it, then records. What is known of it in
// memory is how many of its documents wait for their outcome.
import { type FileHandle, open, rename, rm } from 'node:fs/promises'
import { frameHeadBytes, frameOf, markerBytes, readFrames } from './frame.ts'
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

export interface FoundHeader {
  readonly header: SegmentHeader
  /** Where the first document begins. */
  readonly end: number
  /** Of the first header, where only its copy is whole. */
  readonly damagedBytes: number
}

/** Of a file that was there before. `undefined`: neither the header nor its copy is whole. */
export async function readHeader(file: FileHandle): Promise<FoundHeader | undefined> {
  let whole: FoundHeader | undefined
  let damagedBytes = 0
  for await (const found of readFrames(file, headerMarker, 0)) {
    if (found.payload === undefined) {
      if (whole !== undefined) break
      damagedBytes = found.bytes
      continue
    }
    const { payload, end } = found
    const bytes = frameHeadBytes + payload.length
    // A document may pose as a header, but not stand where one does.
    if (end !== bytes && end !== 2 * bytes) break
    const header = JSON.parse(payload.toString()) as SegmentHeader
    if (Buffer.from(header.marker, 'hex').length !== markerBytes) break
    whole = { header, end, damagedBytes }
    if (end === 2 * bytes) break
  }
  return whole
}

/** Twice: without a header, no document of the file could be found. */
export function headerRecords(header: SegmentHeader): Buffer {
  const record = frameOf(Buffer.from(JSON.stringify(header)), headerMarker)
  return Buffer.concat([record, record])
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

  /**
   * Writes down which documents have their outcome; a segment whose documents all have one is removed.
   * A damaged one is set aside with its outcomes, for whoever saves what the damage hides.
   */
  async record(): Promise<void> {
    const settled = this.#settled
    this.#settled = []
    this.waiting -= settled.length
    // It may become done while outcomes are written: the next call sees to that.
    const { isDone, isDamaged } = this
    if (isDone && !isDamaged) return this.#remove()
    if (settled.length > 0) this.bytes += await appendOutcomes(outcomesOf(this.path), settled)
    if (isDone) await rename(this.path, damagedOf(this.path))
  }

  /** The documents before their outcomes: in between, the documents would go again. */
  async #remove(): Promise<void> {
    await rm(this.path, { force: true })
    await rm(outcomesOf(this.path), { force: true })
  }
}

export function outcomesOf(path: string): string {
  return path.replace(/spool$/, 'done')
}

export function damagedOf(path: string): string {
  return `${path}.damaged`
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
