// The switch returnApplicationErrors, off: the first application error ends the execution.
import type { Document, DocumentSource } from '../contract/document.ts'
import type { Operation } from '../contract/operation.ts'
import type { Outcome } from '../contract/outcome.ts'
import { ConnectorError } from '../errors.ts'
import { iteratorOf } from '../pipeline/source.ts'

/**
 * `execute`, but no document is taken after the first application error has been handed on. What was taken gets
 * its outcome; then it throws `BQC_DOCUMENT_REFUSED`, which names that document.
 */
export function stopAtRefusal(execute: Operation['execute']): Operation['execute'] {
  return async function* stopping(documents, options) {
    const source = new ClosableSource(documents)
    let refused: Outcome | undefined
    for await (const outcome of execute(source, options)) {
      if (refused === undefined && outcome.status === 'application-error') {
        refused = outcome
        source.close()
      }
      yield outcome
    }
    if (refused !== undefined) throw refusedError(refused)
  }
}

function refusedError({ index, id, message, ...facts }: Outcome): ConnectorError {
  const name = id === undefined ? `Document ${index}` : `Document ${index} (${id})`
  const text = `${name} was refused, and returnApplicationErrors is off, so none was taken after it: ${message}`
  const { faults = [], reason = '', payload } = facts
  return new ConnectorError('BQC_DOCUMENT_REFUSED', text, { faults, reason, payload })
}

type Step = IteratorResult<Document, unknown>
const end: Step = { done: true, value: undefined }

/** A source that can be ended from outside; what it has handed over by then is never dropped. */
class ClosableSource implements AsyncIterableIterator<Document, unknown> {
  readonly #iterator: Iterator<Document> | AsyncIterator<Document>
  #isClosed = false
  #callOff: (() => void) | undefined

  constructor(documents: DocumentSource) {
    this.#iterator = iteratorOf(documents)
  }

  next(): Promise<Step> {
    if (this.#isClosed) return Promise.resolve(end)
    return new Promise<Step>((resolve, reject) => {
      // A turn later: a document that is on its way just now still comes first.
      this.#callOff = () => setImmediate(() => resolve(end))
      Promise.resolve(this.#iterator.next()).then(resolve, reject)
    })
  }

  close(): void {
    if (this.#isClosed) return
    void this.return()
    this.#callOff?.()
  }

  return(): Promise<Step> {
    this.#isClosed = true
    // Not awaited: a generator that hangs in its own await would never give this back.
    Promise.resolve(this.#iterator.return?.()).catch(() => undefined)
    return Promise.resolve(end)
  }

  [Symbol.asyncIterator](): this {
    return this
  }
}
