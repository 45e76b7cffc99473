// stdout, at the pace of whoever reads it.
import { once } from 'node:events'

/** False once the reader has gone (`bqc query ... | head`): there is no point in writing more. */
export function hasReader(): boolean {
  return process.stdout.writable
}

/** Writes a line; resolves when there is room for the next. A reader that has gone is no error. */
export async function printLine(line: string): Promise<void> {
  if (!hasReader() || process.stdout.write(`${line}\n`)) return
  await Promise.race([once(process.stdout, 'drain'), once(process.stdout, 'close')])
}
