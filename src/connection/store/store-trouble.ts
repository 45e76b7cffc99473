// Trouble with the files of a store, told as that of the store.
import { ConnectorError } from '../../errors.ts'

/** Runs what reads and writes files. */
export async function guarded<T>(directory: string, act: () => Promise<T>): Promise<T> {
  try {
    return await act()
  } catch (thrown) {
    throw troubleOf(directory, thrown)
  }
}

/** The error for what was thrown; what nobody foresaw is thrown on. */
export function troubleOf(directory: string, thrown: unknown): ConnectorError {
  if (thrown instanceof ConnectorError) return thrown
  const { code, syscall } = thrown as NodeJS.ErrnoException
  if (syscall === undefined) throw thrown
  return new ConnectorError(
    'BQC_OUTPUT_UNWRITABLE',
    `The connection store ${directory} cannot be used (${syscall}: ${code}). Check its rights and the space left.`,
    { cause: thrown },
  )
}
