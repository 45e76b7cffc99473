// A JWT that a service account has signed: who signed it, and whether its times are good.
import { createVerify } from 'node:crypto'
import type { ServiceAccounts } from './service-accounts.ts'

const LONGEST_LIFE_S = 3_600
/** How far a client's clock may be off. */
const SKEW_S = 300

export type ServiceJwt =
  | { readonly claims: Readonly<Record<string, unknown>>; readonly keyId: string | undefined }
  | { readonly fault: 'form' | 'account' | 'signature' | 'times' }

export function readServiceJwt(jwt: string, accounts: ServiceAccounts, nowSeconds: number): ServiceJwt {
  const [head = '', payload = '', signature = '', ...rest] = jwt.split('.')
  const header = decode(head)
  const claims = decode(payload)
  if (header === undefined || claims === undefined || rest.length > 0) return { fault: 'form' }
  const keys = accounts.keys(String(claims['iss']))
  if (keys === undefined) return { fault: 'account' }
  const keyId = header['kid'] === undefined ? undefined : String(header['kid'])
  const candidates = keyId === undefined ? [...keys.values()] : [keys.get(keyId)]
  const signed = `${head}.${payload}`
  const verified = candidates.some(
    (key) =>
      key !== undefined &&
      header['alg'] === 'RS256' &&
      createVerify('RSA-SHA256').update(signed).verify(key, signature, 'base64url'),
  )
  if (!verified) return { fault: 'signature' }
  const { iat, exp } = claims
  const timely =
    typeof iat === 'number' &&
    typeof exp === 'number' &&
    exp - iat <= LONGEST_LIFE_S &&
    iat <= nowSeconds + SKEW_S &&
    exp > nowSeconds
  return timely ? { claims, keyId } : { fault: 'times' }
}

const BIGQUERY_AUDIENCE = 'https://bigquery.googleapis.com/'

/**
 * The account whose JWT may stand in for a token: the key is named, the account signed it for itself, and it
 * says either for which scopes or for which service, not both.
 */
export function bearerOf(token: string, accounts: ServiceAccounts, nowSeconds: number): string | undefined {
  const jwt = readServiceJwt(token, accounts, nowSeconds)
  if ('fault' in jwt || jwt.keyId === undefined) return undefined
  const { iss, sub, scope, aud } = jwt.claims
  const isForScopes = aud === undefined && typeof scope === 'string' && scope.trim() !== ''
  const isForService = scope === undefined && aud === BIGQUERY_AUDIENCE
  return sub === iss && (isForScopes || isForService) ? String(iss) : undefined
}

function decode(part: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString())
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined
  } catch {
    return undefined
  }
}
