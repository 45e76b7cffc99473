// The walk of operations that do one document after another.
import type { Document, DocumentSource, JsonObject } from '../contract/document.ts'
import type { ExecuteOptions } from '../contract/operation.ts'
import type { Outcome } from '../contract/outcome.ts'
import { asConnectorError } from '../errors.ts'
import { Counters } from '../pipeline/counters.ts'
import { DeadLetters } from '../pipeline/dead-letter.ts'
import { documentOf, parseDocument } from '../pipeline/encode.ts'
import { abortedError, outcomeOf } from '../pipeline/settle.ts'
import { openSource } from '../pipeline/source.ts'
import type { OperationContext } from './open-operation.ts'

/** Payloads that came together, each the payload of one outcome. */
export interface ResultGroup {
  readonly payloads: readonly unknown[]
  /** None comes after these; what gives one result need not say it. */
  readonly isLast?: boolean
}

/** What an operation says of a document, in order. In groups, because a promise for each row would cost more than the row. */
export type Results = AsyncIterable<ResultGroup>

/** What an operation does with one document; `data` is parsed. A throw is the document's outcome. */
export type Work = (data: JsonObject, signal: AbortSignal | undefined) => Results

/** @param gives whether a document has one result, or many that are numbered. */
export async function* eachDocument(
  documents: DocumentSource,
  { signal, deadLetter, progress }: ExecuteOptions,
  { clock, beginTrace }: Pick<OperationContext, 'clock' | 'beginTrace'>,
  gives: 'one' | 'many',
  work: Work,
): AsyncGenerator<Outcome, void, undefined> {
  const counters = new Counters(progress, beginTrace())
  const letters = new DeadLetters(deadLetter, clock)
  const source = openSource(documents)
  const stop = () => source.close()
  if (signal?.aborted) stop()
  signal?.addEventListener('abort', stop)
  let index = 0
  let failure: unknown

  const fail = async (document: Document, thrown: unknown, attempts: number, given = 0): Promise<Outcome> => {
    const outcome = {
      ...outcomeOf(index, document, asConnectorError(thrown), attempts),
      ...(gives === 'many' ? { sequence: given, last: true } : {}),
    }
    counters.settled(outcome)
    await letters.keep(outcome, document)
    return outcome
  }

  try {
    for (let pulled = await source.next(); !pulled.done; pulled = await source.next()) {
      counters.taken()
      const document = documentOf(pulled.value)
      let given = 0
      let attempts = 0
      try {
        const data = parseDocument(document)
        attempts = 1
        for await (const { payloads, isLast = gives === 'one' } of work(data, signal)) {
          for (let at = 0; at < payloads.length; at += 1) {
            const last = isLast && at === payloads.length - 1
            const outcome: Outcome = {
              index,
              id: document.id,
              status: 'success',
              code: '200',
              message: '',
              payload: payloads[at],
              attempts,
              ...(gives === 'many' ? { sequence: given, last } : {}),
            }
            given += 1
            if (last) counters.settled(outcome)
            yield outcome
          }
        }
      } catch (thrown) {
        yield await fail(document, thrown, attempts, given)
      }
      counters.notify()
      index += 1
    }
    const { done, value } = await source.leftover()
    if (!done) {
      counters.taken()
      yield await fail(documentOf(value), abortedError(false), 0)
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
