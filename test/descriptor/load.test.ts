import { describe, expect, it } from 'vitest'
import { loadDescriptor } from '../../src/descriptor/load.ts'

describe('the descriptor', () => {
  const descriptor = loadDescriptor()

  it('holds whole operations and connections in place of their ids', () => {
    expect(descriptor.connections.map(({ id }) => id)).toContain('bigquery')
    expect(descriptor.operations.map(({ id }) => id)).toEqual(
      expect.arrayContaining(['streaming-insert', 'run-job', 'get-query-results']),
    )
    for (const { options } of descriptor.operations) expect(options).toHaveProperty('properties.objectType')
  })

  it('is plain JSON, so that a host can store it and send it on', () => {
    expect(JSON.parse(JSON.stringify(descriptor))).toEqual(descriptor)
  })

  it('is read once', () => {
    expect(loadDescriptor()).toBe(descriptor)
  })

  it('asks for the seven scopes of the connector, and offers fewer beside them', () => {
    const bigquery = descriptor.connections.find(({ id }) => id === 'bigquery')
    const fields = bigquery?.config['properties'] as Record<string, Record<string, unknown>>
    const { default: usual, 'x-presets': presets } = fields['extendedClaims'] ?? {}
    const scopesOf = (claims: unknown) =>
      (claims as { scope: string }).scope.split(' ').map((scope) => scope.split('/').at(-1))

    expect(scopesOf(usual)).toEqual([
      'bigquery',
      'bigquery.insertdata',
      'cloud-platform',
      'cloud-platform.read-only',
      'devstorage.full_control',
      'devstorage.read_only',
      'devstorage.read_write',
    ])
    expect((presets as { value: unknown }[]).map(({ value }) => scopesOf(value))).toEqual([
      scopesOf(usual),
      ['bigquery'],
      ['bigquery.insertdata'],
    ])
  })

  it.each([
    [
      'sourceFormat',
      'CSV',
      ['fieldDelimiter', 'skipLeadingRows', 'quote', 'nullMarker', 'allowQuotedNewlines'],
    ],
    ['sourceFormat', 'CSV', ['allowJaggedRows', 'autodetectCSV', 'maxBadRecordsCSV']],
    ['sourceFormat', 'NEWLINE_DELIMITED_JSON', ['autodetectJSON', 'maxBadRecordsJSON']],
    ['sourceFormat', 'PARQUET', ['enumAsString', 'enableListInference']],
    ['sourceFormat', 'AVRO', ['useAvroLogicalTypes']],
    ['runSqlAfterLoad', false, ['destinationTableForLoad', 'writeDisposition', 'createDisposition']],
    ['runSqlAfterLoad', true, ['temporaryTableForLoad', 'useLegacySql', 'sqlCommand', 'targetTableForQuery']],
    ['runSqlAfterLoad', true, ['deleteTempTableAfterQuery']],
  ])('shows fields of Upsert only while %s is %s: %j', (field, value, shown) => {
    const upsert = descriptor.operations.find(({ id }) => id === 'upsert')
    const fields = upsert?.options['properties'] as Record<string, { 'x-visible-when'?: object }>

    expect(shown.map((name) => fields[name]?.['x-visible-when'])).toEqual(
      shown.map(() => expect.objectContaining({ [field]: [value] })),
    )
  })

  it('marks everything as secret that would let a stranger in', () => {
    const fields = descriptor.connections.flatMap(({ config }) =>
      Object.entries(config['properties'] as Record<string, Record<string, unknown>>),
    )
    const secrets = fields.filter(([, field]) => field['x-secret'] === true).map(([name]) => name)

    expect(secrets).toEqual(
      expect.arrayContaining([
        'accessToken',
        'clientSecret',
        'refreshToken',
        'serviceAccountKey',
        'signatureKey',
      ]),
    )
  })
})
