// The table of grants: how each of them gets a token.
import { type Http, openTransport, type TokenSource } from '../../bigquery/transport.ts'
import type { BigqueryConnection } from '../../contract/options/bigquery-connection.ts'
import { invalidConfig } from '../../descriptor/resolve.ts'
import { createTokenSource } from '../token-source.ts'
import { openApplicationDefault } from './application-default.ts'
import { type KeepRefreshToken, refreshByToken } from './authorization-code.ts'
import { fetchImpersonatedToken, impersonatorScope } from './impersonation.ts'
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
  const { impersonate: account, impersonationDelegates: delegates = [] } = config
  const open = (scope: string) => openGrant(config, scope, http, now, keepRefreshToken)
  if (account === undefined) return open(scopesOf(config))
  const source = await open(impersonatorScope)
  const impersonation = { account, delegates, scopes: scopesOf(config).split(' ') }
  const transport = openTransport(http, source)
  return createTokenSource(() => fetchImpersonatedToken(transport, impersonation, now), now)
}

/** @param scope what the token is for, where the grant can say it. */
async function openGrant(
  config: BigqueryConnection,
  scope: string,
  http: Http,
  now: () => number,
  keepRefreshToken: KeepRefreshToken,
): Promise<TokenSource> {
  switch (config.grant) {
    case 'none':
      return fixedToken(undefined)
    case 'access-token':
      return fixedToken(config.accessToken)
    case 'authorization-code':
      return createTokenSource(refreshByToken(config, http, keepRefreshToken, now), now)
    case 'application-default': {
      const fetch = await openApplicationDefault(config.credentials, scope.split(' '), http, now)
      return createTokenSource(fetch, now)
    }
    default:
      return openJwtBearer(config, scope, http, now)
  }
}

async function openJwtBearer(
  config: BigqueryConnection,
  scope: string,
  http: Http,
  now: () => number,
): Promise<TokenSource> {
  const key = await readSigningKey(config)
  const claims = { ...config, extendedClaims: { ...config.extendedClaims, scope } }
  if (!config.selfSigned) return createTokenSource(() => fetchJwtBearerToken(http, key, claims, now), now)
  if (key.keyId === undefined) {
    throw invalidConfig('connection', [
      { path: '/keyId', message: 'is required: a self-signed JWT is checked by the key that it names' },
    ])
  }
  return createTokenSource(() => signBearerToken(key, claims, now), now)
}

/** Parted by blanks: a claim of the JWT, or a field of its own. */
function scopesOf({ grant, extendedClaims, scope = '' }: BigqueryConnection): string {
  return grant === 'jwt-bearer' ? String(extendedClaims['scope']) : scope
}

function fixedToken(value: string | undefined): TokenSource {
  return { token: async () => value, renew: async () => value }
}
