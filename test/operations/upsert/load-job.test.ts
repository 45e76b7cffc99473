import { describe, expect, it } from 'vitest'
import type { UpsertOptions } from '../../../src/contract/options/upsert.ts'
import { loadDescriptor } from '../../../src/descriptor/load.ts'
import { resolve } from '../../../src/descriptor/resolve.ts'
import { loadOf, schemaOf } from '../../../src/operations/upsert/load-job.ts'

const form = loadDescriptor().operations.find(({ id }) => id === 'upsert')?.options ?? {}
const options = (values: object = {}) =>
  resolve<UpsertOptions>(form, { objectType: 'GENERIC', ...values }, 'test')
const table = { projectId: 'demo', datasetId: 'shop', tableId: 'orders' }
const fields = [{ name: 'id', type: 'INTEGER', mode: 'REQUIRED', defaultValueExpression: '1' }] as const
const common = {
  destinationTable: table,
  writeDisposition: 'WRITE_APPEND',
  createDisposition: 'CREATE_IF_NEEDED',
}

describe('the load job', () => {
  it('of CSV says everything that changes what rows mean, as numbers, booleans and text, also where it is empty', () => {
    const csv = { quote: '', nullMarker: '\\N', fieldDelimiter: '|', skipLeadingRows: 0, maxBadRecordsCSV: 3 }

    expect(loadOf(options(csv), table, undefined)).toEqual({
      ...common,
      sourceFormat: 'CSV',
      encoding: 'UTF-8',
      fieldDelimiter: '|',
      skipLeadingRows: 0,
      quote: '',
      nullMarker: '\\N',
      allowQuotedNewlines: false,
      allowJaggedRows: false,
      autodetect: false,
      maxBadRecords: 3,
    })
    expect(loadOf(options(), table, undefined)).not.toHaveProperty('skipLeadingRows')
  })

  it('has the columns with it where the file does not tell them, and only what a column is', () => {
    const schema = { fields: [{ name: 'id', type: 'INTEGER', mode: 'REQUIRED' }] }

    expect(loadOf(options(), table, fields)).toMatchObject({ schema })
    expect(loadOf(options({ autodetectCSV: true }), table, fields)).not.toHaveProperty('schema')
    expect(loadOf(options({ sourceFormat: 'PARQUET' }), table, fields)).not.toHaveProperty('schema')
    expect(loadOf(options(), table, fields).schema?.fields?.[0]).not.toHaveProperty('defaultValueExpression')
  })

  it.each([
    [
      'NEWLINE_DELIMITED_JSON',
      { autodetectJSON: true, maxBadRecordsJSON: 2 },
      { encoding: 'UTF-8', autodetect: true, maxBadRecords: 2 },
    ],
    [
      'PARQUET',
      { enumAsString: true, enableListInference: true },
      { parquetOptions: { enumAsString: true, enableListInference: true } },
    ],
    ['AVRO', { useAvroLogicalTypes: false }, { useAvroLogicalTypes: false }],
    ['ORC', {}, {}],
  ])('of %s has its own options, where BigQuery wants them, and no others', (sourceFormat, given, wanted) => {
    expect(loadOf(options({ sourceFormat, ...given }), table, undefined)).toEqual({
      ...common,
      sourceFormat,
      ...wanted,
    })
  })
})

describe('the table schema', () => {
  it('is a list of fields, or an object that holds it', () => {
    const list = '[{"name": "id", "type": "INTEGER"}]'

    expect(schemaOf(options({ tableSchema: list }))).toEqual([{ name: 'id', type: 'INTEGER' }])
    expect(schemaOf(options({ tableSchema: `{"fields": ${list}}` }))).toEqual([
      { name: 'id', type: 'INTEGER' },
    ])
    expect(schemaOf(options({ tableSchema: '  ' }))).toBeUndefined()
  })

  it.each(['{', '{}', '[1]', 'null', '[{"type": "INTEGER"}]'])(
    'that is %s is refused with what it should be',
    (tableSchema) => {
      expect(() => schemaOf(options({ tableSchema }))).toThrow(
        expect.objectContaining({
          code: 'BQC_CONFIG_INVALID',
          faults: [expect.objectContaining({ path: '/tableSchema' })],
        }),
      )
    },
  )
})
