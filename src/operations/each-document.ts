// The walk of operations that do one document after another.
import type { Clock } from '../contract/clock.ts'
import type { Document, DocumentSource, JsonObject } from '../contract/document.ts'
import type { ExecuteOptions } from '../contract/operation.ts'
import type { Outcome } from '../contract/outcome.ts'
import { asConnectorError, type ConnectorError } from '../errors.ts'
import { Counters } from '../pipeline/counters.ts'
import { deadLetterOf } from '../pipeline/dead-letter.ts'
import { parseDocument } from '../pipeline/encode.ts'
import { abortedError, outcomeOf } from '../pipeline/settle.ts'
import { openSource } from '../pipeline/source.ts'

/** What an operation says of a document: a payload for each result, in order. */
export type Results = AsyncIterable<Pick<Outcome, 'payload' | 'sequence' | 'last'>>

/** What an operation does with one document; `data` is parsed. A throw is the document's outcome. */
export type Work = (data: JsonObject, signal: AbortSignal | undefined) => Results

export async function* eachDocument(
  documents: DocumentSource,
  { signal, deadLetter, onProgress }: ExecuteOptions,
  clock: Clock,
  work: Work,
): AsyncGenerator<Outcome, void, undefined> {
  const counters = new Counters(onProgress)
  const source = openSource(documents)
  if (signal?.aborted) source.close()
  const stop = () => source.close()
  signal?.addEventListener('abort', stop)
  let index = 0

  const failed = async (document: Document, error: ConnectorError, given: number): Promise<Outcome> => {
    const outcome = {
      ...outcomeOf(index, document, error, 1),
      ...(given > 0 ? { sequence: given, last: true } : {}),
    }
    counters.settled(outcome)
    await deadLetter?.(deadLetterOf(outcome, document, clock.now()))
    return outcome
  }

  try {
    for (let document = await source.next(); document !== undefined; document = await source.next()) {
      counters.taken()
      let given = 0
      try {
        for await (const result of work(parseDocument(document), signal)) {
          given += 1
          const outcome: Outcome = {
            index,
            id: document.id,
            status: 'success',
            code: '200',
            message: '',
            attempts: 1,
            ...result,
          }
          if (result.last !== false) counters.settled(outcome)
          yield outcome
        }
      } catch (thrown) {
        const error = signal?.aborted ? abortedError(true) : asConnectorError(thrown)
        yield await failed(document, error, given)
      }
      counters.notify()
      index += 1
    }
  } finally {
    signal?.removeEventListener('abort', stop)
    source.close()
  }
}
