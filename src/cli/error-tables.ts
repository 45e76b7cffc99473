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

const rowsAgain: Readonly<Record<NonNullable<AnswerDescriptor['ofRows']>, string>> = {
  'not-yet': 'while new',
  split: 'in halves',
}

const kinds: Readonly<Record<AnswerDescriptor['of'], string>> = {
  request: 'HTTP',
  network: 'no answer',
  row: 'row',
  job: 'job',
}

/** @param width characters of a line. */
export function errorTables({ errors, answers }: ConnectorDescriptor, width: number): string {
  const codes = errors.map(({ code, category, verdict, ofRows, meaning, advice }) => [
    code,
    category,
    sentAgain({ verdict, ofRows }),
    `${meaning} ${advice}`,
  ])
  const rules = answers.map(({ of, statuses = [], reasons, text, verdict, ofRows, waitMs, code }) => [
    `${kinds[of]} ${statuses.join(', ')}`.trimEnd(),
    code,
    sentAgain({ verdict, ofRows, waitMs }),
    [
      reasons?.join(', ') ?? 'any',
      ...(text === undefined ? [] : [`"${of === 'job' ? '...' : ''}${text}..."`]),
    ].join(' '),
  ])
  return [
    'Error codes. Category: config, a person must change something; document, this one document is at fault;',
    'transient, time may heal it; internal, nobody should see it. Rows, of Streaming Insert: in halves, until the',
    'one at fault is alone; while new, where the table is there, until newTableWaitMs is over.',
    table(['code', 'category', 'sent again', 'what it means, and what to do'], codes, width),
    '',
    'What leads to them. Of each kind, the first line that fits counts. Waits double from one to the next, and',
    'are never shorter than Retry-After.',
    table(['answer', 'code', 'sent again', 'reason, and what the message says'], rules, width),
  ].join('\n')
}

function sentAgain({
  verdict,
  ofRows,
  waitMs,
}: {
  readonly verdict: AnswerDescriptor['verdict']
  readonly ofRows: AnswerDescriptor['ofRows'] | undefined
  readonly waitMs?: AnswerDescriptor['waitMs'] | undefined
}): string {
  if (waitMs !== undefined) return `after ${waitMs.first / 1000} to ${waitMs.longest / 1000} s`
  return again[verdict] + (ofRows === undefined ? '' : `; rows: ${rowsAgain[ofRows]}`)
}
