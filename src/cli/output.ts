// stdout, at the pace of whoever reads it.

let isGone = false
let wake: (() => void) | undefined

/** A reader that has seen enough (`bqc ... | head`) is no error of ours: the command goes on without it. */
export function toleratePartingReader(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error
    isGone = true
    wake?.()
  })
}

/** False once the reader has gone: there is no point in writing more. */
export function hasReader(): boolean {
  return !isGone
}

/** Writes a line; resolves when there is room for the next, or nobody to read it. */
export async function printLine(line: string): Promise<void> {
  if (isGone || process.stdout.write(`${line}\n`)) return
  await new Promise<void>((resolve) => {
    wake = () => {
      process.stdout.off('drain', resolve)
      resolve()
    }
    process.stdout.once('drain', resolve)
  })
  wake = undefined
}
