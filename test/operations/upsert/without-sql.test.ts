// A file that is loaded into its destination itself.
import { describe, expect, it } from 'vitest'
import { fileUpserts, json, lines, ofTable, untouched } from '../../fixtures/file-upserts.ts'

const { bigquery, one, done, newTable, rowsOf } = fileUpserts()

describe('Upsert without SQL', () => {
  const straight = { ...json, runSqlAfterLoad: false }

  it('loads into the destination itself, as the write disposition says', async () => {
    const table = await newTable()
    const options = { ...straight, objectType: ofTable(table) }

    const appended = await done(options, lines({ id: 3, item: 'oil' }))
    expect(await rowsOf(table)).toEqual([...untouched, { id: '3', item: 'oil', price: null }])
    expect(Object.keys(appended.payload as object)).toEqual(['load'])

    await done({ ...options, writeDisposition: 'WRITE_TRUNCATE' }, lines({ id: 4, item: 'all' }))
    expect(await rowsOf(table)).toEqual([{ id: '4', item: 'all', price: null }])

    const refused = await one({ ...options, writeDisposition: 'WRITE_EMPTY' }, lines({ id: 5 }))
    expect(refused).toMatchObject({
      status: 'application-error',
      code: '400',
      errorCode: 'BQC_JOB_FAILED',
      reason: 'duplicate',
    })
  })

  it('creates the destination where that is asked for, and does not where it is not', async () => {
    const options = { ...straight, datasetId: 'shop', destinationTableForLoad: 'fresh', autodetectJSON: true }

    const never = await one({ ...options, createDisposition: 'CREATE_NEVER' }, lines({ n: 1 }))
    expect(never).toMatchObject({
      status: 'application-error',
      errorCode: 'BQC_JOB_FAILED',
      reason: 'notFound',
    })

    await done(options, lines({ n: 1 }))
    expect(await bigquery.rows('SELECT * FROM shop.fresh')).toEqual([{ n: '1' }])
  })
})
