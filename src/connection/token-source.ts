// One token for all parallel calls: fetched once, renewed early, and fetched again after a 401.
import type { TokenSource } from '../bigquery/transport.ts'

export interface Token {
  readonly value: string
  /** When it stops being good, in milliseconds since 1970; `Infinity` when nobody said. */
  readonly expiresAt: number
}

/** A token is renewed when no more than this is left, in milliseconds, or no more than half of its life. */
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
      const { value, expiresAt } = current
      if (now() < renewAt) return value
      // While the old token is good, a renewal that fails does no harm; it is tried again when half of what
      // was left is over, so that an endpoint in trouble delays few calls.
      return fetch().catch(() => {
        renewAt = now() + (expiresAt - now()) / 2
        return value
      })
    },
    // Of many calls that were refused with one token only the first one fetches; the rest find its result.
    renew: async (refused) =>
      current && current.value !== refused && now() < current.expiresAt ? current.value : fetch(),
  }
}
