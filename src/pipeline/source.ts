// The documents' source, pulled one at a time; a pull that waits can be called off.
import type { Document, DocumentSource } from '../contract/document.ts'
import { ConnectorError } from '../errors.ts'

/** What a pull gives: a document, or the end. A source may well hold `undefined`, so the end has its own mark. */
type Pulled = IteratorResult<Document, unknown>

export interface Source {
  readonly isClosed: boolean
  /** The next document; the end as well when the source was closed. What is handed over is never dropped. */
  next(): Pulled | Promise<Pulled>
  /** Takes no more. A pull that waits is called off: it gives the end. */
  close(): void
  /**
   * The document of a pull that was called off, when the source handed it over meanwhile. One that it
   * hands over later still has nobody to take it.
   */
  leftover(): Promise<Pulled>
}

/** Documents taken in one go before other work gets its turn, where the source never waits itself. */
const documentsPerTurn = 256

const end: Pulled = { done: true, value: undefined }

/** @throws ConnectorError `BQC_CONFIG_INVALID` for what cannot be iterated. */
export function openSource(documents: DocumentSource): Source {
  const iterator = iteratorOf(documents)
  let isClosed = false
  let isPulling = false
  let isReturned = false
  let asked = 0
  let callOff: (() => void) | undefined
  let late: Pulled = end

  // Not awaited: a generator that hangs in its own await would never give this back.
  const leave = () => {
    if (isReturned) return
    isReturned = true
    Promise.resolve(iterator.return?.()).catch(() => undefined)
  }
  const pull = (): Pulled | Promise<Pulled> => {
    isPulling = true
    try {
      return iterator.next()
    } finally {
      isPulling = false
    }
  }
  const accepted = (pulled: Pulled): Pulled => {
    if (pulled.done) isReturned = true
    // A source that called for the stop itself could not be left from within.
    else if (isClosed) leave()
    return pulled
  }
  const take = (): Pulled | Promise<Pulled> => {
    if (isClosed) return end
    const step = pull()
    if (!('then' in step)) return accepted(step)
    // Not Promise.race with one long promise: that keeps a reaction for each document.
    return new Promise<Pulled>((resolve, reject) => {
      let isCalledOff = false
      callOff = () => {
        isCalledOff = true
        resolve(end)
      }
      step.then((pulled) => {
        callOff = undefined
        if (isCalledOff) late = pulled
        else resolve(accepted(pulled))
      }, reject)
    })
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
      if (!isPulling) leave()
    },
    async leftover() {
      await giveTurn()
      const pulled = late
      late = end
      return pulled
    },
  }
}

/** @throws ConnectorError `BQC_CONFIG_INVALID` for what cannot be iterated. */
export function iteratorOf(documents: DocumentSource): Iterator<Document> | AsyncIterator<Document> {
  const source: Partial<Iterable<Document> & AsyncIterable<Document>> = Object(documents)
  const iterator = source[Symbol.asyncIterator]?.() ?? source[Symbol.iterator]?.()
  if (iterator !== undefined && typeof documents !== 'string') return iterator
  throw new ConnectorError(
    'BQC_CONFIG_INVALID',
    `Documents come from an iterable or an async iterable, not from ${typeof documents}.`,
  )
}

/** A source that is always ready would keep requests and timers from their turn. */
function giveTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
