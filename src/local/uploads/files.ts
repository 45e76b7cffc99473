// Where uploads and objects lie as files: below the data directory, or in a temporary one that close() removes.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export interface Files {
  /** Unfinished uploads and job scratch; emptied at every start. */
  readonly scratch: string
  /** The objects of the local Cloud Storage. */
  readonly objects: string
  close(): void
}

export function openFiles(dataDirectory: string | undefined): Files {
  const root = dataDirectory ?? mkdtempSync(join(tmpdir(), 'local-bigquery-'))
  const [scratch, objects] = [join(root, 'uploads'), join(root, 'objects')]
  rmSync(scratch, { recursive: true, force: true })
  for (const directory of [scratch, objects]) mkdirSync(directory, { recursive: true })
  return {
    scratch,
    objects,
    close: () =>
      rmSync(dataDirectory === undefined ? root : scratch, { recursive: true, force: true, maxRetries: 3 }),
  }
}
