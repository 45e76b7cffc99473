// What a token endpoint's refusal means, and what to do about it. Google's words, where they tell more
// than the error code of OAuth 2.0 (RFC 6749, section 5.2), are known here alone.
import { retryAfterMs } from '../../bigquery/http-message.ts'
import { ConnectorError, type ErrorCode, errorCatalogue } from '../../errors.ts'
import { createMask } from '../mask-secrets.ts'

export interface Refusal {
  readonly status: number
  /** The error code: `invalid_grant`, ...; absent when the answer is none of OAuth. */
  readonly reason: string | undefined
  /** Google's further code: `invalid_rapt`, ... */
  readonly subtype: string | undefined
  readonly description: string | undefined
  /** How far this machine's clock is ahead of the endpoint's, in seconds; unknown when it told no time. */
  readonly clockAheadSeconds: number | undefined
  readonly headers: Readonly<Record<string, string>>
}

/** What a refusal comes to. */
export interface Judgement {
  readonly code: ErrorCode
  /** What to do, as sentences. */
  readonly advice: string
}

/** @param what was refused, as a message begins: `Sign-in as loader@example.com`. */
export function refusalError(
  refusal: Refusal,
  what: string,
  url: string,
  judge: (refusal: Refusal) => Judgement | undefined = () => undefined,
): ConnectorError {
  const { status, reason = `HTTP status ${status}`, description, headers } = refusal
  const { code, advice } = isTransient(refusal)
    ? usualJudgement('BQC_SERVICE_UNAVAILABLE')
    : (judge(refusal) ?? usualJudgement('BQC_SIGN_IN_REFUSED', refusal.reason))
  const said = description === undefined ? reason : `${reason}: ${description.replace(/\.$/, '')}`
  const wait = retryAfterMs(headers)
  return new ConnectorError(code, `${what} was refused by ${url} (${said}). ${advice}`, {
    httpStatus: status,
    reason,
    ...(wait === undefined ? {} : { retryAfterMs: wait }),
  })
}

function isTransient({ status, reason }: Refusal): boolean {
  return status >= 500 || status === 429 || status === 408 || reason === 'temporarily_unavailable'
}

const usualAdvice: Readonly<Record<string, string>> = {
  access_denied: 'Ask an administrator whether this account may sign in here.',
  admin_policy_enforced: 'An administrator of the organisation has to allow this client for these scopes.',
  disabled_client: 'The client is disabled: enable it in the Google Cloud console, or use another.',
  invalid_client: 'Check the client id and the client secret of the connection.',
  invalid_scope: 'Check the scopes: each must be spelt as Google lists it, and be allowed for this account.',
  org_internal:
    'The client is for accounts of its own organisation only: use one of those, or another client.',
  unauthorized_client: 'Check that this client may use this grant for these scopes.',
  unsupported_grant_type: 'Check the token URL of the connection: this one knows no such grant.',
}

function usualJudgement(code: ErrorCode, reason = ''): Judgement {
  return { code, advice: usualAdvice[reason] ?? errorCatalogue[code].advice }
}

/** What an endpoint said, as a message shows it: on one line, without control characters, not too long, and without the secrets sent. */
export function wordsOf(said: unknown, secrets: readonly string[]): string | undefined {
  if (typeof said !== 'string' || said === '') return undefined
  return createMask(secrets)(said)
    .replaceAll(/[\s\p{Cc}]+/gu, ' ')
    .slice(0, 300)
}
