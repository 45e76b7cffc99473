// A record on disk as a directory with one immutable file for each revision. Whoever links the next number into
// it has written it; whoever finds the number taken reads again. So there are no locks, and a process that dies
// leaves the old revision or the new one.
import { randomUUID } from 'node:crypto'
import { link, mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'

export interface Revision {
  readonly revision: number
  readonly text: string
}

/**
 * Of so many former revisions an empty file stays, and with it their number is taken: a writer who is late by
 * less cannot take it a second time.
 */
const emptyFilesKept = 32

/** Numbers that a JavaScript number holds exactly. */
const revisionFile = /^([1-9]\d{0,14})\.json$/

/** Looks again at a newest revision that is listed and not there: it was replaced meanwhile, or is damaged. */
const looksAtMost = 20

/** The newest revision, without text where it cannot be read; undefined where there is no such directory. */
export async function readNewest(directory: string): Promise<Revision | undefined> {
  let newest = 0
  for (let looks = 0; looks < looksAtMost; looks += 1) {
    const revision = Math.max(...(await revisionsIn(directory)))
    if (revision === Number.NEGATIVE_INFINITY) return undefined
    const text = await readFile(join(directory, `${revision}.json`), 'utf8').catch(unlessAbsent)
    // Emptied or gone: there is a newer one by now, or the whole record was dropped.
    if (text || (text === '' && newest === revision)) return { revision, text }
    newest = revision
  }
  return { revision: newest, text: '' }
}

/** Makes the directory with revision 1 in it. False when it is there already. */
export async function createFirst(directory: string, text: string): Promise<boolean> {
  const parent = dirname(directory)
  await mkdir(parent, { recursive: true, mode: 0o700 })
  const draft = join(parent, draftName('new'))
  await mkdir(draft, { mode: 0o700 })
  try {
    await writeDurably(join(draft, '1.json'), text)
    await syncDirectory(draft)
    await rename(draft, directory)
  } catch (thrown) {
    await rm(draft, { recursive: true, force: true })
    if (isCode(thrown, 'ENOTEMPTY', 'EEXIST')) return false
    throw thrown
  }
  await syncDirectory(parent)
  return true
}

/** Writes the revision after `former`. False when somebody else has, or the directory is gone: read again then. */
export async function writeNext(directory: string, former: number, text: string): Promise<boolean> {
  const revision = former + 1
  const path = join(directory, `${revision}.json`)
  const draft = join(directory, draftName('next'))
  try {
    await writeDurably(draft, text)
    await link(draft, path)
  } catch (thrown) {
    if (isCode(thrown, 'EEXIST', 'ENOENT')) return false
    throw thrown
  } finally {
    await rm(draft, { force: true })
  }
  const newest = Math.max(...(await revisionsIn(directory)))
  if (newest - revision >= emptyFilesKept) {
    // So late that the number may have been taken, and its file removed since.
    await rm(path, { force: true })
    return false
  }
  await syncDirectory(directory)
  await emptyFormer(directory, newest)
  return true
}

/**
 * Takes a record away, whole. False when it is not there, or not to go.
 * @param isWanted asked when the record is out of the way already; false brings it back.
 */
export async function removeRecord(
  directory: string,
  isWanted: () => Promise<boolean> = async () => true,
): Promise<boolean> {
  const parent = dirname(directory)
  const away = join(parent, draftName('gone'))
  try {
    await rename(directory, away)
  } catch (thrown) {
    if (isCode(thrown, 'ENOENT')) return false
    throw thrown
  }
  if (!(await isWanted())) {
    // Where somebody has created another one meanwhile, that one is meant from now on.
    await rename(away, directory).catch(() => rm(away, { recursive: true, force: true }))
    return false
  }
  await syncDirectory(parent)
  await rm(away, { recursive: true, force: true })
  return true
}

/** The names of the records below a directory, sorted. */
export async function recordsIn(parent: string): Promise<string[]> {
  const entries = (await readdir(parent, { withFileTypes: true }).catch(unlessAbsent)) ?? []
  return entries
    .filter((entry) => entry.isDirectory() && !entry.name.startsWith('.'))
    .map(({ name }) => name)
    .sort()
}

/** What a former revision held must not outlive it. */
async function emptyFormer(directory: string, newest: number): Promise<void> {
  for (const revision of await revisionsIn(directory)) {
    const path = join(directory, `${revision}.json`)
    if (revision < newest - emptyFilesKept) await rm(path, { force: true })
    else if (revision < newest && (await stat(path).catch(unlessAbsent))?.size !== 0) {
      const draft = join(directory, draftName('empty'))
      try {
        await writeDurably(draft, '')
        await rename(draft, path)
      } catch (thrown) {
        if (!isCode(thrown, 'ENOENT')) throw thrown
      }
    }
  }
}

/** A leftover is removed when its writer is gone and it is older than this, in milliseconds. */
const leftoverMs = 3_600_000

/** Removes what writers left that died in the middle. */
export async function sweep(parent: string, now: number): Promise<void> {
  for (const name of (await readdir(parent).catch(unlessAbsent)) ?? []) {
    const path = join(parent, name)
    const found = await stat(path).catch(unlessAbsent)
    if (found === undefined) continue
    if (!name.startsWith('.')) {
      if (found.isDirectory()) await sweep(path, now)
    } else if (now - found.mtimeMs > leftoverMs && !isAlive(writerOf(name))) {
      await rm(path, { recursive: true, force: true })
    }
  }
}

function draftName(purpose: string): string {
  return `.${purpose}.${process.pid}.${randomUUID()}`
}

function writerOf(name: string): number {
  return Number(name.split('.')[2])
}

function isAlive(pid: number): boolean {
  if (!Number.isSafeInteger(pid) || pid <= 0) return false
  try {
    process.kill(pid, 0)
    return true
  } catch (thrown) {
    return isCode(thrown, 'EPERM')
  }
}

async function revisionsIn(directory: string): Promise<number[]> {
  const names = (await readdir(directory).catch(unlessAbsent)) ?? []
  return names
    .flatMap((name) => revisionFile.exec(name)?.[1] ?? [])
    .map(Number)
    .sort((a, b) => a - b)
}

/** A new file for its owner alone, on the device before this resolves. */
async function writeDurably(path: string, text: string): Promise<void> {
  const file = await open(path, 'wx', 0o600)
  try {
    await file.writeFile(text)
    await file.sync()
  } finally {
    await file.close()
  }
}

async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r').catch(unlessAbsent)
  // Not every system can flush a directory; then its own order of writes has to do.
  await directory?.sync().catch(() => undefined)
  await directory?.close()
}

function isCode(thrown: unknown, ...codes: readonly string[]): boolean {
  return codes.includes((thrown as NodeJS.ErrnoException).code ?? '')
}

function unlessAbsent(thrown: unknown): undefined {
  if (isCode(thrown, 'ENOENT')) return undefined
  throw thrown
}
