import { appendFileSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { DeadLetter } from '../../src/contract/outcome.ts'
import { openDeadLetterFile } from '../../src/pipeline/dead-letter-file.ts'
import { openReplayFile } from '../../src/pipeline/replay-file.ts'
import { directories } from '../fixtures/directories.ts'

const directory = directories()

function fileOf(content: string): string {
  const path = join(directory(), 'letters.ndjson')
  mkdirSync(dirname(path))
  writeFileSync(path, content)
  return path
}

const letter = (index: number) => ({ index, data: { n: index } }) as unknown as DeadLetter
const lines = (...indexes: number[]) => indexes.map((index) => `${JSON.stringify(letter(index))}\n`).join('')
const lettersIn = (path: string): number[] =>
  readFileSync(path, 'utf8')
    .trim()
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line).index)

describe('a replay', () => {
  it('lets go of the letters that are not kept, and keeps the others in one step at its end', async () => {
    const path = fileOf(lines(0, 1, 2))
    const replay = await openReplayFile(path)
    for await (const { letter, line } of replay.letters()) {
      if (letter?.index === 1) await replay.keep(line)
      expect(lettersIn(path)).toEqual([0, 1, 2])
    }

    await replay.close()

    expect(lettersIn(path)).toEqual([1])
    expect(readdirSync(dirname(path))).toEqual(['letters.ndjson'])
  })

  it('keeps what it has not read, and bytes that are no letter as they are', async () => {
    const odd = Buffer.concat([Buffer.from([0xff, 0x0a]), Buffer.from('{"index":\n[1]\n7\n{"data":null}\n')])
    const path = fileOf(lines(0))
    appendFileSync(path, odd)
    appendFileSync(path, lines(1, 2))
    const replay = await openReplayFile(path)
    for await (const { letter, line } of replay.letters()) {
      if (letter === undefined) await replay.keep(line)
      if (letter?.index === 1) break
    }

    await replay.close()

    expect(readFileSync(path)).toEqual(Buffer.concat([odd, Buffer.from(lines(2))]))
  })

  it('reads a last line that nobody has ended', async () => {
    const path = fileOf(`${lines(0)}${lines(1).trim()}`)
    const replay = await openReplayFile(path)
    const found = await Array.fromAsync(replay.letters())
    await replay.close()

    expect(found.map(({ letter }) => letter?.index)).toEqual([0, 1])
    expect(readFileSync(path, 'utf8')).toBe('')
  })

  it('tears no letter that is being appended, wherever it was when the replay came by', async () => {
    const text = lines(1)
    await fc.assert(
      fc.asyncProperty(fc.nat(text.length), fc.boolean(), async (cut, isKept) => {
        const path = fileOf(lines(0) + text.slice(0, cut))
        const replay = await openReplayFile(path)
        const read: number[] = []
        for await (const { letter, line } of replay.letters()) {
          read.push(letter?.index ?? -1)
          if (isKept) await replay.keep(line)
        }
        appendFileSync(path, text.slice(cut) + lines(2))
        await replay.close()

        expect(read).toEqual(cut < text.length - 1 ? [0] : [0, 1])
        expect(lettersIn(path)).toEqual([0, 1, 2].filter((index) => isKept || !read.includes(index)))
      }),
    )
  })

  it('ends a line that nobody has ended when it puts the file in place', async () => {
    const path = fileOf(`${lines(0)}{"index":`)
    const replay = await openReplayFile(path)
    await Array.fromAsync(replay.letters())
    await replay.close()

    expect(readFileSync(path, 'utf8')).toBe('{"index":\n')
  })

  it('reads lines as long as a document may be, across the chunks of the file', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(600_000), { maxLength: 4 }), async (lengths) => {
        const letters = lengths.map((length, index) => ({ index, data: 'x'.repeat(length) }))
        const path = fileOf(letters.map((each) => `${JSON.stringify(each)}\n`).join(''))
        const replay = await openReplayFile(path)
        const found = await Array.fromAsync(replay.letters())
        await replay.close()

        expect(found.map(({ letter }) => letter)).toEqual(letters)
      }),
      { numRuns: 20 },
    )
  })

  it('loses no letter that is appended meanwhile, before its end or after it, by a file that is open all the time', async () => {
    const path = fileOf(lines(0, 1))
    const writer = await openDeadLetterFile(path)
    const replay = await openReplayFile(path)
    await Array.fromAsync(replay.letters())
    await writer.write(letter(2))

    const closing = replay.close()
    const writes = [3, 4, 5, 6, 7, 8].map((index) => writer.write(letter(index)))
    await Promise.all([closing, ...writes])
    await writer.write(letter(9))
    await writer.close()

    expect([...new Set(lettersIn(path))].sort()).toEqual([2, 3, 4, 5, 6, 7, 8, 9])
    expect(readdirSync(dirname(path))).toEqual(['letters.ndjson'])
  })

  it('begins with what a replay that was killed at its end has left', async () => {
    const path = fileOf(lines(0, 1))
    renameSync(path, `${path}.replaced`)
    writeFileSync(`${path}.replay`, lines(1))

    const replay = await openReplayFile(path)
    const found = await Array.fromAsync(replay.letters())
    await replay.close()

    expect(found.map(({ letter }) => letter?.index)).toEqual([0, 1])
    expect(readdirSync(dirname(path))).toEqual(['letters.ndjson'])
  })

  it('is the only one of its file', async () => {
    const path = fileOf(lines(0))
    const replay = await openReplayFile(path)

    await expect(openReplayFile(path)).rejects.toMatchObject({
      code: 'BQC_INPUT_UNREADABLE',
      message: expect.stringContaining('another replay of it is under way'),
    })
    await replay.close()
    await (await openReplayFile(path)).close()

    expect(lettersIn(path)).toEqual([0])
  })

  it('of a file that is not there is refused, and makes none', async () => {
    const path = fileOf('')
    await expect(openReplayFile(`${path}.other`)).rejects.toMatchObject({ code: 'BQC_INPUT_UNREADABLE' })

    expect(readdirSync(dirname(path))).toEqual(['letters.ndjson'])
  })
})
