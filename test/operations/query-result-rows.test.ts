// Get Query Results against a service that answers as each test says.
import { describe, expect, it } from 'vitest'
import { openControlPlane } from '../../src/bigquery/control-plane.ts'
import type { HttpReply, HttpRequest } from '../../src/bigquery/http-message.ts'
import { createRetry } from '../../src/bigquery/retry.ts'
import type { Clock } from '../../src/contract/clock.ts'
import type { GetQueryResultsOptions } from '../../src/contract/options/get-query-results.ts'
import { createConnector, type Outcome } from '../../src/index.ts'
import { openGetQueryResults } from '../../src/operations/get-query-results.ts'
import { errorReply, jsonReply, scriptedTransport } from '../bigquery/scripted-transport.ts'
import { FakeClock, InstantClock, settled } from '../fixtures/clocks.ts'
import { untraced } from '../fixtures/start-pipeline.ts'

const defaults = Object.fromEntries(
  Object.entries<{ default?: unknown }>(
    createConnector().descriptor.operations.find(({ id }) => id === 'get-query-results')?.options[
      'properties'
    ] as never,
  ).flatMap(([name, field]) => (field.default === undefined ? [] : [[name, field.default]])),
)

function open(
  answer: (request: HttpRequest, count: number) => HttpReply | Promise<HttpReply>,
  options: object = {},
  {
    clock = new InstantClock(),
    endpoint = 'http://localhost:9050',
  }: { clock?: Clock; endpoint?: string } = {},
) {
  const { transport, asked } = scriptedTransport(answer)
  const retry = createRetry(clock, () => 0)
  const execute = openGetQueryResults(
    {
      projectId: 'demo',
      endpoint,
      location: undefined,
      jobDefaults: {},
      transport,
      clock,
      control: openControlPlane(transport, endpoint, retry),
      retry,
      beforeClose: () => undefined,
      random: () => 0,
      beginTrace: untraced,
    },
    { objectType: 'QUERY', ...defaults, ...options } as GetQueryResultsOptions,
  )
  return { execute, asked }
}

const schema = { fields: [{ name: 'n', type: 'INTEGER' }] }
const rowsOf = (...numbers: number[]) => numbers.map((n) => ({ f: [{ v: `${n}` }] }))
const parametersOf = ({ url }: HttpRequest) => Object.fromEntries(new URL(url).searchParams)
const pageOf = ({ url }: HttpRequest) => new URL(url).searchParams.get('pageToken') ?? '1'
const document = { data: { jobId: 'j' } }

/** A result by its pages, each a list of numbers. */
const pages =
  (...numbers: number[][]) =>
  (request: HttpRequest): HttpReply => {
    const page = Number(pageOf(request))
    return jsonReply({
      jobComplete: true,
      schema,
      totalRows: `${numbers.flat().length}`,
      rows: rowsOf(...(numbers[page - 1] ?? [])),
      ...(page < numbers.length ? { pageToken: `${page + 1}` } : {}),
    })
  }

const summary = (outcomes: readonly Outcome[]) =>
  outcomes.map(({ status, payload, sequence, last }) => [
    status,
    (payload as { n?: string })?.n,
    sequence,
    last,
  ])

describe('the rows of a result', () => {
  it('end with the last one, also when an empty page comes after it', async () => {
    const { execute } = open(pages([1, 2], [3], []))

    expect(summary(await Array.fromAsync(execute([document])))).toEqual([
      ['success', '1', 0, false],
      ['success', '2', 1, false],
      ['success', '3', 2, true],
    ])
  })

  it('may begin after empty pages', async () => {
    const { execute } = open(pages([], [], [1]))

    expect(summary(await Array.fromAsync(execute([document])))).toEqual([['success', '1', 0, true]])
  })

  it('are one success without a payload where there are none on any page', async () => {
    const { execute } = open(pages([], []))

    expect(summary(await Array.fromAsync(execute([document])))).toEqual([['success', undefined, 0, true]])
  })

  it('that came before a page failed are handed on, and the failure is the last outcome', async () => {
    const { execute } = open((request) =>
      pageOf(request) === '2' ? errorReply(403, 'accessDenied', 'No.') : pages([1, 2], [3])(request),
    )

    const outcomes = await Array.fromAsync(execute([document, document]))

    expect(summary(outcomes.slice(0, 3))).toEqual([
      ['success', '1', 0, false],
      ['success', '2', 1, false],
      ['failure', undefined, 2, true],
    ])
    expect(outcomes.slice(3).map(({ index }) => index)).toEqual([1, 1, 1])
  })

  it('are never fewer than BigQuery counts, without a word', async () => {
    const { execute } = open(() =>
      jsonReply({ jobComplete: true, schema, totalRows: '3', rows: rowsOf(1, 2) }),
    )

    const outcomes = await Array.fromAsync(execute([document]))

    expect(summary(outcomes)).toEqual([
      ['success', '1', 0, false],
      ['success', '2', 1, false],
      ['failure', undefined, 2, true],
    ])
    expect(outcomes.at(-1)).toMatchObject({
      errorCode: 'BQC_RESPONSE_UNREADABLE',
      message: 'The result of query demo.j has 3 rows, and BigQuery gave 2. Ask again.',
    })
  })

  it('come with what BigQuery complains of, on the last one, and are successes all the same', async () => {
    const errors = [{ reason: 'invalid', location: 'x', message: 'A bad record was left out.' }]
    const { execute } = open(() =>
      jsonReply({ jobComplete: true, schema, totalRows: '2', rows: rowsOf(1, 2), errors }),
    )

    const outcomes = await Array.fromAsync(execute([document]))

    expect(outcomes.map(({ status, last, warnings }) => ({ status, last, warnings }))).toEqual([
      { status: 'success', last: false, warnings: undefined },
      { status: 'success', last: true, warnings: errors },
    ])
  })

  it('that are none, with a complaint beside them, are one success with a warning', async () => {
    const errors = [{ reason: 'invalid', location: 'x', message: 'A bad record was left out.' }]
    const { execute } = open(() => jsonReply({ jobComplete: true, schema, totalRows: '0', errors }))

    const outcomes = await Array.fromAsync(execute([document]))

    expect(outcomes).toMatchObject([{ status: 'success', code: '200', last: true, warnings: errors }])
    expect(outcomes[0]?.payload).toBeUndefined()
  })

  it('are two pages ahead of their consumer at most', async () => {
    const { execute, asked } = open(pages(...Array.from({ length: 10 }, (_, n) => [n])))
    const outcomes = execute([document])

    await outcomes.next()
    await settled()

    // One row is held back until the next page is known, and the page after that is on its way.
    expect(asked.map(pageOf)).toEqual(['1', '2', '3'])
    await outcomes.return()
  })

  it('that nobody wants any more are not asked for', async () => {
    const signals: (AbortSignal | undefined)[] = []
    const { execute } = open((request) => {
      if (pageOf(request) !== '3') return pages([1], [2], [3], [4])(request)
      signals.push(request.signal)
      return new Promise<HttpReply>((_, reject) => {
        request.signal?.addEventListener('abort', () => reject(new Error('called off')))
      })
    })

    for await (const _ of execute([document])) break

    expect(signals.map((signal) => signal?.aborted)).toEqual([true])
  })

  it('end soon after a stop, with an outcome that says so', async () => {
    const stop = new AbortController()
    const many = Array.from({ length: 5000 }, (_, n) => n)
    const { execute } = open(pages(many, many))
    let count = 0
    let last: Outcome | undefined

    for await (const outcome of execute([document], { signal: stop.signal })) {
      count += 1
      last = outcome
      stop.abort()
    }

    expect(last).toMatchObject({ status: 'failure', errorCode: 'BQC_ABORTED', last: true })
    expect(count).toBeLessThan(5000)
  })

  it('have numbers where they are asked for and exact', async () => {
    const fields = [
      { name: 'i', type: 'INTEGER' },
      { name: 'd', type: 'NUMERIC' },
    ]
    const rows = [
      ['5', '0.1'],
      ['9223372036854775807', '0.1234567890123456'],
    ].map((values) => ({ f: values.map((v) => ({ v })) }))
    const answer = () => jsonReply({ jobComplete: true, schema: { fields }, totalRows: '2', rows })
    const payloads = async (options: object) =>
      (await Array.fromAsync(open(answer, options).execute([document]))).map(({ payload }) => payload)

    expect(await payloads({})).toEqual([
      { i: '5', d: '0.1' },
      { i: '9223372036854775807', d: '0.1234567890123456' },
    ])
    expect(await payloads({ integers: 'number', decimals: 'number' })).toEqual([
      { i: 5, d: 0.1 },
      { i: '9223372036854775807', d: '0.1234567890123456' },
    ])
    expect(await payloads({ integers: 'bigint' })).toMatchObject([{ i: 5n }, { i: 2n ** 63n - 1n }])
  })
})

describe('a query that is not done', () => {
  const running = () => jsonReply({ jobComplete: false, jobReference: { jobId: 'j' } })

  it('is waited for, by the service and then by the ladder', async () => {
    const { execute, asked } = open((request, count) => (count < 4 ? running() : pages([1])(request)))

    expect(summary(await Array.fromAsync(execute([document])))).toEqual([['success', '1', 0, true]])
    expect(asked.map((request) => parametersOf(request)['timeoutMs'])).toEqual([
      '10000',
      '10000',
      '9000',
      '7000',
    ])
  })

  it('is given up after timeoutMs, and said to be unfinished', async () => {
    const clock = new FakeClock()
    const { execute } = open(running, { timeoutMs: 5000 }, { clock })
    const outcomes = Array.fromAsync(execute([document]))

    await clock.advance(5000)

    expect(await outcomes).toMatchObject([
      {
        status: 'application-error',
        errorCode: 'BQC_JOB_TIMEOUT',
        message: 'Query demo.j is not done after 5000 ms. Ask again, or raise timeoutMs.',
        sequence: 0,
        last: true,
      },
    ])
  })

  it('is asked about once where nothing is to be waited for', async () => {
    const { execute, asked } = open(running, { timeoutMs: 0 })

    expect(await Array.fromAsync(execute([document]))).toMatchObject([{ errorCode: 'BQC_JOB_TIMEOUT' }])
    expect(asked.length).toBe(1)
  })
})

describe('a statement that is not done', () => {
  const reference = { projectId: 'demo', jobId: 'x', location: 'EU' }
  /** A service on which every job runs for ever. */
  const busy = ({ url, body, method }: HttpRequest): HttpReply => {
    if (url.includes('/queries/')) return jsonReply({ jobComplete: false, jobReference: reference })
    if (url.includes('/cancel'))
      return jsonReply({ job: { jobReference: reference, status: { state: 'DONE' } } })
    const given = method === 'POST' ? JSON.parse(String(body)) : { jobReference: reference }
    return jsonReply({
      ...given,
      configuration: { query: { query: 'SELECT 1' } },
      status: { state: 'RUNNING' },
    })
  }
  const cancels = (asked: readonly HttpRequest[]) => asked.filter(({ url }) => url.includes('/cancel')).length

  it('goes on after timeoutMs, and the outcome tells which job to read later', async () => {
    const clock = new FakeClock()
    const { execute, asked } = open(busy, { timeoutMs: 5000 }, { clock })
    const outcomes = Array.fromAsync(execute([{ data: 'SELECT 1' }]))

    await clock.advance(60_000)

    expect(await outcomes).toMatchObject([
      {
        status: 'application-error',
        errorCode: 'BQC_JOB_TIMEOUT',
        payload: { jobReference: { projectId: 'demo', jobId: expect.any(String) } },
        last: true,
      },
    ])
    expect(cancels(asked)).toBe(0)
  })

  it.each([
    ['is cancelled by a stop', { query: 'SELECT 1' }, 1],
    ['goes on after a stop where the document named its job', { query: 'SELECT 1', jobId: 'x' }, 0],
  ])('%s', async (_, data, expected) => {
    const clock = new FakeClock()
    const stop = new AbortController()
    const { execute, asked } = open(busy, { timeoutMs: 100_000 }, { clock })
    const outcomes = Array.fromAsync(execute([{ data }], { signal: stop.signal }))
    await clock.advance(3000)

    stop.abort()
    await clock.advance(10_000)

    expect(await outcomes).toMatchObject([{ status: 'failure', errorCode: 'BQC_ABORTED', last: true }])
    expect(cancels(asked)).toBe(expected)
  })
})

describe('pages are compressed', () => {
  const encodingOf = async (options: object, endpoint: string) => {
    const { execute, asked } = open(pages([1]), options, { endpoint })
    await Array.fromAsync(execute([document]))
    return asked[0]?.headers?.['accept-encoding']
  }

  it.each([
    ['auto', 'https://bigquery.googleapis.com', 'gzip'],
    ['auto', 'http://localhost:9050', 'identity'],
    ['always', 'http://localhost:9050', 'gzip'],
    ['never', 'https://bigquery.googleapis.com', 'identity'],
  ])('or not, by the option: %s at %s', async (gzip, endpoint, expected) => {
    expect(await encodingOf({ gzip }, endpoint)).toBe(expected)
  })
})
