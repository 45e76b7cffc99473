// The walk of operations that do something for each document: its results become outcomes, in document order.
import type { Document, DocumentSource, JsonObject } from '../contract/document.ts'
import type { ExecuteOptions } from '../contract/operation.ts'
import type { Outcome } from '../contract/outcome.ts'
import { asConnectorError } from '../errors.ts'
import { Counters } from '../pipeline/counters.ts'
import { DeadLetters } from '../pipeline/dead-letter.ts'
import { documentOf, parseDocument } from '../pipeline/encode.ts'
import { abortedError, outcomeOf } from '../pipeline/settle.ts'
import { openSource } from '../pipeline/source.ts'
import { type Begun, inOrder, oneByOne, type Pace } from './in-order.ts'
import type { OperationContext } from './open-operation.ts'

/** Payloads that came together, each the payload of one outcome. */
interface ResultGroup {
  readonly payloads: readonly unknown[]
  /** None comes after these; what gives one result need not say it. */
  readonly isLast?: boolean
  /** What their outcomes tell beside the payload. */
  readonly facts?: Partial<Pick<Outcome, 'statistics' | 'warnings' | 'message'>>
}

/** What an operation says of a document, in order. In groups, because a promise for each row would cost more than the row. */
export type Results = AsyncIterable<ResultGroup>

interface Task {
  readonly document: Document
  /** The document has been sent so often; 1 unless told. */
  readonly sent: (attempts: number) => void
}

/** What an operation does with one document, once it is read. A throw is the document's outcome. */
export type Work<Data = JsonObject> = (data: Data, signal: AbortSignal, task: Task) => Results

const success = { status: 'success', code: '200', message: '' } as const

/** A document that is worked on. */
interface Working extends Begun {
  readonly index: number
  readonly document: Document
  readonly attempts: () => number
  readonly groups: AsyncIterable<ResultGroup>
}

/**
 * @param gives whether a document has one result, or many that are numbered.
 * @param pace how many documents are worked on at once; default one. Of each, one group is there ahead of
 *   its turn, and no more.
 * @param read what the work is given of a document; default the object in its data.
 */
export async function* eachDocument<Data = JsonObject>(
  documents: DocumentSource,
  { signal, deadLetter, progress }: ExecuteOptions,
  { clock, beginTrace }: Pick<OperationContext, 'clock' | 'beginTrace'>,
  gives: 'one' | 'many',
  work: Work<Data>,
  pace: Pace = oneByOne,
  read: (document: Document) => Data = parseDocument as (document: Document) => Data,
): AsyncGenerator<Outcome, void, undefined> {
  const counters = new Counters(progress, beginTrace())
  const letters = new DeadLetters(deadLetter, clock)
  const source = openSource(documents)
  const stop = () => source.close()
  if (signal?.aborted) stop()
  signal?.addEventListener('abort', stop)
  let taken = 0
  let failure: unknown

  const begin = (document: Document): Working => {
    counters.taken()
    const working = startWorking(taken, document, read, work, signal)
    taken += 1
    return working
  }

  const fail = async (
    { index, document }: Pick<Working, 'index' | 'document'>,
    thrown: unknown,
    attempts: number,
    given: number,
  ): Promise<Outcome> => {
    const outcome = {
      ...outcomeOf(index, document, asConnectorError(thrown), attempts),
      ...(gives === 'many' ? { sequence: given, last: true } : {}),
    }
    counters.settled(outcome)
    await letters.keep(outcome, document)
    return outcome
  }

  try {
    for await (const working of inOrder(source, pace, begin)) {
      const { index, document, attempts, groups } = working
      const { id } = document
      let given = 0
      try {
        for await (const { payloads, isLast = gives === 'one', facts } of groups) {
          for (let at = 0; at < payloads.length; at += 1) {
            const last = isLast && at === payloads.length - 1
            // Written out twice: for rows of a result, spreading would cost as much as reading them.
            const payload = payloads[at]
            const sent = attempts()
            const result: Outcome =
              gives === 'one'
                ? { index, id, ...success, payload, attempts: sent }
                : { index, id, ...success, payload, attempts: sent, sequence: given, last }
            const outcome = facts === undefined ? result : { ...result, ...facts }
            given += 1
            if (last) counters.settled(outcome)
            yield outcome
          }
        }
      } catch (thrown) {
        yield await fail(working, thrown, attempts(), given)
      }
      counters.notify()
    }
    const { done, value } = await source.leftover()
    if (!done) {
      counters.taken()
      yield await fail({ index: taken, document: documentOf(value) }, abortedError(false), 0, 0)
    }
    letters.throwIfLost()
  } catch (thrown) {
    failure = thrown
    throw thrown
  } finally {
    signal?.removeEventListener('abort', stop)
    source.close()
    counters.end(failure)
  }
}

/** Asks for the first group at once; for the others when they are wanted. */
function startWorking<Data>(
  index: number,
  document: Document,
  read: (document: Document) => Data,
  work: Work<Data>,
  signal: AbortSignal | undefined,
): Working {
  const abandoned = new AbortController()
  // One of its own for each document: a signal should not have as many listeners as there are documents.
  const either = AbortSignal.any(signal ? [signal, abandoned.signal] : [abandoned.signal])
  let attempts = 0
  const sent = (so: number) => {
    attempts = so
  }
  const results = (async function* (): AsyncGenerator<ResultGroup, void, undefined> {
    const data = read(document)
    attempts = 1
    yield* work(data, either, { document, sent })
  })()
  const first = results.next()
  const ready = first.then(
    () => undefined,
    () => undefined,
  )
  return {
    index,
    document,
    ready,
    attempts: () => attempts,
    groups: (async function* () {
      for (let step = await first; !step.done; step = await results.next()) yield step.value
    })(),
    async abandon() {
      abandoned.abort()
      await results.return().catch(() => undefined)
    },
  }
}
