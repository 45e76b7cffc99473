// Application default credentials: those given, else those that this machine has.
// https://cloud.google.com/docs/authentication/application-default-credentials
import { readFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { type Http, openTransport } from '../../bigquery/transport.ts'
import { ConnectorError } from '../../errors.ts'
import { createTokenSource, type Token } from '../token-source.ts'
import { type CredentialFile, checkCredentialFile } from './credential-file.ts'
import { openExternalAccount } from './external-account.ts'
import { fetchImpersonatedToken, impersonatorScope } from './impersonation.ts'
import { fetchJwtBearerToken } from './jwt-bearer.ts'
import { fetchMetadataToken } from './metadata-server.ts'
import { readSigningKey } from './signing-key.ts'
import { requestToken } from './token-request.ts'

/** A call that gets a new token. */
type Fetch = () => Promise<Token>

/**
 * @param given the content of a credential file; undefined: what the machine has, looked up for each token,
 *   because platforms change it under way.
 * @throws ConnectorError `BQC_CONFIG_INVALID`, `BQC_KEY_INVALID`: what is given is of no use.
 */
export async function openApplicationDefault(
  given: unknown,
  scopes: readonly string[],
  http: Http,
  now: () => number,
): Promise<Fetch> {
  if (given !== undefined) {
    return openFile(checkCredentialFile(given, 'The field credentials'), scopes, http, now)
  }
  let opened: { readonly text: string; readonly fetch: Fetch } | undefined
  return async () => {
    const found = await findFile()
    if (found === undefined) return fetchMetadataToken(scopes, now)
    const { text, path } = found
    if (opened?.text !== text) {
      const file = checkCredentialFile(text, `The credential file ${path}`)
      opened = { text, fetch: await openFile(file, scopes, http, now) }
    }
    return opened.fetch()
  }
}

async function openFile(
  file: CredentialFile,
  scopes: readonly string[],
  http: Http,
  now: () => number,
): Promise<Fetch> {
  switch (file.type) {
    case 'service_account': {
      const key = await readSigningKey({ projectId: '', serviceAccountKey: file })
      const claims = { assertionLifetime: 3600, extendedClaims: { scope: scopes.join(' ') } }
      return () => fetchJwtBearerToken(http, key, claims, now)
    }
    case 'authorized_user':
      return () => fetchUserToken(file, http, now)
    case 'impersonated_service_account':
      return openImpersonated(file, scopes, http, now)
    default:
      return openExternalAccount(file, scopes, http, now)
  }
}

async function fetchUserToken(file: CredentialFile, http: Http, now: () => number): Promise<Token> {
  const textOf = (name: string) => String(file[name])
  const { token } = await requestToken(
    http,
    {
      url: String(file['token_uri'] ?? 'https://oauth2.googleapis.com/token'),
      form: {
        grant_type: 'refresh_token',
        refresh_token: textOf('refresh_token'),
        client_id: textOf('client_id'),
        client_secret: textOf('client_secret'),
      },
      as: 'the user of the credentials',
      judge: ({ reason }) =>
        reason === 'invalid_grant'
          ? {
              code: 'BQC_SIGN_IN_REFUSED',
              advice: 'The user has to sign in again: gcloud auth application-default login.',
            }
          : undefined,
    },
    now,
  )
  return token
}

async function openImpersonated(
  file: CredentialFile,
  scopes: readonly string[],
  http: Http,
  now: () => number,
): Promise<Fetch> {
  const source = checkCredentialFile(file['source_credentials'], 'The field source_credentials')
  const tokens = createTokenSource(await openFile(source, [impersonatorScope], http, now), now)
  const url = new URL(String(file['service_account_impersonation_url']))
  const account = /\/serviceAccounts\/([^/]+):generateAccessToken$/.exec(url.pathname)?.[1]
  if (account === undefined) {
    throw new ConnectorError(
      'BQC_CONFIG_INVALID',
      'The service_account_impersonation_url of the credentials names no account: it must end with /serviceAccounts/EMAIL:generateAccessToken.',
    )
  }
  const delegates = Array.isArray(file['delegates']) ? file['delegates'].map(String) : []
  const impersonation = { account: decodeURIComponent(account), delegates, scopes, endpoint: url.origin }
  return () => fetchImpersonatedToken(openTransport(http, tokens), impersonation, now)
}

/** The file that a variable names, else the one that gcloud has written; undefined when there is none. */
async function findFile(): Promise<{ readonly path: string; readonly text: string } | undefined> {
  const named = process.env['GOOGLE_APPLICATION_CREDENTIALS']
  const path = named || join(gcloudDirectory(), 'application_default_credentials.json')
  const text = await readFile(path, 'utf8').catch((thrown: NodeJS.ErrnoException) => {
    if (!named && (thrown.code === 'ENOENT' || thrown.code === 'ENOTDIR')) return undefined
    throw new ConnectorError(
      'BQC_CONFIG_INVALID',
      `The credential file ${path} cannot be read (${thrown.code}). Check the variable GOOGLE_APPLICATION_CREDENTIALS and the rights of the file.`,
    )
  })
  return text === undefined ? undefined : { path, text }
}

function gcloudDirectory(): string {
  const { CLOUDSDK_CONFIG: chosen, APPDATA: roaming } = process.env
  if (chosen) return chosen
  return process.platform === 'win32' && roaming
    ? join(roaming, 'gcloud')
    : join(homedir(), '.config', 'gcloud')
}
