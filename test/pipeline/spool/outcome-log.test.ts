import { mkdirSync, readFileSync, truncateSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { appendOutcomes, readOutcomes } from '../../../src/pipeline/spool/outcome-log.ts'
import { directories } from '../../fixtures/directories.ts'

const directory = directories()

describe('the record of outcomes', () => {
  it('loses one entry to an append that failed in the middle, and none that comes after', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 15 }), async (lost) => {
        const path = join(directory(), 'segment.done')
        mkdirSync(join(path, '..'), { recursive: true })
        await appendOutcomes(path, [0, 1])
        const bytes = await appendOutcomes(path, [5])
        truncateSync(path, 2 * bytes - lost)

        await appendOutcomes(path, [8, 7])
        await appendOutcomes(path, [11])

        expect(await readOutcomes(path)).toEqual([
          [0, 1],
          [7, 8],
          [11, 11],
        ])
        expect(readFileSync(path)).toHaveLength(3 * bytes)
      }),
    )
  })
})
