import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { nameOfStaging } from '../../../src/operations/upsert/staging.ts'

describe('the name of a temporary table', () => {
  it('begins like its target, without the decorator of a partition', () => {
    expect(nameOfStaging('orders$20261121', 'run', 7)).toBe('orders_upsert_run_7')
  })

  it('has 1,024 bytes at most, and whole characters, whatever its target is called', () => {
    const name = fc.string({
      unit: fc.constantFrom('a', '\u00fc', '\u8a9e', '\u{20000}'),
      maxLength: 1024,
      size: 'max',
    })
    fc.assert(
      fc.property(name, (target) => {
        const staging = nameOfStaging(target, 'a1b2c3d4e5f6', 1_000_000)

        const beginning = staging.replace(/_upsert_.*/, '')
        expect(Buffer.byteLength(staging)).toBeLessThanOrEqual(1024)
        expect(target.startsWith(beginning)).toBe(true)
        expect(Buffer.byteLength(beginning)).toBeGreaterThan(Math.min(Buffer.byteLength(target), 900) - 4)
      }),
    )
  })
})
