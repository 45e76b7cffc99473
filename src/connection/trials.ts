// The steps of a connection test, in the order in which trouble shows.
import type { TestReport, TestScope } from '../contract/connection.ts'
import { invalidConfig } from '../descriptor/resolve.ts'
import { asConnectorError, ConnectorError } from '../errors.ts'
import { deniedAs, type NotTried, runTrials, type Trial } from './test-connection.ts'

interface Place {
  readonly projectId: string
  readonly datasetId: string
  readonly tableId: string
}

/** What the steps ask of the service; each rejects when a right is missing. */
export interface Probes {
  clockAheadMs(signal: AbortSignal): Promise<number | undefined>
  token(): Promise<string | undefined>
  listDatasets(projectId: string, signal: AbortSignal): Promise<void>
  /** A dry run of a query, which costs nothing. */
  dryRun(sql: string, signal: AbortSignal): Promise<void>
  listTables(place: Omit<Place, 'tableId'>, signal: AbortSignal): Promise<void>
  describeTable(place: Place, signal: AbortSignal): Promise<void>
  readNoRow(place: Place, signal: AbortSignal): Promise<void>
  insertNoRow(place: Place, signal: AbortSignal): Promise<void>
}

export interface Tested {
  readonly projectId: string
  /** A private key signs: it could be read, and the clock counts. */
  readonly signs: boolean
  readonly now: () => number
}

/**
 * How far the clocks may be apart, in milliseconds. Google takes an assertion whose time of issue is at most
 * five minutes ahead; one from so slow a clock expires early at worst.
 */
const toleratedSkewMs = 300_000

/** Tries what real work needs. Never throws. */
export async function testConnection(
  probes: Probes,
  { projectId, signs, now }: Tested,
  { datasetId, tableId }: TestScope,
  signal: AbortSignal,
): Promise<TestReport> {
  const clock = async () => {
    const ahead = await probes.clockAheadMs(signal)
    if (ahead === undefined) return 'The API told no time to compare with.'
    const seconds = Math.round(Math.abs(ahead) / 1000)
    if (Math.abs(ahead) <= toleratedSkewMs) return `This machine's clock is right to ${seconds} seconds.`
    const side = ahead > 0 ? 'ahead of' : 'behind'
    throw new ConnectorError(
      'BQC_CLOCK_SKEWED',
      `This machine's clock is ${seconds} seconds ${side} the API's.`,
    )
  }
  const token = async () =>
    (await orStopped(probes.token(), signal)) === undefined ? 'No token is needed here.' : 'There is a token.'
  const project = async () => {
    const what = `Project ${projectId} cannot be reached with this connection`
    const kinds = ['BQC_ACCESS_DENIED', 'BQC_NOT_FOUND'] as const
    await probes.listDatasets(projectId, signal).catch(deniedAs('BQC_PROJECT_UNREACHABLE', what, kinds))
    return `Project ${projectId} answers.`
  }
  const jobs = async () => {
    const what = `This account may not run jobs in project ${projectId}`
    await probes.dryRun('SELECT 1', signal).catch(deniedAs('BQC_JOBS_DENIED', what))
    return `Jobs may run in project ${projectId}: a dry run was accepted.`
  }
  const read = async (place: Place) => {
    const name = `${projectId}.${place.datasetId}.${place.tableId}`
    const denied = deniedAs('BQC_READ_DENIED', `This account may not read ${name}`)
    try {
      await probes.readNoRow(place, signal)
    } catch (thrown) {
      // Views, and tables whose rows are elsewhere, are read by queries alone.
      if (!(thrown instanceof ConnectorError && thrown.code === 'BQC_REQUEST_REFUSED')) return denied(thrown)
      await probes.dryRun(`SELECT * FROM ${quoted(name)}`, signal).catch(denied)
    }
    return `${name} may be read.`
  }
  const insert = async (place: Place) => {
    const name = `${projectId}.${place.datasetId}.${place.tableId}`
    const what = `This account may not insert into ${name}`
    await probes.insertNoRow(place, signal).catch(deniedAs('BQC_INSERT_DENIED', what))
    const told = `Rows may be inserted into ${name}; none was.`
    // Rows are checked here before they are sent, unless the operation leaves that to BigQuery.
    const unseen = () =>
      `${told} Its columns may not be seen (bigquery.tables.get): use the option validation: service.`
    return probes.describeTable(place, signal).then(
      () => told,
      (thrown) => (asConnectorError(thrown).code === 'BQC_ACCESS_DENIED' ? unseen() : Promise.reject(thrown)),
    )
  }
  const browse = async (dataset: string) => {
    const denied = deniedAs(
      'BQC_READ_DENIED',
      `This account may not list the tables of ${projectId}.${dataset}`,
    )
    await probes.listTables({ projectId, datasetId: dataset }, signal).catch(denied)
    return `The tables of ${projectId}.${dataset} may be listed.`
  }

  if (tableId && !datasetId) return runTrials([['configuration', noDataset]], now)
  const first: Trial[] = [
    ...(signs
      ? ([
          ['key', async () => 'The private key can sign.'],
          ['clock', clock],
        ] as const)
      : []),
    ['token', token],
    ['project', project],
  ]
  const apart: Trial[] = [['jobs', jobs]]
  if (datasetId && tableId) {
    const place = { projectId, datasetId, tableId }
    apart.push(['read', () => read(place)], ['insert', () => insert(place)])
  } else if (datasetId) apart.push(['read', () => browse(datasetId)], ['insert', noTable])
  return runTrials(first, now, apart)
}

async function noDataset(): Promise<never> {
  throw invalidConfig('test', [{ path: '/datasetId', message: 'is required beside tableId' }])
}

async function noTable(): Promise<NotTried> {
  return { notTried: 'Not tried: inserting is tried on a table, and none was named.' }
}

/** A token comes without regard to who waits for it. */
async function orStopped<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise: stopped, reject } = Promise.withResolvers<never>()
  const stop = () => reject(new ConnectorError('BQC_ABORTED', 'Stopped before there was a token.'))
  if (signal.aborted) stop()
  signal.addEventListener('abort', stop)
  try {
    return await Promise.race([work, stopped])
  } finally {
    signal.removeEventListener('abort', stop)
    work.catch(() => undefined)
  }
}

/** A name as SQL has it between backticks. */
function quoted(name: string): string {
  return `\`${name.replaceAll(/[\\`]/g, '\\$&')}\``
}
