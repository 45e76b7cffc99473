// Documents that did not succeed, on a terminal: the first few, and how many more.
import { count } from './format.ts'

/** Lines shown; a dead-letter file holds them all. */
const most = 10

export class Refusals {
  #count = 0

  get count(): number {
    return this.#count
  }

  show(line: string): void {
    this.#count += 1
    if (this.#count <= most) process.stderr.write(`${line}\n`)
  }

  /** @param where they all are, or could be. */
  showRest(where: string): void {
    if (this.#count > most) process.stderr.write(`and ${count(this.#count - most)} more${where}\n`)
  }
}
