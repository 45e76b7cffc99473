import { readFileSync } from 'node:fs'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { describe, expect, it } from 'vitest'
import { networkError, refusal, rowVerdictOf, verdictOf } from '../../src/bigquery/classify.ts'
import { createConnector } from '../../src/index.ts'
import { errorReply } from './scripted-transport.ts'

const { errors, answers } = createConnector().descriptor
const of = (kind: string) => answers.filter((answer) => answer.of === kind)
const named = (reasons: readonly string[] | undefined) => reasons ?? ['reasonOfTheFuture']

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
    ])
    expect(errors.filter(({ verdict, category }) => verdict === 'retry' && category !== 'transient')).toEqual(
      [],
    )
  })
})

describe('what is said of an answer is what is done about it', () => {
  const requests = of('request').flatMap(({ statuses = [], reasons, text = '', code, verdict }) =>
    statuses.flatMap((status) => named(reasons).map((reason) => ({ status, reason, text, code, verdict }))),
  )

  it.each(requests)(
    'HTTP $status $reason "$text": $code, $verdict',
    ({ status, reason, text, code, verdict }) => {
      const number = Number(status.replace('5xx', '599').replace('any', '418'))

      const error = refusal(errorReply(number, reason, `${text} something`), 'request')

      expect([error.code, verdictOf(error)]).toEqual([code, verdict])
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
})
