import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import type { TableField } from '../../../src/contract/table-schema.ts'
import { type Merge, mergeSql } from '../../../src/operations/upsert/merge-sql.ts'
import { embedded } from '../../fixtures/embedded.ts'

const column = (name: string, type = 'STRING', mode?: TableField['mode']): TableField =>
  mode === undefined ? { name, type } : { name, type, mode }
const place = { projectId: 'my-project', datasetId: 'shop' }
const target = {
  ...place,
  tableId: 'orders',
  fields: [column('id', 'INTEGER', 'REQUIRED'), column('region'), column('item'), column('note')],
  primaryKey: ['id'],
}
const merge = (change: Partial<Merge>): string =>
  mergeSql({
    target,
    staging: { ...place, tableId: 'staged', fields: [column('id', 'INTEGER'), column('item')] },
    keyColumns: ['id'],
    orderColumn: '',
    deleteColumn: '',
    ...change,
  })
const staged = (...fields: TableField[]): Merge['staging'] => ({ ...place, tableId: 'staged', fields })

describe('the MERGE', () => {
  it('quotes every name, matches by key, takes one row a key, and leaves columns alone that the file lacks', () => {
    expect(merge({})).toBe(
      [
        'MERGE `my-project.shop.orders` AS T',
        'USING (SELECT * FROM `my-project.shop.staged` AS S WHERE TRUE QUALIFY ROW_NUMBER() OVER (PARTITION BY S.`id`) = 1) AS S',
        'ON T.`id` = S.`id`',
        'WHEN MATCHED THEN UPDATE SET `item` = S.`item`',
        'WHEN NOT MATCHED THEN INSERT (`id`, `item`) VALUES (S.`id`, S.`item`)',
      ].join('\n'),
    )
  })

  it('takes NULL for a value of its own in a key that may be NULL', () => {
    const sql = merge({
      keyColumns: ['id', 'region'],
      staging: staged(column('id', 'INTEGER'), column('region'), column('item')),
    })

    expect(sql).toContain(
      'ON T.`id` = S.`id` AND (T.`region` = S.`region` OR (T.`region` IS NULL AND S.`region` IS NULL))',
    )
  })

  it('lets the row with the greatest value of the order column win', () => {
    const sql = merge({
      orderColumn: 'at',
      staging: staged(column('id', 'INTEGER'), column('item'), column('at', 'TIMESTAMP')),
    })

    expect(sql).toContain('PARTITION BY S.`id` ORDER BY S.`at` DESC')
    expect(sql).toContain('WHEN MATCHED THEN UPDATE')
    expect(sql).not.toContain('`at` = ')
  })

  it('changes and removes no row that is newer by the order column, where the target has it', () => {
    const sql = merge({
      target: { ...target, fields: [...target.fields, column('At', 'TIMESTAMP')] },
      orderColumn: 'at',
      deleteColumn: 'gone',
      staging: staged(column('id', 'INTEGER'), column('AT', 'TIMESTAMP'), column('gone', 'BOOLEAN')),
    })

    const isNew = '(T.`At` IS NULL OR S.`AT` >= T.`At`)'
    expect(sql).toContain(`WHEN MATCHED AND IFNULL(S.\`gone\`, FALSE) AND ${isNew} THEN DELETE`)
    expect(sql).toContain(`WHEN MATCHED AND ${isNew} THEN UPDATE SET \`At\` = S.\`AT\``)
  })

  it('removes the rows that the delete column marks, and adds none of them', () => {
    const sql = merge({
      deleteColumn: 'gone',
      staging: staged(column('id', 'INTEGER'), column('item'), column('gone', 'BOOLEAN')),
    })

    expect(sql).toContain('WHEN MATCHED AND IFNULL(S.`gone`, FALSE) THEN DELETE')
    expect(sql).toContain('WHEN NOT MATCHED AND NOT IFNULL(S.`gone`, FALSE) THEN INSERT (`id`, `item`)')
  })

  it('changes nothing in rows that are there where the file has the key alone', () => {
    expect(merge({ staging: staged(column('id', 'INTEGER')) })).not.toContain('WHEN MATCHED')
  })

  it('knows columns by their names in any case', () => {
    const sql = merge({ keyColumns: ['ID'], staging: staged(column('Id', 'INTEGER'), column('ITEM')) })

    expect(sql).toContain('ON T.`id` = S.`Id`')
    expect(sql).toContain('UPDATE SET `item` = S.`ITEM`')
  })

  it('is not made for a file with columns that the table lacks, nor for one without its key', () => {
    expect(() => merge({ staging: staged(column('item'), column('colour')) })).toThrow(
      expect.objectContaining({
        code: 'BQC_DOCUMENT_INVALID',
        faults: [
          { path: '/id', message: 'is a column that the file lacks' },
          { path: '/colour', message: 'is a column that the table lacks' },
        ],
      }),
    )
  })
})

describe('on the embedded BigQuery', () => {
  const bigquery = embedded()
  beforeAll(async () => {
    await bigquery.run('CREATE SCHEMA laws')
  })

  interface Row {
    readonly k: number | null
    readonly v: string | null
    readonly at: number | null
  }
  interface Change extends Row {
    readonly gone: boolean | null
  }
  const literal = (value: unknown) => (typeof value === 'string' ? `'${value}'` : String(value))
  const fill = (table: string, columns: string, rows: readonly object[]) =>
    rows.length === 0
      ? []
      : [
          `INSERT INTO laws.${table} (${columns}) VALUES ${rows.map((row) => `(${Object.values(row).map(literal).join(', ')})`).join(', ')}`,
        ]

  const key = fc.option(fc.nat(4), { nil: null })
  const text = fc.option(fc.constantFrom('a', 'b', 'c'), { nil: null })
  const at = fc.option(fc.nat(9), { nil: null })
  const before = fc.uniqueArray(fc.record({ k: key, v: text, at }), { selector: ({ k }) => k, minLength: 2 })
  const changes = fc.uniqueArray(
    fc.record({ k: key, v: text, at, gone: fc.option(fc.boolean(), { nil: null }) }),
    { selector: ({ at }) => at, minLength: 2 },
  )
  /** NULL is older than every value. */
  const age = ({ at }: Row) => at ?? -1

  const law = async (hasOrder: boolean): Promise<void> => {
    let tables = 0
    await fc.assert(
      fc.asyncProperty(before, changes, async (rows: readonly Row[], all: readonly Change[]) => {
        tables += 1
        const [t, s] = [`t${hasOrder}${tables}`, `s${hasOrder}${tables}`]
        const sql = mergeSql({
          target: {
            projectId: 'demo',
            datasetId: 'laws',
            tableId: t,
            fields: [
              ...[column('k', 'INTEGER'), column('v'), column('kept')],
              ...(hasOrder ? [column('at', 'INTEGER')] : []),
            ],
          },
          staging: {
            projectId: 'demo',
            datasetId: 'laws',
            tableId: s,
            fields: [column('k', 'INTEGER'), column('v'), column('at', 'INTEGER'), column('gone', 'BOOLEAN')],
          },
          keyColumns: ['k'],
          orderColumn: 'at',
          deleteColumn: 'gone',
        })
        const shown = ({ k, v, at }: Row, kept: string | null) => ({
          k,
          v,
          kept,
          ...(hasOrder ? { at } : {}),
        })
        await bigquery.run(
          `CREATE TABLE laws.${t} (k INT64, v STRING, kept STRING${hasOrder ? ', at INT64' : ''})`,
          `CREATE TABLE laws.${s} (k INT64, v STRING, at INT64, gone BOOL)`,
          ...fill(
            t,
            `k, v, kept${hasOrder ? ', at' : ''}`,
            rows.map((row) => shown(row, 'kept')),
          ),
          ...fill(s, 'k, v, at, gone', all),
          sql,
        )

        const there = new Map(rows.map((row) => [row.k, row]))
        const expected = new Map(rows.map((row) => [row.k, shown(row, 'kept')]))
        const last = new Map<number | null, Change>()
        for (const change of [...all].sort((a, b) => age(a) - age(b))) last.set(change.k, change)
        for (const [k, change] of last) {
          const row = there.get(k)
          if (hasOrder && row !== undefined && age(change) < age(row)) continue
          if (change.gone) expected.delete(k)
          else expected.set(k, shown(change, expected.get(k)?.kept ?? null))
        }
        const asText = (value: number | null) => (value === null ? null : String(value))
        const wanted = [...expected.values()]
          .sort((a, b) => (a.k ?? -1) - (b.k ?? -1))
          .map(({ k, at, ...row }) => ({
            k: asText(k),
            ...row,
            ...(at === undefined ? {} : { at: asText(at) }),
          }))
        const found = await bigquery.rows(`SELECT * FROM laws.${t} ORDER BY k`)
        // A result without rows is one empty outcome.
        expect(found.filter((row) => row !== undefined)).toEqual(wanted)
      }),
      { numRuns: 12 },
    )
  }

  it('the table holds afterwards what the last change of each key says', () => law(false), 60_000)

  it(
    'where the table has the order column, changes that are older than their row say nothing',
    () => law(true),
    60_000,
  )
})
