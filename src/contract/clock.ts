// Time, as the connector sees it; tests bring their own.

export interface Clock {
  /** Milliseconds since 1970. */
  now(): number
  /** Resolves after `ms` milliseconds, or as soon as the signal is aborted. */
  wait(ms: number, signal?: AbortSignal): Promise<void>
  /** Calls back once, after `ms` milliseconds, unless the function given back is called first. */
  after(ms: number, callback: () => void): () => void
}
