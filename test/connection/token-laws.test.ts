// Laws of tokens, whatever the order in which parallel calls, the token endpoint and the service come about.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { HttpReply, HttpRequest } from '../../src/bigquery/http-message.ts'
import { type Http, openTransport } from '../../src/bigquery/transport.ts'
import { createTokenSource, type Token } from '../../src/connection/token-source.ts'

const lifeMs = 3_600_000

/** A grant and a service whose every answer comes when the scheduler says so. */
function world(scheduler: fc.Scheduler) {
  const state = {
    now: 0,
    fetches: 0,
    fetching: 0,
    mostFetching: 0,
    requests: 0,
    revoked: new Set<string>(),
    isDown: false,
    refusesAll: false,
  }
  const expiries = new Map<string, number>()
  const source = createTokenSource(
    async (): Promise<Token> => {
      state.fetches += 1
      state.fetching += 1
      state.mostFetching = Math.max(state.mostFetching, state.fetching)
      const value = `t${state.fetches}`
      await scheduler.schedule(Promise.resolve(), `fetch ${value}`)
      state.fetching -= 1
      if (state.isDown) throw new Error('the token endpoint is down')
      expiries.set(value, state.now + lifeMs)
      return { value, expiresAt: state.now + lifeMs }
    },
    () => state.now,
  )
  const http: Http = {
    async send(request: HttpRequest): Promise<HttpReply> {
      state.requests += 1
      const token = request.headers?.['authorization']?.replace('Bearer ', '') ?? ''
      await scheduler.schedule(Promise.resolve(), `request with ${token}`)
      const isGood = !state.refusesAll && !state.revoked.has(token) && (expiries.get(token) ?? 0) > state.now
      return { status: isGood ? 200 : 401, headers: {}, text: '{}' }
    },
    close: async () => {},
  }
  const transport = openTransport(http, source)
  const call = () => transport.send({ method: 'GET', url: 'https://bigquery.googleapis.com/x' })
  return { state, source, expiries, call }
}

const counts = fc.integer({ min: 1, max: 50 })

describe('parallel calls, in any order of events,', () => {
  it('make one token request', async () => {
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), counts, async (scheduler, count) => {
        const { state, call } = world(scheduler)

        const replies = await scheduler.waitFor(Promise.all(Array.from({ length: count }, call)))

        expect(replies.map(({ status }) => status)).toEqual(Array(count).fill(200))
        expect(state.fetches).toBe(1)
      }),
    )
  })

  it('make one token request when the token has expired', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.scheduler(),
        counts,
        fc.integer({ min: lifeMs - 300_000, max: 10 * lifeMs }),
        async (scheduler, count, later) => {
          const { state, call } = world(scheduler)
          await scheduler.waitFor(call())
          state.now += later

          const replies = await scheduler.waitFor(Promise.all(Array.from({ length: count }, call)))

          expect(new Set(replies.map(({ status }) => status))).toEqual(new Set([200]))
          expect([state.fetches, state.requests]).toEqual([2, count + 1])
        },
      ),
    )
  })

  it('make one token request when the service takes back the token, and each is sent twice at most', async () => {
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), counts, async (scheduler, count) => {
        const { state, call } = world(scheduler)
        await scheduler.waitFor(call())
        const calls = Promise.all(Array.from({ length: count }, call))
        // It happens at any moment among those calls: some were answered before.
        const revocation = scheduler.schedule(Promise.resolve(), 'revocation').then(() => {
          state.revoked.add('t1')
        })

        const [replies] = await scheduler.waitFor(Promise.all([calls, revocation]))

        expect(new Set(replies.map(({ status }) => status))).toEqual(new Set([200]))
        expect(state.fetches).toBeLessThanOrEqual(2)
        expect(state.requests).toBeLessThanOrEqual(1 + 2 * count)
      }),
    )
  })

  it('are sent twice and no more when the new token is refused as well', async () => {
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), counts, async (scheduler, count) => {
        const { state, call } = world(scheduler)
        state.refusesAll = true

        const replies = await scheduler.waitFor(Promise.all(Array.from({ length: count }, call)))

        expect(new Set(replies.map(({ status }) => status))).toEqual(new Set([401]))
        expect([state.fetches, state.requests]).toEqual([2, 2 * count])
      }),
    )
  })
})

describe('a token source, over a life of calls, time, refusals and outages,', () => {
  const step = fc.oneof(
    fc.record({ do: fc.constant('wait' as const), ms: fc.integer({ min: 0, max: 2 * lifeMs }) }),
    fc.record({ do: fc.constant('ask' as const), count: counts }),
    fc.record({ do: fc.constant('renew' as const), count: counts, which: fc.nat(5) }),
    fc.record({ do: fc.constant('outage' as const), isDown: fc.boolean() }),
  )

  it('never asks twice at once, never hands out what has expired or was refused, and forgets failures', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.scheduler(),
        fc.array(step, { maxLength: 30, size: 'max' }),
        async (scheduler, steps) => {
          const { state, source, expiries } = world(scheduler)
          const given: (string | undefined)[] = []
          for (const one of steps) {
            if (one.do === 'wait') state.now += one.ms
            else if (one.do === 'outage') state.isDown = one.isDown
            else {
              const before = state.fetches
              // A refusal may come late, when its token was renewed long ago.
              const refused = one.do === 'renew' ? given.at(-1 - one.which) : undefined
              const ask = () => (refused === undefined ? source.token() : source.renew(refused))
              const results = await scheduler.waitFor(
                Promise.allSettled(Array.from({ length: one.count }, ask)),
              )
              expect(state.fetches - before).toBeLessThanOrEqual(1)
              for (const result of results) {
                if (result.status === 'rejected') {
                  expect(state.isDown).toBe(true)
                  continue
                }
                expect(result.value).not.toBe(refused)
                expect(expiries.get(result.value ?? '')).toBeGreaterThan(state.now)
              }
              const values = results.flatMap((result) =>
                result.status === 'fulfilled' ? [result.value] : [],
              )
              given.push(...new Set(values.filter((value) => !given.includes(value))))
            }
          }
          expect(state.mostFetching).toBeLessThanOrEqual(1)
        },
      ),
    )
  })
})
