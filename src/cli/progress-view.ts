// Progress on stderr: a bar on a terminal, a line every other second elsewhere.
import { SingleBar } from 'cli-progress'
import { type Progress, ProgressFeed } from '../index.ts'
import { count, megabytes } from './format.ts'

/** Shows what its feed is told, until it is stopped. */
export interface ProgressView {
  /** For the execution that is shown. */
  readonly feed: ProgressFeed
  stop(): void
}

interface Display {
  show(progress: Progress): void
  stop(): void
}

/** Milliseconds between two plain lines. */
const lineEveryMs = 2000

/**
 * @param fraction how far the input has been read, from 0 to 1, when that is known.
 */
export function openProgressView(label: string, fraction: () => number | undefined): ProgressView {
  const feed = new ProgressFeed()
  const display = openDisplay(label, fraction)
  const follow = async () => {
    for await (const progress of feed) display.show(progress)
  }
  void follow()
  return { feed, stop: () => display.stop() }
}

function openDisplay(label: string, fraction: () => number | undefined): Display {
  const start = performance.now()
  const figures = (progress: Progress): string => {
    const seconds = Math.max((performance.now() - start) / 1000, 0.001)
    return [
      `${count(progress.documents)} rows`,
      `${count(progress.success / seconds)} rows/s`,
      megabytes(progress.bytesSent),
      `${progress.inFlight} in flight`,
      `${count(progress.retries)} retries`,
      `${count(progress.applicationError + progress.failure)} rejected`,
    ].join(' | ')
  }
  if (!process.stderr.isTTY) return plainLines(label, figures)

  const bar = new SingleBar({
    format: `${label} {bar} {percent} | {figures}`,
    barsize: 20,
    hideCursor: true,
    fps: 10,
    stopOnComplete: false,
    gracefulExit: false,
  })
  const payload = (progress: Progress) => {
    const done = fraction()
    return { figures: figures(progress), percent: done === undefined ? '' : `${Math.floor(done * 100)}%` }
  }
  let last: Progress | undefined
  bar.start(1, 0, { figures: '', percent: '' })
  return {
    show(progress) {
      last = progress
      bar.update(fraction() ?? 0, payload(progress))
    },
    stop() {
      if (last) bar.update(1, payload(last))
      bar.stop()
    },
  }
}

function plainLines(label: string, figures: (progress: Progress) => string): Display {
  let lastLine = performance.now()
  return {
    show(progress) {
      if (performance.now() - lastLine < lineEveryMs) return
      lastLine = performance.now()
      process.stderr.write(`${label}: ${figures(progress)}\n`)
    },
    stop: () => undefined,
  }
}
