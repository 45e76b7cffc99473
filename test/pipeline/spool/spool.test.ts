import { spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { SpoolDamage } from '../../../src/contract/operation.ts'
import { RecordBuffer, writeDocument } from '../../../src/pipeline/spool/document-record.ts'
import { frameHeadBytes, sealFrame } from '../../../src/pipeline/spool/frame.ts'
import { openSpool, type Spool } from '../../../src/pipeline/spool/spool.ts'
import { InstantClock } from '../../fixtures/clocks.ts'
import { directories } from '../../fixtures/directories.ts'

const directory = directories()
const options = { maxBytes: 1_048_576, operation: 'insert into demo.shop.orders', insertIdPrefix: 'run-' }

interface Opened {
  readonly spool: Spool
  readonly damages: SpoolDamage[]
}

async function open(path: string, others: Partial<typeof options> = {}): Promise<Opened> {
  const damages: SpoolDamage[] = []
  const spool = await openSpool({ directory: path, ...options, ...others }, new InstantClock(), (damage) =>
    damages.push(damage),
  )
  return { spool, damages }
}

/** Appends texts in one group; gives where each record ends in the file. */
async function append(spool: Spool, texts: readonly (string | Uint8Array)[], first = 0): Promise<number[]> {
  const records = new RecordBuffer(64)
  const ends: number[] = []
  for (const [n, data] of texts.entries()) {
    const bytes = writeDocument(records, frameHeadBytes, { data }, first + n)
    sealFrame(records.room(0), records.length, bytes, spool.marker)
    records.length += frameHeadBytes + bytes
    ends.push(records.length)
  }
  const segment = await spool.append(records.filled, texts.length)
  const start = (segment?.bytes ?? 0) - records.length
  return ends.map((end) => start + end)
}

async function recovered(path: string): Promise<{ texts: unknown[]; damages: SpoolDamage[] }> {
  const { spool, damages } = await open(path)
  const texts: unknown[] = []
  for await (const { document } of spool.recover()) texts.push(document.data)
  await spool.close()
  return { texts, damages }
}

const filesIn = (path: string, ending: string) => readdirSync(path).filter((name) => name.endsWith(ending))
const firstFile = (path: string) => join(path, filesIn(path, '.spool')[0] ?? '')

describe('a spool', () => {
  it('gives back what has no outcome, in order, under the insertIds of its own time', async () => {
    const path = directory()
    const first = await open(path)
    await append(first.spool, ['a', 'b', 'c'])
    const segment = await first.spool.append(Buffer.alloc(0), 0)
    if (segment) first.spool.settle(segment, 1)
    await first.spool.close()

    const { spool } = await open(path, { insertIdPrefix: 'later-' })
    const found = await Array.fromAsync(spool.recover())
    await spool.close()

    expect(
      found.map(({ document, index, segment }) => [document.data, segment.insertIdPrefix + index]),
    ).toEqual([
      ['a', 'run-0'],
      ['c', 'run-2'],
    ])
  })

  it('removes a file when all its documents have their outcome, and not before', async () => {
    const path = directory()
    const first = await open(path)
    await append(first.spool, ['a', 'b'])
    await first.spool.close()
    const { spool } = await open(path)
    const [a, b] = await Array.fromAsync(spool.recover())

    if (a) spool.settle(a.segment, a.index)
    await spool.close()
    expect(filesIn(path, '.spool')).toHaveLength(1)

    if (b) {
      const again = await open(path)
      for await (const { segment, index } of again.spool.recover()) again.spool.settle(segment, index)
      await again.spool.close()
    }
    expect(readdirSync(path)).toEqual(['lock'])
  })

  it('takes no outcome of a file that is gone for one of the next', async () => {
    const path = directory()
    const first = await open(path)
    await append(first.spool, ['a'])
    await first.spool.close()
    const second = await open(path)
    for await (const { segment, index } of second.spool.recover()) {
      second.spool.settle(segment, index)
      break
    }
    await second.spool.close()
    rmSync(firstFile(path))
    expect(filesIn(path, '.done')).toHaveLength(1)

    const third = await open(path)
    await append(third.spool, ['b'])
    await third.spool.close()

    expect((await recovered(path)).texts).toEqual(['b'])
  })

  it('refuses a second user while there is one, and takes one after it', async () => {
    const path = directory()
    const { spool } = await open(path)

    await expect(open(path)).rejects.toMatchObject({ code: 'BQC_SPOOL_IN_USE' })
    await spool.close()
    const next = await open(path)
    await next.spool.close()
  })

  it('takes over from a process that was killed', async () => {
    const path = directory()
    mkdirSync(path)
    const lock = new URL('../../../src/pipeline/spool/lock.ts', import.meta.url)
    const program = `const { lockFile } = await import(${JSON.stringify(lock.href)})
      await lockFile(${JSON.stringify(join(path, 'lock'))}, () => new Error('in use'))
      console.log('locked')
      setInterval(() => undefined, 1000)`
    const holder = spawn(process.execPath, ['--input-type=module', '-e', program])
    await once(holder.stdout, 'data')
    await expect(open(path)).rejects.toMatchObject({ code: 'BQC_SPOOL_IN_USE' })

    holder.kill('SIGKILL')
    await once(holder, 'exit')

    const { spool } = await open(path)
    await spool.close()
  })

  it('refuses the documents of another operation, and lets go of the directory', async () => {
    const path = directory()
    const { spool } = await open(path)
    await append(spool, ['a'])
    await spool.close()

    await expect(open(path, { operation: 'insert into demo.shop.others' })).rejects.toMatchObject({
      code: 'BQC_CONFIG_INVALID',
      message: expect.stringContaining('documents of another operation (insert into demo.shop.orders)'),
    })
    expect((await recovered(path)).texts).toEqual(['a'])
  })

  it('tells a directory that cannot be one', async () => {
    const path = directory()
    writeFileSync(path, '')

    await expect(open(path)).rejects.toMatchObject({ code: 'BQC_OUTPUT_UNWRITABLE' })
  })
})

describe('damage', () => {
  const texts = fc.array(fc.string({ maxLength: 40 }), { minLength: 1, maxLength: 12 })

  it('by a cut at any byte loses no record before it, and is told unless it fell between two records', async () => {
    await fc.assert(
      fc.asyncProperty(texts, fc.double({ min: 0, max: 1, noNaN: true }), async (given, share) => {
        const path = directory()
        const { spool } = await open(path)
        const ends = await append(spool, given)
        await spool.close()
        const start = headerEnd(given, ends)
        const cut = Math.floor(share * statSync(firstFile(path)).size)
        truncateSync(firstFile(path), cut)

        const found = await recovered(path)
        const again = await recovered(path)

        const whole = ends.filter((end) => end <= cut).length
        const offset = [0, start / 2, start, ...ends].filter((end) => end <= cut).at(-1) ?? 0
        expect(found.texts).toEqual(given.slice(0, whole))
        expect(found.damages.map(({ offset, bytes }) => [offset, bytes])).toEqual(
          offset === cut ? [] : [[offset, cut - offset]],
        )
        // What is told once is mended, and the documents are still there.
        expect(again).toEqual({ texts: given.slice(0, whole), damages: [] })
      }),
      { numRuns: 150 },
    )
  })

  it('of any byte harms the record that it stands in, and no other', async () => {
    await fc.assert(
      fc.asyncProperty(
        texts,
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        fc.integer({ min: 1, max: 255 }),
        async (given, share, bits) => {
          const path = directory()
          const { spool } = await open(path)
          const ends = await append(spool, given)
          await spool.close()
          const bytes = readFileSync(firstFile(path))
          const start = headerEnd(given, ends)
          const at = start + Math.floor(share * (bytes.length - start))
          bytes[at] = (bytes[at] ?? 0) ^ bits
          writeFileSync(firstFile(path), bytes)

          const found = await recovered(path)

          const harmed = ends.findIndex((end) => at < end)
          expect(found.texts).toEqual(given.filter((_, n) => n !== harmed))
          expect(found.damages).toMatchObject([
            { offset: ends[harmed - 1] ?? start, remedy: harmed === given.length - 1 ? 'cut' : 'skipped' },
          ])
        },
      ),
      { numRuns: 150 },
    )
  })

  it('in the middle leaves the file to a person, when its documents have their outcome', async () => {
    const path = directory()
    const first = await open(path)
    const [end = 0] = await append(first.spool, ['a', 'b', 'c'])
    await first.spool.close()
    const bytes = readFileSync(firstFile(path))
    bytes[end + frameHeadBytes] = 9
    writeFileSync(firstFile(path), bytes)

    const { spool, damages } = await open(path)
    for await (const { segment, index } of spool.recover()) spool.settle(segment, index)
    await spool.close()

    expect(damages).toMatchObject([{ offset: end, remedy: 'skipped' }])
    expect(filesIn(path, '.spool')).toEqual([])
    expect(readFileSync(join(path, filesIn(path, '.damaged')[0] ?? ''))).toEqual(bytes)
  })

  it('of any byte of the header or of its copy harms no document', async () => {
    await fc.assert(
      fc.asyncProperty(
        texts,
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        fc.integer({ min: 1, max: 255 }),
        async (given, share, bits) => {
          const path = directory()
          const { spool } = await open(path)
          const ends = await append(spool, given)
          await spool.close()
          const bytes = readFileSync(firstFile(path))
          const start = headerEnd(given, ends)
          const at = Math.floor(share * start)
          bytes[at] = (bytes[at] ?? 0) ^ bits
          writeFileSync(firstFile(path), bytes)

          const found = await recovered(path)

          expect(found.texts).toEqual(given)
          expect(found.damages).toMatchObject([
            { offset: at < start / 2 ? 0 : start / 2, bytes: start / 2, remedy: 'skipped' },
          ])
        },
      ),
      { numRuns: 100 },
    )
  })

  it('of the header and its copy is told as a file that cannot be read, and keeps it with its outcomes', async () => {
    const path = directory()
    const first = await open(path)
    const ends = await append(first.spool, ['a', 'b', 'c'])
    await first.spool.close()
    const second = await open(path)
    for await (const { segment, index } of second.spool.recover())
      if (index === 1) second.spool.settle(segment, index)
    await second.spool.close()
    const bytes = readFileSync(firstFile(path))
    const whole = Buffer.from(bytes)
    const start = headerEnd(['a'], ends)
    bytes.fill(0, 3, 7)
    bytes.fill(0, start / 2 + 3, start / 2 + 7)
    writeFileSync(firstFile(path), bytes)
    const file = firstFile(path)

    const found = await recovered(path)
    const again = await recovered(path)

    expect(found).toEqual({ texts: [], damages: [{ file, offset: 0, bytes: bytes.length, remedy: 'kept' }] })
    expect(again).toEqual({ texts: [], damages: [] })
    expect(readFileSync(`${file}.damaged`)).toEqual(bytes)
    // Whoever mends the file gets what had no outcome, and no more.
    rmSync(`${file}.damaged`)
    writeFileSync(file, whole)
    expect((await recovered(path)).texts).toEqual(['a', 'c'])
  })

  it('leaves the outcomes of all that was sent beside the file that is kept', async () => {
    const path = directory()
    const first = await open(path)
    const [end = 0] = await append(first.spool, ['a', 'b', 'c'])
    await first.spool.close()
    const file = firstFile(path)
    const whole = readFileSync(file)
    const bytes = Buffer.from(whole)
    bytes[end + frameHeadBytes] = 9
    writeFileSync(file, bytes)
    const second = await open(path)
    for await (const { segment, index } of second.spool.recover()) second.spool.settle(segment, index)
    await second.spool.close()

    rmSync(`${file}.damaged`)
    writeFileSync(file, whole)

    expect((await recovered(path)).texts).toEqual(['b'])
  })

  it('is not told of a file without a copy of its header', async () => {
    const path = directory()
    const { spool } = await open(path)
    const ends = await append(spool, ['a', 'b'])
    await spool.close()
    const bytes = readFileSync(firstFile(path))
    const start = headerEnd(['a'], ends)
    writeFileSync(firstFile(path), Buffer.concat([bytes.subarray(0, start / 2), bytes.subarray(start)]))

    expect(await recovered(path)).toEqual({ texts: ['a', 'b'], damages: [] })
  })

  it('of the header makes no document a header', async () => {
    const path = directory()
    const first = await open(path)
    await append(first.spool, ['x'])
    await first.spool.close()
    const record = readFileSync(firstFile(path))
    const second = await open(path)
    const ends = await append(second.spool, [record, 'y'])
    await second.spool.close()
    const [, name = ''] = filesIn(path, '.spool')
    const bytes = readFileSync(join(path, name))
    bytes.fill(0, 0, headerEnd([record], ends))
    writeFileSync(join(path, name), bytes)

    const found = await recovered(path)

    expect(found.texts).toEqual(['x'])
    expect(found.damages).toMatchObject([{ offset: 0, bytes: bytes.length, remedy: 'kept' }])
  })

  it('of the record of outcomes makes documents go again, and loses none', async () => {
    const path = directory()
    const first = await open(path)
    await append(first.spool, ['a', 'b', 'c'])
    await first.spool.close()
    const second = await open(path)
    for await (const { segment, index } of second.spool.recover())
      if (index !== 1) second.spool.settle(segment, index)
    await second.spool.close()
    const done = join(path, filesIn(path, '.done')[0] ?? '')
    expect((await recovered(path)).texts).toEqual(['b'])

    truncateSync(done, statSync(done).size - 3)

    expect((await recovered(path)).texts).toEqual(['b', 'c'])
  })

  it('cannot be forged by a document that looks like a record', async () => {
    const path = directory()
    const first = await open(path)
    const [end = 0] = await append(first.spool, ['x', 'y'])
    await first.spool.close()
    const foreign = directory()
    cpSync(path, foreign, { recursive: true })
    const record = readFileSync(firstFile(foreign)).subarray(end)
    const second = await open(path)
    const [at = 0] = await append(second.spool, [record, 'z'], 2)
    await second.spool.close()
    const [, file = ''] = filesIn(path, '.spool')
    const bytes = readFileSync(join(path, file))
    bytes[at - 1] = (bytes[at - 1] ?? 0) ^ 1
    writeFileSync(join(path, file), bytes)

    expect((await recovered(path)).texts).toEqual(['x', 'y', 'z'])
  })
})

/** Where the first record begins. */
function headerEnd(texts: readonly (string | Uint8Array)[], ends: readonly number[]): number {
  const records = new RecordBuffer(64)
  return (ends[0] ?? 0) - frameHeadBytes - writeDocument(records, frameHeadBytes, { data: texts[0] ?? '' }, 0)
}
