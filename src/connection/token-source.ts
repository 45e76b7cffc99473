// One token for all parallel calls: fetched once, renewed early, and fetched again after a 401.
import type { TokenSource } from '../bigquery/transport.ts'

export interface Token {
  readonly value: string
  /** When it stops being good, in milliseconds since 1970; `Infinity` when nobody said. */
  readonly expiresAt: number
}

/** A token is renewed when less than this is left, in milliseconds, or less than half of its life. */
const earlyMs = 300_000

/**
 * @param fetchToken asks the grant for a new token; never called twice at the same time.
 * @param now the clock, in milliseconds since 1970.
 */
export function createTokenSource(
  fetchToken: () => Promise<Token>,
  now: () => number = Date.now,
): TokenSource {
  let current: Token | undefined
  let renewAt = 0
  let fetching: Promise<string> | undefined

  const fetch = (): Promise<string> => {
    fetching ??= fetchToken()
      .then((token) => {
        current = token
        renewAt = token.expiresAt - Math.min(earlyMs, (token.expiresAt - now()) / 2)
        return token.value
      })
      .finally(() => {
        fetching = undefined
      })
    return fetching
  }

  return {
    async token() {
      if (current === undefined || now() >= current.expiresAt) return fetch()
      const { value } = current
      // While the old token is good, a renewal that fails does no harm: the next call tries again.
      return now() < renewAt ? value : fetch().catch(() => value)
    },
    // Of many calls that were refused with one token only the first one fetches; the rest find its result.
    renew: async (refused) => (current && current.value !== refused ? current.value : fetch()),
  }
}
