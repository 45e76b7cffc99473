// Memory for request bodies, used again and again: fresh memory for each would keep the collector busy.

/** Bytes that a buffer begins with, unless more is asked for. */
const firstBytes = 1024
/** Bytes kept for later at most. */
const maxIdleBytes = 16 * 1024 * 1024

export class Buffers {
  readonly #idle: Buffer[] = []
  #idleBytes = 0

  /** A buffer of at least `bytes`, with anything in it. */
  take(bytes: number): Buffer {
    const last = this.#idle.at(-1)
    if (last === undefined || last.length < bytes) return Buffer.allocUnsafeSlow(Math.max(bytes, firstBytes))
    this.#idle.pop()
    this.#idleBytes -= last.length
    return last
  }

  /** For a buffer that nobody reads any more. */
  giveBack(buffer: Buffer): void {
    if (this.#idleBytes + buffer.length > maxIdleBytes) return
    this.#idle.push(buffer)
    this.#idleBytes += buffer.length
  }
}
