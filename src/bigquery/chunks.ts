// A stream of bytes -> chunks of one size, of which one at a time is held.
import { ConnectorError } from '../errors.ts'

export interface Chunk {
  /** Valid until the next chunk is asked for. */
  readonly bytes: Uint8Array
  /** The source has no more than this. */
  readonly isLast: boolean
}

/** Cuts what a source gives. Only the last chunk is shorter than `size`; an empty source gives one empty chunk. */
export class Chunks {
  readonly #size: number
  readonly #parts: AsyncIterator<Uint8Array>
  readonly #signal: AbortSignal | undefined
  #held: Uint8Array = new Uint8Array()
  #isDone = false
  #joint: Uint8Array | undefined

  constructor(source: AsyncIterable<Uint8Array>, size: number, signal?: AbortSignal) {
    this.#parts = source[Symbol.asyncIterator]()
    this.#size = size
    this.#signal = signal
  }

  async next(): Promise<Chunk> {
    await this.#fill()
    let bytes = this.#take(this.#size)
    await this.#fill()
    while (bytes.length < this.#size && this.#held.length > 0) {
      bytes = this.#joined(bytes, this.#take(this.#size - bytes.length))
      await this.#fill()
    }
    return { bytes, isLast: this.#held.length === 0 }
  }

  /** Leaves the source. */
  close(): void {
    if (this.#isDone) return
    this.#isDone = true
    // Not awaited: a generator that hangs in its own await would never give this back.
    Promise.resolve(this.#parts.return?.()).catch(() => undefined)
  }

  #take(bytes: number): Uint8Array {
    const taken = this.#held.subarray(0, bytes)
    this.#held = this.#held.subarray(bytes)
    return taken
  }

  /** Something is held, or the source has ended. */
  async #fill(): Promise<void> {
    while (this.#held.length === 0 && !this.#isDone) {
      const { done, value } = await this.#pull()
      if (done) this.#isDone = true
      else this.#held = bytesOf(value)
    }
  }

  #pull(): Promise<IteratorResult<Uint8Array, unknown>> {
    return new Promise((resolve, reject) => {
      const stop = () => reject(new ConnectorError('BQC_ABORTED', 'Stopped while the file was read.'))
      if (this.#signal?.aborted) return stop()
      this.#signal?.addEventListener('abort', stop)
      const settled = () => this.#signal?.removeEventListener('abort', stop)
      Promise.resolve(this.#parts.next())
        .finally(settled)
        .then(resolve, (thrown) => reject(unreadable(thrown)))
    })
  }

  /** One buffer serves all chunks, so that memory stays as it is however long the source is. */
  #joined(bytes: Uint8Array, more: Uint8Array): Uint8Array {
    this.#joint ??= Buffer.allocUnsafeSlow(this.#size)
    if (bytes.buffer !== this.#joint.buffer) this.#joint.set(bytes)
    this.#joint.set(more, bytes.length)
    return this.#joint.subarray(0, bytes.length + more.length)
  }
}

function bytesOf(part: unknown): Uint8Array {
  if (part instanceof Uint8Array) return part
  const message = `The file to upload gives ${typeof part} where it must give bytes (Uint8Array).`
  throw new ConnectorError('BQC_DOCUMENT_INVALID', message)
}

function unreadable(thrown: unknown): ConnectorError {
  if (thrown instanceof ConnectorError) return thrown
  const why = thrown instanceof Error ? thrown.message : String(thrown)
  const message = `The file to upload cannot be read: ${why.replace(/\.$/, '')}. Check it, and send it again.`
  return new ConnectorError('BQC_INPUT_UNREADABLE', message, { cause: thrown })
}
