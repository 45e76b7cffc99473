// The promise, through the public contract and over real HTTP.
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { createConnector, type Document, type Outcome } from '../../src/index.ts'
import { InstantClock } from '../fixtures/clocks.ts'
import { type FaultyBigQuery, type HttpFault, startFaultyBigQuery } from '../fixtures/faulty-bigquery.ts'

async function insert(
  service: FaultyBigQuery,
  documents: readonly Document[],
  options: object = {},
): Promise<Outcome[]> {
  const connection = await createConnector({ clock: new InstantClock(), random: () => 0 }).connect({
    projectId: 'demo',
    endpoint: service.url,
    grant: 'jwt-bearer',
    serviceAccountKey: service.key,
  })
  const operation = connection.operation('streaming-insert', {
    objectType: 'datasets/shop/tables/orders',
    batchCount: 4,
    maxInFlight: 2,
    ...options,
  })
  const outcomes = await Array.fromAsync(operation.execute(documents))
  await connection.close()
  return outcomes
}

it('outcomes in equal documents in, in order, under row errors, 5xx, 401, oversize answers and broken connections', async () => {
  const document = fc.oneof(
    { weight: 6, arbitrary: fc.nat().map((n): Document => ({ data: { n } })) },
    { weight: 2, arbitrary: fc.nat().map((n): Document => ({ data: `{"n":${n}}` })) },
    { weight: 1, arbitrary: fc.constant<Document>({ data: { n: 1, poison: true } }) },
    { weight: 1, arbitrary: fc.constantFrom<Document>({ data: '{"n":' }, { data: {} }, { data: '7' }) },
  )
  const fault = fc.constantFrom<HttpFault>(
    'none',
    400,
    403,
    413,
    429,
    500,
    503,
    '503-html',
    'expired',
    'cut',
    'cut-after',
    'garbage',
  )

  await fc.assert(
    fc.asyncProperty(
      fc.array(document, { maxLength: 40 }),
      fc.array(fault, { maxLength: 12 }),
      fc.array(fault, { maxLength: 4 }),
      async (documents, faults, otherFaults) => {
        const service = await startFaultyBigQuery(faults, otherFaults)
        try {
          const outcomes = await insert(service, documents)

          expect(outcomes.map(({ index }) => index)).toEqual(documents.map((_, index) => index))
          for (const { status, insertId = '' } of outcomes) {
            if (status === 'success') expect(service.stored.has(insertId)).toBe(true)
            if (status === 'application-error') expect(service.stored.has(insertId)).toBe(false)
          }
          // One insertId for the life of a row: what a lost answer left unsure is not stored a second time.
          expect(service.stored.size).toBeLessThanOrEqual(documents.length)
        } finally {
          await service.close()
        }
      },
    ),
    { numRuns: 60 },
  )
})

it('a refusal that names no row condemns only the row that brings it about', async () => {
  const service = await startFaultyBigQuery([400, 400, 400])

  const outcomes = await insert(
    service,
    Array.from({ length: 4 }, (_, n) => ({ data: { n } })),
    { maxInFlight: 1 },
  )
  await service.close()

  expect(outcomes.map(({ status }) => status)).toEqual(['application-error', 'success', 'success', 'success'])
})

it('an answer with status 200 that BigQuery would not give is no success', async () => {
  const service = await startFaultyBigQuery(Array(8).fill('garbage'))

  const outcomes = await insert(service, [{ data: { n: 1 } }])
  await service.close()

  expect(outcomes).toMatchObject([{ status: 'failure', errorCode: 'BQC_NETWORK', attempts: 8 }])
})

it('a row whose answer was lost is stored once and reported as a success', async () => {
  const service = await startFaultyBigQuery(['cut-after', 'garbage'])

  const outcomes = await insert(service, [{ data: { n: 1 } }])
  await service.close()

  expect(outcomes).toMatchObject([{ status: 'success', attempts: 3 }])
  expect([...service.stored.values()]).toEqual([{ n: 1 }])
})

it('a row whose answer was lost, and that is refused when it goes again, is not said to be refused for good', async () => {
  const service = await startFaultyBigQuery(['cut-after', 413])

  const [outcome] = await insert(service, [{ data: { n: 1 } }])
  await service.close()

  expect(outcome).toMatchObject({
    status: 'failure',
    message: expect.stringContaining('may have stored the row'),
  })
  expect([...service.stored.values()]).toEqual([{ n: 1 }])
})

it('an expired token is renewed once, however many requests it stops', async () => {
  const service = await startFaultyBigQuery(['expired'])
  const documents = Array.from({ length: 40 }, (_, n) => ({ data: { n } }))

  const outcomes = await insert(service, documents, { maxInFlight: 8 })
  await service.close()

  expect(outcomes.every(({ status }) => status === 'success')).toBe(true)
  expect(service.requests.token).toBe(2)
})

it('a refusal that goes on ends as a failure that names the status, after the attempts that were allowed', async () => {
  const service = await startFaultyBigQuery(Array(3).fill(503))

  const outcomes = await insert(service, [{ data: { n: 1 }, id: 'order-1' }], { maxAttempts: 3 })
  await service.close()

  expect(outcomes).toMatchObject([
    { id: 'order-1', status: 'failure', code: '503', errorCode: 'BQC_SERVICE_UNAVAILABLE', attempts: 3 },
  ])
})

it('a connection that is closed in the middle gives every document taken its outcome', async () => {
  const service = await startFaultyBigQuery()
  const connection = await createConnector().connect({
    projectId: 'demo',
    endpoint: service.url,
    grant: 'jwt-bearer',
    serviceAccountKey: service.key,
  })
  const operation = connection.operation('streaming-insert', {
    objectType: 'datasets/shop/tables/orders',
    batchCount: 10,
  })
  let taken = 0
  function* source() {
    while (taken < 1000) {
      taken += 1
      yield { data: { n: taken } }
    }
  }
  const outcomes = operation.execute(source())
  await outcomes.next()

  await connection.close()
  const rest = await Array.fromAsync(outcomes)
  await service.close()

  expect(rest.length + 1).toBe(taken)
  expect(rest.map(({ index }) => index)).toEqual(rest.map((_, at) => at + 1))
  await expect(
    connection.operation('streaming-insert', operation.options).execute([]).next(),
  ).rejects.toMatchObject({
    code: 'BQC_CONNECTION_CLOSED',
  })
})
