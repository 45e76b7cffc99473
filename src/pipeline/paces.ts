// What an operation has learnt of its destinations: a pace for each, for as long as the operation lives.
import type { Clock } from '../contract/clock.ts'
import type { Destination } from '../contract/insert-rows.ts'
import type { PausedDestination } from '../contract/operation.ts'
import { Pace, type PaceLimits } from './pace.ts'
import { keyOf } from './partition.ts'

/** Destinations remembered at most; past it, the oldest with nothing wrong is forgotten. */
const maxPaces = 1000

export class Paces {
  readonly #limits: PaceLimits
  readonly #clock: Clock
  readonly #random: () => number
  readonly #paces = new Map<string, Pace>()

  constructor(limits: PaceLimits, clock: Clock, random: () => number) {
    this.#limits = limits
    this.#clock = clock
    this.#random = random
  }

  of(destination: Destination): Pace {
    const key = keyOf(destination)
    const known = this.#paces.get(key)
    if (known !== undefined) return known
    const pace = new Pace(destination, this.#limits, this.#clock, this.#random)
    if (this.#paces.size >= maxPaces) this.#forgetOne()
    this.#paces.set(key, pace)
    return pace
  }

  /** Destinations that are not sent to just now. */
  paused(): PausedDestination[] {
    return [...this.#paces.values()].flatMap(({ paused }) => paused ?? [])
  }

  #forgetOne(): void {
    const oldest = this.#paces.keys().next().value
    const [key] = [...this.#paces].find(([, pace]) => pace.isUsual) ?? [oldest]
    if (key !== undefined) this.#paces.delete(key)
  }
}
