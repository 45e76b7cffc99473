// Durability on request, around the corridor: a document enters it only when its record is with the operating
// system, and what a former execution left without outcome goes first.
import type { Clock } from '../../contract/clock.ts'
import type { DocumentSource } from '../../contract/document.ts'
import type { Destination } from '../../contract/insert-rows.ts'
import type { ExecuteOptions } from '../../contract/operation.ts'
import type { DeadLetter, Outcome } from '../../contract/outcome.ts'
import { DeadLetters } from '../dead-letter.ts'
import { type InsertIdOf, type InsertIdRule, insertIdIfAny } from '../insert-id.ts'
import { destinationIfAny } from '../partition.ts'
import { abortedError, outcomeOf, placeOf } from '../settle.ts'
import { openSource } from '../source.ts'
import { ProgressWithRest } from './progress-with-rest.ts'
import { openSpool, type SpoolOptions } from './spool.ts'
import { type Place, SpooledSource } from './spooled-source.ts'

type Corridor = (
  documents: DocumentSource,
  insertIdOf: InsertIdOf,
  execute: ExecuteOptions,
) => AsyncIterable<Outcome>

export interface SpooledOptions extends SpoolOptions {
  /** Where rows go when their document does not say otherwise. */
  readonly destination: Destination
}

export async function* throughSpool(
  documents: DocumentSource,
  options: SpooledOptions,
  ruleOfInsertIds: InsertIdRule,
  clock: Clock,
  execute: ExecuteOptions,
  corridor: Corridor,
): AsyncGenerator<Outcome, void, undefined> {
  const given = openSource(documents)
  const spool = await openSpool(options, clock, execute.onSpoolDamage)
  const source = new SpooledSource(given, spool, execute.onSpooled)
  const insertIdOf: InsertIdOf = (document, index) => {
    const { error, segment, index: own } = source.placeOf(index)
    if (error !== undefined) throw error
    return ruleOfInsertIds(document, segment?.insertIdPrefix ?? options.insertIdPrefix, own)
  }
  const { deadLetter } = execute
  const progress = execute.progress && new ProgressWithRest(execute.progress)
  const write =
    deadLetter &&
    ((letter: DeadLetter) => deadLetter({ ...letter, index: source.placeOf(letter.index).index }))
  const within = { ...execute, ...(write ? { deadLetter: write } : {}), ...(progress ? { progress } : {}) }
  let failure: { readonly thrown: unknown } | undefined
  try {
    try {
      for await (const outcome of corridor(source, insertIdOf, within)) {
        yield placed(outcome, source.placeOf(outcome.index))
        // The consumer has come back for more: this outcome has reached it.
        source.settle(outcome.index)
      }
    } catch (thrown) {
      failure = { thrown }
    }

    // Stopped: what was taken from the source and never entered the corridor has its outcome as well.
    const letters = new DeadLetters(write, clock)
    for await (const [index, document] of source.rest()) {
      const insertId = insertIdIfAny(insertIdOf, document, index)
      const destination = destinationIfAny(document, options.destination)
      const outcome = {
        ...outcomeOf(index, document, abortedError(false)),
        ...placeOf(destination, insertId),
      }
      progress?.failed()
      await letters.keep(outcome, document)
      yield placed(outcome, source.placeOf(index))
      source.settle(index)
    }
    if (failure !== undefined) throw failure.thrown
    letters.throwIfLost()
  } finally {
    progress?.endAll()
    await source.close()
    await spool.close()
  }
}

/** The corridor counts what it gets; a host counts what its source gave. */
function placed(outcome: Outcome, { index, isRecovered }: Place): Outcome {
  if (isRecovered) return { ...outcome, index, recovered: true }
  return outcome.index === index ? outcome : { ...outcome, index }
}
