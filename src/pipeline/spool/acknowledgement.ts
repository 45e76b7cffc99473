// How far the host may forget its documents. One that was refused has no record: it counts when it has its outcome.
import type { ExecuteOptions } from '../../contract/operation.ts'
import { quietly } from '../../errors.ts'

export class Acknowledgement {
  readonly #onSpooled: ExecuteOptions['onSpooled']
  #writtenTo = 0
  #toldTo = 0
  /** Without record and without outcome, ascending. */
  readonly #refused = new Set<number>()

  constructor(onSpooled: ExecuteOptions['onSpooled']) {
    this.#onSpooled = onSpooled
  }

  refused(index: number): void {
    this.#refused.add(index)
  }

  /** The first `count` documents are written or refused. */
  writtenTo(count: number): void {
    this.#writtenTo = count
    this.#tell()
  }

  /** A refused document has its outcome. */
  settled(index: number): void {
    this.#refused.delete(index)
    this.#tell()
  }

  #tell(): void {
    const [count = this.#writtenTo] = this.#refused
    if (count <= this.#toldTo) return
    this.#toldTo = count
    quietly(() => this.#onSpooled?.(count))
  }
}
