// One destination's batches: in line, and on the wire. Used by: send.
import { type Batch, cut, joined } from './batch.ts'
import type { Pace } from './pace.ts'

interface Waiting {
  readonly batch: Batch
  /** Epoch milliseconds. */
  readonly notBefore: number
}

export class Lane {
  readonly pace: Pace
  readonly #isOrdered: boolean
  /** In document order. */
  readonly #waiting: Waiting[] = []
  #heldBytes = 0
  #inFlight = 0
  /** The destination was given up; the next batch in line, or the one on the wire, shows whether it is well again. */
  #isTrial = false

  /** @param isOrdered batches go one after another in document order, also those that go again. */
  constructor(pace: Pace, isOrdered = false) {
    this.pace = pace
    this.#isOrdered = isOrdered
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
    if (this.#inFlight >= (this.#isOrdered ? 1 : this.pace.maxInFlight)) return Number.POSITIVE_INFINITY
    const [first] = this.#waiting
    if (this.#isOrdered && first !== undefined) return Math.max(first.notBefore, this.pace.readyAt)
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
    const whole = this.#isOrdered ? joined(found.batch, this.#fellows(found.batch)) : found.batch
    const [batch, rest] = cut(whole, this.pace)
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

  /** Batches in line that may go along: each is as small as its time was short, and together they cost one. */
  #fellows(batch: Batch): Batch[] {
    if (batch.attempts > 0 || batch.isHalf) return []
    const { maxRows, maxBytes } = this.pace
    let rows = batch.rows.length
    let bytes = batch.body.frameBytes + batch.body.rowBytes
    const end = this.#waiting.findIndex(({ batch: next }) => {
      rows += next.rows.length
      bytes += next.body.rowBytes
      return next.attempts > 0 || next.isHalf || rows > maxRows || bytes > maxBytes
    })
    return this.#waiting.splice(0, end === -1 ? this.#waiting.length : end).map(({ batch: next }) => next)
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
