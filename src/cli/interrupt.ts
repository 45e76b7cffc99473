// Ctrl-C: the first one asks for an orderly end, the second one ends at once.

export interface Interrupt {
  readonly signal: AbortSignal
  /** Gives Ctrl-C back. */
  release(): void
}

/** @param said what the first Ctrl-C answers. */
export function onInterrupt(said: string): Interrupt {
  const controller = new AbortController()
  const interrupt = () => {
    if (controller.signal.aborted) process.exit(130)
    process.stderr.write(`\n${said} Ctrl-C again ends at once.\n`)
    controller.abort()
  }
  process.on('SIGINT', interrupt)
  process.on('SIGTERM', interrupt)
  return {
    signal: controller.signal,
    release() {
      process.off('SIGINT', interrupt)
      process.off('SIGTERM', interrupt)
    },
  }
}
