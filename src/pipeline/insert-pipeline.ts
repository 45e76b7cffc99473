// THE CORRIDOR: documents go in, rows go out, and exactly one outcome comes back for each document.
// admit -> encode -> partition -> batch -> send -> settle -> deliver; read the stages in this order.
import type { Clock } from '../contract/clock.ts'
import type { Document, DocumentSource } from '../contract/document.ts'
import type { Destination, InsertRows, Retry } from '../contract/insert-rows.ts'
import type { ExecuteOptions } from '../contract/operation.ts'
import type { Outcome } from '../contract/outcome.ts'
import type { RowEncoder } from '../encoding/encode-row.ts'
import { asConnectorError } from '../errors.ts'
import { Budget } from './admit.ts'
import type { BatchLimits } from './batch.ts'
import { Counters } from './counters.ts'
import { DeadLetters } from './dead-letter.ts'
import { Delivery } from './deliver.ts'
import { documentOf, encodeDocument, sizeOf } from './encode.ts'
import { destinationOf, Partition } from './partition.ts'
import { Sender, type SendOptions } from './send.ts'
import { abortedError, outcomeOf, placeOf } from './settle.ts'
import { openSource } from './source.ts'

export interface PipelinePorts {
  readonly insertRows: InsertRows
  /**
   * The encoder of a table's rows; at once when it is known. A rejection is the outcome of the document
   * that asked; the signal ends the wait.
   */
  readonly encoderOf: (destination: Destination, signal: AbortSignal) => RowEncoder | Promise<RowEncoder>
  readonly retry: Retry
  readonly clock: Clock
}

export interface PipelineOptions extends SendOptions {
  readonly batch: BatchLimits
  readonly budgetBytes: number
  readonly maxRowBytes: number
  /** Where rows go when their document does not say otherwise. */
  readonly destination: Destination
  /** The index of the document is added. Absent: rows go without insertId. */
  readonly insertIdPrefix?: string
}

/** Bytes that a document costs beside its row: its outcome, and its places in queues. */
const documentOverheadBytes = 1024

export async function* insertPipeline(
  documents: DocumentSource,
  ports: PipelinePorts,
  options: PipelineOptions,
  { signal, deadLetter, onProgress }: ExecuteOptions = {},
): AsyncGenerator<Outcome, void, undefined> {
  const counters = new Counters(onProgress)
  const budget = new Budget(options.budgetBytes)
  const delivery = new Delivery()
  const stopping = new AbortController()
  const sender = new Sender(ports, options, counters, stopping.signal, (settled) => delivery.add(settled))
  const partition = new Partition(options.batch, ports.clock, (batch) => sender.add(batch))
  const source = openSource(documents)
  const letters = new DeadLetters(deadLetter, ports.clock)
  const { insertIdPrefix } = options
  const insertIdOf = (index: number) => (insertIdPrefix === undefined ? undefined : insertIdPrefix + index)

  const stop = () => {
    source.close()
    stopping.abort()
    budget.wake()
  }

  const enter = (
    document: Document,
    index: number,
    destination: Destination,
    encodeRow: RowEncoder,
  ): void => {
    const { text, bytes } = encodeDocument(document, encodeRow, destination, options.maxRowBytes)
    const chargedBytes = documentOverheadBytes + bytes
    budget.spend(chargedBytes)
    partition.add({ index, document, text, bytes, insertId: insertIdOf(index), chargedBytes }, destination)
  }
  const reject = (document: Document, index: number, thrown: unknown, destination?: Destination): void => {
    const outcome = {
      ...outcomeOf(index, document, asConnectorError(thrown)),
      ...placeOf(destination, insertIdOf(index)),
    }
    const chargedBytes = documentOverheadBytes + sizeOf(document)
    budget.spend(chargedBytes)
    delivery.add([{ outcome, document, chargedBytes }])
  }
  /** Waits only for the encoder of a table that is new; the documents after it wait too. */
  const accept = (document: Document, index: number): void | Promise<void> => {
    let destination: Destination | undefined
    try {
      const to = destinationOf(document, options.destination)
      destination = to
      const encoder = ports.encoderOf(to, stopping.signal)
      if (!(encoder instanceof Promise)) return enter(document, index, to, encoder)
      return encoder
        .then((encodeRow) => enter(document, index, to, encodeRow))
        .catch((thrown) => reject(document, index, thrown, to))
    } catch (thrown) {
      reject(document, index, thrown, destination)
    }
  }

  let sourceError: { readonly thrown: unknown } | undefined
  const walk = async (): Promise<void> => {
    let count = 0
    try {
      while (!source.isClosed) {
        if (!budget.hasRoom) {
          // Nothing joins an open batch while the source waits, so none of them need wait either.
          partition.sealAll()
          await budget.room()
          continue
        }
        const step = source.next()
        const pulled = step instanceof Promise ? await step : step
        if (pulled.done) break
        counters.taken()
        const entering = accept(documentOf(pulled.value), count)
        count += 1
        if (entering !== undefined) await entering
      }
    } catch (thrown) {
      sourceError = { thrown }
    }
    partition.sealAll()
    await sender.drain()
    const { done, value } = await source.leftover()
    if (!done) {
      counters.taken()
      reject(documentOf(value), count, abortedError(false))
      count += 1
    }
    delivery.endAt(count)
  }

  if (signal?.aborted) stop()
  signal?.addEventListener('abort', stop)
  const walking = walk()
  try {
    for (;;) {
      const item = delivery.take() ?? (await delivery.next())
      if (item === undefined) break
      budget.giveBack(item.chargedBytes)
      counters.settled(item.outcome)
      if (item.outcome.status !== 'success') await letters.keep(item.outcome, item.document)
      yield item.outcome
    }
    counters.notify()
    if (sourceError !== undefined) throw sourceError.thrown
    letters.throwIfLost()
  } finally {
    // Also when the consumer left the loop early: nothing stays on the wire, no timer stays.
    signal?.removeEventListener('abort', stop)
    stop()
    sender.cancel()
    await walking
  }
}
