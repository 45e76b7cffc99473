import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openInput } from '../../src/cli/input.ts'
import { type JsonForm, Splitter } from '../../src/cli/split-json.ts'

let directory: string
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'bqc-input-'))
})
afterAll(() => rm(directory, { recursive: true }))

async function read(content: string | Buffer): Promise<unknown[]> {
  const path = join(directory, 'input')
  await writeFile(path, content)
  const { documents } = await openInput(path)
  return (await Array.fromAsync(documents)).map(({ data }) => data)
}

function split(form: JsonForm, text: string, cuts: readonly number[]): string[] {
  const bytes = Buffer.from(text)
  const edges = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length]
  const splitter = new Splitter(form)
  const documents = edges.slice(1).flatMap((end, at) => [...splitter.split(bytes.subarray(edges[at], end))])
  const { document } = splitter.end()
  return [...documents, ...(document ? [document] : [])].map((each) => each.toString().trim())
}

describe('a document comes out of its file as the text that it is, wherever the file is cut into chunks', () => {
  const values = fc.array(fc.jsonValue(), { maxLength: 8 })
  const cuts = fc.array(fc.nat(), { maxLength: 6 })

  it('one a line', () => {
    fc.assert(
      fc.property(values, cuts, (documents, at) => {
        const texts = documents.map((value) => JSON.stringify(value))
        expect(split('lines', texts.join('\n'), at)).toEqual(texts)
      }),
    )
  })

  it('as elements of a list, with or without indentation', () => {
    fc.assert(
      fc.property(values, cuts, fc.constantFrom(0, 2), (documents, at, indent) => {
        const texts = split('list', JSON.stringify(documents, null, indent), at)
        // As JSON has it: minus zero is zero.
        expect(texts.map((text) => JSON.parse(text))).toEqual(JSON.parse(JSON.stringify(documents)))
      }),
    )
  })

  it('as objects one after another', () => {
    fc.assert(
      fc.property(
        fc.array(fc.dictionary(fc.string(), fc.jsonValue()), { maxLength: 8 }),
        cuts,
        (documents, at) => {
          const texts = split(
            'values',
            documents.map((value) => JSON.stringify(value, null, 2)).join('\n'),
            at,
          )
          expect(texts.map((text) => JSON.parse(text))).toEqual(
            documents.map((each) => JSON.parse(JSON.stringify(each))),
          )
        },
      ),
    )
  })
})

describe('an input', () => {
  it.each([
    ['NDJSON', '{"n":1}\n{"n":2}\n', ['{"n":1}', '{"n":2}']],
    [
      'NDJSON with blank lines, CRLF and no newline at the end',
      '\n{"n":1}\r\n\r\n{"n":2}',
      ['{"n":1}\r', '{"n":2}'],
    ],
    ['NDJSON with a byte order mark', '\uFEFF{"n":1}\n', ['{"n":1}']],
    ['a list', '[{"n":1},\n {"n":2}]\n', ['{"n":1}', '\n {"n":2}']],
    ['one object over many lines', '{\n "n": 1\n}', ['{\n "n": 1\n}']],
    ['an empty list', ' [ ] ', []],
    ['nothing', '', []],
    ['only blanks', ' \n\n', []],
  ])('that is %s gives its documents', async (_, content, expected) => {
    expect(await read(content)).toEqual(expected)
  })

  it('with a broken line keeps it as a document of its own, so that it is refused alone', async () => {
    expect(await read('{"n":1}\n{"n":\n42\n{"n":3}\n')).toEqual(['{"n":1}', '{"n":', '42', '{"n":3}'])
  })

  it('with a hole in its list keeps the hole as a document of its own', async () => {
    expect(await read('[{"n":1},,{"n":3}]')).toEqual(['{"n":1}', '', '{"n":3}'])
  })

  it('that is not UTF-8 keeps its bytes, so that nothing is replaced silently', async () => {
    const bytes = Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d])

    expect(await read(bytes)).toEqual([bytes])
  })

  it('that is not JSON is told by its beginning, before anything is sent', async () => {
    await expect(read('id,name\n1,Ada\n')).rejects.toMatchObject({
      code: 'BQC_INPUT_UNREADABLE',
      message: expect.stringContaining('it begins with "id,name"'),
    })
  })

  it('whose list is not closed gives its documents first, and then says so', async () => {
    const path = join(directory, 'open-list')
    await writeFile(path, '[{"n":1},{"n":2}')
    const { documents } = await openInput(path)

    const first = await documents.next()
    const second = await documents.next()

    expect([first.value, second.value]).toEqual([{ data: '{"n":1}' }, { data: '{"n":2}' }])
    await expect(documents.next()).rejects.toMatchObject({ code: 'BQC_INPUT_UNREADABLE' })
  })

  it('with one document of many megabytes does not keep it all', async () => {
    const splitter = new Splitter('lines')
    const chunk = Buffer.alloc(1024 * 1024, 0x61)

    for (let megabytes = 0; megabytes < 64; megabytes += 1) expect([...splitter.split(chunk)]).toEqual([])

    const [document] = [...splitter.split(Buffer.from('\n'))]
    expect(document?.length).toBe(16 * 1024 * 1024)
  })

  it.each([
    ['a missing file', 'nowhere.json', 'there is no such file'],
    ['a directory', '.', 'it is a directory'],
  ])('that is %s is told in one line', async (_, path, why) => {
    await expect(openInput(join(directory, path))).rejects.toMatchObject({
      code: 'BQC_INPUT_UNREADABLE',
      message: expect.stringContaining(why),
    })
  })
})
