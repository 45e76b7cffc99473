// An execution as a Node stream: documents are written, outcomes are handed to a callback.
import { Writable } from 'node:stream'
import type { Document } from '../contract/document.ts'
import type { Operation, WritableOptions } from '../contract/operation.ts'
import { ConnectorError } from '../errors.ts'

type Taken = (error?: Error) => void

/**
 * A stream over `execute`. One document at a time is handed over, when the execution asks for it; that is
 * how the byte budget holds up the writer. The outcomes are consumed here, so that they never hold up the
 * documents behind them.
 */
export function openWritable(
  execute: Operation['execute'],
  { onOutcome, signal, ...execution }: WritableOptions = {},
): Writable {
  const handover = new Handover()
  const stopping = new AbortController()
  const run = async () => {
    const either = signal ? AbortSignal.any([signal, stopping.signal]) : stopping.signal
    for await (const outcome of execute(handover, { ...execution, signal: either }))
      await onOutcome?.(outcome)
  }

  const stream = new Writable({
    objectMode: true,
    write: (document: Document, _, taken) => handover.offer(document, taken),
    final(done) {
      handover.end()
      // An error destroys the stream, which then never finishes.
      ended.then(
        () => done(),
        () => undefined,
      )
    },
    destroy(error, done) {
      stopping.abort()
      handover.refuse(error ?? stoppedError())
      ended.then(
        () => done(error),
        (thrown) => done(error ?? thrown),
      )
    },
  })
  const ended = run()
  ended.then(
    () => {
      if (!handover.isEnded) stream.destroy(stoppedError())
    },
    (thrown) => stream.destroy(thrown),
  )
  return stream
}

function stoppedError(): ConnectorError {
  return new ConnectorError(
    'BQC_ABORTED',
    'The execution was stopped. What was written and has no outcome was not taken.',
  )
}

type Step = IteratorResult<Document, undefined>
const end: Step = { done: true, value: undefined }

/** Passes documents from a writer to whoever pulls; holds one at most. */
class Handover implements AsyncIterableIterator<Document, undefined> {
  #offered: { readonly document: Document; readonly taken: Taken } | undefined
  #pull: ((step: Step) => void) | undefined
  #isEnded = false

  /** No document comes after those that were offered. */
  get isEnded(): boolean {
    return this.#isEnded
  }

  offer(document: Document, taken: Taken): void {
    this.#offered = { document, taken }
    if (this.#pull !== undefined) this.#give(this.#take() ?? end)
  }

  end(): void {
    this.#isEnded = true
    this.#give(end)
  }

  /** Nobody takes what is on offer. */
  refuse(error: Error): void {
    const offered = this.#offered
    this.#offered = undefined
    offered?.taken(error)
  }

  next(): Promise<Step> {
    const step = this.#take() ?? (this.#isEnded ? end : undefined)
    if (step !== undefined) return Promise.resolve(step)
    return new Promise((resolve) => {
      this.#pull = resolve
    })
  }

  /** Whoever pulled goes away. */
  return(): Promise<Step> {
    this.#give(end)
    return Promise.resolve(end)
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  #take(): Step | undefined {
    const offered = this.#offered
    this.#offered = undefined
    offered?.taken()
    return offered && { done: false, value: offered.document }
  }

  #give(step: Step): void {
    const pull = this.#pull
    this.#pull = undefined
    pull?.(step)
  }
}
