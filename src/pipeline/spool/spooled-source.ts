// The source as the corridor sees it: recovered documents first, then those of the host, each after its record
// is written. Documents that are there together are written together, while the ones before them are sent.
import type { Document } from '../../contract/document.ts'
import type { ExecuteOptions } from '../../contract/operation.ts'
import { ConnectorError } from '../../errors.ts'
import { documentOf } from '../encode.ts'
import type { Source } from '../source.ts'
import { Acknowledgement } from './acknowledgement.ts'
import { RecordBuffer, writeDocument } from './document-record.ts'
import { frameHeadBytes, sealFrame } from './frame.ts'
import type { Segment } from './segment.ts'
import type { Spool } from './spool.ts'

/** What the spool knows of a document in the corridor. */
export interface Place {
  /** Position in the source that it came from. */
  readonly index: number
  readonly isRecovered: boolean
  /** Where its record is; absent before it is written, and for one that cannot be. */
  segment?: Segment
  /** Why it cannot be written. */
  error?: ConnectorError
  /** Of its record. */
  readonly bytes: number
}

interface Taken {
  readonly document: Document
  readonly place: Place
}

/** Documents that are written together. */
interface Group {
  readonly records: RecordBuffer
  readonly taken: Taken[]
}

/** Bytes of documents at most that are taken, and not yet asked for by the corridor. */
const aheadBytes = 1_048_576
const emptyGroupBytes = 65_536

type Pulled = IteratorResult<Document, undefined>

const end: Pulled = { done: true, value: undefined }

export class SpooledSource implements AsyncIterable<Document> {
  readonly #spool: Spool
  readonly #acknowledgement: Acknowledgement
  readonly #source: Source
  readonly #maxAheadBytes: number
  /** By the index that the corridor gives. */
  readonly #places = new Map<number, Place>()
  #handed = 0
  #taken = 0
  #staged: Group = emptyGroup()
  #spare: RecordBuffer | undefined
  #writing: Promise<void> | undefined
  /** Written, and not yet asked for. */
  #ready: Taken[] = []
  #readyAt = 0
  #aheadBytes = 0
  #isClosed = false
  #isEnded = false
  #failure: { readonly thrown: unknown } | undefined
  #wakeReader: (() => void) | undefined
  #wakeTaker: (() => void) | undefined
  #taking: Promise<void> | undefined
  /** Documents that are staged cannot be written. */
  #isUnwritable = false

  constructor(source: Source, spool: Spool, onSpooled: ExecuteOptions['onSpooled']) {
    this.#spool = spool
    this.#acknowledgement = new Acknowledgement(onSpooled)
    this.#maxAheadBytes = Math.min(aheadBytes, spool.maxGroupBytes / 4)
    this.#source = source
  }

  [Symbol.asyncIterator](): AsyncIterator<Document> {
    // What is ready is given at once: a promise for each document would cost more than its record.
    return { next: () => this.#next() as Promise<Pulled>, return: async () => this.#leave() }
  }

  placeOf(index: number): Place {
    const place = this.#places.get(index)
    if (place === undefined) throw new RangeError(`Document ${index} is not in the corridor`)
    return place
  }

  /** The outcome has reached the consumer. */
  settle(index: number): void {
    const { segment, index: own, error } = this.placeOf(index)
    if (segment) this.#spool.settle(segment, own)
    if (error) this.#acknowledgement.settled(own)
    this.#places.delete(index)
  }

  /** After a stop: the documents of this execution's source that the corridor did not ask for. Recovered ones stay. */
  async *rest(): AsyncGenerator<readonly [index: number, document: Document], void, undefined> {
    await this.close()
    const fresh = [...this.#ready.slice(this.#readyAt), ...this.#staged.taken]
    for (const { document, place } of fresh) if (!place.isRecovered) yield [this.#enter(place), document]
    const { done, value } = await this.#source.leftover()
    if (!done) yield [this.#enter(this.#newPlace(0)), documentOf(value)]
  }

  /** Takes no more, and waits for what is being written. */
  async close(): Promise<void> {
    this.#leave()
    await this.#taking
    await this.#writing
  }

  #leave(): Pulled {
    this.#isClosed = true
    this.#source.close()
    this.#spool.stop()
    this.#wakeReader?.()
    this.#wakeTaker?.()
    return end
  }

  #next(): Pulled | Promise<Pulled> {
    if (this.#isClosed) return end
    this.#taking ??= this.#take()
    const taken = this.#ready[this.#readyAt]
    if (taken === undefined) return this.#isEnded ? this.#last() : this.#wait()
    this.#readyAt += 1
    if (this.#readyAt === this.#ready.length) {
      this.#ready = []
      this.#readyAt = 0
    }
    this.#aheadBytes -= taken.place.bytes
    if (this.#aheadBytes < this.#maxAheadBytes) this.#wakeTaker?.()
    this.#enter(taken.place)
    return { done: false, value: taken.document }
  }

  async #wait(): Promise<Pulled> {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#wakeReader = resolve
    await promise
    this.#wakeReader = undefined
    return this.#next()
  }

  #last(): Pulled {
    if (this.#failure !== undefined) throw this.#failure.thrown
    return end
  }

  #enter(place: Place): number {
    const index = this.#handed
    this.#handed += 1
    this.#places.set(index, place)
    return index
  }

  /** Never rejects: what goes wrong is told to the corridor after the last document. */
  async #take(): Promise<void> {
    try {
      for await (const { segment, index, document } of this.#spool.recover()) {
        const place = { index, isRecovered: true, segment, bytes: sizeOf(document) }
        this.#aheadBytes += place.bytes
        this.#release([{ document, place }])
        await this.#roomAhead()
        if (this.#isClosed) break
      }
      while (!this.#isClosed && !this.#isUnwritable) {
        if (this.#aheadBytes >= this.#maxAheadBytes) {
          await this.#roomAhead()
          continue
        }
        const step = this.#source.next()
        const pulled = step instanceof Promise ? await step : step
        if (pulled.done) break
        const document = documentOf(pulled.value)
        if (!this.#stage(document, this.#spool.maxGroupBytes)) {
          await this.#writing
          this.#stage(document, Number.POSITIVE_INFINITY)
        }
        this.#writing ??= this.#write()
      }
    } catch (thrown) {
      this.#failure ??= { thrown }
    }
    await this.#writing
    if (this.#isUnwritable) this.#refuseStaged()
    this.#isEnded = true
    this.#wakeReader?.()
  }

  async #roomAhead(): Promise<void> {
    while (this.#aheadBytes >= this.#maxAheadBytes && !this.#isClosed && !this.#isUnwritable) {
      const { promise, resolve } = Promise.withResolvers<void>()
      this.#wakeTaker = resolve
      await promise
    }
  }

  /** False, and nothing done, where the records of the group would be more than `maxBytes` together. */
  #stage(document: Document, maxBytes: number): boolean {
    const { records, taken } = this.#staged
    let bytes = 0
    let error: ConnectorError | undefined
    try {
      const payloadBytes = writeDocument(records, frameHeadBytes, document, this.#taken)
      bytes = frameHeadBytes + payloadBytes
      if (bytes > this.#spool.maxGroupBytes) error = tooLarge(bytes, this.#spool.maxBytes)
      else if (records.length + bytes > maxBytes) return false
      else sealFrame(records.room(0), records.length, payloadBytes, this.#spool.marker)
    } catch (cause) {
      error = unreadable(cause)
    }
    const place = this.#newPlace(bytes)
    this.#aheadBytes += bytes
    taken.push({ document, place })
    if (error) {
      place.error = error
      this.#acknowledgement.refused(place.index)
    } else records.length += bytes
    return true
  }

  #newPlace(bytes: number): Place {
    const place: Place = { index: this.#taken, isRecovered: false, bytes }
    this.#taken += 1
    return place
  }

  /** Writes what is staged, group after group, until nothing is, or nothing can be. Never rejects. */
  async #write(): Promise<void> {
    while (this.#staged.taken.length > 0 && !this.#isUnwritable) {
      const group = this.#staged
      this.#staged = emptyGroup(this.#spare)
      this.#spare = undefined
      const isWritten = await this.#append(group)
      if (!isWritten) {
        this.#staged = { ...group, taken: [...group.taken, ...this.#staged.taken] }
        break
      }
      this.#acknowledgement.writtenTo((group.taken.at(-1)?.place.index ?? -1) + 1)
      this.#release(group.taken)
      if (group.records.capacity <= 2 * this.#maxAheadBytes) this.#spare = group.records
    }
    this.#writing = undefined
  }

  /** False when there is no way to: the disk refuses, or the execution was stopped while there was no room. */
  async #append({ records, taken }: Group): Promise<boolean> {
    const kept = taken.filter(({ place }) => place.error === undefined)
    if (kept.length === 0) return true
    try {
      const segment = await this.#spool.append(records.filled, kept.length)
      if (segment === undefined) return false
      for (const { place } of kept) place.segment = segment
      return true
    } catch (thrown) {
      this.#isUnwritable = true
      this.#failure ??= { thrown }
      this.#source.close()
      this.#wakeTaker?.()
      return false
    }
  }

  /** The corridor turns them into outcomes. */
  #refuseStaged(): void {
    const { taken } = this.#staged
    for (const { place } of taken) place.error ??= this.#failure?.thrown as ConnectorError
    this.#staged = emptyGroup()
    this.#release(taken)
  }

  #release(taken: readonly Taken[]): void {
    this.#ready.push(...taken)
    this.#wakeReader?.()
  }
}

function emptyGroup(records: RecordBuffer = new RecordBuffer(emptyGroupBytes)): Group {
  records.length = 0
  return { records, taken: [] }
}

function sizeOf({ data }: Document): number {
  return frameHeadBytes + (typeof data === 'string' || data instanceof Uint8Array ? data.length : 0)
}

function tooLarge(bytes: number, maxBytes: number): ConnectorError {
  const message = `The document has ${bytes} bytes in the spool, which may have ${maxBytes} at most. Raise spoolBytes.`
  return new ConnectorError('BQC_DOCUMENT_TOO_LARGE', message)
}

function unreadable(cause: unknown): ConnectorError {
  const why = cause instanceof Error ? cause.message.split('\n', 1)[0] : String(cause)
  return new ConnectorError('BQC_DOCUMENT_INVALID', `The document cannot be kept in the spool: ${why}`, {
    cause,
  })
}
