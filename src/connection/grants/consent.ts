// The consent itself: the address to open, and the answer, which must be the one to our question (RFC 6749,
// section 10.12; RFC 7636). Nothing here puts a code, a verifier, a state or a token into an error.
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import type { Http } from '../../bigquery/transport.ts'
import type { Consent, ConsentOptions, GivenConsent } from '../../contract/consent.ts'
import type { BigqueryConnection } from '../../contract/options/bigquery-connection.ts'
import { invalidConfig, isSafeUrl } from '../../descriptor/resolve.ts'
import { ConnectorError } from '../../errors.ts'
import { type ClientConfig, consentAdvice } from './authorization-code.ts'
import { impersonatorScope } from './impersonation.ts'
import type { Judgement, Refusal } from './refusal.ts'
import { requestToken } from './token-request.ts'

const lifetimeMs = 900_000

/** A pool for one task, closed behind it. */
export type WithHttp = <T>(task: (http: Http) => Promise<T>) => Promise<T>

/** @throws ConnectorError `BQC_CONFIG_INVALID` for a redirect URI that secrets may not be sent to. */
export function askConsent(
  config: ClientConfig & Pick<BigqueryConnection, 'impersonate'>,
  { redirectUri, loginHint }: ConsentOptions,
  withHttp: WithHttp,
  now: () => number,
): Consent {
  if (!isSafeUrl(redirectUri)) throw invalidConfig('consent', [{ path: '/redirectUri', message: allowedUri }])
  // Who works as a service account asks for its tokens; the connection's scopes are the account's.
  const scope = config.impersonate === undefined ? config.scope : impersonatorScope
  const [state, verifier] = [secretText(), secretText()]
  const url = new URL(config.authorizationUrl)
  url.search = new URLSearchParams({
    ...config.authorizationParameters,
    client_id: config.clientId,
    redirect_uri: redirectUri,
    response_type: 'code',
    scope,
    state,
    code_challenge: digest(verifier).toString('base64url'),
    code_challenge_method: 'S256',
    ...(loginHint === undefined ? {} : { login_hint: loginHint }),
  }).toString()
  const expiresAt = now() + lifetimeMs
  let isUsed = false

  async function exchange(code: string, signal: AbortSignal | undefined): Promise<GivenConsent> {
    const { clientId, clientSecret, tokenUrl, tokenParameters } = config
    const form = {
      ...tokenParameters,
      grant_type: 'authorization_code',
      code,
      redirect_uri: redirectUri,
      client_id: clientId,
      client_secret: clientSecret,
      code_verifier: verifier,
    }
    const request = { url: tokenUrl, form, as: `client ${clientId}`, judge: judgeExchange, signal }
    const { answer } = await withHttp((http) => requestToken(http, request, now))
    const refreshToken = answer['refresh_token']
    if (typeof refreshToken !== 'string' || refreshToken === '') throw refused('no_refresh_token')
    // An issuer that says nothing has granted what was asked for (RFC 6749, section 5.1).
    const granted = typeof answer['scope'] === 'string' ? answer['scope'] : scope
    const missingScopes = scope.split(' ').filter((each) => !granted.split(' ').includes(each))
    return { refreshToken, scope: granted, missingScopes }
  }

  return {
    url: url.href,
    expiresAt,
    async complete(callbackUrl, { signal } = {}) {
      if (isUsed) throw refused('consent_used')
      if (now() >= expiresAt) throw refused('consent_expired')
      const answer = URL.parse(callbackUrl, redirectUri)?.searchParams ?? new URLSearchParams()
      const states = answer.getAll('state')
      if (states.length !== 1 || !isSame(states[0] ?? '', state)) throw refused('state_mismatch')
      isUsed = true
      const error = answer.get('error')
      if (error !== null) throw refused(/^[a-z_]{1,60}$/.test(error) ? error : 'unknown_error')
      const code = answer.get('code')
      if (!code) throw refused('no_code')
      return exchange(code, signal)
    },
  }
}

const allowedUri =
  'must be an https URL, or an http URL on this machine, without user, password, query and fragment'

const explanations: Readonly<Record<string, string>> = {
  access_denied: `The person who was asked for consent said no. ${consentAdvice}`,
  consent_expired: `The answer came too late: a consent is asked for 15 minutes. ${consentAdvice}`,
  consent_used: `This consent has had its answer already; each is good for one. ${consentAdvice}`,
  no_code: `The issuer sent the person back without a code. ${consentAdvice}`,
  no_refresh_token:
    'The issuer gave access, but no refresh token, and so none for later. Leave access_type=offline and prompt=consent among the authorization parameters, or remove the application from the settings of the account, and ask again.',
  state_mismatch:
    'An answer came that was not to the question asked: its state is missing or another. It was not used; somebody may have forged it. Answer on the page that was opened for this consent.',
}

function refused(reason: string): ConnectorError {
  const message =
    explanations[reason] ??
    `The issuer did not ask for consent (${reason}). Check client, scopes and account.`
  return new ConnectorError('BQC_CONSENT_REFUSED', message, { reason })
}

function judgeExchange({ reason }: Refusal): Judgement | undefined {
  if (reason !== 'invalid_grant') return undefined
  const why = 'The code is used, too old, or was not made for this consent.'
  return { code: 'BQC_CONSENT_REFUSED', advice: `${why} ${consentAdvice}` }
}

/** 256 bits, in letters that a URL and PKCE take as they are. */
function secretText(): string {
  return randomBytes(32).toString('base64url')
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}

/** Takes as long whatever is wrong. */
function isSame(given: string, expected: string): boolean {
  return timingSafeEqual(digest(given), digest(expected))
}
