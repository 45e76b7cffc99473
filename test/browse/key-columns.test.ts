import { describe, expect, it } from 'vitest'
import { keysOf } from '../../src/browse/key-columns.ts'

const table = {
  projectId: 'my-project',
  datasetId: 'shop',
  tableId: 'orders',
  fields: [
    { name: 'id', type: 'INTEGER' },
    { name: 'region', type: 'STRING' },
  ],
  primaryKey: ['id'],
}

describe('the key', () => {
  it('is the primary key of the table, unless columns are asked for, as a list or by commas', () => {
    expect(keysOf('', table)).toEqual(['id'])
    expect(keysOf([], table)).toEqual(['id'])
    expect(keysOf('id, region', table)).toEqual(['id', 'region'])
    expect(keysOf(['region'], table)).toEqual(['region'])
  })

  it('must be there, in the table', () => {
    expect(() => keysOf('', { ...table, primaryKey: [] })).toThrow(
      expect.objectContaining({
        code: 'BQC_CONFIG_INVALID',
        faults: [expect.objectContaining({ path: '/keyColumns' })],
      }),
    )
    expect(() => keysOf('colour', table)).toThrow('my-project.shop.orders has no column colour')
  })
})
