import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { jobIdOf } from '../../../src/operations/jobs/job-id.ts'

describe('the id of a job', () => {
  it('is one that BigQuery takes, whatever it stands for', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.integer({ min: 1, max: 1000 }), (meaning, attempt) => {
        expect(jobIdOf('bqc_', meaning, attempt)).toMatch(/^bqc_[0-9a-f]{40}(_\d+)?$/)
      }),
    )
  })

  it('is the same for the same meaning, in whatever order its members stand', () => {
    const reversed = (value: unknown): unknown => {
      if (Array.isArray(value)) return value.map(reversed)
      if (typeof value !== 'object' || value === null) return value
      return Object.fromEntries(
        Object.entries(value)
          .reverse()
          .map(([name, member]) => [name, reversed(member)]),
      )
    }
    fc.assert(
      fc.property(fc.jsonValue(), (meaning) => {
        expect(jobIdOf('', reversed(meaning), 1)).toBe(jobIdOf('', meaning, 1))
      }),
    )
  })

  it('is another for another meaning, another attempt and another prefix', () => {
    const ids = [
      jobIdOf('a_', { query: 'SELECT 1' }, 1),
      jobIdOf('a_', { query: 'SELECT 2' }, 1),
      jobIdOf('a_', { query: ['SELECT 1'] }, 1),
      jobIdOf('a_', { query: 'SELECT 1' }, 2),
      jobIdOf('b_', { query: 'SELECT 1' }, 1),
    ]

    expect(new Set(ids).size).toBe(5)
  })
})
