import { readFileSync } from 'node:fs'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { describe, expect, it } from 'vitest'
import { networkError, refusal, rowVerdictOf, verdictOf, verdictOfJob } from '../../src/bigquery/classify.ts'
import type { HttpReply } from '../../src/bigquery/http-message.ts'
import { createInsertRows } from '../../src/bigquery/insert-all.ts'
import { createConnector } from '../../src/index.ts'
import { Pace } from '../../src/pipeline/pace.ts'
import { FakeClock } from '../fixtures/clocks.ts'
import { usual, usualPace } from '../fixtures/start-pipeline.ts'
import { errorReply, scriptedTransport } from './scripted-transport.ts'

const { errors, answers } = createConnector().descriptor
const of = (kind: string) => answers.filter((answer) => answer.of === kind)
const named = (reasons: readonly string[] | undefined) => reasons ?? ['reasonOfTheFuture']

const numberOf = (status: string) => Number(status.replace('5xx', '599').replace('any', '418'))
const { destination } = usual

/** The verdict on a request of two rows that is answered so. */
async function insertTwo(reply: HttpReply): Promise<string> {
  const options = { gzip: false, skipInvalidRows: false, ignoreUnknownValues: false, requestTimeout: 5000 }
  const insertRows = createInsertRows(scriptedTransport(() => reply).transport, 'http://x', options)
  const request = { destination, body: new Uint8Array(), rowCount: 2, attempt: 1 }
  const { verdict } = await insertRows(request, new AbortController().signal)
  return verdict
}

describe('the descriptor of errors', () => {
  it('lists each code once, in alphabetical order', () => {
    const codes = errors.map(({ code }) => code)

    expect(codes).toEqual([...new Set(codes)].sort())
  })

  it('obeys its part of schemas/descriptor.schema.json', () => {
    const language = JSON.parse(readFileSync('schemas/descriptor.schema.json', 'utf8'))
    const ajv = new Ajv2020({ strict: false, allErrors: true })
    ajv.addSchema(language)
    const faults = [...errors.map((each) => ['error', each]), ...answers.map((each) => ['answer', each])]
      .filter(([kind, each]) => !ajv.validate(`${language.$id}#/$defs/${kind}`, each))
      .map(([, each]) => each)

    expect(faults).toEqual([])
  })

  it('says of each transient error that it is sent again, but of a stop and of what was tried in vain', () => {
    const transient = errors.filter(({ category }) => category === 'transient')

    expect(transient.filter(({ verdict }) => verdict !== 'retry').map(({ code }) => code)).toEqual([
      'BQC_ABORTED',
      'BQC_DESTINATION_GIVEN_UP',
      'BQC_TABLE_TOO_NEW',
      'BQC_UPLOAD_LOST',
    ])
    expect(errors.filter(({ verdict, category }) => verdict === 'retry' && category !== 'transient')).toEqual(
      [],
    )
  })
})

describe('what is said of an answer is what is done about it', () => {
  const requests = of('request').flatMap(({ statuses = [], reasons, text = '', ...consequence }) =>
    statuses.flatMap((status) => named(reasons).map((reason) => ({ status, reason, text, ...consequence }))),
  )

  it.each(requests)(
    'HTTP $status $reason "$text": $code, $verdict',
    ({ status, reason, text, code, verdict }) => {
      const error = refusal(errorReply(numberOf(status), reason, `${text} something`), 'request')

      expect([error.code, verdictOf(error)]).toEqual([code, verdict])
    },
  )

  it.each(requests.filter(({ ofRows }) => ofRows === 'split'))(
    'HTTP $status $reason "$text": rows go in halves',
    async ({ status, reason, text }) => {
      expect(await insertTwo(errorReply(numberOf(status), reason, text))).toBe('split')
    },
  )

  it.each(requests.filter(({ ofRows }) => ofRows !== 'split'))(
    'HTTP $status $reason "$text": rows get no other verdict than the request',
    async ({ status, reason, text, verdict }) => {
      expect(await insertTwo(errorReply(numberOf(status), reason, text))).toBe(verdict)
    },
  )

  it.each(requests.flatMap((each) => (each.waitMs ? [{ ...each, waitMs: each.waitMs }] : [])))(
    'HTTP $status $reason "$text": a batch goes again after $waitMs',
    ({ status, reason, text, waitMs }) => {
      const clock = new FakeClock()
      const error = refusal(errorReply(numberOf(status), reason, text), 'request')
      const waitAfter = (times: number) => {
        const pace = new Pace(destination, usualPace, clock, () => 0)
        const untils = Array.from({ length: times }, (_, n) => pace.refused(error, n + 1, clock.now()))
        return (untils.at(-1) ?? 0) - clock.now()
      }

      expect([waitAfter(1), waitAfter(2), waitAfter(30)]).toEqual([
        waitMs.first,
        waitMs.first * 2,
        waitMs.longest,
      ])
    },
  )

  it.each(of('network'))('no answer, $reasons: $code, $verdict', ({ reasons, code, verdict }) => {
    for (const reason of named(reasons)) {
      const error = networkError(Object.assign(new Error('x'), { code: reason }), 'GET http://x/')

      expect([error.code, verdictOf(error)]).toEqual([code, verdict])
    }
  })

  it.each(of('row'))('a row, $reasons: $verdict', ({ reasons, verdict }) => {
    for (const reason of named(reasons)) {
      expect(rowVerdictOf([{ reason, location: '', message: '' }])).toBe(verdict)
    }
  })

  const jobs = of('job').flatMap(({ reasons, text = '', verdict }) =>
    named(reasons).map((reason) => ({ reason, text, verdict })),
  )

  it.each(jobs)('job $reason "$text": $verdict', ({ reason, text, verdict }) => {
    expect(verdictOfJob({ reason, message: `Sorry: ${text} and so on` })).toBe(verdict)
  })
})
