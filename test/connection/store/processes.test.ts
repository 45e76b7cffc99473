import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readdirSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { directories } from '../../fixtures/directories.ts'
import { filesBelow, openedStore, withToken } from './opened-store.ts'

const directory = directories()

interface Writer {
  readonly process: ChildProcess
  /** The labels that the writer was told are stored. */
  readonly stored: () => string[]
  readonly ended: Promise<unknown>
}

function startWriter(store: string, prefix: string, count: number): Writer {
  const child = spawn(
    process.execPath,
    ['test/connection/store/patch-forever.ts', store, prefix, `${count}`],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  )
  let said = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    said += text
  })
  // The last line may be cut off.
  return { process: child, stored: () => said.split('\n').slice(0, -1), ended: once(child, 'close') }
}

describe('processes that change one connection at the same time', () => {
  it('lose nothing of each other', async () => {
    const store = openedStore(directory())
    await store.create('toronto', withToken)
    const count = 60

    const writers = ['a', 'b', 'c'].map((prefix) => startWriter(store.directory, prefix, count))
    await Promise.all(writers.map(({ ended }) => ended))

    const { labels = {}, revision } = await store.describe('toronto')
    expect(Object.keys(labels)).toHaveLength(3 * count)
    expect(revision).toBe(1 + 3 * count)
    expect(writers.map(({ stored }) => stored().length)).toEqual([count, count, count])
    expect(await store.resolve('toronto')).toMatchObject({ revision })
    expect(filesBelow(store.directory).filter(({ bytes }) => bytes.length > 0)).toHaveLength(1)
  }, 60_000)

  it('lose nothing within one process either', async () => {
    const store = openedStore(directory())
    await store.create('toronto', withToken)

    await Promise.all(
      Array.from({ length: 40 }, (_, n) => store.patch('toronto', {}, { labels: { [`l${n}`]: 'stored' } })),
    )

    expect(Object.keys((await store.describe('toronto')).labels ?? {})).toHaveLength(40)
  })

  it('create one connection of a name, whoever comes first', async () => {
    const store = openedStore(directory())

    const created = await Promise.allSettled(
      Array.from({ length: 20 }, (_, n) => store.create('toronto', { ...withToken, projectId: `p${n}` })),
    )

    expect(created.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    expect(await store.describe('toronto')).toMatchObject({ revision: 1 })
  })
})

describe('a writer that is killed', () => {
  it('leaves the old state or the new one, never less, wherever it was', async () => {
    const store = openedStore(directory())
    await store.create('toronto', withToken)
    const told: string[] = []

    for (let round = 0; round < 8; round += 1) {
      const { process: writer, stored, ended } = startWriter(store.directory, `r${round}x`, 1_000_000)
      // Killed after another number of writes each time, at whatever it does then.
      while (stored().length < round * 3 + 1) await once(writer.stdout ?? writer, 'data')
      writer.kill('SIGKILL')
      await ended
      told.push(...stored())

      const { labels = {} } = await store.describe('toronto')
      expect(Object.keys(labels)).toEqual(expect.arrayContaining(told))
      expect(await store.resolve('toronto')).toMatchObject({ name: 'toronto' })
      expect(await store.patch('toronto', {}, { labels: { [`after${round}`]: 'stored' } })).toBeDefined()
    }
  }, 60_000)

  it('leaves nothing behind for good: the next one who creates cleans up what is old and nobody’s', async () => {
    const store = openedStore(directory())
    await store.create('toronto', withToken)
    const parent = join(store.directory, 'connections')
    const gone = '2147483646'
    const left = {
      old: [`.new.${gone}.x`, `.gone.${gone}.y`, join('toronto', `.next.${gone}.z`)],
      kept: [`.new.${process.pid}.x`],
    }
    for (const name of [...left.old, ...left.kept]) {
      if (name.startsWith('.')) mkdirSync(join(parent, name))
      else writeFileSync(join(parent, name), 'half')
      // The store's clock stands in November 2026.
      utimesSync(join(parent, name), new Date('2026-11-20'), new Date('2026-11-20'))
    }
    const fresh = `.new.${gone}.fresh`
    mkdirSync(join(parent, fresh))
    utimesSync(join(parent, fresh), new Date('2026-11-21'), new Date('2026-11-21'))

    await store.create('vienna', withToken)

    expect(readdirSync(parent).sort()).toEqual([...left.kept, fresh, 'toronto', 'vienna'].sort())
    expect(readdirSync(join(parent, 'toronto'))).toEqual(['1.json'])
    expect((await store.list()).map(({ name }) => name)).toEqual(['toronto', 'vienna'])
  })
})
