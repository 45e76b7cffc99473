// A file of dead letters, one JSON object a line: appended to by those who make them.
import { appendFileSync, closeSync, fstatSync, openSync, statSync } from 'node:fs'
import type { DeadLetter } from '../contract/outcome.ts'
import { ConnectorError } from '../errors.ts'

export interface DeadLetterFile {
  /** Appends one line; resolves when the system has it. */
  write(letter: DeadLetter): Promise<void>
  close(): Promise<void>
}

/**
 * Opens a file of dead letters, one JSON object a line; letters that it holds already stay. Several may
 * append to it, and it may be replayed meanwhile.
 * @throws ConnectorError `BQC_OUTPUT_UNWRITABLE`
 */
export async function openDeadLetterFile(path: string): Promise<DeadLetterFile> {
  // Each letter is waited for, and a small write that blocks takes a tenth of one that does not.
  const orUnwritable = <T>(act: () => T): T => {
    try {
      return act()
    } catch (cause) {
      throw unwritable(path, cause)
    }
  }
  let file = orUnwritable(() => openSync(path, 'a'))
  return {
    async write(letter) {
      const line = `${JSON.stringify(letter)}\n`
      orUnwritable(() => {
        appendFileSync(file, line)
        while (!isAt(path, file)) {
          // A replay has put another file there, and may have read this one to its end before the letter came.
          closeSync(file)
          file = openSync(path, 'a')
          appendFileSync(file, line)
        }
      })
    },
    async close() {
      closeSync(file)
    },
  }
}

export function unwritable(path: string, cause: unknown): ConnectorError {
  if (cause instanceof ConnectorError) return cause
  const why = (cause as NodeJS.ErrnoException).code
  return new ConnectorError('BQC_OUTPUT_UNWRITABLE', `Cannot write dead letters to ${path} (${why}).`, {
    cause,
  })
}

function isAt(path: string, file: number): boolean {
  const there = statSync(path, { throwIfNoEntry: false })
  const ours = fstatSync(file)
  return there?.ino === ours.ino && there.dev === ours.dev
}
