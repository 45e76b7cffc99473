// A file of dead letters -> their documents, sent again; what succeeds leaves the file.
import {
  type Connection,
  type DeadLetter,
  type Document,
  deadLetterOf,
  type LetterLine,
  type Outcome,
  type ProgressFeed,
  type ReplayFile,
} from '../index.ts'
import { countOutcome, noOutcomes, type OutcomeCounts } from './outcome-counts.ts'

/** What became of the letters. */
export interface ReplaySummary extends Readonly<OutcomeCounts> {
  readonly letters: number
  /** Lines that are no dead letter, or one that names no table. They stay as they are. */
  readonly unusable: number
  readonly interrupted: boolean
}

export interface ReplayOptions {
  readonly options: Readonly<Record<string, unknown>>
  /** The table of letters that name none, as an operation names it. */
  readonly objectType?: string | undefined
  readonly signal: AbortSignal
  readonly progress: ProgressFeed
  /** Called for each document that did not succeed this time either. */
  readonly onRejected: (outcome: Outcome) => void | Promise<void>
  readonly onUnusable: (line: string) => void
}

type Readdressed = Required<Pick<Document, 'properties'>> & Document

/** The caller closes the file, which puts what is left in place. */
export async function replayLetters(
  connection: Connection,
  file: ReplayFile,
  { options, objectType, signal, progress, onRejected, onUnusable }: ReplayOptions,
): Promise<ReplaySummary> {
  const counts = { letters: 0, ...noOutcomes(), unusable: 0 }
  /** Letters whose document has no outcome yet, by its index: as many as the budget has room for. */
  const waiting = new Map<number, LetterLine & { readonly letter: DeadLetter }>()

  async function* documents(): AsyncGenerator<Readdressed, void, undefined> {
    for await (const { line, letter } of file.letters()) {
      const document = letter && documentOf(letter, objectType, connection.projectId)
      if (letter === undefined || document === undefined) {
        counts.unusable += 1
        onUnusable(Buffer.from(line).toString())
        await file.keep(line)
        continue
      }
      waiting.set(counts.letters, { line, letter })
      counts.letters += 1
      yield document
    }
  }

  const source = documents()
  try {
    const first = await source.next()
    if (first.done) return { ...counts, interrupted: signal.aborted }
    async function* all() {
      yield first.value as Readdressed
      yield* source
    }
    const { datasetId, tableId } = first.value.properties
    const usual = `datasets/${datasetId}/tables/${tableId}`
    const operation = connection.operation('streaming-insert', { ...options, objectType: usual })
    for await (const outcome of operation.execute(all(), { signal, progress })) {
      const replayed = waiting.get(outcome.index)
      waiting.delete(outcome.index)
      countOutcome(counts, outcome.status)
      if (outcome.status === 'success' || replayed === undefined) continue
      // One that was not sent is as it was.
      const isUntried = outcome.errorCode === 'BQC_ABORTED' && outcome.attempts === 0
      await file.keep(isUntried ? replayed.line : `${JSON.stringify(newer(replayed.letter, outcome))}\n`)
      await onRejected(outcome)
    }
  } finally {
    for (const { line } of waiting.values()) await file.keep(line)
  }
  return { ...counts, interrupted: signal.aborted }
}

/** The document as it was sent the last time: to the same table, under the same insertId. */
function documentOf(
  { data, id, destination, templateSuffix = '', insertId, properties }: DeadLetter,
  objectType: string | undefined,
  projectId: string,
): Readdressed | undefined {
  const [, datasetId, , tableId] = objectType?.split('/') ?? []
  const usual = tableId === undefined ? undefined : { projectIdOverride: projectId, datasetId, tableId }
  const table = destination === undefined ? usual : tableOf(destination, templateSuffix)
  if (table === undefined) return undefined
  const where = destination === undefined ? { ...table, ...properties } : { ...properties, ...table }
  return {
    data: data as Document['data'],
    ...(id === undefined ? {} : { id }),
    properties: { ...where, ...(insertId === undefined ? {} : { insertId }) } as Record<string, string>,
  }
}

/** Neither a dataset nor a table has a dot in its name; a project may. */
function tableOf(destination: string, templateSuffix: string): Record<string, string> | undefined {
  const [, projectIdOverride = '', datasetId = '', table = ''] =
    /^(.+)\.([^.]+)\.([^.]+)$/.exec(destination) ?? []
  if (table === '') return undefined
  const isTemplate = templateSuffix !== '' && table.endsWith(templateSuffix)
  const tableId = isTemplate ? table.slice(0, -templateSuffix.length) : table
  return { projectIdOverride, datasetId, tableId, templateSuffix: isTemplate ? templateSuffix : '' }
}

/** The letter with its newer reason; what it is a letter of stays. */
function newer(letter: DeadLetter, outcome: Outcome): DeadLetter {
  const { reason: _, ...former } = letter
  const { status, code, errorCode, message, faults, time, reason, ...place } = deadLetterOf(
    outcome,
    { data: '' },
    Date.now(),
  )
  const { insertId, destination } = { ...place, ...letter }
  return {
    ...former,
    status,
    code,
    errorCode,
    message,
    faults,
    ...(reason === undefined ? {} : { reason }),
    ...(insertId === undefined ? {} : { insertId }),
    ...(destination === undefined ? {} : { destination }),
    attempts: letter.attempts + outcome.attempts,
    firstTime: letter.firstTime ?? letter.time,
    time,
  }
}
