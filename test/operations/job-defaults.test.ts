import { describe, expect, it } from 'vitest'
import { ConnectorError, createConnector } from '../../src/index.ts'
import { withJobDefaults } from '../../src/operations/job-defaults.ts'
import { embedded, query } from '../fixtures/embedded.ts'

const bigquery = embedded()

describe('what a job inherits', () => {
  const job = { configuration: { query: { query: 'SELECT 1' }, labels: { team: 'till', shift: 'night' } } }

  it('are labels of the connection, where the document does not name the same key', () => {
    const { configuration } = withJobDefaults(job, { labels: { team: 'shop', stage: 'test' } })

    expect(configuration?.labels).toEqual({ team: 'till', shift: 'night', stage: 'test' })
  })

  it('is the ceiling of the connection, as text', () => {
    const { configuration } = withJobDefaults(job, { maximumBytesBilled: 1000 })

    expect(configuration?.query).toEqual({ query: 'SELECT 1', maximumBytesBilled: '1000' })
  })

  it.each(['1', '999', '1000'])('is no ceiling where the document asks for %s of 1000', (asked) => {
    const low = { configuration: { query: { query: 'SELECT 1', maximumBytesBilled: asked } } }

    const { configuration } = withJobDefaults(low, { maximumBytesBilled: '1000' })

    expect(configuration?.query?.maximumBytesBilled).toBe(asked)
  })

  it.each(['1001', '9223372036854775807', '0', '-1', 'all'])(
    'is never raised by the document: %s of 1000 is refused',
    (asked) => {
      const high = { configuration: { query: { query: 'SELECT 1', maximumBytesBilled: asked } } }

      expect(() => withJobDefaults(high, { maximumBytesBilled: 1000 })).toThrow(
        expect.objectContaining({
          code: 'BQC_DOCUMENT_INVALID',
          message: expect.stringContaining(
            `asks for maximumBytesBilled ${asked}, and the connection allows from 1 to 1000`,
          ),
          faults: [
            expect.objectContaining({ path: '/configuration/query/maximumBytesBilled', value: asked }),
          ],
        }),
      )
    },
  )

  it('is no ceiling for a job that is no query: it bills no bytes', () => {
    const load = { configuration: { load: { sourceUris: ['gs://a/b'] } } }

    expect(withJobDefaults(load, { maximumBytesBilled: 1000, labels: { team: 'shop' } })).toEqual({
      configuration: { load: { sourceUris: ['gs://a/b'] }, labels: { team: 'shop' } },
    })
  })

  it('is nothing where the connection says nothing', () => {
    expect(withJobDefaults(job, {})).toEqual(job)
  })
})

describe('a job of a connection with labels and a ceiling', () => {
  it('carries both, and is refused when it asks for more', async () => {
    const connection = await createConnector().connect({
      projectId: 'demo',
      endpoint: bigquery.local.url,
      grant: 'none',
      jobLabels: { team: 'shop' },
      maximumBytesBilled: '1000000',
    })
    const greedy = {
      data: { configuration: { query: { query: 'SELECT 1', maximumBytesBilled: '1000001' } } },
    }

    const outcomes = await Array.fromAsync(
      connection.operation('run-job', { objectType: 'QUERY' }).execute([query('SELECT 1 AS one'), greedy]),
    )
    await connection.close()

    expect(outcomes).toMatchObject([
      {
        status: 'success',
        payload: {
          configuration: { labels: { team: 'shop' }, query: { maximumBytesBilled: '1000000' } },
        },
      },
      { status: 'application-error', errorCode: 'BQC_DOCUMENT_INVALID' },
    ])
  })

  it.each([
    [{ jobLabels: { Team: 'shop' } }, 'jobLabels/Team must be a key that begins with a lower-case letter'],
    [{ jobLabels: { team: 'The Shop' } }, 'jobLabels/team may hold lower-case letters'],
    [{ maximumBytesBilled: '1e9' }, 'maximumBytesBilled must be a whole number above 0'],
    [{ maximumBytesBilled: 0 }, 'maximumBytesBilled must be from 1 to'],
    [{ maximumBytesBilled: 1.5 }, 'maximumBytesBilled must be text or a whole number'],
  ])('is not what BigQuery would refuse: %o', async (values, said) => {
    const config = { projectId: 'demo', endpoint: bigquery.local.url, grant: 'none', ...values } as const

    const refused = createConnector().connect(config)

    await expect(refused).rejects.toThrow(ConnectorError)
    await expect(refused).rejects.toThrow(said)
  })
})
