// A directory of segments: what was left there is read back, new documents are appended, and outcomes are
// recorded until a segment's documents all have one and its file goes.
import { randomBytes } from 'node:crypto'
import { type FileHandle, mkdir, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Clock } from '../../contract/clock.ts'
import type { SpoolDamage } from '../../contract/operation.ts'
import { ConnectorError, quietly } from '../../errors.ts'
import { markerBytes } from './frame.ts'
import { type LeftBehind, lookAt, type Recovered, readLeft } from './left-behind.ts'
import { lockFile } from './lock.ts'
import { createFile, damagedOf, headerRecords, Segment, type SegmentHeader } from './segment.ts'

export interface SpoolOptions {
  readonly directory: string
  readonly maxBytes: number
  /** Documents of another operation are not sent. */
  readonly operation: string
  readonly insertIdPrefix: string
}

type OnDamage = ((damage: SpoolDamage) => void) | undefined

/** Files that a full spool is made of: as much goes at once. */
const segmentsOfFull = 16
const segmentBytes = { min: 65_536, max: 67_108_864 }

/** Outcomes are recorded in groups: after so many, or so many milliseconds. */
const outcomesPerGroup = 4096
const outcomeAgeMs = 20

/**
 * Locks the directory, which is made where it is not there.
 * @throws ConnectorError `BQC_SPOOL_IN_USE`, `BQC_OUTPUT_UNWRITABLE`; `BQC_CONFIG_INVALID` for documents of another operation.
 */
export async function openSpool(options: SpoolOptions, clock: Clock, onDamage: OnDamage): Promise<Spool> {
  const { directory } = options
  const inUse = () =>
    new ConnectorError(
      'BQC_SPOOL_IN_USE',
      `The spool ${directory} is in use. Wait for that execution to end, or give each its own directory.`,
    )
  try {
    await mkdir(directory, { recursive: true })
    const unlock = await lockFile(join(directory, 'lock'), inUse)
    try {
      const names = (await readdir(directory)).filter((name) => /^\d{16}\./.test(name)).sort()
      const isThere = (name: string) => names.includes(name) || names.includes(damagedOf(name))
      const left: LeftBehind[] = []
      for (const name of names.filter((each) => each.endsWith('.spool')))
        left.push(await lookAt(join(directory, name), options.operation))
      // The outcomes of a segment that is gone already: the next one must not inherit them.
      for (const name of names.filter((each) => each.endsWith('.done')))
        if (!isThere(name.replace('.done', '.spool'))) await rm(join(directory, name))
      const lastNumber = Number.parseInt(names.at(-1) ?? '0', 10)
      return new Spool(options, clock, onDamage, left, lastNumber, unlock)
    } catch (thrown) {
      unlock()
      throw thrown
    }
  } catch (thrown) {
    throw thrown instanceof ConnectorError ? thrown : unwritable(directory, thrown)
  }
}

function unwritable(directory: string, cause: unknown): ConnectorError {
  const { code, message } = cause as NodeJS.ErrnoException
  return new ConnectorError(
    'BQC_OUTPUT_UNWRITABLE',
    `Cannot use the spool ${directory} (${code ?? message}).`,
    {
      cause,
    },
  )
}

/** All of it or nothing: what is not kept must not come back. */
async function appendWhole(file: FileHandle, records: Buffer, before: number): Promise<void> {
  try {
    await file.appendFile(records)
  } catch (cause) {
    await file.truncate(before).catch(() => undefined)
    throw cause
  }
}

export class Spool {
  /** Of the records that this execution writes. */
  readonly marker: Buffer = randomBytes(markerBytes)
  readonly maxBytes: number
  readonly #options: SpoolOptions
  readonly #header: Buffer
  readonly #segmentBytes: number
  readonly #clock: Clock
  readonly #onDamage: OnDamage
  readonly #left: readonly LeftBehind[]
  readonly #unlock: () => void
  readonly #segments: Set<Segment>
  readonly #settled = new Set<Segment>()
  #settledCount = 0
  #current: { readonly segment: Segment; readonly file: FileHandle } | undefined
  #number: number
  #isStopped = false
  #cancelTimer: (() => void) | undefined
  #recording: Promise<void> | undefined
  #trouble: unknown
  /** A write waits for room. */
  #wake: (() => void) | undefined

  constructor(
    options: SpoolOptions,
    clock: Clock,
    onDamage: OnDamage,
    left: readonly LeftBehind[],
    lastNumber: number,
    unlock: () => void,
  ) {
    const { maxBytes, operation, insertIdPrefix } = options
    const header: SegmentHeader = {
      version: 1,
      marker: this.marker.toString('hex'),
      operation,
      insertIdPrefix,
    }
    this.maxBytes = maxBytes
    this.#options = options
    this.#header = headerRecords(header)
    this.#segmentBytes = Math.min(Math.max(maxBytes / segmentsOfFull, segmentBytes.min), segmentBytes.max)
    this.#clock = clock
    this.#onDamage = onDamage
    this.#left = left
    this.#segments = new Set(left.map(({ segment }) => segment))
    this.#number = lastNumber
    this.#unlock = unlock
  }

  /** Bytes that the records of one group may have. */
  get maxGroupBytes(): number {
    return this.maxBytes - this.#header.length
  }

  /** The documents without outcome that former executions left, in their order. To be read to the end, and once. */
  async *recover(): AsyncGenerator<Recovered, void, undefined> {
    for (const left of this.#left) {
      if (this.#isStopped) return
      yield* readLeft(left, (damage) => quietly(() => this.#onDamage?.(damage)))
      left.segment.isOpen = false
      this.#settled.add(left.segment)
      this.#recordSoon()
    }
  }

  /**
   * Appends records and hands them to the operating system; waits for room first. A crash of the process
   * cannot take them back then.
   * @returns the segment that holds them; `undefined` when the spool was stopped before there was room.
   * @throws ConnectorError `BQC_OUTPUT_UNWRITABLE`
   */
  async append(records: Buffer, count: number): Promise<Segment | undefined> {
    try {
      if (this.#current && this.#current.segment.bytes + records.length > this.#segmentBytes)
        await this.#closeCurrent()
      const hasRoom = await this.#room(records.length + this.#header.length)
      if (!hasRoom) return undefined
      const { segment, file } = await this.#openCurrent()
      await appendWhole(file, records, segment.bytes)
      segment.bytes += records.length
      segment.waiting += count
      return segment
    } catch (thrown) {
      throw unwritable(this.#options.directory, thrown)
    }
  }

  /** The document's outcome has been handed on. */
  settle(segment: Segment, index: number): void {
    segment.settle(index)
    this.#settled.add(segment)
    this.#settledCount += 1
    if (this.#wake !== undefined || this.#settledCount >= outcomesPerGroup) void this.#record()
    else this.#recordSoon()
  }

  /** Nothing waits for room any more. */
  stop(): void {
    this.#isStopped = true
    this.#wake?.()
  }

  /**
   * Records what is settled and lets go of the directory.
   * @throws ConnectorError `BQC_OUTPUT_UNWRITABLE` when outcomes could not be recorded.
   */
  async close(): Promise<void> {
    this.stop()
    try {
      await this.#closeCurrent()
      await this.#record()
      this.#cancelTimer?.()
    } finally {
      this.#unlock()
    }
    if (this.#trouble !== undefined) throw unwritable(this.#options.directory, this.#trouble)
  }

  async #room(bytes: number): Promise<boolean> {
    while (this.#usedBytes() + bytes > this.maxBytes) {
      if (this.#isStopped) return false
      // A segment goes as a whole, so the open one must be closed to be able to.
      await this.#closeCurrent()
      await this.#record()
      if (this.#usedBytes() + bytes <= this.maxBytes) break
      const { promise, resolve } = Promise.withResolvers<void>()
      this.#wake = resolve
      if (this.#settledCount > 0 || this.#isStopped) resolve()
      await promise
      this.#wake = undefined
    }
    return true
  }

  #usedBytes(): number {
    let bytes = 0
    for (const segment of this.#segments) bytes += segment.bytes
    return bytes
  }

  async #openCurrent(): Promise<{ readonly segment: Segment; readonly file: FileHandle }> {
    if (this.#current) return this.#current
    this.#number += 1
    const { directory, insertIdPrefix } = this.#options
    const path = join(directory, `${String(this.#number).padStart(16, '0')}.spool`)
    const file = await createFile(path, this.#header)
    const segment = new Segment(path, insertIdPrefix, this.#header.length)
    this.#segments.add(segment)
    this.#current = { segment, file }
    return this.#current
  }

  async #closeCurrent(): Promise<void> {
    const current = this.#current
    if (current === undefined) return
    this.#current = undefined
    current.segment.isOpen = false
    this.#settled.add(current.segment)
    await current.file.close()
  }

  #recordSoon(): void {
    this.#cancelTimer ??= this.#clock.after(outcomeAgeMs, () => void this.#record())
  }

  /** One at a time; what is settled meanwhile is recorded by the same call. Never rejects. */
  #record(): Promise<void> {
    this.#cancelTimer?.()
    this.#cancelTimer = undefined
    this.#recording ??= this.#recordAll().finally(() => {
      this.#recording = undefined
      this.#wake?.()
    })
    return this.#recording
  }

  async #recordAll(): Promise<void> {
    while (this.#settled.size > 0) {
      const segments = [...this.#settled]
      this.#settled.clear()
      this.#settledCount = 0
      for (const segment of segments) {
        try {
          await segment.record()
          if (segment.isDone) this.#segments.delete(segment)
        } catch (cause) {
          this.#trouble ??= cause
        }
      }
    }
  }
}
