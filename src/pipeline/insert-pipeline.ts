// THE CORRIDOR: documents go in, rows go out, and exactly one outcome comes back for each document.
// admit -> encode -> partition -> batch -> send -> settle -> deliver; read the stages in this order.
import type { Clock } from '../contract/clock.ts'
import type { Document, DocumentSource } from '../contract/document.ts'
import type { Destination, InsertRows, RowFrame } from '../contract/insert-rows.ts'
import type { ExecuteOptions } from '../contract/operation.ts'
import type { Outcome } from '../contract/outcome.ts'
import type { BeginTrace } from '../contract/telemetry.ts'
import type { RowEncoder } from '../encoding/encode-row.ts'
import { asConnectorError, ConnectorError } from '../errors.ts'
import { Budget } from './admit.ts'
import { type BatchLimits, documentOverheadBytes } from './batch.ts'
import { Counters } from './counters.ts'
import { DeadLetters } from './dead-letter.ts'
import { DeliveryAsSettled, DeliveryInDocumentOrder } from './deliver.ts'
import { documentOf, encodeDocument, onOneLine, sizeOf } from './encode.ts'
import { type InsertIdOf, insertIdIfAny } from './insert-id.ts'
import type { Paces } from './paces.ts'
import { destinationIfAny, Partition, destinationOf as usualDestinationOf } from './partition.ts'
import { Sender, type SendOptions } from './send.ts'
import { abortedError, outcomeOf, placeOf } from './settle.ts'
import { openSource } from './source.ts'

/** What checks and writes rows, table by table. */
export interface Encoders {
  /**
   * At once when it is known. An error is the outcome of the document that asked; the signal ends the wait.
   * `undefined`: rows are left to the service to check.
   */
  of(destination: Destination, signal: AbortSignal): RowEncoder | undefined | Promise<RowEncoder>
  /** Of the table as it is now, when the one that refused a document may be outdated. */
  newerThan(
    refused: RowEncoder,
    destination: Destination,
    signal: AbortSignal,
  ): Promise<RowEncoder> | undefined
}

export interface PipelinePorts {
  readonly insertRows: InsertRows
  /** How `insertRows` wants a body. */
  readonly frame: RowFrame
  readonly encoders: Encoders
  /** What is known of the destinations; it outlives an execution. */
  readonly paces: Paces
  readonly clock: Clock
  readonly beginTrace: BeginTrace
}

export interface PipelineOptions extends Omit<SendOptions, 'maxPausedBytes'> {
  readonly batch: BatchLimits
  readonly budgetBytes: number
  readonly maxRowBytes: number
  /** Where rows go when their document does not say otherwise. */
  readonly destination: Destination
  /** Where a document's row goes. Default: there, with what its properties override. */
  readonly destinationOf?: (document: Document, usual: Destination) => Destination
  readonly insertIdOf: InsertIdOf
  /** What the frame is to know of a document that has become a row. */
  readonly markOf?: (document: Document, index: number) => string
  readonly outcomeOrder: 'document' | 'settled'
}

export async function* insertPipeline(
  documents: DocumentSource,
  ports: PipelinePorts,
  options: PipelineOptions,
  { signal, deadLetter, progress }: ExecuteOptions = {},
): AsyncGenerator<Outcome, void, undefined> {
  const budget = new Budget(options.budgetBytes)
  const trace = ports.beginTrace()
  const counters = new Counters(progress, trace, () => ({
    budget: budget.use,
    paused: ports.paces.paused(),
  }))
  const isInOrder = options.outcomeOrder === 'document'
  const delivery = isInOrder ? new DeliveryInDocumentOrder() : new DeliveryAsSettled()
  const stopping = new AbortController()
  // In document order everybody waits for a destination that pauses; else half of the budget is for the others.
  const sending = isInOrder ? options : { ...options, maxPausedBytes: options.budgetBytes / 2 }
  const seen = { ...ports, insertRows: trace.around(ports.insertRows) }
  const sender = new Sender(seen, sending, counters, stopping.signal, (settled) => delivery.add(settled))
  const partition = new Partition(ports.frame, options.batch, ports.paces, ports.clock, (batch) =>
    sender.add(batch),
  )
  const source = openSource(documents)
  const letters = new DeadLetters(deadLetter, ports.clock)
  const { insertIdOf, markOf, destinationOf = usualDestinationOf } = options

  const stop = () => {
    source.close()
    stopping.abort()
    budget.wake()
  }

  const reject = (document: Document, index: number, thrown: unknown, to?: Destination): void => {
    const outcome = {
      ...outcomeOf(index, document, asConnectorError(thrown)),
      ...placeOf(to, insertIdIfAny(insertIdOf, document, index)),
    }
    const chargedBytes = documentOverheadBytes + sizeOf(document)
    budget.spend(chargedBytes)
    delivery.add([{ outcome, document: () => document, chargedBytes }])
  }
  /** @param isSecond it was refused before, by an older encoder. */
  const enter = (
    document: Document,
    index: number,
    to: Destination,
    encodeRow: RowEncoder | undefined,
    isSecond = false,
  ): void => {
    try {
      const encoded = encodeDocument(document, encodeRow, to, options.maxRowBytes)
      const json = ports.frame.isLines ? onOneLine(encoded) : encoded
      const { id, properties } = document
      const insertId = insertIdOf(document, index)
      const mark = markOf?.(document, index)
      budget.spend(partition.add({ index, id, properties, json, insertId, mark }, to))
    } catch (thrown) {
      const isUnfit = thrown instanceof ConnectorError && thrown.code === 'BQC_DOCUMENT_INVALID'
      const mayBeOld = isUnfit && !isSecond && encodeRow !== undefined
      const newer = mayBeOld ? ports.encoders.newerThan(encodeRow, to, stopping.signal) : undefined
      if (newer === undefined) reject(document, index, thrown, to)
      else standAside(document, index, to, newer.catch(() => encodeRow) as Promise<RowEncoder>, true)
    }
  }
  /** Those whose table is being described stand aside, within the budget; the others go past them. */
  const aside = new Set<Promise<void>>()
  const standAside = (
    document: Document,
    index: number,
    to: Destination,
    encoder: Promise<RowEncoder>,
    isSecond = false,
  ): void => {
    const heldBytes = documentOverheadBytes + sizeOf(document)
    budget.spend(heldBytes)
    const standing = encoder
      .then(
        (encodeRow) => enter(document, index, to, encodeRow, isSecond),
        (thrown) => reject(document, index, thrown, to),
      )
      .finally(() => {
        budget.giveBack(heldBytes)
        aside.delete(standing)
      })
    aside.add(standing)
  }
  const accept = (document: Document, index: number): void => {
    let to: Destination | undefined
    try {
      to = destinationOf(document, options.destination)
      const encoder = ports.encoders.of(to, stopping.signal)
      if (encoder instanceof Promise) standAside(document, index, to, encoder)
      else enter(document, index, to, encoder)
    } catch (thrown) {
      reject(document, index, thrown, to)
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
          sender.isSourceWaiting = true
          await budget.room()
          sender.isSourceWaiting = false
          continue
        }
        // Who stands aside would be overtaken.
        if (options.isOrdered) while (aside.size > 0) await Promise.all(aside)
        const step = source.next()
        const pulled = step instanceof Promise ? await step : step
        if (pulled.done) break
        counters.taken()
        accept(documentOf(pulled.value), count)
        count += 1
      }
    } catch (thrown) {
      sourceError = { thrown }
    }
    // Those who stand aside may do so a second time.
    while (aside.size > 0) await Promise.all(aside)
    partition.sealAll()
    await sender.drain()
    const { done, value } = await source.leftover()
    if (!done) {
      counters.taken()
      const document = documentOf(value)
      reject(document, count, abortedError(false), destinationIfAny(document, options.destination))
      count += 1
    }
    delivery.endAt(count)
  }

  if (signal?.aborted) stop()
  signal?.addEventListener('abort', stop)
  const walking = walk()
  let failure: unknown
  try {
    for (;;) {
      const item = delivery.take() ?? (await delivery.next())
      if (item === undefined) break
      budget.giveBack(item.chargedBytes)
      counters.settled(item.outcome)
      if (deadLetter !== undefined && item.document !== undefined) {
        await letters.keep(item.outcome, item.document())
      }
      yield item.outcome
    }
    if (sourceError !== undefined) throw sourceError.thrown
    letters.throwIfLost()
  } catch (thrown) {
    failure = thrown
    throw thrown
  } finally {
    // Also when the consumer left the loop early: nothing stays on the wire, no timer stays.
    signal?.removeEventListener('abort', stop)
    stop()
    sender.cancel()
    await walking
    counters.end(failure)
  }
}
