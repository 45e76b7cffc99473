// Lends connections to tasks: at most `size` at a time, the others wait their turn.
import type { Connection, Engine } from './engine.ts'

export interface Pool {
  use<T>(task: (connection: Connection) => Promise<T>): Promise<T>
  /** Runs a task in one transaction: committed when it resolves, rolled back when it rejects. */
  transaction<T>(task: (connection: Connection) => Promise<T>): Promise<T>
  /** Resolves when no task holds a connection. */
  drained(): Promise<void>
}

export function createPool(engine: Engine, size: number): Pool {
  const idle: Connection[] = []
  const waiting: Array<(connection: Connection) => void> = []
  const whenDrained: Array<() => void> = []
  let opened = 0
  let lent = 0

  async function take(): Promise<Connection> {
    const ready = idle.pop()
    if (ready !== undefined) return ready
    if (opened < size) {
      opened++
      try {
        return await engine.connect()
      } catch (error) {
        opened--
        throw error
      }
    }
    return new Promise((resolve) => waiting.push(resolve))
  }

  function giveBack(connection: Connection): void {
    const next = waiting.shift()
    if (next === undefined) idle.push(connection)
    else next(connection)
  }

  async function use<T>(task: (connection: Connection) => Promise<T>): Promise<T> {
    lent++
    try {
      const connection = await take()
      try {
        return await task(connection)
      } finally {
        giveBack(connection)
      }
    } finally {
      if (--lent === 0) for (const resolve of whenDrained.splice(0)) resolve()
    }
  }

  return {
    use,
    drained: () => (lent === 0 ? Promise.resolve() : new Promise((resolve) => whenDrained.push(resolve))),
    transaction: (task) =>
      use(async (connection) => {
        await connection.run('BEGIN TRANSACTION')
        try {
          const value = await task(connection)
          await connection.run('COMMIT')
          return value
        } catch (error) {
          await connection.run('ROLLBACK').catch(() => undefined)
          throw error
        }
      }),
  }
}
