import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isFaultOfRows, networkError, refusal, rowVerdictOf, verdictOf } from '../../src/bigquery/classify.ts'
import { ConnectorError } from '../../src/errors.ts'
import { errorReply, jsonReply } from './scripted-transport.ts'

const html = '<!DOCTYPE html><html><title>Error 413 (Request Entity Too Large)!!1</title></html>'
const htmlReply = (status: number) => ({ status, headers: { 'content-type': 'text/html' }, text: html })

describe('a refused request', () => {
  it.each([
    [400, 'invalid', 'The destination table has no schema.', 'BQC_REQUEST_REFUSED', 'give-up'],
    [400, 'invalidQuery', 'Syntax error at [1:8]', 'BQC_REQUEST_REFUSED', 'give-up'],
    [400, 'badRequest', 'Bad', 'BQC_REQUEST_REFUSED', 'give-up'],
    [
      400,
      'badRequest',
      'Request payload size exceeds the limit: 10485760 bytes.',
      'BQC_REQUEST_TOO_LARGE',
      'split',
    ],
    [
      400,
      'invalid',
      'Request payload size exceeds the limit: 10485760 bytes.',
      'BQC_REQUEST_TOO_LARGE',
      'split',
    ],
    [400, 'invalid', 'too many rows present in the request, limit: 50000', 'BQC_REQUEST_TOO_LARGE', 'split'],
    [400, 'jobBackendError', 'x', 'BQC_SERVICE_UNAVAILABLE', 'retry'],
    [400, 'jobInternalError', 'x', 'BQC_SERVICE_UNAVAILABLE', 'retry'],
    [400, 'jobRateLimitExceeded', 'x', 'BQC_SERVICE_UNAVAILABLE', 'retry'],
    [400, 'tableUnavailable', 'x', 'BQC_SERVICE_UNAVAILABLE', 'retry'],
    [400, 'resourcesExceeded', 'x', 'BQC_REQUEST_REFUSED', 'give-up'],
    [401, 'authError', 'Invalid Credentials', 'BQC_UNAUTHENTICATED', 'give-up'],
    [403, 'accessDenied', 'Access Denied: Table p:d.t', 'BQC_ACCESS_DENIED', 'give-up'],
    [403, 'billingNotEnabled', 'x', 'BQC_ACCESS_DENIED', 'give-up'],
    [403, 'responseTooLarge', 'Response too large to return.', 'BQC_REQUEST_REFUSED', 'give-up'],
    [403, 'quotaExceeded', 'Quota exceeded', 'BQC_QUOTA_EXCEEDED', 'retry'],
    [403, 'rateLimitExceeded', 'Exceeded rate limits', 'BQC_QUOTA_EXCEEDED', 'retry'],
    [403, 'userRateLimitExceeded', 'x', 'BQC_QUOTA_EXCEEDED', 'retry'],
    [404, 'notFound', 'Not found: Table p:d.t', 'BQC_NOT_FOUND', 'give-up'],
    [407, 'proxyAuthenticationRequired', 'x', 'BQC_REQUEST_REFUSED', 'give-up'],
    [409, 'duplicate', 'Already Exists', 'BQC_REQUEST_REFUSED', 'give-up'],
    [412, 'conditionNotMet', 'x', 'BQC_CHANGED_MEANWHILE', 'give-up'],
    [413, 'requestTooLarge', 'x', 'BQC_REQUEST_TOO_LARGE', 'split'],
    [429, 'rateLimitExceeded', 'x', 'BQC_QUOTA_EXCEEDED', 'retry'],
    [500, 'internalError', 'x', 'BQC_SERVICE_UNAVAILABLE', 'retry'],
    [501, 'notImplemented', 'x', 'BQC_REQUEST_REFUSED', 'give-up'],
    [502, 'badGateway', 'x', 'BQC_SERVICE_UNAVAILABLE', 'retry'],
    [503, 'backendError', 'x', 'BQC_SERVICE_UNAVAILABLE', 'retry'],
    [504, 'backendError', 'x', 'BQC_SERVICE_UNAVAILABLE', 'retry'],
  ])('with %i %s "%s" is %s: %s', (status, reason, message, code, verdict) => {
    const error = refusal(errorReply(status, reason, message), 'insert into p.d.t')

    expect([error.code, verdictOf(error)]).toEqual([code, verdict])
    expect([error.httpStatus, error.reason]).toEqual([status, reason])
  })

  it.each([
    [400, 'BQC_REQUEST_REFUSED', 'give-up'],
    [401, 'BQC_UNAUTHENTICATED', 'give-up'],
    [403, 'BQC_ACCESS_DENIED', 'give-up'],
    [413, 'BQC_REQUEST_TOO_LARGE', 'split'],
    [429, 'BQC_QUOTA_EXCEEDED', 'retry'],
    [502, 'BQC_SERVICE_UNAVAILABLE', 'retry'],
    [599, 'BQC_SERVICE_UNAVAILABLE', 'retry'],
  ])('with %i and a page of HTML is judged by its status: %s', (status, code, verdict) => {
    const error = refusal(htmlReply(status), 'insert into p.d.t')

    expect([error.code, verdictOf(error), error.reason]).toEqual([code, verdict, undefined])
    expect(error.message).toContain(`BigQuery refused the insert into p.d.t: HTTP status ${status}.`)
    expect(error.message).not.toContain('<')
  })

  it('repeats what BigQuery said, with one full stop, and what to do next', () => {
    const error = refusal(errorReply(404, 'notFound', 'Not found: Table p:d.t'), 'insert into p.d.t')

    expect(error.message).toBe(
      'BigQuery refused the insert into p.d.t: Not found: Table p:d.t. Check the names, and the project and location of the connection.',
    )
  })

  it('keeps BigQuery\u2019s own answer for the outcome', () => {
    const reply = errorReply(400, 'invalid', 'No.')

    expect(refusal(reply, 'x').payload).toEqual(JSON.parse(reply.text))
  })

  it.each([
    ['5', 5000],
    ['0', 0],
    ['1.5', 1500],
    ['999999', 3_600_000],
    ['-1', undefined],
    ['soon', undefined],
    [undefined, undefined],
  ])('with Retry-After %s asks for a wait of %s ms', (header, expected) => {
    const reply = { ...htmlReply(503), headers: header === undefined ? {} : { 'retry-after': header } }

    expect(refusal(reply, 'x').retryAfterMs).toBe(expected)
  })

  it.each([
    ['five seconds after the answer', 'Sat, 21 Nov 2026 07:00:05 GMT', 5000],
    ['that is past', 'Sat, 21 Nov 2026 06:59:00 GMT', 0],
    ['of next year', 'Sun, 21 Nov 2027 07:00:00 GMT', 3_600_000],
  ])('with Retry-After as a date %s asks for a wait by the clock of the service', (_, after, expected) => {
    const headers = { 'retry-after': after, date: 'Sat, 21 Nov 2026 07:00:00 GMT' }

    expect(refusal({ ...htmlReply(503), headers }, 'x').retryAfterMs).toBe(expected)
  })

  it('with Retry-After as a date asks for no wait when it has no date of its own to compare with', () => {
    const headers = { 'retry-after': 'Sat, 21 Nov 2026 07:00:05 GMT' }

    expect(refusal({ ...htmlReply(503), headers }, 'x').retryAfterMs).toBeUndefined()
  })

  it('of any status and with any body becomes an error with a message of one sentence or more', () => {
    const bodies = fc.oneof(
      fc.string(),
      fc.json(),
      fc.jsonValue().map((error) => JSON.stringify({ error })),
      fc
        .record({ message: fc.jsonValue(), errors: fc.jsonValue() })
        .map((error) => JSON.stringify({ error })),
      fc.jsonValue().map((reason) => JSON.stringify({ error: { errors: [{ reason }] } })),
    )
    fc.assert(
      fc.property(fc.integer({ min: 300, max: 599 }), bodies, (status, text) => {
        const error = refusal({ status, headers: {}, text }, 'request')

        expect(error).toBeInstanceOf(ConnectorError)
        expect(error.message).toMatch(/^BigQuery refused the request: /)
        expect(['string', 'undefined']).toContain(typeof error.reason)
        expect(['retry', 'split', 'give-up']).toContain(verdictOf(error))
      }),
    )
  })

  it('is never a table\u2019s fault when its message merely contains the words for an oversize', () => {
    const reply = errorReply(400, 'invalid', 'Field x: Request payload size exceeds')

    expect(refusal(reply, 'x').code).toBe('BQC_REQUEST_REFUSED')
  })

  it('is not read in an envelope that is only alike', () => {
    expect(refusal(jsonReply({ error: 'invalid_grant' }, 400), 'x').message).toContain('HTTP status 400.')
  })
})

describe('a request without an answer', () => {
  it('names the address, and nothing listening there', () => {
    const error = networkError(
      Object.assign(new Error('x'), { code: 'ECONNREFUSED' }),
      'GET http://localhost:1/',
    )

    expect(error.message).toBe(
      'No answer to GET http://localhost:1/: nothing listens there. Check the network and the endpoint.',
    )
    expect([error.code, error.reason, verdictOf(error)]).toEqual(['BQC_NETWORK', 'ECONNREFUSED', 'retry'])
  })

  it.each([
    ['ENOTFOUND', 'BQC_ENDPOINT_UNKNOWN', 'give-up'],
    ['EAI_AGAIN', 'BQC_NETWORK', 'retry'],
    ['ECONNRESET', 'BQC_NETWORK', 'retry'],
    ['UND_ERR_HEADERS_TIMEOUT', 'BQC_NETWORK', 'retry'],
  ])('because of %s is %s: %s', (code, expected, verdict) => {
    const error = networkError(Object.assign(new Error('x'), { code }), 'GET http://nowhere/')

    expect([error.code, verdictOf(error)]).toEqual([expected, verdict])
  })

  it.each([
    ['UND_ERR_SOCKET', 'the connection was closed before its end'],
    ['ECONNRESET', 'the connection was closed before its end'],
    ['UND_ERR_HEADERS_TIMEOUT', 'it did not come in time'],
    ['UND_ERR_BODY_TIMEOUT', 'it stopped in the middle'],
    ['UND_ERR_CONNECT_TIMEOUT', 'no connection came about in time'],
  ])('says in words what %s is', (code, said) => {
    const { message } = networkError(Object.assign(new Error('x'), { code }), 'GET http://h/')

    expect(message).toBe(`No answer to GET http://h/: ${said}. Check the network and the endpoint.`)
  })

  it('keeps an error that is ours already', () => {
    const ours = new ConnectorError('BQC_ABORTED', 'Stopped.')

    expect(networkError(ours, 'x')).toBe(ours)
  })
})

describe('a verdict on an error that is not about a request', () => {
  it.each([
    ['BQC_ABORTED', 'give-up'],
    ['BQC_INTERNAL', 'give-up'],
    ['BQC_SIGN_IN_REFUSED', 'give-up'],
    ['BQC_NETWORK', 'retry'],
  ] as const)('%s: %s', (code, verdict) => {
    expect(verdictOf(new ConnectorError(code, 'x'))).toBe(verdict)
  })
})

describe('a row that BigQuery lists', () => {
  it.each([
    [['invalid'], 'rejected'],
    [['stopped'], 'again'],
    [['timeout'], 'again-later'],
    [['backendError'], 'again-later'],
    [['internalError'], 'again-later'],
    [['reasonOfTheFuture'], 'rejected'],
    [['stopped', 'invalid'], 'rejected'],
    [['stopped', 'backendError'], 'again-later'],
    [['stopped', 'stopped'], 'again'],
    [[], 'rejected'],
  ])('for %o is %s', (reasons, verdict) => {
    const errors = reasons.map((reason) => ({ reason, location: '', message: '' }))

    expect(rowVerdictOf(errors)).toBe(verdict)
  })
})

describe('a job that loaded or merged rows and failed', () => {
  it.each([
    [
      'invalid',
      'Error while reading data, error message: JSON parsing error in row starting at position 12',
      true,
    ],
    ['invalidQuery', 'Required field item cannot be null', true],
    ['invalidQuery', 'Input number: 1.5e999 cannot round-trip through string representation', true],
    [
      'invalidQuery',
      'UPDATE or DELETE statement over table p.d.t would affect rows in the streaming buffer, which is not supported',
      false,
    ],
    ['invalid', 'Not found: Table p:d.t', false],
    [
      'invalidQuery',
      "Cannot query over table 'p.d.t' without a filter over column(s) 'day' that can be used for partition elimination",
      false,
    ],
    ['notFound', 'Not found: Table p:d.t', false],
    ['accessDenied', 'Access Denied: Table p:d.t', false],
    ['quotaExceeded', 'Quota exceeded', false],
    ['backendError', 'Try again', false],
    [undefined, undefined, false],
  ])('of %s (%s) may have failed for some of its rows: %s', (reason, message, isTheirs) => {
    expect(isFaultOfRows({ reason, message })).toBe(isTheirs)
  })
})
