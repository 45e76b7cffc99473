// A file of dead letters, one JSON object a line: appended to by those who make them.
import { type FileHandle, open, stat } from 'node:fs/promises'
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
  const openFile = () => open(path, 'a').catch((cause) => Promise.reject(unwritable(path, cause)))
  let file = await openFile()
  let last: Promise<unknown> = Promise.resolve()

  const append = async (line: string): Promise<void> => {
    try {
      await file.appendFile(line)
      while (!(await isAt(path, file))) {
        // A replay has put another file there, and may have read this one to its end before the letter came.
        await file.close()
        file = await openFile()
        await file.appendFile(line)
      }
    } catch (cause) {
      throw unwritable(path, cause)
    }
  }
  return {
    write(letter) {
      const written = last.then(() => append(`${JSON.stringify(letter)}\n`))
      last = written.catch(() => undefined)
      return written
    },
    async close() {
      await last
      await file.close()
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

async function isAt(path: string, file: FileHandle): Promise<boolean> {
  const [there, ours] = await Promise.all([stat(path).catch(() => undefined), file.stat()])
  return there?.ino === ours.ino && there.dev === ours.dev
}
