// A document that did not succeed -> a dead letter.
import type { Clock } from '../contract/clock.ts'
import type { ByteSource, Document } from '../contract/document.ts'
import type { ExecuteOptions } from '../contract/operation.ts'
import type { DeadLetter, Outcome } from '../contract/outcome.ts'
import { ConnectorError } from '../errors.ts'
import { parseDocument } from './encode.ts'
import { jsonOf } from './json-of.ts'

/** Keeps dead letters, and remembers when one could not be kept: documents come first. */
export class DeadLetters {
  readonly #write: ExecuteOptions['deadLetter']
  readonly #clock: Clock
  #lost: { readonly count: number; readonly cause: unknown } | undefined

  constructor(write: ExecuteOptions['deadLetter'], clock: Clock) {
    this.#write = write
    this.#clock = clock
  }

  /** @param outcome one that is no success. */
  async keep(outcome: Outcome, document: Document): Promise<void> {
    try {
      await this.#write?.(deadLetterOf(outcome, document, this.#clock.now()))
    } catch (cause) {
      this.#lost = { count: (this.#lost?.count ?? 0) + 1, cause: this.#lost?.cause ?? cause }
    }
  }

  /** @throws ConnectorError `BQC_OUTPUT_UNWRITABLE` */
  throwIfLost(): void {
    if (this.#lost === undefined) return
    const { count, cause } = this.#lost
    const why = (cause instanceof Error ? cause.message : String(cause)).replace(/\.$/, '')
    const message = `${count} dead letters could not be kept: ${why}. Every document has its outcome.`
    throw new ConnectorError('BQC_OUTPUT_UNWRITABLE', message, { cause })
  }
}

/**
 * The one way to make a dead letter.
 * @param outcome of the document; one that is no success.
 * @param now epoch milliseconds.
 */
export function deadLetterOf(outcome: Outcome, document: Document, now: number): DeadLetter {
  const { index, id, status, code, errorCode, message, reason, faults, attempts } = outcome
  const { insertId, destination, templateSuffix } = outcome
  const time = new Date(now).toISOString()
  return {
    index,
    ...(id === undefined ? {} : { id }),
    status: status as DeadLetter['status'],
    code,
    errorCode: errorCode ?? 'BQC_INTERNAL',
    message,
    ...(reason === undefined ? {} : { reason }),
    faults: faults ?? [],
    attempts,
    ...(insertId === undefined ? {} : { insertId }),
    ...(destination === undefined ? {} : { destination }),
    ...(templateSuffix === undefined ? {} : { templateSuffix }),
    ...(document.properties === undefined ? {} : { properties: document.properties }),
    data: dataOf(document),
    firstTime: time,
    time,
  }
}

function dataOf(document: Document): unknown {
  const { data } = document
  if (isFile(data)) return null
  const text = data instanceof Uint8Array ? Buffer.from(data).toString() : data
  try {
    const row = parseDocument(document)
    if (typeof text !== 'string') return jsonOf(row)
    return outlineOf(JSON.stringify(row)) === outlineOf(text.replace(/^\ufeff/, '')) ? row : text
  } catch {
    return String(text)
  }
}

/** Bytes to be read from somewhere: the host knows the document by its id. */
function isFile(data: Document['data']): boolean {
  if (typeof data !== 'object' || data === null) return false
  const { stream, [Symbol.asyncIterator]: parts } = data as Partial<ByteSource & AsyncIterable<Uint8Array>>
  return typeof stream === 'function' || typeof parts === 'function'
}

/**
 * What JSON text says outside of its strings. Another one, once the text has been read, means that reading
 * took something away: digits of a number, or a member whose name comes twice.
 */
function outlineOf(json: string): string {
  const parts: string[] = []
  let at = 0
  for (let quote = json.indexOf('"'); quote !== -1; quote = json.indexOf('"', at)) {
    parts.push(json.slice(at, quote))
    at = quote + 1
    while (json[at] !== '"') at += json[at] === '\\' ? 2 : 1
    at += 1
  }
  parts.push(json.slice(at))
  return parts.join('"').replace(/\s+/g, '')
}
