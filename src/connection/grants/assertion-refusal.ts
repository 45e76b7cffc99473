// What it means when a signed assertion is refused: a clock that is off, a key, an account, or a right.
import { errorCatalogue } from '../../errors.ts'
import type { Judgement, Refusal } from './refusal.ts'

/** What the assertion said, as far as a refusal may be about it. */
export interface AssertedFacts {
  readonly issuer: string
  readonly keyId: string | undefined
  readonly subject: string | undefined
}

/** Seconds by which two clocks may differ before a refusal is put down to them. */
const usualSkewSeconds = 30

/** @returns undefined where the error code alone says enough. */
export function judgeAssertionRefusal(facts: AssertedFacts, refusal: Refusal): Judgement | undefined {
  const { reason, description = '' } = refusal
  if (reason === 'unauthorized_client') return refused(adviceOnDelegation(facts))
  if (reason !== 'invalid_grant') return undefined
  if (/short-lived token|reasonable timeframe|\b(iat|exp)\b/.test(description)) return judgeTimes(refusal)
  if (/signature/i.test(description)) return refused(adviceOnKey(facts))
  if (/email|user id/i.test(description) && facts.subject !== undefined) {
    return refused(`Check the subject ${facts.subject}: it must be a user of the domain that delegates.`)
  }
  if (/account|email/i.test(description)) {
    return refused(`Check the issuer: there is no account ${facts.issuer}, or it was deleted or disabled.`)
  }
  if (/audience/i.test(description)) {
    return refused('Check the audience of the connection: it is usually the token URL.')
  }
  return refused(`Check the issuer. ${adviceOnKey(facts)}`)
}

function judgeTimes({ clockAheadSeconds: ahead }: Refusal): Judgement {
  const { advice } = errorCatalogue.BQC_CLOCK_SKEWED
  if (ahead === undefined)
    return { code: 'BQC_CLOCK_SKEWED', advice: `It told no time to compare. ${advice}` }
  const seconds = Math.abs(ahead)
  if (seconds <= usualSkewSeconds) {
    return refused(
      `This machine's clock is right to ${seconds} seconds, so check the assertionLifetime of the connection.`,
    )
  }
  const side = ahead > 0 ? 'ahead of' : 'behind'
  return {
    code: 'BQC_CLOCK_SKEWED',
    advice: `This machine's clock is ${seconds} seconds ${side} that of the token endpoint. ${advice}`,
  }
}

function adviceOnKey({ issuer, keyId }: AssertedFacts): string {
  const key = keyId === undefined ? 'The key' : `The key ${keyId}`
  return `${key} is none of ${issuer}, or it was deleted or disabled: create a new key of this account.`
}

function adviceOnDelegation({ issuer, subject }: AssertedFacts): string {
  return subject === undefined
    ? `Check that ${issuer} may use these scopes.`
    : `An administrator of the domain has to delegate these scopes to the client id of ${issuer}, so that it may act for ${subject}.`
}

function refused(advice: string): Judgement {
  return { code: 'BQC_SIGN_IN_REFUSED', advice }
}
