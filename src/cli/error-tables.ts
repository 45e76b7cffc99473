// The error codes, and what leads to them, as people read them.
import type { AnswerDescriptor, ConnectorDescriptor } from '../index.ts'
import { table } from './format.ts'

const again: Readonly<Record<AnswerDescriptor['verdict'], string>> = {
  again: 'at once',
  'again-later': 'after a wait',
  'give-up': 'no',
  rejected: 'no',
  retry: 'after a wait',
  split: 'in halves',
}

const kinds: Readonly<Record<AnswerDescriptor['of'], string>> = {
  request: 'HTTP',
  network: 'no answer',
  row: 'row',
}

/** @param width characters of a line. */
export function errorTables({ errors, answers }: ConnectorDescriptor, width: number): string {
  const codes = errors.map(({ code, category, verdict, meaning, advice }) => [
    code,
    category,
    again[verdict],
    `${meaning} ${advice}`,
  ])
  const rules = answers.map(({ of, statuses = [], reasons, text, verdict, waitMs, code }) => [
    `${kinds[of]} ${statuses.join(', ')}`.trimEnd(),
    code,
    waitMs === undefined ? again[verdict] : `after ${waitMs.first / 1000} to ${waitMs.longest / 1000} s`,
    [reasons?.join(', ') ?? 'any', ...(text === undefined ? [] : [`"${text}..."`])].join(' '),
  ])
  return [
    'Error codes. Category: config, a person must change something; document, this one document is at fault;',
    'transient, time may heal it; internal, nobody should see it.',
    table(['code', 'category', 'sent again', 'what it means, and what to do'], codes, width),
    '',
    'What leads to them. Of each kind, the first line that fits counts. Waits double from one to the next, and',
    'are never shorter than Retry-After.',
    table(['answer', 'code', 'sent again', 'reason, and how the message begins'], rules, width),
  ].join('\n')
}
