// One process a directory. The lock is the operating system's own, by way of SQLite, so it ends with the
// process that holds it, however that ends; nobody has to guess whether another one still lives.
import { rmSync, statSync } from 'node:fs'
import type { ConnectorError } from '../../errors.ts'

/** SQLITE_BUSY */
const busy = 5

/**
 * Locks a file, which is made where it is not there. The caller lets go with what it gets.
 * @param refused the error for a file that is locked already, by this process or by another one.
 * @param isRemoved the file goes with the lock.
 */
export async function lockFile(
  path: string,
  refused: () => ConnectorError,
  { isRemoved = false }: { readonly isRemoved?: boolean } = {},
): Promise<() => void> {
  const { DatabaseSync } = await import('node:sqlite')
  for (;;) {
    const database = new DatabaseSync(path)
    const inode = inodeOf(path)
    try {
      database.exec('BEGIN EXCLUSIVE')
    } catch (thrown) {
      database.close()
      throw (thrown as { errcode?: number }).errcode === busy ? refused() : thrown
    }
    if (inode !== undefined && inodeOf(path) === inode) {
      return () => {
        if (isRemoved) rmSync(path, { force: true })
        database.close()
      }
    }
    // Its former holder has removed it meanwhile.
    database.close()
  }
}

function inodeOf(path: string): number | undefined {
  return statSync(path, { throwIfNoEntry: false })?.ino
}
