// Runs one contender once in this process and reports what it cost. Talks over the process's IPC channel.
import { contenders, type Task } from './contenders.ts'

export interface Measurement {
  readonly rowsPerCpuSecond: number
  readonly rowsPerSecond: number
  readonly peakRssMegabytes: number
}

process.once(
  'message',
  async ({ contender, task, warmUpRows }: { contender: string; task: Task; warmUpRows: number }) => {
    const run = contenders[contender]
    if (run === undefined) throw new Error(`No contender is named ${contender}.`)
    await run({ ...task, rows: warmUpRows })

    const cpu = process.cpuUsage()
    const start = performance.now()
    await run(task)
    const { user, system } = process.cpuUsage(cpu)
    const measurement: Measurement = {
      rowsPerCpuSecond: task.rows / ((user + system) / 1e6),
      rowsPerSecond: task.rows / ((performance.now() - start) / 1000),
      peakRssMegabytes: process.resourceUsage().maxRSS / 1024,
    }
    process.send?.(measurement)
    process.disconnect()
  },
)
