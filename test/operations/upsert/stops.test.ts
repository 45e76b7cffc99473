// An upsert that is stopped leaves nothing behind.
import { describe, expect, it } from 'vitest'
import { fileUpserts, json, longText, ofTable } from '../../fixtures/file-upserts.ts'

const { bigquery, connect, rules, operationOf, newTable, stagings } = fileUpserts()

describe('an upsert that is stopped', () => {
  /** Aborts as soon as a request to this path has been made. */
  async function stopAt(path: string, stop: () => unknown): Promise<void> {
    await rules([{ match: { path }, delayMs: 200 }])
    for (;;) {
      const reply = await fetch(`${bigquery.local.url}/_faults`)
      const { rules: seen } = (await reply.json()) as { rules: { seen: number }[] }
      if (seen.some((rule) => rule.seen > 0)) break
    }
    await stop()
  }

  it.each([
    ['while the file is sent', '/upload/.*upload_id='],
    ['while a job is watched', '/jobs/bqc_load_'],
    ['while the SQL is started', '/projects/demo/jobs\\?'],
  ])('%s removes its temporary table', async (_, path) => {
    const table = await newTable()
    const stop = new AbortController()
    const operation = operationOf({ ...json, objectType: ofTable(table) })

    const outcomes = Array.fromAsync(operation.execute([{ data: longText }], { signal: stop.signal }))
    await stopAt(path, () => stop.abort())

    expect(await outcomes).toMatchObject([{ status: 'failure', errorCode: 'BQC_ABORTED' }])
    expect(await stagings(table)).toEqual([])
  })

  it('by closing its connection still removes its temporary table', async () => {
    const table = await newTable()
    const mine = await connect()
    const operation = mine.operation('upsert', { ...json, objectType: ofTable(table) })

    const outcomes = Array.fromAsync(operation.execute([{ data: longText }]))
    await stopAt('/upload/.*upload_id=', () => mine.close())

    expect(await outcomes).toMatchObject([{ status: 'failure', errorCode: 'BQC_ABORTED' }])
    expect(await stagings(table)).toEqual([])
  })
})
