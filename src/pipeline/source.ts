// The documents' source, pulled one at a time; a pull that waits can be called off.
import type { Document, DocumentSource } from '../contract/document.ts'

export interface Source {
  readonly isClosed: boolean
  /**
   * The next document, or `undefined` when there is none or the source was closed. A document that was
   * handed over is never dropped; one that was only asked for when the source was closed is not taken.
   */
  next(): Promise<Document | undefined>
  close(): void
}

/** Documents taken in one go before other work gets its turn, where the source never waits itself. */
const documentsPerTurn = 256

export function openSource(documents: DocumentSource): Source {
  const iterator: Iterator<Document> | AsyncIterator<Document> =
    Symbol.asyncIterator in documents ? documents[Symbol.asyncIterator]() : documents[Symbol.iterator]()
  let isClosed = false
  let isPulling = false
  let isReturned = false
  let taken = 0
  let callOff: (() => void) | undefined

  // Not awaited: a generator that hangs in its own await would never give this back.
  const leave = () => {
    if (isReturned) return
    isReturned = true
    Promise.resolve(iterator.return?.()).catch(() => undefined)
  }
  const pull = (): Result | Promise<Result> => {
    isPulling = true
    try {
      return iterator.next()
    } finally {
      isPulling = false
    }
  }

  return {
    get isClosed() {
      return isClosed
    },
    async next() {
      taken += 1
      // A source that is always ready would keep requests and timers from their turn.
      if (taken % documentsPerTurn === 0) await new Promise<void>((resolve) => setImmediate(resolve))
      if (isClosed) return undefined
      const step = pull()
      // Not Promise.race with one long promise: that keeps a reaction for each document.
      const result = isPromise(step)
        ? await new Promise<Result | undefined>((resolve, reject) => {
            callOff = () => resolve(undefined)
            step.then(resolve, reject)
          })
        : step
      callOff = undefined
      if (result?.done) isReturned = true
      else if (isClosed) leave()
      return result === undefined || result.done ? undefined : result.value
    },
    close() {
      if (isClosed) return
      isClosed = true
      callOff?.()
      // A source may call for the stop itself, and cannot be left from within.
      if (!isPulling) leave()
    },
  }
}

type Result = IteratorResult<Document>

function isPromise(step: Result | Promise<Result>): step is Promise<Result> {
  return 'then' in step
}
