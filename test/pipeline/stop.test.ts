import { expect, it } from 'vitest'
import type { InsertRows } from '../../src/contract/insert-rows.ts'
import { ConnectorError } from '../../src/errors.ts'
import { FakeClock } from '../fixtures/clocks.ts'
import { rows, start } from '../fixtures/start-pipeline.ts'
import { TableService } from '../fixtures/table-service.ts'

/** A service that answers only when a request is called off. */
const hanging: InsertRows = (_, signal) =>
  new Promise((resolve) => {
    signal.addEventListener('abort', () =>
      resolve({ verdict: 'give-up', error: new ConnectorError('BQC_ABORTED', 'Called off.') }),
    )
  })

it('a request that is not answered within a second of a stop is called off, and its rows may be stored', async () => {
  const clock = new FakeClock()
  const controller = new AbortController()
  const outcomes = Array.fromAsync(start(rows(9), hanging, { clock, execute: { signal: controller.signal } }))
  await clock.advance(500)

  controller.abort()
  await clock.advance(1000)

  const settled = await outcomes
  expect(settled.map(({ errorCode }) => errorCode)).toEqual(settled.map(() => 'BQC_ABORTED'))
  expect(settled.map(({ message }) => message.includes('may have stored the row'))).toEqual(
    settled.map(({ attempts }) => attempts > 0),
  )
  expect(clock.pending).toBe(0)
})

it('an observer that throws harms no document', async () => {
  const say = () => {
    throw new Error('The observer is broken.')
  }

  const outcomes = await Array.fromAsync(
    start(rows(9), new TableService(['unavailable']).insertRows, {
      execute: { progress: { begin: say, changed: say, end: say } },
    }),
  )

  expect(outcomes.map(({ status }) => status)).toEqual(Array(9).fill('success'))
})
