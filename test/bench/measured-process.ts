// Runs one contender once in this process and reports what it cost. Talks over the process's IPC channel.
import { contenders } from './contenders.ts'
import type { Measurement, Trial } from './measure.ts'
import { readers } from './readers.ts'

process.once('message', async ({ contender, task, warmUpRows }: Trial) => {
  const run = contenders[contender] ?? readers[contender]
  if (run === undefined) throw new Error(`No contender is named ${contender}.`)
  if (warmUpRows > 0) await run({ ...task, rows: warmUpRows })

  const rssMegabytes: number[] = []
  const watch = setInterval(() => rssMegabytes.push(Math.round(process.memoryUsage.rss() / 1024 ** 2)), 1000)
  const cpu = process.cpuUsage()
  const start = performance.now()
  await run(task)
  const { user, system } = process.cpuUsage(cpu)
  clearInterval(watch)
  const measurement: Measurement = {
    rowsPerCpuSecond: task.rows / ((user + system) / 1e6),
    rowsPerSecond: task.rows / ((performance.now() - start) / 1000),
    peakRssMegabytes: process.resourceUsage().maxRSS / 1024,
    rssMegabytes,
  }
  process.send?.(measurement)
  process.disconnect()
})
