// Starts a sink in a process of its own.
import { fork } from 'node:child_process'
import { once } from 'node:events'
import type { SinkOptions } from './sink.ts'

export interface Sink {
  readonly url: string
  stop(): void
}

export async function startSink(options: SinkOptions): Promise<Sink> {
  const child = fork(new URL('./sink.ts', import.meta.url), [JSON.stringify(options)], { silent: true })
  const [line] = await once(child.stdout as NodeJS.ReadableStream, 'data')
  return { url: JSON.parse(String(line)).url, stop: () => child.disconnect() }
}
