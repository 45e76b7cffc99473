// Takes a consent back: at the issuer where that can be told, and in any case here.
// https://developers.google.com/identity/protocols/oauth2/web-server#tokenrevoke
import { smallReply } from '../../bigquery/http-message.ts'
import type { ConsentReset } from '../../contract/consent.ts'
import { ConnectorError } from '../../errors.ts'
import type { ClientConfig } from './authorization-code.ts'
import type { WithHttp } from './consent.ts'

/** Never throws because of the issuer: a person can take the consent back there, too. */
export async function resetConsent(
  { clientId, tokenUrl, refreshToken }: ClientConfig & { readonly refreshToken?: string },
  withHttp: WithHttp,
  signal: AbortSignal | undefined,
): Promise<ConsentReset> {
  if (refreshToken === undefined) return { revoked: false, message: 'There was no consent to take back.' }
  // Google's addresses stand side by side; those of other issuers usually do.
  const url = new URL('revoke', tokenUrl).href
  const trouble = await withHttp(async (http) => {
    const body = new URLSearchParams({ token: refreshToken }).toString()
    const headers = { 'content-type': 'application/x-www-form-urlencoded' }
    const { status, text } = await http.send({
      method: 'POST',
      url,
      headers,
      body,
      signal,
      ...smallReply,
    })
    return status === 200 || (status === 400 && text.includes('invalid_token'))
      ? undefined
      : `HTTP status ${status}`
  }).catch((thrown: unknown) => {
    if (signal?.aborted || !(thrown instanceof ConnectorError)) throw thrown
    return thrown.code
  })
  const message =
    trouble === undefined
      ? `The consent for the client ${clientId} was taken back at ${url}.`
      : `${url} could not be told that the consent is taken back (${trouble}). Remove the application in the settings of the account, for Google at https://myaccount.google.com/connections.`
  return { revoked: trouble === undefined, message }
}
