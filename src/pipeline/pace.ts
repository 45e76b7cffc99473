// How fast a destination is sent to: how large its batches are, how many requests it gets at a time, when it
// pauses, and when it is given up for a while. It shrinks by halves, grows back by little, and is remembered.
import type { Clock } from '../contract/clock.ts'
import type { Destination } from '../contract/insert-rows.ts'
import type { PausedDestination } from '../contract/operation.ts'
import { ConnectorError } from '../errors.ts'
import { nameOf } from './partition.ts'

/** What a pace never exceeds; the operation's options. */
export interface PaceLimits {
  readonly maxRows: number
  /** Bytes of a request, envelope included. */
  readonly maxBytes: number
  readonly maxInFlight: number
  /** Rows that quota errors leave a request at least. Default: a sixteenth. As many as `maxRows` where it is requests that are counted. */
  readonly minRows?: number
}

/** Requests at a time to begin with: more are tried only while batches wait for their turn. */
const firstInFlight = 4
/** What a stored request adds to a shrunk limit: after a halving, fifty of them make up for half of it. */
const growth = 0.01
/** A limit does not fall below this share by quota errors: a smaller batch would not help, only cost. */
const smallestShare = 1 / 16

// BigQuery's SLA asks for waits that begin at 1 s and grow exponentially up to 32 s.
/** Before what failed goes again, in milliseconds; twice as long each time. */
export const firstWaitMs = 1000
const longestWaitMs = 32_000
/** Between two looks at a table that is too new for insertAll. */
const longestYoungWaitMs = 16_000

/** Until a destination that was given up gets one batch again; twice as long after each vain try. */
const firstTrialMs = 30_000
const longestTrialMs = 300_000

// Latency has risen when it is twice its usual and a tenth of a second above it: less is noise.
const risenFactor = 2
const risenMs = 100

/** Rounds of refused requests in a row, at least, before a destination is given up: one bad batch is no trouble of its. */
const hopelessRefusals = 5

/** A pause that goes on for longer than this is no hiccup. */
const longPauseMs = 2000

interface Circuit {
  readonly since: number
  readonly reason: string
  readonly nextTrialAt: number
  readonly trialWaitMs: number
  readonly isTrying: boolean
}

export class Pace {
  readonly #name: string
  readonly #limits: PaceLimits
  readonly #clock: Clock
  readonly #random: () => number
  #maxRows: number
  #maxBytes: number
  #maxInFlight: number
  #shrunkAt = Number.NEGATIVE_INFINITY
  #latencyMs: number | undefined
  #usualLatencyMs = 0
  #pause: { readonly reason: string; readonly until: number } | undefined
  #refusals = 0
  #youngSince: number | undefined
  #circuit: Circuit | undefined

  constructor(destination: Destination, limits: PaceLimits, clock: Clock, random: () => number) {
    this.#name = nameOf(destination)
    this.#limits = limits
    this.#clock = clock
    this.#random = random
    this.#maxRows = limits.maxRows
    this.#maxBytes = limits.maxBytes
    this.#maxInFlight = Math.min(firstInFlight, limits.maxInFlight)
  }

  get maxRows(): number {
    return Math.floor(this.#maxRows)
  }

  get maxBytes(): number {
    return Math.floor(this.#maxBytes)
  }

  get maxInFlight(): number {
    return this.#circuit === undefined ? Math.floor(this.#maxInFlight) : 1
  }

  /** When the next request may leave, in epoch milliseconds; in the past when nothing is in its way. */
  get readyAt(): number {
    return this.#pause?.until ?? 0
  }

  /** Nothing wrong is known of it, so that it may be forgotten. */
  get isUsual(): boolean {
    const isFull = this.#maxRows === this.#limits.maxRows && this.#maxBytes === this.#limits.maxBytes
    return isFull && this.#circuit === undefined && this.readyAt <= this.#clock.now()
  }

  get paused(): PausedDestination | undefined {
    if (this.#circuit !== undefined) {
      const { reason, nextTrialAt } = this.#circuit
      return { destination: this.#name, state: 'given-up', reason, until: nextTrialAt }
    }
    if (this.#pause === undefined || this.#pause.until <= this.#clock.now()) return undefined
    return { destination: this.#name, state: 'paused', ...this.#pause }
  }

  /** Whether a destination that was given up may be tried now; whoever asks must try, or end the trial. */
  beginTrial(): boolean {
    const circuit = this.#circuit
    if (circuit === undefined || circuit.isTrying || this.#clock.now() < circuit.nextTrialAt) return false
    this.#circuit = { ...circuit, isTrying: true }
    return true
  }

  /** The error for rows that are not sent, or not again, because the destination was given up. */
  refusal(wasSent: boolean): ConnectorError {
    const { since = 0, reason = '', nextTrialAt = 0 } = this.#circuit ?? {}
    return new ConnectorError(
      'BQC_DESTINATION_GIVEN_UP',
      `${this.#name} has refused rows since ${new Date(since).toISOString()} (${reason}), so the document was not sent${wasSent ? ' again' : ''}. The next try is at ${new Date(nextTrialAt).toISOString()}. Send it again later.`,
      { reason },
    )
  }

  /** A request was stored. @param isBehind batches wait for their turn. */
  stored(startedAt: number, isBehind: boolean): void {
    this.answered()
    this.#youngSince = undefined
    this.#refusals = 0
    const { maxRows, maxBytes, maxInFlight } = this.#limits
    this.#maxRows = Math.min(maxRows, this.#maxRows + maxRows * growth)
    this.#maxBytes = Math.min(maxBytes, this.#maxBytes + maxBytes * growth)
    if (this.#hasSlowedDown(this.#clock.now() - startedAt)) {
      if (this.#mayShrink(startedAt)) this.#maxInFlight = Math.max(1, this.#maxInFlight * 0.75)
    } else if (isBehind) this.#maxInFlight = Math.min(maxInFlight, this.#maxInFlight + 1 / this.#maxInFlight)
  }

  /** A request was too large as a whole; one of this size is tried next. */
  shrinkTo(rows: number, bytes: number): void {
    this.#maxRows = Math.min(this.#maxRows, rows)
    this.#maxBytes = Math.min(this.#maxBytes, bytes)
  }

  /**
   * The service did not take a request that it may take later.
   * @param stumbles how often it has failed these rows, this time included.
   * @returns when these rows may go again, in epoch milliseconds.
   */
  refused({ code, reason, retryAfterMs = 0 }: ConnectorError, stumbles: number, startedAt: number): number {
    const now = this.#clock.now()
    const isQuota = code === 'BQC_QUOTA_EXCEEDED'
    if (this.#mayShrink(startedAt)) {
      this.#refusals += 1
      this.#maxInFlight = Math.max(1, this.#maxInFlight / 2)
      const { maxRows, minRows = Math.max(1, maxRows * smallestShare) } = this.#limits
      const least = Math.min(this.#maxRows, minRows)
      if (isQuota) this.#maxRows = Math.max(least, this.#maxRows / 2)
    }
    // A quota is the destination's: what was stored since these rows stumbled first says that a short pause will do.
    const times = isQuota ? Math.max(this.#refusals, 1) : stumbles
    const backOffMs = Math.min(firstWaitMs * 2 ** (times - 1) * (1 + this.#random()), longestWaitMs)
    const until = now + Math.max(backOffMs, retryAfterMs)
    // One failure may be that request's bad luck; a second in a row is the destination's trouble.
    if (isQuota || this.#refusals > 1) this.#pauseUntil(until, reason ?? code)
    return until
  }

  /** insertAll does not know the table yet. @returns for how many milliseconds it has not. */
  tooYoung(): number {
    const now = this.#clock.now()
    this.#youngSince ??= now
    const elapsed = now - this.#youngSince
    const waitMs = Math.min(Math.max(elapsed, firstWaitMs), longestYoungWaitMs)
    this.#pauseUntil(now + waitMs, 'new table')
    return elapsed
  }

  /** Gives the destination up for a while; from now on its rows have a `refusal`. */
  giveUp(reason: string): void {
    const now = this.#clock.now()
    const before = this.#circuit
    // An answer to what left before the giving up is no new trial.
    if (before !== undefined && !before.isTrying) return
    const trialWaitMs = before === undefined ? firstTrialMs : Math.min(before.trialWaitMs * 2, longestTrialMs)
    this.#circuit = {
      since: before?.since ?? now,
      reason,
      nextTrialAt: now + trialWaitMs,
      trialWaitMs,
      isTrying: false,
    }
    this.#pause = undefined
    // Few of its batches will be sent; the others only cost.
    this.#maxRows = this.#limits.maxRows
  }

  get isGivenUp(): boolean {
    return this.#circuit !== undefined
  }

  /** It was refused again after a pause, or its pause goes on: waiting for it is more than a hiccup. */
  get isPausedForLong(): boolean {
    return this.#refusals > 1 || this.readyAt - this.#clock.now() > longPauseMs
  }

  /** Nothing has been stored for so many rounds of requests that it should be given up. */
  get isHopeless(): boolean {
    return this.#refusals >= hopelessRefusals
  }

  /** The service has dealt with a request, whatever it said: the destination is not given up any more. */
  answered(): void {
    this.#circuit = undefined
  }

  /** The trial was called off: the next rows may try. */
  endTrial(): void {
    if (this.#circuit !== undefined) this.#circuit = { ...this.#circuit, isTrying: false }
  }

  /** Requests that left before the last shrinking tell nothing new. */
  #mayShrink(startedAt: number): boolean {
    if (startedAt < this.#shrunkAt) return false
    this.#shrunkAt = this.#clock.now()
    return true
  }

  #hasSlowedDown(latencyMs: number): boolean {
    if (this.#latencyMs === undefined) this.#usualLatencyMs = latencyMs
    this.#latencyMs = (this.#latencyMs ?? latencyMs) * 0.7 + latencyMs * 0.3
    const risen = this.#latencyMs - this.#usualLatencyMs
    // The usual follows slowly, so that a service that stays slow is taken as it is after a while.
    this.#usualLatencyMs += (latencyMs - this.#usualLatencyMs) * 0.02
    return risen > risenMs && this.#latencyMs > this.#usualLatencyMs * risenFactor
  }

  #pauseUntil(until: number, reason: string): void {
    if (until > this.readyAt) this.#pause = { reason, until }
  }
}
