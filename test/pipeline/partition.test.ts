import { expect, it } from 'vitest'
import type { Batch } from '../../src/pipeline/batch.ts'
import { Paces } from '../../src/pipeline/paces.ts'
import { Partition } from '../../src/pipeline/partition.ts'
import { FakeClock } from '../fixtures/clocks.ts'
import { TableService } from '../fixtures/table-service.ts'

it('of more than a thousand open batches the one that opened first is sealed', () => {
  const clock = new FakeClock()
  const sealed: Batch[] = []
  const paces = new Paces({ maxRows: 500, maxBytes: 1_000_000, maxInFlight: 1 }, clock, () => 0)
  const { frame } = new TableService()
  const partition = new Partition(frame, { maxAgeMs: 200 }, paces, clock, (batch) => void sealed.push(batch))
  const row = { index: 0, id: undefined, properties: undefined, json: '{}', insertId: undefined }
  const add = (templateSuffix: string) =>
    partition.add(row, { projectId: 'demo', datasetId: 'shop', tableId: 'orders', templateSuffix })

  for (let n = 0; n < 1000; n += 1) add(`_${n}`)
  add('_0')
  const before = sealed.length
  add('_1000')
  add('_1001')

  expect(before).toBe(0)
  expect(sealed.map(({ destination, rows }) => [destination.templateSuffix, rows.length])).toEqual([
    ['_0', 2],
    ['_1', 1],
  ])
  partition.sealAll()
  expect(sealed).toHaveLength(1002)
})
