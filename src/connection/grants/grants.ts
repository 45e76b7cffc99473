// The table of grants: how each of them gets a token.
import type { Http, TokenSource } from '../../bigquery/transport.ts'
import type { BigqueryConnection } from '../../contract/options/bigquery-connection.ts'
import { invalidConfig } from '../../descriptor/resolve.ts'
import { createTokenSource } from '../token-source.ts'
import { type KeepRefreshToken, refreshByToken } from './authorization-code.ts'
import { fetchJwtBearerToken, signBearerToken } from './jwt-bearer.ts'
import { readSigningKey } from './signing-key.ts'

/**
 * The token source of a resolved configuration. Keys are read here, so that a bad one is told at once.
 * @throws ConnectorError `BQC_KEY_INVALID`, `BQC_CONFIG_INVALID`, `BQC_CONSENT_NEEDED`
 */
export async function openTokenSource(
  config: BigqueryConnection,
  http: Http,
  now: () => number,
  keepRefreshToken: KeepRefreshToken = () => undefined,
): Promise<TokenSource> {
  switch (config.grant) {
    case 'none':
      return fixedToken(undefined)
    case 'access-token':
      return fixedToken(config.accessToken)
    case 'authorization-code':
      return createTokenSource(refreshByToken(config, http, keepRefreshToken, now), now)
    default:
      return openJwtBearer(config, http, now)
  }
}

async function openJwtBearer(
  config: BigqueryConnection,
  http: Http,
  now: () => number,
): Promise<TokenSource> {
  const key = await readSigningKey(config)
  if (!config.selfSigned) return createTokenSource(() => fetchJwtBearerToken(http, key, config, now), now)
  if (key.keyId === undefined) {
    throw invalidConfig('connection', [
      { path: '/keyId', message: 'is required: a self-signed JWT is checked by the key that it names' },
    ])
  }
  return createTokenSource(() => signBearerToken(key, config, now), now)
}

function fixedToken(value: string | undefined): TokenSource {
  return { token: async () => value, renew: async () => value }
}
