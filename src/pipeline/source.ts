// The documents' source, pulled one at a time; a pull that waits can be called off.
import type { Document, DocumentSource } from '../contract/document.ts'

export interface Source {
  readonly isClosed: boolean
  /**
   * The next document, or `undefined` when there is none or the source was closed. A document that was
   * handed over is never dropped; one that was only asked for when the source was closed is not taken.
   */
  next(): Document | undefined | Promise<Document | undefined>
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
  let asked = 0
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

  const take = (): Document | undefined | Promise<Document | undefined> => {
    if (isClosed) return undefined
    const step = pull()
    if (!isPromise(step)) return accepted(step)
    // Not Promise.race with one long promise: that keeps a reaction for each document.
    return new Promise<Result | undefined>((resolve, reject) => {
      callOff = () => resolve(undefined)
      step.then(resolve, reject)
    }).then((result) => {
      callOff = undefined
      return result === undefined ? undefined : accepted(result)
    })
  }
  const accepted = (result: Result): Document | undefined => {
    if (result.done) isReturned = true
    else if (isClosed) leave()
    return result.done ? undefined : result.value
  }

  return {
    get isClosed() {
      return isClosed
    },
    next() {
      asked += 1
      return asked % documentsPerTurn === 0 ? giveTurn().then(take) : take()
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

/** A source that is always ready would keep requests and timers from their turn. */
function giveTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

type Result = IteratorResult<Document>

function isPromise(step: Result | Promise<Result>): step is Promise<Result> {
  return 'then' in step
}
