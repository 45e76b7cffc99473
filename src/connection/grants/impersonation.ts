// A token of one service account for whoever may create it. Asked for here and not by Google's library,
// which warns on stderr of each such client and tries again by a policy of its own.
// https://cloud.google.com/iam/docs/create-short-lived-credentials-direct
import { smallReply } from '../../bigquery/http-message.ts'
import type { Transport } from '../../bigquery/transport.ts'
import type { Token } from '../token-source.ts'
import { type Judgement, type Refusal, refusalError, wordsOf } from './refusal.ts'

/** What the source's token must be good for. */
export const impersonatorScope = 'https://www.googleapis.com/auth/iam'

const googleEndpoint = 'https://iamcredentials.googleapis.com'

/** Seconds; more needs an organisation's leave. */
const lifetime = 3600

export interface Impersonation {
  /** E-mail address. */
  readonly account: string
  /** From the first, which the source reaches, to the last, which reaches the account. */
  readonly delegates: readonly string[]
  readonly scopes: readonly string[]
  /** Scheme and host; default Google's. */
  readonly endpoint?: string
}

/** @param source sends with the token of the one who impersonates. */
export async function fetchImpersonatedToken(
  source: Transport,
  { account, delegates, scopes, endpoint = googleEndpoint }: Impersonation,
  now: () => number,
): Promise<Token> {
  const url = `${endpoint}/v1/projects/-/serviceAccounts/${encodeURIComponent(account)}:generateAccessToken`
  const reply = await source.send({
    method: 'POST',
    url,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      delegates: delegates.map((delegate) => `projects/-/serviceAccounts/${delegate}`),
      scope: scopes,
      lifetime: `${lifetime}s`,
    }),
    ...smallReply,
  })
  const { accessToken, expireTime, error } = parse(reply.text)
  if (reply.status === 200 && typeof accessToken === 'string') {
    const expiresAt = Date.parse(String(expireTime))
    return { value: accessToken, expiresAt: Number.isNaN(expiresAt) ? now() + lifetime * 1000 : expiresAt }
  }
  const refusal: Refusal = {
    status: reply.status,
    reason: wordsOf(error?.status, []),
    subtype: undefined,
    description: wordsOf(error?.message, []),
    clockAheadSeconds: undefined,
    headers: reply.headers,
  }
  throw refusalError(refusal, `A token of ${account}`, url, (refused) => judge(refused, account, delegates))
}

function judge(
  { status, description = '' }: Refusal,
  account: string,
  delegates: readonly string[],
): Judgement | undefined {
  const code = 'BQC_SIGN_IN_REFUSED'
  if (status === 401 || (status === 403 && /scope/i.test(description))) {
    const advice = `The account that signs in needs a token for the scope ${impersonatorScope}, or for cloud-platform.`
    return { code, advice }
  }
  if (status === 403) {
    const through = delegates.length > 0 ? `, through ${delegates.join(' and ')}` : ''
    const advice = `Grant the account that signs in the role Service Account Token Creator on ${account}${through}, and enable the API iamcredentials.googleapis.com.`
    return { code, advice }
  }
  if (status === 404) return { code, advice: `There is no account ${account}, or it was deleted.` }
  return undefined
}

function parse(text: string): {
  accessToken?: unknown
  expireTime?: unknown
  error?: { status?: unknown; message?: unknown }
} {
  try {
    return JSON.parse(text) ?? {}
  } catch {
    return {}
  }
}
