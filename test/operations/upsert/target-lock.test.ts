import { expect, it } from 'vitest'
import { oneAtATime } from '../../../src/operations/upsert/target-lock.ts'
import { settled } from '../../fixtures/clocks.ts'

function line(name: string) {
  const said: string[] = []
  const ends = new Map<string, () => void>()
  const join = (who: string, signal?: AbortSignal) =>
    oneAtATime(
      name,
      async () => {
        said.push(`${who} begins`)
        await new Promise<void>((resolve) => ends.set(who, resolve))
        said.push(`${who} ends`)
      },
      signal,
    )
  return { said, join, end: (who: string) => ends.get(who)?.() }
}

it('changes of one table run one after another, in the order of their calls', async () => {
  const { said, join, end } = line('p.d.one')
  const both = [join('first'), join('second')]
  await settled()
  expect(said).toEqual(['first begins'])

  end('first')
  await settled()
  end('second')
  await Promise.all(both)

  expect(said).toEqual(['first begins', 'first ends', 'second begins', 'second ends'])
})

it('changes of two tables do not wait for each other', async () => {
  const [a, b] = [line('p.d.a'), line('p.d.b')]
  const both = [a.join('a'), b.join('b')]
  await settled()

  expect([...a.said, ...b.said]).toEqual(['a begins', 'b begins'])
  a.end('a')
  b.end('b')
  await Promise.all(both)
})

it('who leaves the line lets nobody pass whoever is at work, and keeps nobody waiting', async () => {
  const { said, join, end } = line('p.d.left')
  const leave = new AbortController()
  const first = join('first')
  const second = join('second', leave.signal)
  const third = join('third')
  leave.abort()

  await expect(second).rejects.toMatchObject({ code: 'BQC_ABORTED' })
  await settled()
  expect(said).toEqual(['first begins'])
  end('first')
  await settled()
  end('third')
  await Promise.all([first, third])

  expect(said).toEqual(['first begins', 'first ends', 'third begins', 'third ends'])
})

it('a change that fails makes room for the next', async () => {
  const failing = oneAtATime('p.d.failing', async () => {
    throw new Error('no')
  })

  await expect(failing).rejects.toThrow('no')
  expect(await oneAtATime('p.d.failing', async () => 'done')).toBe('done')
})
