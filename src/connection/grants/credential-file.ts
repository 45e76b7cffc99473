// The content of a credential file, checked before anything is done with it: it names addresses that secrets
// are sent to, files that are read and programs that are run.
// https://cloud.google.com/docs/authentication/external/externally-sourced-credentials
import { isLoopback, isSafeUrl } from '../../descriptor/resolve.ts'
import { ConnectorError } from '../../errors.ts'

export type CredentialFile = Readonly<Record<string, unknown>> & { readonly type: CredentialType }

const types = [
  'authorized_user',
  'service_account',
  'external_account',
  'external_account_authorized_user',
  'impersonated_service_account',
] as const

type CredentialType = (typeof types)[number]

/** Fields that must be there for the type to be of use. */
const needed: Readonly<Partial<Record<CredentialType, readonly string[]>>> = {
  authorized_user: ['client_id', 'client_secret', 'refresh_token'],
  external_account: ['audience', 'subject_token_type', 'token_url', 'credential_source'],
  external_account_authorized_user: ['token_url', 'refresh_token', 'client_id', 'client_secret'],
  impersonated_service_account: ['service_account_impersonation_url', 'source_credentials'],
}

/** Where secrets are sent to. */
const targets = [
  'token_url',
  'token_uri',
  'token_info_url',
  'revoke_url',
  'cloud_resource_manager_url',
  'service_account_impersonation_url',
]

/** Where the platform tells who this machine is; these may be on the machine's own link. */
const sources = ['url', 'region_url', 'imdsv2_session_token_url', 'regional_cred_verification_url']

/**
 * @param where it came from, as messages name it: `The field credentials`.
 * @throws ConnectorError `BQC_CONFIG_INVALID`, which shows none of its values.
 */
export function checkCredentialFile(content: unknown, where: string): CredentialFile {
  const invalid = (why: string) => new ConnectorError('BQC_CONFIG_INVALID', `${where} ${why}.`)
  const file = typeof content === 'string' ? parse(content) : content
  if (!isObject(file)) throw invalid('holds no JSON object: take the whole content of a credential file')
  const type = types.find((known) => known === file['type'])
  if (type === undefined) throw invalid(`must have a type, one of ${types.join(', ')}`)
  const missing = (needed[type] ?? []).filter((name) => file[name] === undefined || file[name] === '')
  if (missing.length > 0) throw invalid(`is of the type ${type}, and lacks ${missing.join(', ')}`)

  checkNames(file, invalid)
  for (const name of targets) {
    if (file[name] !== undefined && !isSafeUrl(String(file[name]))) {
      throw invalid(
        `must have an https URL as ${name}, or an http URL on this machine, without user, password and query`,
      )
    }
  }
  if (file['credential_source'] !== undefined) checkSource(file['credential_source'], invalid)
  if (type === 'impersonated_service_account') checkCredentialFile(file['source_credentials'], where)
  return { ...file, type }
}

/** Google's library takes tokenUrl for token_url; what goes by such a name would go unchecked. */
function checkNames(file: Record<string, unknown>, invalid: (why: string) => ConnectorError): void {
  if (Object.keys(file).some((name) => /[A-Z]/.test(name))) {
    throw invalid('has a field with capital letters in its name, as no credential file of Google has')
  }
}

function checkSource(source: unknown, invalid: (why: string) => ConnectorError): void {
  if (!isObject(source)) throw invalid('must have an object as credential_source')
  checkNames(source, invalid)
  for (const name of sources) {
    if (source[name] !== undefined && !isSourceUrl(String(source[name]))) {
      throw invalid(`must have an https URL as credential_source.${name}, or one of this machine's own link`)
    }
  }
  if (
    source['executable'] !== undefined &&
    process.env['GOOGLE_EXTERNAL_ACCOUNT_ALLOW_EXECUTABLES'] !== '1'
  ) {
    throw invalid(
      'names a program to run (credential_source.executable), which only whoever runs this machine may allow: by the variable GOOGLE_EXTERNAL_ACCOUNT_ALLOW_EXECUTABLES=1',
    )
  }
  if (source['certificate'] !== undefined) {
    throw invalid('asks for a client certificate (credential_source.certificate), which is not supported')
  }
}

/** The addresses of metadata servers: no other machine can answer there. */
const linkLocal: ReadonlySet<string> = new Set(['169.254.169.254', '169.254.170.2', '[fd00:ec2::254]'])

function isSourceUrl(text: string): boolean {
  const url = URL.parse(text.replaceAll('{region}', 'region'))
  if (url === null || url.username !== '' || url.password !== '') return false
  if (url.protocol === 'https:') return true
  return url.protocol === 'http:' && (linkLocal.has(url.hostname) || isLoopback(url.href))
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
