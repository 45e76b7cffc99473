// What the options that describe a file do to the rows that are read from it.
import { describe, expect, it } from 'vitest'
import { fileUpserts, ofTable } from '../../fixtures/file-upserts.ts'

const { one, done, newTable, rowsOf } = fileUpserts()

describe('the options of the file', () => {
  it('of CSV mean what they say', async () => {
    const table = await newTable()
    const csv = {
      objectType: ofTable(table),
      sourceFormat: 'CSV',
      encoding: 'ISO-8859-1',
      fieldDelimiter: ';',
      skipLeadingRows: 1,
      quote: "'",
      nullMarker: '-',
      allowQuotedNewlines: true,
      allowJaggedRows: true,
    }

    await done(csv, Buffer.from("id;item;price\n1;'caf\u00e9;\nnoir';-\n3;half\n", 'latin1'))

    expect(await rowsOf(table)).toEqual([
      { id: '1', item: 'caf\u00e9;\nnoir', price: null },
      { id: '2', item: 'salt', price: '2' },
      { id: '3', item: 'half', price: null },
    ])
  })

  it('let quotes be empty: then nothing is quoted', async () => {
    const table = await newTable()

    await done({ objectType: ofTable(table), quote: '' }, '1,6" nail,2\n')

    expect(await rowsOf(table)).toContainEqual({ id: '1', item: '6" nail', price: '2' })
  })

  it.each([
    ['CSV', 'maxBadRecordsCSV', '1,good,1\nx,bad,2\n'],
    ['NEWLINE_DELIMITED_JSON', 'maxBadRecordsJSON', '{"id":1,"item":"good"}\n{"id":"x"}\n'],
  ])('of %s let bad records be left out, and the outcome tells which', async (sourceFormat, option, text) => {
    const table = await newTable()
    const options = { objectType: ofTable(table), sourceFormat }

    const outcome = await done({ ...options, [option]: 1 }, text)
    const strict = await one(options, text)

    expect(outcome).toMatchObject({
      message: expect.stringMatching(/^1 bad record was left out\. The first: Error while reading data/),
      warnings: [{ reason: 'invalid', message: expect.stringContaining('x') }],
    })
    expect(await rowsOf(table)).toMatchObject([{ item: 'good' }, { item: 'salt' }])
    expect(strict).toMatchObject({
      status: 'application-error',
      code: '400',
      errorCode: 'BQC_JOB_FAILED',
      message: expect.stringMatching(/details\. Error while reading .*\bx\b/),
    })
  })

  it('of text let BigQuery guess the columns', async () => {
    const table = await newTable()

    await done({ objectType: ofTable(table), autodetectCSV: true }, 'id,item,price\n7,guessed,1\n8,too,2\n')

    expect(await rowsOf(table)).toContainEqual({ id: '7', item: 'guessed', price: '1' })
  })
})
