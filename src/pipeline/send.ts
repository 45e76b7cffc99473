// Stage 5: keeps a bounded number of batches on the wire, each destination at its own pace, and acts by verdict.
// Before: batch. Next: settle.
import type { Clock } from '../contract/clock.ts'
import type { InsertRequest, InsertRows, InsertVerdict } from '../contract/insert-rows.ts'
import { asConnectorError, ConnectorError } from '../errors.ts'
import type { Batch } from './batch.ts'
import { Lane } from './lane.ts'
import { firstWaitMs, type Pace } from './pace.ts'
import { nameOf } from './partition.ts'
import { abortedError, halves, type Settled, type Settlement, settle } from './settle.ts'

export interface SendOptions {
  /** Requests on the wire at most, of all destinations together. */
  readonly maxInFlight: number
  /** Requests at most that the service may fail for one row, without refusing it. Then the destination is given up. */
  readonly maxAttempts: number
  /** Milliseconds to wait for a table that is there, but too new to be inserted into. */
  readonly newTableWaitMs: number
  /**
   * Where documents of destinations that pause hold this much of the budget while the source waits for room,
   * those destinations are given up, so that they do not keep the others' documents out. Absent: all wait.
   */
  readonly maxPausedBytes?: number
  /** Each destination gets its batches one at a time, in document order, also those that go again. */
  readonly isOrdered?: boolean
}

/** What happens on the wire, for counters. */
export interface SendEvents {
  sent(request: InsertRequest): void
  answered(verdict: InsertVerdict, latencyMs: number): void
  /** A destination pauses, is given up, or is sent to again. */
  paced(): void
}

export interface SendPorts {
  readonly insertRows: InsertRows
  readonly clock: Clock
}

/** Milliseconds that requests on the wire have to be answered when the execution is stopped. */
const graceMs = 1000

/**
 * Sends sealed batches. Those that wait for their turn are not counted here: the budget bounds them.
 * The signal `stop` ends what has not left; `cancel` ends requests on the wire too.
 */
export class Sender {
  readonly #ports: SendPorts
  readonly #options: SendOptions
  readonly #events: SendEvents
  readonly #settled: (settled: readonly Settled[]) => void
  readonly #stop: AbortSignal
  readonly #cancel = new AbortController()
  /** Whose turn is next comes first. */
  readonly #lanes = new Map<Pace, Lane>()
  /** More destinations than one have been sent to. */
  #isMixed = false
  #inFlight = 0
  #timer: { readonly at: number; readonly cancel: () => void } | undefined
  #drained: (() => void) | undefined
  #endGrace: (() => void) | undefined
  #isSourceWaiting = false

  constructor(
    ports: SendPorts,
    options: SendOptions,
    events: SendEvents,
    stop: AbortSignal,
    settled: (settled: readonly Settled[]) => void,
  ) {
    this.#ports = ports
    this.#options = options
    this.#events = events
    this.#stop = stop
    this.#settled = settled
    stop.addEventListener('abort', () => this.#stopped(), { once: true })
  }

  /** Tells whether the source waits for room. */
  set isSourceWaiting(isWaiting: boolean) {
    this.#isSourceWaiting = isWaiting
    this.#makeWay()
    this.#fill()
  }

  add(batch: Batch): void {
    const lane = this.#laneOf(batch.pace)
    lane.queue(batch, 0)
    this.#fill()
  }

  /** Ends the requests on the wire. */
  cancel(): void {
    this.#cancel.abort()
  }

  /** Resolves when every batch that was added is settled. */
  async drain(): Promise<void> {
    if (this.#lanes.size === 0) return
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#drained = resolve
    await promise
  }

  #laneOf(pace: Pace): Lane {
    const known = this.#lanes.get(pace)
    if (known !== undefined) return known
    const lane = new Lane(pace, this.#options.isOrdered)
    this.#isMixed ||= this.#lanes.size > 0
    this.#lanes.set(pace, lane)
    return lane
  }

  /** What has not left settles now; what is on the wire may be answered yet, for a moment. */
  #stopped(): void {
    if (this.#inFlight > 0) this.#endGrace = this.#ports.clock.after(graceMs, () => this.cancel())
    this.#fill()
  }

  /** Gives up destinations that pause for long when their documents keep the others' out. */
  #makeWay(): void {
    const { maxPausedBytes } = this.#options
    if (maxPausedBytes === undefined || !this.#isMixed || !this.#isSourceWaiting) return
    const pausing = [...this.#lanes.values()].filter(({ pace }) => pace.paused?.state === 'paused')
    if (pausing.reduce((sum, { heldBytes }) => sum + heldBytes, 0) < maxPausedBytes) return
    for (const lane of pausing) {
      if (lane.pace.isPausedForLong) this.#giveUp(lane, lane.pace.paused?.reason ?? '')
    }
  }

  /** Puts on the wire what may go, and settles what cannot. */
  #fill(): void {
    for (const lane of this.#lanes.values()) this.#refuse(lane)
    // One look at the clock for all: what was not ready to leave must get its timer.
    const now = this.#ports.clock.now()
    for (let lane = this.#next(now); lane !== undefined; lane = this.#next(now)) {
      // To the end of the line: each destination has its turn.
      this.#lanes.delete(lane.pace)
      this.#lanes.set(lane.pace, lane)
      const batch = lane.take(now)
      if (batch !== undefined) void this.#send(lane, batch)
    }
    for (const [pace, { isEmpty }] of this.#lanes) if (isEmpty) this.#lanes.delete(pace)
    this.#setTimer(now)
    if (this.#lanes.size > 0) return
    this.#endGrace?.()
    this.#drained?.()
  }

  /** Settles the rows in line that are not to be sent: the execution was stopped, or the destination is given up. */
  #refuse(lane: Lane): void {
    if (this.#stop.aborted) lane.endTrial()
    else if (!lane.isShut()) return
    for (const batch of lane.clear()) {
      const wasSent = batch.attempts > 0
      const error = this.#stop.aborted ? abortedError(wasSent) : lane.pace.refusal(wasSent)
      this.#settle(lane, batch, { verdict: 'give-up', error })
    }
  }

  #next(now: number): Lane | undefined {
    if (this.#inFlight >= this.#options.maxInFlight) return undefined
    for (const lane of this.#lanes.values()) {
      if (lane.readyAt <= now) return lane
    }
    return undefined
  }

  #setTimer(now: number): void {
    const at = Math.min(...[...this.#lanes.values()].map(({ readyAt }) => readyAt))
    if (at === this.#timer?.at) return
    this.#timer?.cancel()
    this.#timer = undefined
    // What could go now waits for others on the wire, whose end fills again.
    if (at <= now || at === Number.POSITIVE_INFINITY) return
    const cancel = this.#ports.clock.after(at - now, () => {
      this.#timer = undefined
      this.#events.paced()
      this.#fill()
    })
    this.#timer = { at, cancel }
  }

  /** Never rejects. */
  async #send(lane: Lane, batch: Batch): Promise<void> {
    this.#inFlight += 1
    const tried = { ...batch, attempts: batch.attempts + 1 }
    const startedAt = this.#ports.clock.now()
    const verdict = await this.#ask(tried)
    lane.answered(tried)
    this.#inFlight -= 1
    this.#events.answered(verdict, this.#ports.clock.now() - startedAt)
    this.#act(lane, tried, verdict, startedAt)
    lane.endTrial()
    this.#makeWay()
    this.#fill()
  }

  async #ask({ destination, rows, body, attempts }: Batch): Promise<InsertVerdict> {
    const request = { destination, body: body.bytes, rowCount: rows.length, attempt: attempts }
    try {
      this.#events.sent(request)
      return await this.#ports.insertRows(request, this.#cancel.signal)
    } catch (thrown) {
      return { verdict: 'give-up', error: asConnectorError(thrown) }
    }
  }

  #act(lane: Lane, batch: Batch, verdict: InsertVerdict, startedAt: number): void {
    const { pace } = lane
    switch (verdict.verdict) {
      case 'retry':
        this.#again(lane, batch, verdict.error, startedAt)
        return
      case 'not-yet':
        this.#await(lane, batch, verdict.error)
        return
      case 'stored':
        pace.stored(startedAt, lane.isWaiting)
        break
      case 'split':
        pace.answered()
        if (verdict.error.code === 'BQC_REQUEST_TOO_LARGE') {
          const { frameBytes, rowBytes } = batch.body
          // Halves of what was refused before look for the row that is too large: the next batch need not be smaller.
          if (!batch.isHalf)
            pace.shrinkTo(Math.ceil(batch.rows.length / 2), frameBytes + Math.ceil(rowBytes / 2))
          this.#events.paced()
        }
        break
      default:
        if (verdict.error.code === 'BQC_ABORTED') {
          this.#settle(lane, { ...batch, isUnsure: true }, { ...verdict, error: abortedError(true) })
          return
        }
        pace.answered()
    }
    this.#settle(lane, batch, verdict)
  }

  /** Rows that the service failed go again after a back-off, until they have used up their attempts. */
  #again(lane: Lane, batch: Batch, error: ConnectorError, startedAt: number): void {
    const failed = {
      ...batch,
      stumbles: batch.stumbles + 1,
      isUnsure: batch.isUnsure || error.code === 'BQC_NETWORK',
    }
    const notBefore = lane.pace.refused(error, failed.stumbles, startedAt)
    const { isHopeless } = lane.pace
    // A quota is not these rows' trouble: while others are stored, their turn comes.
    const isTheirs = isHopeless || error.code !== 'BQC_QUOTA_EXCEEDED'
    const isLast = isTheirs && failed.stumbles >= this.#options.maxAttempts
    if (lane.pace.isGivenUp || (isLast && isHopeless)) {
      this.#giveUp(lane, error.reason ?? error.code)
    }
    const isOver = this.#stop.aborted || lane.pace.isGivenUp
    if (!isOver && !isLast) lane.queue(failed, notBefore)
    else if (!isOver && batch.rows.length > 1) {
      // Others of this destination were stored meanwhile: it may be the fault of one row. Each half has one try.
      for (const half of halves({ ...failed, stumbles: batch.stumbles })) lane.queue(half, 0)
    } else this.#settle(lane, failed, { verdict: 'give-up', error })
    this.#events.paced()
  }

  /** Rows for a table that is too new wait for it, up to a limit. */
  #await(lane: Lane, batch: Batch, error: ConnectorError): void {
    const elapsedMs = lane.pace.tooYoung()
    const isOver = lane.pace.isGivenUp || elapsedMs >= this.#options.newTableWaitMs
    if (isOver) this.#giveUp(lane, 'new table')
    if (lane.pace.isGivenUp || this.#stop.aborted) {
      const message = `${nameOf(batch.destination)} is there, but for ${Math.round(elapsedMs / 1000)} s BigQuery has not known it for inserts: with a new table that may take minutes. Raise newTableWaitMs, or send the document again later.`
      const tooNew = new ConnectorError('BQC_TABLE_TOO_NEW', message, {
        cause: error,
        payload: error.payload,
      })
      this.#settle(lane, batch, { verdict: 'give-up', error: tooNew })
    } else lane.queue(batch, 0)
    this.#events.paced()
  }

  #giveUp(lane: Lane, reason: string): void {
    lane.pace.giveUp(reason)
    this.#events.paced()
  }

  #settle(lane: Lane, batch: Batch, verdict: InsertVerdict): void {
    const { maxAttempts } = this.#options
    const { settled, again, isLater } = this.#settlementOf(batch, verdict, maxAttempts)
    this.#settled(settled)
    for (const part of again) {
      const waitMs = isLater ? firstWaitMs * 2 ** Math.min(part.stumbles, 5) : 0
      lane.queue(part, this.#ports.clock.now() + waitMs)
    }
  }

  #settlementOf(batch: Batch, verdict: InsertVerdict, maxAttempts: number): Settlement {
    try {
      return settle(batch, verdict, maxAttempts, this.#stop.aborted)
    } catch (thrown) {
      // What goes wrong here is our fault, and still an outcome for each row.
      return settle(batch, { verdict: 'give-up', error: asConnectorError(thrown) }, 0, true)
    }
  }
}
