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
import { deadLetterOf } from './dead-letter.ts'
import { Delivery } from './deliver.ts'
import { encodeDocument } from './encode.ts'
import { destinationOf, nameOf, Partition } from './partition.ts'
import { Sender, type SendOptions } from './send.ts'
import { outcomeOf, placeOf } from './settle.ts'
import { openSource } from './source.ts'

export interface PipelinePorts {
  readonly insertRows: InsertRows
  /**
   * The encoder of a table's rows; at once when it is known. A rejection is the outcome of the document
   * that asked.
   */
  readonly encoderOf: (destination: Destination) => RowEncoder | Promise<RowEncoder>
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
  const sender = new Sender(ports, options, counters, (settled) => delivery.add(settled))
  const partition = new Partition(options.batch, ports.clock, (batch) => sender.add(batch))
  const source = openSource(documents)

  const stop = () => {
    source.close()
    sender.stop()
    budget.wake()
  }

  const accept = async (document: Document, index: number): Promise<void> => {
    const insertId = options.insertIdPrefix === undefined ? undefined : `${options.insertIdPrefix}${index}`
    let chargedBytes = documentOverheadBytes
    let destination: Destination | undefined
    try {
      destination = destinationOf(document, options.destination)
      const encoder = ports.encoderOf(destination)
      const encodeRow = encoder instanceof Promise ? await encoder : encoder
      const { text, bytes } = encodeDocument(document, encodeRow, nameOf(destination), options.maxRowBytes)
      chargedBytes += bytes
      partition.add({ index, document, text, bytes, insertId, chargedBytes }, destination)
    } catch (thrown) {
      const outcome = {
        ...outcomeOf(index, document, asConnectorError(thrown)),
        ...placeOf(destination, insertId),
      }
      delivery.add([{ outcome, document, chargedBytes }])
    }
    budget.spend(chargedBytes)
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
        const document = await source.next()
        if (document === undefined) break
        counters.taken()
        await accept(document, count)
        count += 1
      }
    } catch (thrown) {
      sourceError = { thrown }
    }
    partition.sealAll()
    await sender.drain()
    delivery.endAt(count)
  }

  if (signal?.aborted) stop()
  signal?.addEventListener('abort', stop)
  const walking = walk()
  try {
    for (let item = await delivery.take(); item !== undefined; item = await delivery.take()) {
      budget.giveBack(item.chargedBytes)
      counters.settled(item.outcome)
      if (item.outcome.status !== 'success') {
        await deadLetter?.(deadLetterOf(item.outcome, item.document, ports.clock.now()))
      }
      yield item.outcome
    }
    counters.notify()
    if (sourceError !== undefined) throw sourceError.thrown
  } finally {
    // Also when the consumer left the loop early: nothing stays on the wire, no timer stays.
    signal?.removeEventListener('abort', stop)
    stop()
    sender.cancel()
    await walking
  }
}
