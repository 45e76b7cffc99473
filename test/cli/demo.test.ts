import { readFile } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import { bqc } from '../fixtures/bqc.ts'

describe('bqc demo', () => {
  it('runs the main job to its end: every document has its outcome, and the result is read', async () => {
    const { code, stdout } = await bqc(['demo', '--json'])

    const { inserts, result, deadLetterFile } = JSON.parse(stdout)
    const letters = (await readFile(deadLetterFile, 'utf8'))
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(code).toBe(0)
    expect(inserts.flights).toMatchObject({ documents: 231_083, success: 231_083 })
    expect(inserts.movies).toMatchObject({ documents: 3201, failure: 0 })
    expect(inserts.movies.success + inserts.movies.applicationError).toBe(3201)
    expect(letters).toHaveLength(inserts.movies.applicationError)
    expect(letters[0]).toMatchObject({
      faults: [{ path: expect.stringMatching(/^\//), message: expect.any(String) }],
    })
    const flights: { time: number }[] = JSON.parse(
      await readFile('node_modules/vega-datasets/data/flights-200k.json', 'utf8'),
    )
    const counts = Map.groupBy(flights, ({ time }) => Math.floor(time))
    expect(
      result.map((row: { hour: string; flights: string }) => [Number(row.hour), Number(row.flights)]),
    ).toEqual([...counts].map(([hour, each]) => [hour, each.length]).sort(([a = 0], [b = 0]) => a - b))
  })
})
