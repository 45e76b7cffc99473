// Files of every format that an extract wrote go back as they were.
import { beforeAll, describe, expect, it } from 'vitest'
import { fileUpserts, ofTable } from '../../fixtures/file-upserts.ts'

const { bigquery, one, done } = fileUpserts()

describe('a file that BigQuery wrote', () => {
  const columns =
    'id INT64 NOT NULL, item STRING, price NUMERIC, at TIMESTAMP, day DATE, ok BOOL, raw BYTES, weight FLOAT64'
  beforeAll(async () => {
    const bucket = { method: 'POST', body: JSON.stringify({ name: 'files' }) }
    await fetch(`${bigquery.local.url}/storage/v1/b`, bucket)
    await bigquery.run(
      `CREATE TABLE shop.written (${columns})`,
      `INSERT INTO shop.written (${columns.replaceAll(/ [A-Z0-9]+( NOT NULL)?/g, '')}) VALUES
         (9223372036854775807, 'caf\u00e9 \u2615', -0.000000001, TIMESTAMP '9999-12-31 23:59:59.999999+00', DATE '0001-01-01', TRUE, b'\\x00\\xff', 1.5),
         (-9223372036854775808, '', 99999999999999999999999999999.999999999, TIMESTAMP '0001-01-01 00:00:00+00', DATE '9999-12-31', FALSE, b'', -0.25),
         (0, NULL, NULL, NULL, NULL, NULL, NULL, NULL)`,
    )
  })

  it.each([
    ['CSV', 'CSV', { skipLeadingRows: 1, nullMarker: '' }],
    ['NEWLINE_DELIMITED_JSON', 'NEWLINE_DELIMITED_JSON', {}],
    ['AVRO', 'AVRO', {}],
    ['PARQUET', 'PARQUET', {}],
  ])(
    'as %s is taken back exactly, extremes and NULL included',
    async (destinationFormat, sourceFormat, more) => {
      const table = `back_${sourceFormat.toLowerCase()}`
      await bigquery.run(`CREATE TABLE shop.${table} (${columns}, PRIMARY KEY (id) NOT ENFORCED)`)
      const uri = `gs://files/${table}`
      const extract = {
        sourceTable: { projectId: 'demo', datasetId: 'shop', tableId: 'written' },
        destinationUri: uri,
        destinationFormat,
        useAvroLogicalTypes: true,
      }
      const job = bigquery.connection.operation('run-job', { objectType: 'EXTRACT' })
      const [extracted] = await Array.fromAsync(job.execute([{ data: { configuration: { extract } } }]))
      expect(extracted?.message).toBe('')
      const reply = await fetch(`${bigquery.local.url}/storage/v1/b/files/o/${table}?alt=media`)

      await done({ objectType: ofTable(table), sourceFormat, ...more }, await reply.blob())

      const rows = (of: string) => bigquery.rows(`SELECT * FROM shop.${of} ORDER BY id`)
      const expected = (await rows('written')) as { id: string; item: string | null; raw: string | null }[]
      // An empty text and NULL look the same in CSV.
      const same =
        sourceFormat === 'CSV'
          ? ({ item, raw, ...row }: (typeof expected)[number]) => ({
              ...row,
              item: item || null,
              raw: raw || null,
            })
          : (row: object) => row
      expect(((await rows(table)) as typeof expected).map(same)).toEqual(expected.map(same))
    },
  )

  it('as ORC is asked for as such, which the embedded BigQuery says it cannot read', async () => {
    const outcome = await one(
      { datasetId: 'shop', runSqlAfterLoad: false, destinationTableForLoad: 'orc', sourceFormat: 'ORC' },
      'ORC',
    )

    expect(outcome).toMatchObject({
      status: 'application-error',
      message: expect.stringContaining('does not read ORC'),
    })
  })
})
