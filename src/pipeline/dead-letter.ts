// A document that did not succeed -> a dead letter, and a file of them.
import { open } from 'node:fs/promises'
import type { Document } from '../contract/document.ts'
import type { DeadLetter, Outcome } from '../contract/outcome.ts'
import { ConnectorError } from '../errors.ts'
import { parseDocument } from './encode.ts'

export interface DeadLetterFile {
  /** Appends one line; resolves when the system has it. */
  write(letter: DeadLetter): Promise<void>
  close(): Promise<void>
}

/**
 * Opens a file of dead letters, one JSON object a line; letters that it holds already stay.
 * @throws ConnectorError `BQC_OUTPUT_UNWRITABLE`
 */
export async function openDeadLetterFile(path: string): Promise<DeadLetterFile> {
  const file = await open(path, 'a').catch((cause) => {
    const why = (cause as NodeJS.ErrnoException).code
    throw new ConnectorError('BQC_OUTPUT_UNWRITABLE', `Cannot write dead letters to ${path} (${why}).`, {
      cause,
    })
  })
  return {
    write: (letter) => file.appendFile(`${JSON.stringify(letter)}\n`),
    close: () => file.close(),
  }
}

/** @param outcome one that is no success. */
export function deadLetterOf(outcome: Outcome, document: Document, now: number): DeadLetter {
  const { index, id, status, code, errorCode, message, faults, attempts, insertId, destination } = outcome
  return {
    index,
    ...(id === undefined ? {} : { id }),
    status: status as DeadLetter['status'],
    code,
    errorCode: errorCode ?? 'BQC_INTERNAL',
    message,
    faults: faults ?? [],
    attempts,
    ...(insertId === undefined ? {} : { insertId }),
    ...(destination === undefined ? {} : { destination }),
    ...(document.properties === undefined ? {} : { properties: document.properties }),
    data: dataOf(document),
    time: new Date(now).toISOString(),
  }
}

function dataOf(document: Document): unknown {
  try {
    const row = parseDocument(document)
    JSON.stringify(row)
    return row
  } catch {
    const { data } = document
    return typeof data === 'string'
      ? data
      : data instanceof Uint8Array
        ? Buffer.from(data).toString()
        : String(data)
  }
}
