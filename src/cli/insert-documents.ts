// Sends an input through Streaming Insert or Upsert, and accounts for every document of it.
import {
  type Connection,
  ConnectorError,
  type DeadLetter,
  type Document,
  deadLetterOf,
  type ErrorCode,
  type OperationConfig,
  type Outcome,
  openDeadLetterFile,
  type SpoolDamage,
} from '../index.ts'
import type { Input } from './input.ts'
import { countOutcome, noOutcomes, type OutcomeCounts } from './outcome-counts.ts'
import { openProgressView } from './progress-view.ts'

/** Documents that have their outcome. */
interface Counts extends Readonly<OutcomeCounts> {
  readonly documents: number
}

/** What became of an input. */
export interface InsertSummary extends Counts {
  readonly batches: number
  readonly retries: number
  readonly bytesSent: number
  readonly durationMs: number
  readonly rowsPerSecond: number
  readonly interrupted: boolean
  /** Where the documents are that did not succeed. */
  readonly deadLetterFile?: string
  /** Documents that the spool held from a former execution; they are not among those of the input. */
  readonly recovered?: Counts
  /** What the spool's files hold that is no whole document: how many stretches, and their bytes together. */
  readonly spoolDamage?: { readonly stretches: number; readonly bytes: number }
  /** What went wrong beside the documents: the input ends in the middle, a dead letter could not be kept. */
  readonly trouble?: { readonly code: ErrorCode; readonly message: string }
}

export interface InsertOptions {
  readonly operation: 'streaming-insert' | 'upsert'
  readonly label: string
  readonly deadLetterFile?: string | undefined
  readonly signal: AbortSignal
  /** Called for each outcome that is no success. */
  readonly onRejected?: (outcome: Outcome) => void | Promise<void>
  readonly onSpoolDamage?: (damage: SpoolDamage) => void
}

export async function insertDocuments(
  connection: Connection,
  config: OperationConfig,
  input: Pick<Input, 'documents' | 'isStdin' | 'totalBytes' | 'bytesRead'>,
  { operation: id, label, deadLetterFile, signal, onRejected, onSpoolDamage }: InsertOptions,
): Promise<InsertSummary> {
  const operation = connection.operation(id, config)
  const letters = deadLetterFile === undefined ? undefined : await openDeadLetterFile(deadLetterFile)
  const view = openProgressView(label, () => input.totalBytes && input.bytesRead() / input.totalBytes)
  const start = performance.now()
  const counts = { documents: 0, ...noOutcomes() }
  const recovered = { documents: 0, ...noOutcomes() }
  const spoolDamage = { stretches: 0, bytes: 0 }
  let trouble: InsertSummary['trouble']

  const account = async (outcome: Outcome) => {
    const those = outcome.recovered ? recovered : counts
    those.documents += 1
    countOutcome(those, outcome.status)
    if (outcome.status !== 'success') await onRejected?.(outcome)
  }
  const handOver = withoutReturn(input.documents)
  try {
    const outcomes = operation.execute(handOver.documents, {
      signal,
      progress: view.feed,
      onSpoolDamage: (damage) => {
        spoolDamage.stretches += 1
        spoolDamage.bytes += damage.bytes
        onSpoolDamage?.(damage)
      },
      ...(letters ? { deadLetter: (letter: DeadLetter) => letters.write(letter) } : {}),
    })
    for await (const outcome of outcomes) await account(outcome)
    // What nobody took is accounted for as well. Stdin may never end, so it is not read on.
    if (signal.aborted && !input.isStdin) {
      for await (const document of handOver.rest(counts.documents)) {
        const outcome = notSent(document, counts.documents, connection, config)
        await letters?.write(deadLetterOf(outcome, document, Date.now()))
        await account(outcome)
      }
    }
  } catch (thrown) {
    // Documents have been sent: how they fared is told as well.
    if (!(thrown instanceof ConnectorError) || counts.documents + recovered.documents === 0) throw thrown
    trouble = { code: thrown.code, message: thrown.message }
  } finally {
    view.stop()
    await letters?.close()
  }

  const durationMs = performance.now() - start
  const progress = view.feed.now()
  return {
    ...counts,
    batches: progress?.batches ?? 0,
    retries: progress?.retries ?? 0,
    bytesSent: progress?.bytesSent ?? 0,
    durationMs: Math.round(durationMs),
    rowsPerSecond: Math.round(counts.success / (durationMs / 1000)),
    interrupted: signal.aborted,
    ...(deadLetterFile === undefined ? {} : { deadLetterFile }),
    ...(recovered.documents === 0 ? {} : { recovered }),
    ...(spoolDamage.stretches === 0 ? {} : { spoolDamage }),
    ...(trouble === undefined ? {} : { trouble }),
  }
}

/** Lends a generator out without giving it away: whoever stops early leaves the rest to us. */
function withoutReturn(documents: AsyncGenerator<Document, void, undefined>) {
  let handed = 0
  let last: Promise<IteratorResult<Document, void>> | undefined
  const next = () => {
    handed += 1
    last = documents.next()
    return last
  }
  return {
    documents: { [Symbol.asyncIterator]: () => ({ next }) },
    /** @param taken documents that have their outcome; one more may have been asked for, and called off. */
    async *rest(taken: number): AsyncGenerator<Document> {
      const result = handed > taken ? await last : undefined
      if (result && !result.done) yield result.value
      yield* documents
    },
  }
}

/** The outcome of a document that nobody took. The table is told as far as the command knows it. */
function notSent(
  { id }: Document,
  index: number,
  { projectId }: Connection,
  { objectType, projectIdOverride, templateSuffix = '' }: OperationConfig,
): Outcome {
  const [, datasetId, , tableId] = objectType.split('/')
  return {
    index,
    id,
    status: 'failure',
    code: 'BQC_ABORTED',
    errorCode: 'BQC_ABORTED',
    message: 'The command was stopped before the document was sent. Send it again.',
    payload: undefined,
    attempts: 0,
    destination: `${projectIdOverride || projectId}.${datasetId}.${tableId}${templateSuffix}`,
    ...(templateSuffix === '' ? {} : { templateSuffix: String(templateSuffix) }),
  }
}
