// An upload that breaks goes on where it was, or says why it cannot.
import { Readable } from 'node:stream'
import { describe, expect, it } from 'vitest'
import type { FaultRule } from '../../../src/local/index.ts'
import { fileUpserts, json, lines, longText, manyRows, ofTable } from '../../fixtures/file-upserts.ts'

const { bigquery, rules, one, done, newTable, stagings } = fileUpserts()

const granule = 262_144

describe('a file that is cut off', () => {
  const sum = async (table: string) =>
    bigquery.rows(`SELECT COUNT(*) AS n, SUM(id) AS ids, SUM(price) AS prices FROM shop.${table}`)
  const total = manyRows.reduce((all, { id }) => all + id, 0)
  const whole = [{ n: String(manyRows.length), ids: String(total), prices: String(total) }]

  it('three times in the middle goes on each time where it was, and ends right', async () => {
    const table = await newTable()
    const put = { method: 'PUT', path: 'upload_id=' }
    // Between two pieces the service is asked what it has.
    await rules([
      { match: { ...put, count: 1 }, cutBody: granule + 7 },
      { match: { ...put, skip: 1, count: 1 }, cutBody: 2 * granule },
      { match: { ...put, skip: 2, count: 1 }, cutBody: granule - 1 },
    ])

    const outcome = await done(
      { ...json, objectType: ofTable(table) },
      Readable.from([Buffer.from(longText)]),
    )

    const reply = await fetch(`${bigquery.local.url}/_faults`)
    const { rules: seen } = (await reply.json()) as { rules: { applied: number }[] }
    expect(seen.map(({ applied }) => applied)).toEqual([1, 1, 1])
    expect(outcome.payload).toMatchObject({
      load: { statistics: { load: { inputFileBytes: String(longText.length), outputRows: '40000' } } },
    })
    expect(await sum(table)).toEqual(whole)
  })

  it('after its last byte finds its job again', async () => {
    const table = await newTable()
    await rules([{ match: { method: 'PUT', path: 'upload_id=', count: 1 }, reset: 'after' }])

    await done({ ...json, objectType: ofTable(table) }, longText)

    expect(await sum(table)).toEqual(whole)
  })

  it("for good is a failure that tells nobody the address, which takes anybody's bytes", async () => {
    const table = await newTable()
    await rules([{ match: { method: 'PUT', path: 'upload_id=' }, reset: 'before' }])

    const outcome = await one({ ...json, objectType: ofTable(table) }, lines({ id: 1 }))

    expect(outcome).toMatchObject({
      status: 'failure',
      errorCode: 'BQC_NETWORK',
      message: expect.stringContaining('/upload/'),
    })
    expect(JSON.stringify(outcome)).not.toContain('upload_id')
    expect(await stagings(table)).toEqual([])
  })

  it('by a session that is gone begins again, but a stream cannot', async () => {
    const table = await newTable()
    const gone: FaultRule[] = [{ match: { method: 'PUT', path: 'upload_id=', count: 1 }, status: 410 }]

    await rules(gone)
    await done({ ...json, objectType: ofTable(table) }, new Blob([longText]))
    expect(await sum(table)).toEqual(whole)

    await rules(gone)
    const outcome = await one({ ...json, objectType: ofTable(table) }, Readable.from([Buffer.from(longText)]))
    expect(outcome).toMatchObject({ status: 'failure', errorCode: 'BQC_UPLOAD_LOST', code: '410' })
  })
})
