// The authorization code grant (RFC 6749, section 4.1) from the consent on: tokens for a refresh token.
// https://developers.google.com/identity/protocols/oauth2/web-server#offline
import type { Http } from '../../bigquery/transport.ts'
import type { BigqueryConnection } from '../../contract/options/bigquery-connection.ts'
import type { JsonSchema } from '../../contract/profile.ts'
import { invalidConfig, resolve } from '../../descriptor/resolve.ts'
import { ConnectorError } from '../../errors.ts'
import type { Token } from '../token-source.ts'
import type { Judgement, Refusal } from './refusal.ts'
import { requestToken } from './token-request.ts'

/** Keeps a refresh token that the issuer has put in the place of the former one. */
export type KeepRefreshToken = (refreshToken: string) => void | Promise<void>

/** What this grant needs of a resolved connection; the descriptor requires it. */
export type ClientConfig = Required<
  Pick<
    BigqueryConnection,
    | 'authorizationParameters'
    | 'authorizationUrl'
    | 'clientId'
    | 'clientSecret'
    | 'scope'
    | 'tokenParameters'
    | 'tokenUrl'
  >
>

/** @throws ConnectorError `BQC_CONFIG_INVALID`, also for another grant. */
export function resolveClient(form: JsonSchema, values: unknown): BigqueryConnection & ClientConfig {
  const config = resolve<BigqueryConnection>(form, values, 'connection')
  if (config.grant === 'authorization-code') return config as BigqueryConnection & ClientConfig
  const message = 'must be authorization-code: no other grant asks a person for consent'
  throw invalidConfig('connection', [{ path: '/grant', value: config.grant, message }])
}

/**
 * Fetches a token each time it is called.
 * @param keep is asked again with the next token for as long as it fails, and no token is given until it has not.
 * @throws ConnectorError `BQC_CONSENT_NEEDED` when there is no refresh token.
 */
export function refreshByToken(
  config: BigqueryConnection,
  http: Http,
  keep: KeepRefreshToken,
  now: () => number,
): () => Promise<Token> {
  const { clientId, clientSecret, tokenUrl, tokenParameters } = config as ClientConfig
  if (config.refreshToken === undefined)
    throw new ConnectorError(
      'BQC_CONSENT_NEEDED',
      `Nobody has yet consented to what the client ${clientId} may do in their name. ${consentAdvice}`,
    )
  let refreshToken = config.refreshToken
  let kept = refreshToken
  return async () => {
    const form = {
      ...tokenParameters,
      grant_type: 'refresh_token',
      refresh_token: refreshToken,
      client_id: clientId,
      client_secret: clientSecret,
    }
    const { token, answer } = await requestToken(
      http,
      { url: tokenUrl, form, as: `client ${clientId}`, judge: judgeRefresh },
      now,
    )
    const rotated = answer['refresh_token']
    if (typeof rotated === 'string' && rotated !== '') refreshToken = rotated
    if (refreshToken !== kept) {
      await keep(refreshToken)
      kept = refreshToken
    }
    return token
  }
}

export const consentAdvice =
  'Ask for consent: "bqc connection authorize NAME", or Generate in the form of the connection.'

/** No retry heals these: the person has to be asked. */
function judgeRefresh({ reason, subtype }: Refusal): Judgement | undefined {
  if (reason !== 'invalid_grant') return undefined
  const why =
    subtype === 'invalid_rapt'
      ? 'The organisation wants people to sign in again from time to time.'
      : 'The consent was withdrawn or has ended, and is needed again.'
  return { code: 'BQC_CONSENT_NEEDED', advice: `${why} ${consentAdvice}` }
}
