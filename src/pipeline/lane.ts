// One destination's batches: in line, and on the wire. Used by: send.
import { type Batch, cut } from './batch.ts'
import type { Pace } from './pace.ts'

interface Waiting {
  readonly batch: Batch
  /** Epoch milliseconds. */
  readonly notBefore: number
}

export class Lane {
  readonly pace: Pace
  /** In document order. */
  readonly #waiting: Waiting[] = []
  #heldBytes = 0
  #inFlight = 0
  /** The destination was given up; the next batch in line, or the one on the wire, shows whether it is well again. */
  #isTrial = false

  constructor(pace: Pace) {
    this.pace = pace
  }

  /** What the budget was charged for its rows, in line and on the wire. */
  get heldBytes(): number {
    return this.#heldBytes
  }

  get isEmpty(): boolean {
    return this.#waiting.length === 0 && this.#inFlight === 0
  }

  get isWaiting(): boolean {
    return this.#waiting.length > 0
  }

  /** When its next batch may leave, in epoch milliseconds; never, when there is none or enough are on the wire. */
  get readyAt(): number {
    if (this.#inFlight >= this.pace.maxInFlight) return Number.POSITIVE_INFINITY
    const soonest = this.#waiting.reduce(
      (least, { notBefore }) => Math.min(least, notBefore),
      Number.POSITIVE_INFINITY,
    )
    return Math.max(soonest, this.pace.readyAt)
  }

  queue(batch: Batch, notBefore: number): void {
    this.#heldBytes += batch.chargedBytes
    this.#lineUp({ batch, notBefore })
  }

  /** The next batch in line, cut to what the destination takes just now. It is on the wire until `answered`. */
  take(now: number): Batch | undefined {
    const at = this.#waiting.findIndex(({ notBefore }) => notBefore <= now)
    const [found] = this.#waiting.splice(at, 1)
    if (found === undefined) return undefined
    const [batch, rest] = cut(found.batch, this.pace)
    if (rest !== undefined) this.#lineUp({ batch: rest, notBefore: found.notBefore })
    this.#inFlight += 1
    return batch
  }

  answered(batch: Batch): void {
    this.#inFlight -= 1
    this.#heldBytes -= batch.chargedBytes
  }

  /** All that is in line. */
  clear(): Batch[] {
    const batches = this.#waiting.splice(0).map(({ batch }) => batch)
    for (const { chargedBytes } of batches) this.#heldBytes -= chargedBytes
    return batches
  }

  /** Whether what is in line is not to be sent: the destination is given up. Now and then the answer is a trial. */
  isShut(): boolean {
    if (this.#isTrial || !this.isWaiting) return false
    this.#isTrial = this.#inFlight === 0 && this.pace.beginTrial()
    return !this.#isTrial && this.pace.isGivenUp
  }

  endTrial(): void {
    if (this.#isTrial) this.pace.endTrial()
    this.#isTrial = false
  }

  /** Rows that go again do so before those after them. */
  #lineUp(added: Waiting): void {
    let at = this.#waiting.length
    while (at > 0 && indexOf(this.#waiting[at - 1]) > indexOf(added)) at -= 1
    this.#waiting.splice(at, 0, added)
  }
}

function indexOf(waiting: Waiting | undefined): number {
  return waiting?.batch.rows[0]?.index ?? 0
}
