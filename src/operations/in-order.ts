// Begins work on several documents at once, and hands them on in the order in which they came.
import type { Document } from '../contract/document.ts'
import { documentOf } from '../pipeline/encode.ts'
import type { Source } from '../pipeline/source.ts'

export interface Pace {
  /** Documents at most that are worked on at the same time. */
  readonly atOnce: number
  /** Documents at most that are begun and not handed on: some of them are ready, and wait for their turn. */
  readonly ahead: number
}

/** One document, as operations do it that keep to its neighbours' order of effects. */
export const oneByOne: Pace = { atOnce: 1, ahead: 1 }

/** Documents that are ready and wait for their turn, beside each that is worked on. */
const readyPerDocument = 3

/** One by one means: the next document may be made from the outcome of the one before. */
export function paceOf(atOnce: number): Pace {
  return atOnce === 1 ? oneByOne : { atOnce, ahead: atOnce * (1 + readyPerDocument) }
}

export interface Begun {
  /** Its first result is there, or its failure; never rejects. */
  readonly ready: Promise<void>
  /** Nobody wants its results any more; resolves when nothing of it is under way. */
  abandon(): Promise<void>
}

/**
 * Yields what was begun for each document, in document order, as soon as it is begun. What is yielded has
 * been handed on when the next one is asked for.
 * @throws what the source throws, after everything that was begun has been handed on.
 */
export async function* inOrder<One extends Begun>(
  source: Source,
  { atOnce, ahead }: Pace,
  begin: (document: Document) => One,
): AsyncGenerator<One, void, undefined> {
  const begun: One[] = []
  let busy = 0
  let isExhausted = false
  let isLeft = false
  let change = Promise.withResolvers<void>()
  const changed = () => {
    change.resolve()
    change = Promise.withResolvers()
  }

  const feed = async (): Promise<void> => {
    try {
      for (;;) {
        while (busy >= atOnce || begun.length >= ahead) await change.promise
        const pulled = await source.next()
        if (pulled.done || isLeft) return
        const one = begin(documentOf(pulled.value))
        begun.push(one)
        busy += 1
        void one.ready.then(() => {
          busy -= 1
          changed()
        })
        changed()
      }
    } finally {
      isExhausted = true
      changed()
    }
  }

  const feeding = feed()
  // It is awaited at the end, and may fail long before.
  feeding.catch(() => undefined)
  try {
    for (;;) {
      while (begun.length === 0 && !isExhausted) await change.promise
      const [first] = begun
      if (first === undefined) break
      yield first
      begun.shift()
      changed()
    }
    await feeding
  } finally {
    isLeft = true
    source.close()
    await Promise.all(begun.map((one) => one.abandon()))
  }
}
