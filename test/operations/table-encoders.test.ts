import { expect, it } from 'vitest'
import type { ControlPlane } from '../../src/bigquery/control-plane.ts'
import type { TableField } from '../../src/contract/table-schema.ts'
import type { RowEncoder } from '../../src/encoding/encode-row.ts'
import { describeTables } from '../../src/operations/table-encoders.ts'
import { FakeClock, settled } from '../fixtures/clocks.ts'
import { encodersOf, start } from '../fixtures/start-pipeline.ts'
import { TableService } from '../fixtures/table-service.ts'

const orders = { projectId: 'demo', datasetId: 'shop', tableId: 'orders', templateSuffix: '' }
const { signal } = new AbortController()
const n: TableField = { name: 'n', type: 'INTEGER' }
const note: TableField = { name: 'note', type: 'STRING' }

/** Tables that can be described, and how often they were. */
function tablesWith(fields: TableField[]) {
  const clock = new FakeClock()
  const asked: string[] = []
  const state = { fields, isDown: false }
  const control = {
    async getTable(_: string, __: string, tableId: string) {
      asked.push(tableId)
      if (state.isDown) throw new Error('down')
      return { fields: state.fields, type: 'TABLE' }
    },
  } as unknown as ControlPlane
  return { clock, asked, state, encoders: describeTables(control, clock, false) }
}

it('a table is described once for all documents that come while it is asked, and after', async () => {
  const { asked, encoders } = tablesWith([n])

  const [first, second] = await Promise.all([encoders.of(orders, signal), encoders.of({ ...orders }, signal)])

  expect(second).toBe(first)
  expect(encoders.of(orders, signal)).toBe(first)
  expect(encoders.of({ ...orders, templateSuffix: '_may' }, signal)).toBe(first)
  expect(asked).toEqual(['orders'])
})

it('of many tables no more than eight are asked about at a time, and all are described', async () => {
  let asking = 0
  let most = 0
  const control = {
    async getTable() {
      asking += 1
      most = Math.max(most, asking)
      await settled()
      asking -= 1
      return { fields: [n], type: 'TABLE' }
    },
  } as unknown as ControlPlane
  const encoders = describeTables(control, new FakeClock(), false)

  const described = await Promise.all(
    Array.from({ length: 50 }, (_, at) => encoders.of({ ...orders, tableId: `t${at}` }, signal)),
  )

  expect(described.filter((encoder) => encoder !== undefined)).toHaveLength(50)
  expect(most).toBe(8)
})

it('a refusal gives its turn to the next table', async () => {
  const { asked, encoders, state } = tablesWith([n])
  state.isDown = true

  const described = await Promise.allSettled(
    Array.from({ length: 20 }, async (_, at) => encoders.of({ ...orders, tableId: `t${at}` }, signal)),
  )

  expect(described.map(({ status }) => status)).toEqual(Array(20).fill('rejected'))
  expect(asked).toHaveLength(20)
})

it.each([
  ['described', false],
  ['refused', true],
])(
  'of tables that were %s a thousand are remembered, and the first is asked about again',
  async (_, isDown) => {
    const { asked, encoders, state } = tablesWith([n])
    state.isDown = isDown
    const ask = async (at: number) => encoders.of({ ...orders, tableId: `t${at}` }, signal)

    await Promise.allSettled(Array.from({ length: 1001 }, (__, at) => ask(at)))
    await Promise.allSettled([ask(1), ask(1000), ask(0)])

    expect(asked).toHaveLength(1002)
    expect(asked.at(-1)).toBe('t0')
  },
)

it('a table that could not be described is not asked about again for ten seconds', async () => {
  const { asked, clock, encoders, state } = tablesWith([n])
  state.isDown = true
  await expect(encoders.of(orders, signal)).rejects.toThrow('down')
  expect(() => encoders.of(orders, signal)).toThrow('down')

  state.isDown = false
  await clock.advance(10_000)

  expect(await encoders.of(orders, signal)).toBeDefined()
  expect(asked).toHaveLength(2)
})

it('a description that has grown old is looked at again when a document does not fit it, and kept when nothing changed', async () => {
  const { asked, clock, encoders, state } = tablesWith([n])
  const old = (await encoders.of(orders, signal)) as RowEncoder
  expect(encoders.newerThan(old, orders, signal)).toBeUndefined()

  await clock.advance(30_000)
  expect(await encoders.newerThan(old, orders, signal)).toBe(old)
  expect(encoders.newerThan(old, orders, signal)).toBeUndefined()

  await clock.advance(30_000)
  state.fields = [n, note]
  const newer = await encoders.newerThan(old, orders, signal)

  expect(newer?.({ n: 1, note: 'new' }).faults).toEqual([])
  expect(encoders.of(orders, signal)).toBe(newer)
  expect(asked).toHaveLength(3)
})

it('a column that was added in the middle of an execution is known to the documents that bring it', async () => {
  const { clock, encoders, state } = tablesWith([n])
  const service = new TableService()
  async function* documents() {
    yield { data: { n: 1 } }
    await clock.advance(30_000)
    state.fields = [n, note]
    yield { data: { n: 2, note: 'new' } }
    yield { data: { n: 3, colour: 'red' } }
  }

  const outcomes = Array.fromAsync(start(documents(), service.insertRows, { clock, ports: { encoders } }))
  await clock.advance(1000)
  await clock.advance(1000)

  expect((await outcomes).map(({ status, errorCode }) => errorCode ?? status)).toEqual([
    'success',
    'success',
    'BQC_DOCUMENT_INVALID',
  ])
})

it('a document is refused for what it lacks when the table cannot be described again', async () => {
  const { clock, encoders, state } = tablesWith([n])
  const old = (await encoders.of(orders, signal)) as RowEncoder
  await clock.advance(30_000)
  state.isDown = true

  const outcomes = await Array.fromAsync(
    start([{ data: { n: 'x' } }], new TableService().insertRows, {
      ports: { encoders: { ...encodersOf(() => old), newerThan: encoders.newerThan } },
    }),
  )

  expect(outcomes).toMatchObject([{ errorCode: 'BQC_DOCUMENT_INVALID', faults: [{ path: '/n' }] }])
})
