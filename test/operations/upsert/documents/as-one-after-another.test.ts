// The law of Upsert of documents, against a model: the table ends as if the documents had been applied one after
// another, however they are cut into batches, and whatever is lost on the way.
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { createConnector, type Document } from '../../../../src/index.ts'
import { hurried } from '../../../fixtures/clocks.ts'
import { embedded } from '../../../fixtures/embedded.ts'

const bigquery = embedded()

interface Row {
  readonly id: string | null
  readonly at: string | null
  readonly a: string | null
  readonly b: string | null
  readonly l: readonly string[]
}
type Given = Partial<Row> & { readonly id: string | null; readonly gone?: boolean | null }
interface Options {
  readonly columns: 'given' | 'all'
  readonly orderColumn: string
  readonly deleteColumn: string
  readonly batchCount: number
}
type Rows = Map<string, Row>

const fresh: Row = { id: null, at: null, a: null, b: '7', l: [] }

/** What a batch makes of a table. A removal is remembered to the batch's end. */
function applied(
  before: Rows,
  batch: readonly Given[],
  { columns, orderColumn, deleteColumn }: Options,
): Rows {
  const rows = new Map(before)
  const latest = new Map([...before].map(([key, { at }]) => [key, at ?? null]))
  for (const { gone, ...given } of batch) {
    const key = String(given.id)
    if (orderColumn !== '') {
      const last = latest.get(key) ?? null
      const at = given.at ?? null
      if (last !== null && Number(at) < Number(last)) continue
      latest.set(key, at)
    }
    if (deleteColumn !== '' && gone === true) rows.delete(key)
    else rows.set(key, { ...fresh, ...(columns === 'given' ? rows.get(key) : {}), ...given })
  }
  return rows
}

const number = fc.integer({ min: 0, max: 3 }).map(String)
const maybe = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined, freq: 2 })
const given = fc.record({
  // About three for each key: they meet, and the first of them still counts.
  id: fc.constantFrom('1', '2', '3', '4', '5', '6', '7', '8', null),
  at: number,
  a: maybe(fc.constantFrom('x', 'y', '', null)),
  b: maybe(fc.option(number)),
  l: maybe(fc.array(fc.constantFrom('p', 'q'), { maxLength: 2 })),
  gone: maybe(fc.constantFrom(true, true, false, null)),
})
const options = fc.record({
  columns: fc.constantFrom('given', 'given', 'given', 'all'),
  orderColumn: fc.constantFrom('', 'AT'),
  deleteColumn: fc.constantFrom('', 'gone'),
  batchCount: fc.constantFrom(5, 12, 24),
})
const fault = fc.record({ skip: fc.nat(12), effect: fc.constantFrom({ status: 503 }, { reset: 'after' }) })

it('the table ends as if the documents had been applied one after another', {
  timeout: 120_000,
}, async () => {
  const connection = await createConnector({ clock: hurried, random: () => 0 }).connect({
    projectId: 'demo',
    endpoint: bigquery.local.url,
    grant: 'none',
  })
  const inject = (rules: readonly object[]) =>
    fetch(`${bigquery.local.url}/_faults`, { method: 'PUT', body: JSON.stringify(rules) })
  await bigquery.run('CREATE SCHEMA shop')
  const stagings = 'SELECT COUNT(*) AS n FROM shop.INFORMATION_SCHEMA.TABLES WHERE STARTS_WITH(table_name,'
  let runs = 0
  await fc.assert(
    fc.asyncProperty(
      fc.array(given, { minLength: 1, maxLength: 36, size: 'max' }),
      options,
      fc.array(fault, { maxLength: 3 }),
      fc.boolean(),
      async (documents, chosen, faults, isText) => {
        runs += 1
        const table = `t${runs}`
        await bigquery.run(
          `CREATE TABLE shop.${table} (id INT64, at INT64, a STRING, b INT64 DEFAULT 7, l ARRAY<STRING>)`,
          `INSERT INTO shop.${table} (id, at, a, b, l) SELECT n, IF(n = 6, NULL, 1), 'first', n, ['f'] FROM UNNEST(GENERATE_ARRAY(1, 6)) AS n`,
        )
        const { deleteColumn, batchCount } = chosen
        const sent = documents.map(({ gone, ...row }): Given => {
          const known = deleteColumn === '' ? row : { ...row, gone }
          return Object.fromEntries(
            Object.entries(known).filter(([, value]) => value !== undefined),
          ) as unknown as Given
        })
        let wanted: Rows = new Map(
          ['1', '2', '3', '4', '5', '6'].map((id) => [
            id,
            { id, at: id === '6' ? null : '1', a: 'first', b: id, l: ['f'] },
          ]),
        )
        for (let start = 0; start < sent.length; start += batchCount)
          wanted = applied(wanted, sent.slice(start, start + batchCount), chosen as Options)

        await inject(
          faults.map(({ skip, effect }) => ({
            match: { path: '/(jobs|queries|tables)', skip, count: 1 },
            ...effect,
          })),
        )
        const operation = connection.operation('upsert', {
          objectType: `datasets/shop/tables/${table}`,
          input: 'documents',
          keyColumns: ['ID'],
          ...chosen,
        })
        const outcomes = await Array.fromAsync(
          operation.execute(
            sent.map(
              (data, id): Document => ({
                id: `${id}`,
                data: isText ? JSON.stringify(data, null, 1) : { ...data },
              }),
            ),
          ),
        )
        await inject([])

        expect(outcomes.filter(({ status }) => status !== 'success')).toEqual([])
        expect(outcomes.map(({ id }) => id)).toEqual(sent.map((_, id) => `${id}`))
        const rows = await bigquery.rows(`SELECT * FROM shop.${table} ORDER BY id`)
        // A table without rows gives an outcome without payload.
        expect(rows.filter((row) => row !== undefined)).toEqual(
          [...wanted.values()].sort((x, y) => Number(x.id ?? -1) - Number(y.id ?? -1)),
        )
        expect(await bigquery.rows(`${stagings} '${table}_upsert_')`)).toEqual([{ n: '0' }])
      },
    ),
    { numRuns: Number(process.env['RUNS'] ?? 30) },
  )
  await connection.close()
})
