import { describe, expect, it } from 'vitest'
import { type Batch, Batcher, documentOverheadBytes } from '../../src/pipeline/batch.ts'
import { Buffers } from '../../src/pipeline/buffers.ts'
import { Pace } from '../../src/pipeline/pace.ts'
import { FakeClock } from '../fixtures/clocks.ts'
import { TableService } from '../fixtures/table-service.ts'

const destination = { projectId: 'demo', datasetId: 'shop', tableId: 'orders', templateSuffix: '' }

describe('a batch', () => {
  it('costs the budget its documents, their outcomes, and all the memory that its body takes', () => {
    const buffers = new Buffers()
    const costsOf = (rowBytes: number) => {
      const sealed: Batch[] = []
      const clock = new FakeClock()
      const limits = { maxRows: 1000, maxBytes: 1_000_000, maxInFlight: 1 }
      const batcher = new Batcher(
        destination,
        new Pace(destination, limits, clock, () => 0),
        buffers,
        new TableService().frame,
        { maxAgeMs: 200 },
        clock,
        (batch) => sealed.push(batch),
      )
      let cost = 0
      for (let index = 0; index < 100; index += 1) {
        const json = JSON.stringify({ text: 'x'.repeat(rowBytes) })
        cost += batcher.add({ index, id: undefined, properties: undefined, json, insertId: `${index}` }) ?? 0
      }
      batcher.seal()
      const [batch] = sealed as [Batch]
      const documents = batch.rows.reduce((sum, { bytes }) => sum + bytes + documentOverheadBytes, 0)
      batch.body.release()
      return { cost, documents, memory: batch.body.capacity }
    }

    // The second batch writes into the memory of the first, however little it needs of it.
    const [first, second] = [costsOf(2000), costsOf(10)]

    expect(first.cost).toBe(first.documents + first.memory)
    expect(second.cost).toBe(second.documents + second.memory)
    expect(second.memory).toBe(first.memory)
  })
})
