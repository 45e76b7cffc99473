// The streaming buffer as tables.get describes it: what insertAll stored lately. Rows here are in their
// table at once, and numRows counts them; the buffer is only told of.

/** How long rows count as buffered; the service takes minutes, up to 90. */
const WINDOW_MS = 90_000

interface StreamingBuffer {
  readonly rows: number
  readonly oldestAt: number
  readonly newestAt: number
}

export interface StreamingBuffers {
  add(incarnation: string, rows: number): void
  /** Undefined when nothing was streamed within the window. */
  of(incarnation: string): StreamingBuffer | undefined
}

export function createStreamingBuffers(now: () => number): StreamingBuffers {
  const buffers = new Map<string, StreamingBuffer>()
  const current = (incarnation: string): StreamingBuffer | undefined => {
    const buffer = buffers.get(incarnation)
    if (buffer === undefined || now() - buffer.newestAt < WINDOW_MS) return buffer
    buffers.delete(incarnation)
    return undefined
  }
  return {
    of: current,
    add(incarnation, rows) {
      const at = now()
      const before = current(incarnation)
      buffers.set(incarnation, {
        rows: rows + (before?.rows ?? 0),
        oldestAt: before?.oldestAt ?? at,
        newestAt: at,
      })
    },
  }
}
