import { beforeAll, describe, expect, it } from 'vitest'
import type { Document, Outcome } from '../../src/index.ts'
import { embedded, query } from '../fixtures/embedded.ts'

const bigquery = embedded()
const objectType = 'datasets/shop/tables/orders'
/** A dataset of the same name in another project, with a table of its own. */
beforeAll(async () => {
  await bigquery.run(
    'CREATE SCHEMA shop',
    'CREATE TABLE shop.orders (id INT64, PRIMARY KEY (id) NOT ENFORCED)',
  )
  const datasets = `${bigquery.local.url}/bigquery/v2/projects/second/datasets`
  const post = (url: string, body: object) => fetch(url, { method: 'POST', body: JSON.stringify(body) })
  await post(datasets, { datasetReference: { projectId: 'second', datasetId: 'shop' } })
  await post(`${datasets}/shop/tables`, {
    tableReference: { projectId: 'second', datasetId: 'shop', tableId: 'orders' },
    schema: { fields: [{ name: 'id', type: 'INTEGER' }] },
    tableConstraints: { primaryKey: { columns: ['id'] } },
  })
  await post(`${datasets}/shop/tables`, {
    tableReference: { projectId: 'second', datasetId: 'shop', tableId: 'only_there' },
    schema: { fields: [{ name: 'there', type: 'STRING' }] },
  })
})

interface JobPayload {
  readonly jobReference: { readonly projectId: string; readonly jobId: string; readonly location: string }
}
const jobReferenceOf = ({ payload }: Outcome) => (payload as JobPayload).jobReference
const projectOfJob = (outcome: Outcome) => jobReferenceOf(outcome).projectId

describe('the option projectIdOverride', () => {
  const cases = [
    [
      'streaming-insert',
      { objectType },
      { data: { id: 1 } },
      ({ destination }: Outcome) => destination?.split('.', 1)[0],
    ],
    ['run-job', { objectType: 'QUERY' }, query('SELECT 1'), projectOfJob],
    [
      'update',
      { objectType },
      { data: { description: 'new' } },
      ({ payload }: Outcome) =>
        (payload as { tableReference: { projectId: string } }).tableReference.projectId,
    ],
    [
      'upsert',
      { objectType },
      { data: '1\n' },
      ({ payload }: Outcome) => {
        const { load, query } = payload as Record<'load' | 'query', JobPayload>
        const { projectId } = load.jobReference
        return query.jobReference.projectId === projectId ? projectId : 'two projects'
      },
    ],
  ] as const

  it.each(cases)(
    'takes %s to the project that it names, and blank to the connection\u2019s',
    async (...given) => {
      const [id, options, document, projectOf] = given
      const projectWith = async (projectIdOverride: string, properties?: Record<string, string>) => {
        const operation = bigquery.connection.operation(id, { ...options, projectIdOverride })
        const one: Document = properties ? { ...document, properties } : document
        const [outcome] = await Array.fromAsync(operation.execute([one]))
        expect(outcome).toMatchObject({ status: 'success' })
        return projectOf(outcome as Outcome)
      }

      expect([
        await projectWith('second'),
        await projectWith(''),
        await projectWith('', { projectIdOverride: 'second' }),
        await projectWith('', { projectIdOverride: '' }),
      ]).toEqual(['second', 'demo', 'second', 'demo'])
    },
  )

  it('takes Get Query Results to the project of the job', async () => {
    const results = bigquery.connection.operation('get-query-results', {
      objectType: 'QUERY',
      projectIdOverride: 'second',
    })
    const run = bigquery.connection.operation('run-job', {
      objectType: 'QUERY',
      projectIdOverride: 'second',
    })
    const [job] = await Array.fromAsync(run.execute([query('SELECT COUNT(*) AS n FROM shop.only_there')]))
    const { jobId, location } = jobReferenceOf(job as Outcome)

    const outcomes = await Array.fromAsync(results.execute([{ data: { jobId, location } }]))

    expect(outcomes).toMatchObject([{ status: 'success', payload: { n: '0' } }])
  })

  it('takes browse and profiles along', async () => {
    const scope = { projectIdOverride: 'second' }

    const types = await bigquery.connection.browse('streaming-insert', { datasetId: 'shop', ...scope })
    const profile = await bigquery.connection.profile(
      'streaming-insert',
      'datasets/shop/tables/only_there',
      scope,
    )

    expect(types.map(({ label }) => label)).toEqual(['only_there', 'orders'])
    expect(profile.request).toMatchObject({ properties: { there: { type: expect.anything() } } })
  })
})
