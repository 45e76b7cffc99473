import { describe, expect, it } from 'vitest'
import { ConnectorError } from '../../../src/errors.ts'
import { jobOfDocument } from '../../../src/operations/jobs/job-document.ts'

function refusalOf(data: object, objectType: Parameters<typeof jobOfDocument>[1]): ConnectorError {
  try {
    jobOfDocument(data as Parameters<typeof jobOfDocument>[0], objectType)
  } catch (thrown) {
    if (thrown instanceof ConnectorError) return thrown
    throw thrown
  }
  throw new Error('the document was taken')
}

describe('the job of a document', () => {
  it('is the document, in GoogleSQL', () => {
    const data = { configuration: { query: { query: 'SELECT 1' }, labels: { team: 'shop' } } }

    expect(jobOfDocument(data, 'QUERY')).toEqual({
      configuration: { query: { query: 'SELECT 1', useLegacySql: false }, labels: { team: 'shop' } },
    })
  })

  it('is in legacy SQL where the document says so', () => {
    const data = { configuration: { query: { query: 'SELECT 1', useLegacySql: true } } }

    expect(jobOfDocument(data, 'QUERY')).toEqual(data)
  })

  it.each([
    ['LOAD', { load: { sourceUris: ['gs://b/f'] } }],
    ['EXTRACT', { extract: { destinationUris: ['gs://b/f'] } }],
    ['COPY', { copy: { destinationTable: {} } }],
  ] as const)('of the type %s is the document as it is', (objectType, configuration) => {
    expect(jobOfDocument({ configuration }, objectType)).toEqual({ configuration })
  })

  it('says in JSON what JSON has no word for', () => {
    const data = {
      configuration: {
        jobTimeoutMs: 2n ** 53n + 1n,
        load: { destinationTable: { expires: new Date('2026-11-21T00:00:00Z') } },
      },
    }

    expect(jobOfDocument(data, 'LOAD')).toEqual({
      configuration: {
        jobTimeoutMs: '9007199254740993',
        load: { destinationTable: { expires: '2026-11-21T00:00:00.000Z' } },
      },
    })
  })

  it.each([
    ['has no configuration', {}, ['/configuration/query']],
    ['is of another type', { configuration: { load: {} } }, ['/configuration/query', '/configuration/load']],
    [
      'is of two types',
      { configuration: { query: { query: 'SELECT 1' }, copy: {} } },
      ['/configuration/copy'],
    ],
    ['has no statement', { configuration: { query: {} } }, ['/configuration/query/query']],
    ['has an empty statement', { configuration: { query: { query: ' ' } } }, ['/configuration/query/query']],
    ['has a list for a query', { configuration: { query: [] } }, ['/configuration/query']],
    [
      'has an id that BigQuery does not take',
      { configuration: { query: { query: 'SELECT 1' } }, jobReference: { jobId: 'a b' } },
      ['/jobReference/jobId'],
    ],
    [
      'has several faults, which are told together',
      { configuration: { query: {}, load: {} }, jobReference: 'j' },
      ['/configuration/load', '/jobReference', '/configuration/query/query'],
    ],
  ])('is none where the document %s', (_, data, paths) => {
    const refusal = refusalOf(data, 'QUERY')

    expect([refusal.code, refusal.faults.map(({ path }) => path)]).toEqual(['BQC_DOCUMENT_INVALID', paths])
    for (const path of paths) expect(refusal.message).toContain(path)
  })

  it('that is no query has no dry run', () => {
    const refusal = refusalOf({ configuration: { copy: {}, dryRun: true } }, 'COPY')

    expect(refusal.faults).toEqual([
      {
        path: '/configuration/dryRun',
        value: true,
        message: 'must not be true: only queries have a dry run',
      },
    ])
  })

  it('is none where the document cannot be written as JSON', () => {
    const data: Record<string, unknown> = {}
    data['self'] = data

    expect(refusalOf(data, 'QUERY').code).toBe('BQC_DOCUMENT_INVALID')
  })
})
