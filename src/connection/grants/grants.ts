// The table of grants: how each of them gets a token.
import type { Http, TokenSource } from '../../bigquery/transport.ts'
import type { ConnectionConfig } from '../../contract/connection.ts'
import { createTokenSource } from '../token-source.ts'
import { fetchJwtBearerToken, readSigningKey } from './jwt-bearer.ts'

/**
 * The token source of a resolved configuration. Keys are read here, so that a bad one is told at once.
 * @throws ConnectorError `BQC_KEY_INVALID`
 */
export async function openTokenSource(
  config: ConnectionConfig,
  http: Http,
  now: () => number,
): Promise<TokenSource> {
  switch (config.grant) {
    case 'none':
      return fixedToken(undefined)
    case 'access-token':
      return fixedToken(config.accessToken)
    default: {
      const key = await readSigningKey(config)
      const { scope, subject } = config
      return createTokenSource(() => fetchJwtBearerToken(http, key, { scope, subject }, now), now)
    }
  }
}

function fixedToken(value: string | undefined): TokenSource {
  return { token: async () => value, renew: async () => value }
}
