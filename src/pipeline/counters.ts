// What can be seen of an execution from outside.
import type { InsertRequest, InsertVerdict } from '../contract/insert-rows.ts'
import type { PausedDestination, Progress, ProgressSink } from '../contract/operation.ts'
import type { Outcome } from '../contract/outcome.ts'
import type { ExecutionTrace } from '../contract/telemetry.ts'
import { quietly } from '../errors.ts'
import { HistogramRecorder } from './histogram.ts'

/** What counters are read beside, at the moment somebody looks. */
export interface Surroundings {
  readonly budget?: Progress['budget']
  readonly paused?: readonly PausedDestination[]
}

/** Documents between two notices while nothing happens on the wire. */
const documentsPerNotice = 500

const rowBounds = [1, 10, 50, 100, 250, 500, 1000, 5000, 10_000, 50_000]
const byteBounds = [1e3, 1e4, 5e4, 1e5, 2.5e5, 5e5, 1e6, 2.5e6, 5e6, 1e7]
const msBounds = [5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000, 30_000, 60_000]

/**
 * Counts; a document costs an increment. Gives notice when something happened on the wire, every 500
 * documents, and at the end.
 */
export class Counters {
  readonly #sink: ProgressSink | undefined
  readonly #trace: ExecutionTrace
  readonly #surroundings: () => Surroundings
  readonly #counts = {
    documents: 0,
    success: 0,
    applicationError: 0,
    failure: 0,
    rowsSent: 0,
    bytesSent: 0,
    batches: 0,
    retries: 0,
    inFlight: 0,
  }
  readonly #answers: Record<string, number> = {}
  readonly #requestRows = new HistogramRecorder(rowBounds)
  readonly #requestBytes = new HistogramRecorder(byteBounds)
  readonly #latencyMs = new HistogramRecorder(msBounds)
  readonly #look = () => this.#read()

  constructor(
    sink: ProgressSink | undefined,
    trace: ExecutionTrace,
    surroundings: () => Surroundings = () => ({}),
  ) {
    this.#sink = sink
    this.#trace = trace
    this.#surroundings = surroundings
    quietly(() => sink?.begin(this.#look))
  }

  taken(): void {
    this.#counts.documents += 1
    if (this.#counts.documents % documentsPerNotice === 0) this.notify()
  }

  sent({ rowCount, body, attempt }: InsertRequest): void {
    this.#counts.rowsSent += rowCount
    this.#counts.bytesSent += body.byteLength
    this.#counts.inFlight += 1
    this.#counts[attempt > 1 ? 'retries' : 'batches'] += 1
    this.#requestRows.record(rowCount)
    this.#requestBytes.record(body.byteLength)
    this.notify()
  }

  answered(verdict: InsertVerdict, latencyMs: number): void {
    const said = verdict.verdict === 'stored' ? 'stored' : (verdict.error.reason ?? verdict.error.code)
    this.#answers[said] = (this.#answers[said] ?? 0) + 1
    this.#counts.inFlight -= 1
    this.#latencyMs.record(latencyMs)
    this.notify()
  }

  paced(): void {
    this.notify()
  }

  settled({ status }: Outcome): void {
    this.#counts[status === 'application-error' ? 'applicationError' : status] += 1
  }

  notify(): void {
    quietly(() => this.#sink?.changed())
    this.#trace.progress(this.#look)
  }

  /** @param thrown what the execution ended with, when it did not end well. */
  end(thrown: unknown): void {
    this.#trace.end(this.#read(), thrown)
    quietly(() => this.#sink?.end())
  }

  #read(): Progress {
    const { budget, paused = [] } = this.#surroundings()
    return {
      ...this.#counts,
      answers: { ...this.#answers },
      requestRows: this.#requestRows.read(),
      requestBytes: this.#requestBytes.read(),
      latencyMs: this.#latencyMs.read(),
      paused,
      ...(budget === undefined ? {} : { budget }),
    }
  }
}
