// The documents' source, pulled one at a time; a pull that waits can be called off.
import type { Document, DocumentSource } from '../contract/document.ts'

export interface Source {
  readonly isClosed: boolean
  /** The next document, or `undefined` when there is none or the source was closed. */
  next(): Promise<Document | undefined>
  close(): void
}

/** Documents taken in one go before other work gets its turn, where the source never waits itself. */
const documentsPerTurn = 256

export function openSource(documents: DocumentSource): Source {
  const iterator: Iterator<Document> | AsyncIterator<Document> =
    Symbol.asyncIterator in documents ? documents[Symbol.asyncIterator]() : documents[Symbol.iterator]()
  let isClosed = false
  let isDone = false
  let taken = 0
  let callOff: (() => void) | undefined

  return {
    get isClosed() {
      return isClosed
    },
    async next() {
      taken += 1
      // A source that is always ready would keep requests and timers from their turn.
      if (taken % documentsPerTurn === 0) await new Promise<void>((resolve) => setImmediate(resolve))
      if (isClosed) return undefined
      const step = iterator.next()
      // Not Promise.race with one long promise: that keeps a reaction for each document.
      const result = await new Promise<IteratorResult<Document> | undefined>((resolve, reject) => {
        callOff = () => resolve(undefined)
        Promise.resolve(step).then(resolve, reject)
      })
      callOff = undefined
      if (result?.done) isDone = true
      return result === undefined || result.done ? undefined : result.value
    },
    close() {
      if (isClosed) return
      isClosed = true
      callOff?.()
      // Not awaited: a generator that hangs in its own await would never give this back.
      if (!isDone) Promise.resolve(iterator.return?.()).catch(() => undefined)
    },
  }
}
