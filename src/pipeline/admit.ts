// Stage 1: lets documents in while the byte budget lasts. Waiting here is the backpressure:
// the source is not pulled, so it waits too. Next: encode.

/** Who had to wait goes on when this share of the budget is free: enough to fill batches, not to send row by row. */
const freeShare = 1 / 8

/** Bytes of documents that were let in and whose outcome has not been handed on. One producer waits at most. */
export class Budget {
  readonly #maxBytes: number
  #spentBytes = 0
  #wake: (() => void) | undefined

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  get use(): { readonly spentBytes: number; readonly limitBytes: number } {
    return { spentBytes: this.#spentBytes, limitBytes: this.#maxBytes }
  }

  get hasRoom(): boolean {
    return this.#spentBytes < this.#maxBytes
  }

  /** Resolves when there is room for more than a few, or when `wake` says that waiting has become pointless. */
  async room(): Promise<void> {
    if (this.#isRoomy) return
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#wake = resolve
    await promise
  }

  /** A document may be larger than what is left: its size is known only once it is here. */
  spend(bytes: number): void {
    this.#spentBytes += bytes
  }

  giveBack(bytes: number): void {
    this.#spentBytes -= bytes
    if (this.#isRoomy) this.wake()
  }

  /** Ends a wait, room or not: the execution was stopped. */
  wake(): void {
    const wake = this.#wake
    this.#wake = undefined
    wake?.()
  }

  get #isRoomy(): boolean {
    return this.#spentBytes <= this.#maxBytes * (1 - freeShare)
  }
}
