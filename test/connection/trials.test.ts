import { describe, expect, it } from 'vitest'
import { type Probes, testConnection } from '../../src/connection/trials.ts'
import { ConnectorError } from '../../src/errors.ts'

const fine: Probes = {
  clockAheadMs: async () => 0,
  token: async () => 'token',
  listDatasets: async () => undefined,
  dryRun: async () => undefined,
  listTables: async () => undefined,
  readNoRow: async () => undefined,
  insertNoRow: async () => undefined,
  describeTable: async () => undefined,
}
const fail = (code: ConstructorParameters<typeof ConnectorError>[0], facts = {}) => {
  return () => Promise.reject(new ConnectorError(code, 'BigQuery said no.', facts))
}
const orders = { datasetId: 'shop', tableId: 'orders' }

async function stepsOf(
  probes: Partial<Probes>,
  scope: object = orders,
  { signal = new AbortController().signal, signs = true } = {},
) {
  const tested = { projectId: 'demo', signs, now: () => 0 }
  const { steps } = await testConnection({ ...fine, ...probes }, tested, scope, signal)
  return steps
}
const codesOf = async (...given: Parameters<typeof stepsOf>) =>
  Object.fromEntries((await stepsOf(...given)).map(({ step, code }) => [step, code]))

describe('the steps', () => {
  it('come in the order in which trouble shows', async () => {
    expect((await stepsOf({})).map(({ step }) => step)).toEqual([
      'key',
      'clock',
      'token',
      'project',
      'jobs',
      'read',
      'insert',
    ])
  })

  it('are without key and clock where nothing is signed', async () => {
    expect(await codesOf({}, {}, { signs: false })).toEqual({ token: 'OK', project: 'OK', jobs: 'OK' })
  })

  it('say so of what was not tried: inserting, where a dataset alone is named', async () => {
    const steps = await stepsOf({}, { datasetId: 'shop' })

    expect(steps.slice(-2)).toMatchObject([
      { step: 'read', code: 'OK', message: 'The tables of demo.shop may be listed.' },
      { step: 'insert', ok: true, code: 'NOT_TRIED' },
    ])
  })

  it('end at once when a table is named without its dataset', async () => {
    expect(await codesOf({}, { tableId: 'orders' })).toEqual({ configuration: 'BQC_CONFIG_INVALID' })
  })
})

describe('a failure', () => {
  it.each([
    ['clock', { clockAheadMs: async () => 300_001 }, 'BQC_CLOCK_SKEWED'],
    ['clock', { clockAheadMs: async () => -300_001 }, 'BQC_CLOCK_SKEWED'],
    ['token', { token: fail('BQC_SIGN_IN_REFUSED') }, 'BQC_SIGN_IN_REFUSED'],
    ['project', { listDatasets: fail('BQC_NOT_FOUND') }, 'BQC_PROJECT_UNREACHABLE'],
    ['project', { listDatasets: fail('BQC_ACCESS_DENIED') }, 'BQC_PROJECT_UNREACHABLE'],
    ['project', { listDatasets: fail('BQC_UNAUTHENTICATED') }, 'BQC_UNAUTHENTICATED'],
  ] as [string, Partial<Probes>, string][])(
    'of the step %s keeps those after it from being tried',
    async (step, probes, code) => {
      const steps = await stepsOf(probes)

      expect(steps.at(-1)).toMatchObject({ step, ok: false, code, hint: expect.stringMatching(/\.$/) })
    },
  )

  it('of jobs, read or insert leaves the others alone', async () => {
    const denied = fail('BQC_ACCESS_DENIED')

    const codes = { read: 'BQC_READ_DENIED', insert: 'BQC_INSERT_DENIED', jobs: 'BQC_JOBS_DENIED' }
    expect(await codesOf({ dryRun: denied, readNoRow: denied, insertNoRow: denied })).toMatchObject(codes)
    expect(await codesOf({ dryRun: denied })).toMatchObject({ read: 'OK', insert: 'OK' })
    expect(await codesOf({ readNoRow: denied })).toMatchObject({ jobs: 'OK', insert: 'OK' })
  })

  it('quotes BigQuery, and tells in the hint which right is missing', async () => {
    const payload = { error: { message: 'Access Denied: Table demo:shop.orders' } }

    const steps = await stepsOf({ insertNoRow: fail('BQC_ACCESS_DENIED', { payload }) })

    expect(steps.at(-1)).toMatchObject({
      message: 'This account may not insert into demo.shop.orders: Access Denied: Table demo:shop.orders',
      hint: expect.stringContaining('bigquery.tables.updateData'),
    })
  })

  it('that is no want of a right keeps its code', async () => {
    expect(await codesOf({ insertNoRow: fail('BQC_NOT_FOUND'), dryRun: fail('BQC_NETWORK') })).toMatchObject({
      jobs: 'BQC_NETWORK',
      insert: 'BQC_NOT_FOUND',
    })
  })

  it('does not come of a clock that is five minutes off, or of an API that tells no time', async () => {
    expect(await codesOf({ clockAheadMs: async () => 300_000 })).toMatchObject({ clock: 'OK' })
    expect(await codesOf({ clockAheadMs: async () => undefined })).toMatchObject({ clock: 'OK' })
  })
})

describe('a table whose columns may not be seen', () => {
  it('may be inserted into, with the checking of rows left to BigQuery', async () => {
    const steps = await stepsOf({ describeTable: fail('BQC_ACCESS_DENIED') })

    expect(steps.at(-1)).toMatchObject({
      ok: true,
      message: expect.stringMatching(/may be inserted .* use the option validation: service\.$/),
    })
  })
})

describe('a view', () => {
  it('is read by a dry run, since its rows cannot be listed', async () => {
    const asked: string[] = []
    const dryRun = async (sql: string) => void asked.push(sql)

    const codes = await codesOf({ readNoRow: fail('BQC_REQUEST_REFUSED'), dryRun })

    expect(codes).toMatchObject({ read: 'OK' })
    expect(asked).toEqual(['SELECT 1', 'SELECT * FROM `demo.shop.orders`'])
  })

  it('may be closed to this account', async () => {
    const dryRun = (sql: string) => (sql === 'SELECT 1' ? fine.token() : fail('BQC_ACCESS_DENIED')())

    expect(await codesOf({ readNoRow: fail('BQC_REQUEST_REFUSED'), dryRun: dryRun as Probes['dryRun'] }))
      // the right to run jobs is there; that to read is not
      .toMatchObject({ jobs: 'OK', read: 'BQC_READ_DENIED' })
  })
})

describe('a test that is stopped', () => {
  it('does not wait for a token that never comes', async () => {
    const stop = new AbortController()
    const token = () => {
      queueMicrotask(() => stop.abort())
      return new Promise<never>(() => undefined)
    }

    const steps = await stepsOf({ token }, orders, { signal: stop.signal })

    expect(steps.at(-1)).toMatchObject({ step: 'token', code: 'BQC_ABORTED' })
  })
})
