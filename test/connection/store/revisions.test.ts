import { existsSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { createFirst, readNewest, writeNext } from '../../../src/connection/store/revisions.ts'
import { directories } from '../../fixtures/directories.ts'

const directory = directories()

async function atRevision(newest: number): Promise<string> {
  const path = directory()
  await createFirst(path, 'text 1')
  for (let former = 1; former < newest; former += 1) await writeNext(path, former, `text ${former + 1}`)
  return path
}

describe('a record', () => {
  it('has its newest revision alone, and empty files where the last ones were', async () => {
    const path = await atRevision(40)

    expect(await readNewest(path)).toEqual({ revision: 40, text: 'text 40' })
    expect(readdirSync(path)).toHaveLength(33)
    expect(existsSync(`${path}/7.json`)).toBe(false)
  })

  it.each([1, 6, 7, 20, 39])(
    'cannot be written by who read revision %i, when it is at 40',
    async (former) => {
      const path = await atRevision(40)
      const before = readdirSync(path)

      expect(await writeNext(path, former, 'late')).toBe(false)

      expect(await readNewest(path)).toEqual({ revision: 40, text: 'text 40' })
      expect(readdirSync(path)).toEqual(before)
    },
  )

  it('cannot be written where it was dropped, nor made where it is', async () => {
    expect(await writeNext(directory(), 1, 'late')).toBe(false)
    expect(await createFirst(await atRevision(2), 'again')).toBe(false)
    expect(await readNewest(directory())).toBeUndefined()
  })

  it('whose newest file cannot be reached is damaged, and read to an end', async () => {
    const path = await atRevision(2)
    symlinkSync('nowhere', `${path}/3.json`)

    expect(await readNewest(path)).toEqual({ revision: 3, text: '' })
  })

  it('has no revision of a number that is none', async () => {
    const path = await atRevision(2)
    for (const name of ['99999999999999999999.json', '03.json', '3.json.bak'])
      writeFileSync(`${path}/${name}`, '')

    expect(await readNewest(path)).toEqual({ revision: 2, text: 'text 2' })
  })
})
