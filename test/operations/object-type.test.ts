import { describe, expect, it } from 'vitest'
import { embedded } from '../fixtures/embedded.ts'

const bigquery = embedded()

describe('an object type that is none', () => {
  it.each([
    ['streaming-insert', 'orders', 'must have the form datasets/DATASET/tables/TABLE, not "orders"'],
    ['run-job', 'MERGE', 'must be one of QUERY, LOAD, EXTRACT, COPY, not "MERGE"'],
    ['get-query-results', 'LOAD', 'must be one of QUERY, not "LOAD"'],
    ['update', 'datasets/shop', 'must have the form datasets/DATASET/tables/TABLE, or be DYNAMIC'],
    ['upsert', 'DYNAMIC', 'must be GENERIC, or have the form datasets/DATASET/tables/TABLE'],
  ] as const)('is refused by %s before anything runs, with what it may be', (id, objectType, says) => {
    expect(() => bigquery.connection.operation(id, { objectType })).toThrow(
      expect.objectContaining({
        code: 'BQC_CONFIG_INVALID',
        message: expect.stringContaining(`The operation ${id} is not usable: objectType ${says}`),
        faults: [expect.objectContaining({ path: '/objectType', value: objectType })],
      }),
    )
  })
})
