// What browse and profile show of Upsert of files.
import { describe, expect, it } from 'vitest'
import { fileUpserts, ofTable } from '../../fixtures/file-upserts.ts'

const { bigquery, newTable } = fileUpserts()

describe('what a host is shown', () => {
  it('is the generic table first, then the tables of the dataset', async () => {
    const table = await newTable()

    const types = await bigquery.connection.browse('upsert', { datasetId: 'shop' })

    expect(types[0]).toEqual({ id: 'GENERIC', label: 'Generic Table', kind: 'generic' })
    expect(types).toContainEqual({ id: ofTable(table), label: table, kind: 'table' })
    expect(await bigquery.connection.browse('upsert')).toEqual([types[0]])
  })

  it('is a file for the request, and the steps for the response', async () => {
    const { request, response } = await bigquery.connection.profile('upsert', 'GENERIC')

    expect(request).toMatchObject({ type: 'string', format: 'binary' })
    expect(response).toMatchObject({ properties: { load: {}, query: {}, delete: {} } })
  })
})
