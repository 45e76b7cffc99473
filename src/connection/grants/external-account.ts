// Tokens for the identity of another platform (workload identity federation), through Google's own library,
// which is loaded only for them and sends over our pool.
import type {
  BaseExternalAccountClient,
  Credentials,
  ExternalAccountAuthorizedUserClient,
  gaxios,
} from 'google-auth-library'
import { smallReply } from '../../bigquery/http-message.ts'
import { type Http, openTransport } from '../../bigquery/transport.ts'
import { ConnectorError } from '../../errors.ts'
import type { Token } from '../token-source.ts'
import type { CredentialFile } from './credential-file.ts'
import { refusalError, wordsOf } from './refusal.ts'

/** How long a token is good for where nobody says, in milliseconds. */
const usualLifeMs = 3_600_000

/** Each call of what it gives asks for a new token; none is kept but in our token source. */
export function openExternalAccount(
  file: CredentialFile,
  scopes: readonly string[],
  http: Http,
  now: () => number,
): () => Promise<Token> {
  // One for all tokens: refresh tokens may be replaced by newer ones under way.
  let client: Client | undefined
  return async () => {
    try {
      client ??= await openClient(file, scopes, http)
      Object.assign(client, { cachedAccessToken: null })
      const { token } = await client.getAccessToken()
      const { cachedAccessToken: issued } = client as unknown as { cachedAccessToken: Credentials | null }
      // The library has the system's clock; what counts is how long the token lives.
      const lifeMs = (issued?.expiry_date ?? Date.now() + usualLifeMs) - Date.now()
      return { value: token ?? '', expiresAt: now() + lifeMs }
    } catch (thrown) {
      throw errorOf(thrown)
    }
  }
}

type Client = BaseExternalAccountClient | ExternalAccountAuthorizedUserClient

async function openClient(file: CredentialFile, scopes: readonly string[], http: Http): Promise<Client> {
  const library = await import('google-auth-library')
  const transporter = openLibraryHttp(library.gaxios.Gaxios, http)
  // With request parameters of its own, the library would log whole requests where its logs are on.
  const options = { ...file, scopes: [...scopes], transporter, useAuthRequestParameters: false } as never
  if (file.type === 'external_account_authorized_user') {
    return new library.ExternalAccountAuthorizedUserClient(options)
  }
  const source = file['credential_source'] as Record<string, unknown>
  const client = source['environment_id']
    ? new library.AwsClient(options)
    : source['executable']
      ? new library.PluggableAuthClient(options)
      : new library.IdentityPoolClient(options)
  // The exchange of tokens is the one part that the library lets go its own way.
  const { stsCredential } = client as unknown as { stsCredential: { transporter: unknown } }
  stsCredential.transporter = transporter
  return client
}

/** The library's HTTP over our pool: its proxies and time-outs, our retries and no other. */
function openLibraryHttp(Gaxios: typeof gaxios.Gaxios, http: Http): gaxios.Gaxios {
  const nobody = { token: async () => undefined, renew: async () => undefined }
  const bounded: Http = { ...http, send: (request) => http.send({ ...request, ...smallReply }) }
  const { fetch } = openTransport(bounded, nobody)
  const opened = new Gaxios({
    fetchImplementation: ((url: string | URL | Request, init: RequestInit = {}) =>
      fetch(url, init.body ? { ...init, body: String(init.body) } : init)) as typeof globalThis.fetch,
  })
  opened.interceptors.request.add({
    resolved: async (config) => Object.assign(config, { retry: false, retryConfig: undefined }),
  })
  return opened
}

interface LibraryError {
  readonly message?: string
  readonly cause?: unknown
  readonly config?: { readonly url?: unknown; readonly data?: unknown }
  readonly response?: { readonly status: number; readonly data?: unknown; readonly headers?: unknown }
}

/** The library's errors hold whole requests, secrets included; of those nothing is kept. */
function errorOf(thrown: unknown): ConnectorError {
  const { message = '', cause, config, response } = thrown as LibraryError
  if (cause instanceof ConnectorError) return cause
  const what = 'Sign-in by external account'
  if (response === undefined) {
    // What a parser could not read may be a token.
    const why = thrown instanceof SyntaxError ? 'the subject token is not where the credentials say' : message
    return new ConnectorError(
      'BQC_SIGN_IN_REFUSED',
      `${what} failed: ${why.replace(/\.$/, '')}. Check the credential_source of the credentials.`,
    )
  }
  const secrets = config?.data instanceof URLSearchParams ? [...config.data.values()] : []
  const { error, error_description } = (response.data ?? {}) as Record<string, unknown>
  const envelope = (typeof error === 'object' ? error : {}) as Record<string, unknown>
  const refusal = {
    status: response.status,
    reason: wordsOf(envelope['status'] ?? error, secrets),
    subtype: undefined,
    description: wordsOf(envelope['message'] ?? error_description, secrets),
    clockAheadSeconds: undefined,
    headers: Object.fromEntries(new Headers(response.headers as Record<string, string>)),
  }
  const url = String(config?.url ?? 'the token endpoint').split('?', 1)[0] ?? ''
  return refusalError(refusal, what, url, ({ reason }) =>
    reason === 'invalid_grant' || reason === 'invalid_target'
      ? {
          code: 'BQC_SIGN_IN_REFUSED',
          advice: 'Check the audience of the credentials, and that its provider accepts the subject token.',
        }
      : undefined,
  )
}
