// Measures one contender in a process of its own.
import { fork } from 'node:child_process'
import { once } from 'node:events'
import type { Task } from './contenders.ts'

export interface Measurement {
  readonly rowsPerCpuSecond: number
  readonly rowsPerSecond: number
  readonly peakRssMegabytes: number
  /** Resident memory every second. */
  readonly rssMegabytes: readonly number[]
}

export interface Trial {
  /** One of `contenders` or `readers`. */
  readonly contender: string
  readonly task: Task
  /** Rows sent before anything is measured. */
  readonly warmUpRows: number
  /** Options of node. */
  readonly execArgv?: readonly string[]
}

/** @throws Error when the contender's process ends without a result, as for want of memory. */
export async function measure(trial: Trial): Promise<Measurement> {
  const child = fork(new URL('./measured-process.ts', import.meta.url), {
    execArgv: [...(trial.execArgv ?? [])],
  })
  child.send(trial)
  const exit = once(child, 'exit').then(([code, signal]) => {
    throw new Error(`${trial.contender} ended with ${signal ?? code}.`)
  })
  const [measurement] = await Promise.race([once(child, 'message'), exit])
  await exit.catch(() => undefined)
  return measurement
}
