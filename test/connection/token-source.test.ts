import { describe, expect, it } from 'vitest'
import { createTokenSource, type Token } from '../../src/connection/token-source.ts'

const minute = 60_000
const hour = 60 * minute

/** A grant that issues `t1`, `t2`, ... for an hour each, and a clock to turn. */
function issuingSource({ lifeMs = hour } = {}) {
  const clock = { now: 1_000_000 }
  const grant = { fetches: 0, failure: undefined as Error | undefined }
  const fetchToken = async (): Promise<Token> => {
    grant.fetches += 1
    if (grant.failure) throw grant.failure
    return { value: `t${grant.fetches}`, expiresAt: clock.now + lifeMs }
  }
  return { clock, grant, source: createTokenSource(fetchToken, () => clock.now) }
}

describe('a token', () => {
  it('is fetched once for fifty parallel calls', async () => {
    const { grant, source } = issuingSource()

    const tokens = await Promise.all(Array.from({ length: 50 }, () => source.token()))

    expect(new Set(tokens)).toEqual(new Set(['t1']))
    expect(grant.fetches).toBe(1)
  })

  it('is not fetched before anybody asks', () => {
    const { grant } = issuingSource()

    expect(grant.fetches).toBe(0)
  })

  it.each([
    ['an hour', hour, 55 * minute],
    ['six minutes', 6 * minute, 3 * minute],
    ['a second', 1000, 500],
  ])('that lives %s is kept until five minutes, or half its life, are left', async (_, lifeMs, keptMs) => {
    const { clock, source } = issuingSource({ lifeMs })
    const start = clock.now
    await source.token()

    clock.now = start + keptMs - 1
    const before = await source.token()
    clock.now = start + keptMs
    const after = await source.token()

    expect([before, after]).toEqual(['t1', 't2'])
  })

  it('that never expires is kept', async () => {
    const { clock, grant, source } = issuingSource({ lifeMs: Number.POSITIVE_INFINITY })
    await source.token()

    clock.now += 1000 * hour
    const token = await source.token()

    expect([token, grant.fetches]).toEqual(['t1', 1])
  })

  it('that has expired is fetched once for fifty parallel calls', async () => {
    const { clock, grant, source } = issuingSource()
    await source.token()

    clock.now += 2 * hour
    const tokens = await Promise.all(Array.from({ length: 50 }, () => source.token()))

    expect(new Set(tokens)).toEqual(new Set(['t2']))
    expect(grant.fetches).toBe(2)
  })
})

describe('a token that the service refused', () => {
  it('is renewed once for all parallel calls that were refused with it', async () => {
    const { grant, source } = issuingSource()
    await source.token()

    const renewed = await Promise.all(Array.from({ length: 50 }, () => source.renew('t1')))

    expect(new Set(renewed)).toEqual(new Set(['t2']))
    expect(grant.fetches).toBe(2)
  })

  it('is not renewed again for a call that comes late with the old token', async () => {
    const { grant, source } = issuingSource()
    await source.token()
    await source.renew('t1')

    const late = await source.renew('t1')

    expect([late, grant.fetches]).toEqual(['t2', 2])
  })

  it('is handed out no more', async () => {
    const { source } = issuingSource()
    await source.token()
    await source.renew('t1')

    expect(await source.token()).toBe('t2')
  })
})

describe('a failed fetch', () => {
  it('fails every call that waited for it', async () => {
    const { grant, source } = issuingSource()
    grant.failure = new Error('no sign-in today')

    const results = await Promise.allSettled([source.token(), source.token(), source.renew('t0')])

    expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected'])
    expect(grant.fetches).toBe(1)
  })

  it('is not remembered: the next call fetches again', async () => {
    const { grant, source } = issuingSource()
    grant.failure = new Error('no sign-in today')
    await source.token().catch(() => {})

    grant.failure = undefined
    const token = await source.token()

    expect(token).toBe('t2')
  })

  it('of an early renewal does no harm, and is tried again when half of what was left is over', async () => {
    const { clock, grant, source } = issuingSource()
    const start = clock.now
    await source.token()
    grant.failure = new Error('no sign-in today')
    const fetchesAt = async (ms: number) => {
      clock.now = start + ms
      const tokens = await Promise.all(Array.from({ length: 50 }, () => source.token()))
      expect(new Set(tokens)).toEqual(new Set(['t1']))
      return grant.fetches
    }

    const fetches = [
      await fetchesAt(55 * minute),
      await fetchesAt(57.5 * minute - 1),
      await fetchesAt(57.5 * minute),
      await fetchesAt(58.75 * minute - 1),
      await fetchesAt(58.75 * minute),
    ]

    expect(fetches).toEqual([2, 2, 3, 3, 4])
  })

  it('of a renewal leaves the next renewal free to succeed', async () => {
    const { grant, source } = issuingSource()
    await source.token()
    grant.failure = new Error('no sign-in today')
    await source.renew('t1').catch(() => {})

    grant.failure = undefined

    expect(await source.renew('t1')).toBe('t3')
  })
})
