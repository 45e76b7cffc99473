// The error catalogue and the rules of classify, for whoever wants to read them.
import type { AnswerDescriptor, ErrorDescriptor } from '../contract/descriptor.ts'
import { type ErrorCode, errorCatalogue } from '../errors.ts'
import {
  answerRules,
  backOff,
  jobRules,
  networkRules,
  rowRules,
  verdictOf,
  verdictOfRows,
} from './classify.ts'

/** Every stable code. */
export function describeErrors(): readonly ErrorDescriptor[] {
  return Object.entries(errorCatalogue).map(([name, entry]) => {
    const code = name as ErrorCode
    return { code, ...entry, verdict: verdictOf({ code }), ...ofRows(code) }
  })
}

/** What is said of a request and of a row, in the order in which it is judged: the first that fits counts. */
export function describeAnswers(): readonly AnswerDescriptor[] {
  return [
    ...answerRules.map(({ statuses, reasons, text, code }) => ({
      of: 'request' as const,
      statuses: statuses.map(String),
      ...(reasons === undefined ? {} : { reasons }),
      ...(text === undefined ? {} : { text }),
      ...consequence(code, verdictOf({ code })),
    })),
    ...networkRules.map(({ reason, code }) => ({
      of: 'network' as const,
      ...(reason === undefined ? {} : { reasons: [reason] }),
      ...consequence(code, verdictOf({ code })),
    })),
    ...rowRules.map(({ reason, code, verdict }) => ({
      of: 'row' as const,
      ...(reason === undefined ? {} : { reasons: [reason] }),
      ...consequence(code, verdict),
    })),
    ...jobRules.map(({ reasons, text, verdict }) => ({
      of: 'job' as const,
      ...(reasons === undefined ? {} : { reasons }),
      ...(text === undefined ? {} : { text }),
      ...consequence('BQC_JOB_FAILED', verdict),
    })),
  ]
}

function consequence(
  code: ErrorCode,
  verdict: AnswerDescriptor['verdict'],
): Pick<AnswerDescriptor, 'code' | 'verdict' | 'ofRows' | 'waitMs'> {
  const isLater = verdict === 'retry' || verdict === 'again-later'
  return {
    code,
    verdict,
    ...ofRows(code),
    ...(isLater ? { waitMs: { first: backOff.firstMs, longest: backOff.longestMs } } : {}),
  }
}

function ofRows(code: ErrorCode): Pick<ErrorDescriptor, 'ofRows'> {
  const verdict = verdictOfRows({ code })
  return verdict === undefined ? {} : { ofRows: verdict }
}
